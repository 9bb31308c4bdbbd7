"""Windows in a bucket, shared by processes on any number of machines.

It is a folder store whose folder is a cache of the bucket (see `object_cache`), with the same files under the
same names. What differs needs locks or clocks: who fetches a window (see `leases`), and what is swept.

The IDs behind the codes of tag records are in the bucket before the first window that uses them. Machines
cannot see each other's locks, so each process begins an ID dictionary of its own, and another one every week.
A dictionary to which nobody has added for a week longer than windows are kept belongs to no window any more,
and is removed.
"""

import contextlib
import hashlib
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

from userlane.contract import Query, Window
from userlane.contract.storage_url import StorageUrl
from userlane.store import atomic_files, leases, sweep
from userlane.store.backends import DISK
from userlane.store.folder import KEPT, FolderStore, describe_error
from userlane.store.leases import Leases, LeaseTimes
from userlane.store.memory import MEMORY_BYTES
from userlane.store.object_cache import CACHE_BYTES, ObjectCache
from userlane.store.object_storage import ObjectStorage
from userlane.store.windows import StoredWindow

_WEEK = timedelta(days=7)
_LEFT_BEHIND = timedelta(days=1)


class ObjectStore(FolderStore):
    """Windows in a bucket. What another process wrote or removed counts within two seconds.

    When the bucket fails, windows are fetched again and kept in memory, as with a disk that fails. While it
    does not answer, windows that it listed before and that are in the cache are still read. Windows older
    than `kept` are removed from the bucket; the cache holds at most `max_cached` bytes.
    """

    _renew_dictionaries_after = _WEEK.total_seconds()

    def __init__(
        self,
        url: StorageUrl,
        cache: Path,
        *,
        max_bytes: int = MEMORY_BYTES,
        max_cached: int = CACHE_BYTES,
        kept: timedelta = KEPT,
        lease: LeaseTimes | None = None,
    ) -> None:
        self._storage = ObjectStorage(url)
        root = cache / "elsewhere" / hashlib.sha256(self._storage.address.encode()).hexdigest()[:16]
        self._cache = ObjectCache(self._storage, root, max_cached)
        self._leases = Leases(self._storage, lease)
        self._key_agreed = False
        super().__init__(root, max_bytes, max_cached, kept, backend=self._cache)

    @property
    def trouble(self) -> str:
        """As in `Store`."""
        error = self._cache.error
        return self._trouble or (describe_error(error) if error else "")

    @property
    def key(self) -> bytes:
        """As in `Store`. It is read from the bucket once; while the bucket does not answer, it is a key of
        this process.
        """
        with contextlib.suppress(OSError):
            if not self._key_agreed:
                self._key = leases.key_in_bucket(self._storage, self._leases, self._folder.name, self._key)
                self._key_agreed = True
        return self._key

    def prefetch(self, scope: str, usable: Iterable[tuple[StoredWindow, Window]]) -> None:
        """As in `Store`: begin to download them, several at a time."""
        wanted, taken = [], list[Window]()
        for stored, window in usable:
            if stored.name and window.without(taken):
                wanted.append(self._folder_of(scope, stored.query) / stored.name)
                taken.append(window)
        self._cache.prefetch(wanted)

    def acquire_lease(self, scope: str, query: Query) -> AbstractContextManager[object] | None:
        """As in `Store`. A process that is killed keeps its leases for a minute."""
        if query.dataset != "tags":
            return super().acquire_lease(scope, query)
        folder = self._cache.key(self._folder_of(scope, query))
        digest = hashlib.sha256(f"{folder}/{query.window.start}_{query.window.end}".encode()).hexdigest()
        lease = self._leases.acquire(digest[:32])
        if lease is not None:  # what whoever had it before has stored counts at once
            self._cache.forget()
        return lease

    def close(self) -> None:
        """As in `Store`."""
        super().close()
        self._leases.close()
        self._cache.close()

    def sweep(self, now: datetime) -> None:
        """Remove from the bucket what has expired, and from the cache what the bucket does not have any more.

        Raises `OSError`.
        """
        atomic_files.remove_orphans(self._folder)
        files = self._backend.list_all(self._folder)
        unchanged = sweep.find_unchanged_dictionaries(files, now, self._kept + _WEEK + _LEFT_BEHIND)
        self._remove_files([*sweep.find_expired(files, now, self._kept), *unchanged])
        sweep.remove_old_versions(self._backend, self._root, files, now)
        for path in leases.find_stale(self._storage, _LEFT_BEHIND.total_seconds()):
            self._storage.remove(path)
        there = {each.path for each in files}
        for copy in DISK.list_all(self._folder):
            if copy.path not in there and sweep.has_aged(copy, now, sweep.STILL_READ):
                DISK.remove(copy.path)

    def _run_sweep(self, now: datetime) -> None:
        """Sweep in a thread of its own: nobody waits for it."""
        Thread(target=super()._run_sweep, args=(now,), name="userlane-sweep", daemon=True).start()
