"""What was fetched, window by window, and for how long it is good.

pieces    one window's rows, and what a store is
id_dictionary  tag and user IDs by code
id_index  codes by ID
parts     tag records in codes, and several of them as one answer
memory    pieces in memory
whole     files that are whole or not there
files     one piece as one file
sums      sums over records that never change
place     where files are: on this disk, or in a bucket behind it
folder    pieces as files
store_key the key under which tokens are hashed
sweep     what goes from a folder without being asked
far       files in a bucket
bucket    a bucket with a cache before it
claims    who fetches a window
remote    pieces in a bucket
answer    pieces side by side become a dataset
"""

from userlane.contract.storage_url import elsewhere
from userlane.settings import Settings
from userlane.store.assemble import SMALL_SCORES, dataset, notes
from userlane.store.folder import FolderStore, Listed
from userlane.store.memory import MemoryStore
from userlane.store.object_store import RemoteStore
from userlane.store.windows import Held, Piece, Store, coverage, overlap

__all__ = [
    "SMALL_SCORES",
    "FolderStore",
    "Held",
    "Listed",
    "MemoryStore",
    "Piece",
    "RemoteStore",
    "Store",
    "coverage",
    "dataset",
    "notes",
    "opened",
    "overlap",
]


def opened(settings: Settings) -> Store:
    """Where this deployment keeps rows."""
    if settings.store_url is not None:
        return RemoteStore(elsewhere(settings.store_url), settings.store_cache, kept=settings.kept)
    return FolderStore(settings.store, kept=settings.kept) if settings.store else MemoryStore()
