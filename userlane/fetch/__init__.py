"""A query becomes a dataset: which windows are missing, fetched, tidied, kept.

tidy      the rows of one window, sorted, each once
plan      which windows one load walks
gauge     how many pages are worth working on at a time
walked    what one walk over one window brought
run       the missing windows of one load, walked
proof     what another token has to be shown before it may open the rows
doors     which stored rows a token may open
load      a load in the background
probe     whether one API answers at all, in words
fetcher   all of it
"""

from userlane.fetch.fetcher import Fetcher
from userlane.fetch.load import Load
from userlane.fetch.probe import Probe
from userlane.fetch.progress import Progress

__all__ = ["Fetcher", "Load", "Probe", "Progress"]
