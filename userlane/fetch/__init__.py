"""A query becomes a dataset: which windows are missing, fetched, tidied, kept.

tidy      the rows of one window, sorted, each once
run       the missing windows of one load, walked
load      a load in the background
probe     whether one API answers at all, in words
fetcher   all of it
"""

from userlane.fetch.fetcher import Fetcher
from userlane.fetch.load import Load
from userlane.fetch.probe import Probe
from userlane.fetch.run import Progress

__all__ = ["Fetcher", "Load", "Probe", "Progress"]
