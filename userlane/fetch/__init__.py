"""A query becomes a dataset: which windows are missing, fetched, tidied, kept.

tidy      the rows of one window, sorted, each once
plan      which windows one load walks
gauge     how many pages are worth working on at a time
walked    what one walk over one window brought
outcome   what becomes of a window
run       the missing windows of one load, walked
proof     what another token has to be shown before it may open the rows
door      what one token has shown of one property
doors     which stored rows a token may open
keeping   what a load asks of the doors and the store
estimate  how long a load of tags will take
answer    what was found and fetched, as a dataset with its state
load      a load in the background
progress  how far it is
probe     whether one API answers at all, in words
fetcher   all of it
"""

from userlane.fetch.background import Load
from userlane.fetch.fetcher import Fetcher
from userlane.fetch.probe import Probe
from userlane.fetch.progress import Progress

__all__ = ["Fetcher", "Load", "Probe", "Progress"]
