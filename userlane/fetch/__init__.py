"""A query becomes a dataset: `Fetcher` asks `AccessPolicy` which stored windows may be opened,
`WindowFetcher` fetches what is missing, and `Fetcher` puts them together.

fetcher         all of it
access          which stored windows a token may open
probe           whether one API answers at all
plan            which windows one load fetches, and how much a long load has to fetch
window_fetcher  fetches them
window_result   what became of one window, and where it is stored
deduplicate     the rows of one window, sorted, each once
background      a load in the background, and how far it is
"""

from userlane.fetch.access import is_recent
from userlane.fetch.background import Load, Progress
from userlane.fetch.fetcher import Fetcher
from userlane.fetch.probe import Probe

__all__ = ["Fetcher", "Load", "Probe", "Progress", "is_recent"]
