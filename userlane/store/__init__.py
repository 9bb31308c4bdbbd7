"""What was fetched, window by window, and for how long it is good.

windows         one window's rows, and what a store is
id_dictionary   tag and user IDs by code
id_index        codes by ID
tag_rows        tag records in codes, and several windows as one dataset
memory          windows in memory
atomic_files    files that are whole or not there
parquet_files   one window as one file
weekly_totals   aggregates of records that never change
backends        where files are: on this disk, or in a bucket behind it
folder          windows as files
sweep           what is removed from a folder without being asked
object_storage  files in a bucket
object_cache    a folder as the cache of a bucket
leases          who fetches a window, and the key under which tokens are hashed
object_store    windows in a bucket
assemble        windows side by side become a dataset
"""

from userlane.contract.storage_url import parse_storage_url
from userlane.settings import Settings
from userlane.store.assemble import SMALL_SCORES, assemble, notes
from userlane.store.folder import FolderStore
from userlane.store.memory import MemoryStore
from userlane.store.object_store import ObjectStore
from userlane.store.windows import FetchedWindow, ListedWindow, Store, StoredWindow, coverage, overlap

__all__ = [
    "SMALL_SCORES",
    "FetchedWindow",
    "FolderStore",
    "ListedWindow",
    "MemoryStore",
    "ObjectStore",
    "Store",
    "StoredWindow",
    "assemble",
    "coverage",
    "notes",
    "open_store",
    "overlap",
]


def open_store(settings: Settings) -> Store:
    """Where this deployment keeps rows."""
    if settings.store_url is not None:
        return ObjectStore(parse_storage_url(settings.store_url), settings.store_cache, kept=settings.kept)
    return FolderStore(settings.store, kept=settings.kept) if settings.store else MemoryStore()
