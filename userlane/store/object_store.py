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
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import structlog
from cachetools import LRUCache

from userlane.contract import Query
from userlane.contract.storage_url import StorageUrl
from userlane.errors import SettingsUnusable
from userlane.store import atomic_files, leases, parquet_files, store_key, sweep
from userlane.store.atomic_files import Unreadable
from userlane.store.folder import KEPT, FolderStore, ListedWindow, describe_error
from userlane.store.leases import Leases, LeaseTimes
from userlane.store.memory import MEMORY_BYTES
from userlane.store.object_cache import CACHE_BYTES, ObjectCache
from userlane.store.object_storage import Object, ObjectStorage
from userlane.store.windows import FetchedWindow, StoredWindow

_WEEK = timedelta(days=7)
_LEFT_BEHIND = timedelta(days=1)
_MOST_ASKED = 500

log = structlog.get_logger("userlane.store")


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
        self._asked: LRUCache[Path, tuple[StoredWindow, ...]] = LRUCache(_MOST_ASKED)
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
                self._key = store_key.key_in_bucket(self._storage, self._leases, self._folder.name, self._key)
                self._key_agreed = True
        return self._key

    def find(self, scope: str, query: Query) -> tuple[StoredWindow, ...]:
        """As in `Store`."""
        found = super().find(scope, query)
        with self._lock:
            self._asked[self._folder_of(scope, query)] = found
        return found

    def read(self, scope: str, stored: StoredWindow) -> FetchedWindow | None:
        """As in `Store`."""
        self._prefetch(scope, stored)
        return super().read(scope, stored)

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

    def delete(self, property_id: str, api: str | None = None) -> int:
        """As in `Store`. Other machines do not read their cached copies any more, and remove them within six
        hours. Raises `SettingsUnusable` when the bucket refuses.
        """
        try:
            return self._delete(property_id, api)
        except OSError as error:
            raise SettingsUnusable(f"{error.strerror}.", "Look at USERLANE_STORE, or try again.") from error

    def _delete(self, property_id: str, api: str | None) -> int:
        removed = self._fallback.delete(property_id, api)
        every = [
            each
            for each in self._storage.list(self._folder.name, recursive=True)
            if len(parts := each.path.split("/")) > 5
            and parts[4].split(".")[0] == property_id
            and api in {None, parts[1]}
        ]
        removed += sum(len(entries) for entries in self._list_entries_by_folder(every).values())
        self._remove_all(every)
        for folder in self._folder.glob(f"{api or '*'}/*/*/*"):
            if folder.name.split(".")[0] == property_id:
                shutil.rmtree(folder, ignore_errors=True)
        self._open.delete(property_id, api)
        return removed

    def list_windows(self) -> Iterator[ListedWindow]:
        """Every window there is, as its file says of itself. What cannot be read is left out.

        Raises `SettingsUnusable` when the bucket cannot be listed.
        """
        try:
            every = self._storage.list(self._folder.name, recursive=True)
        except OSError as error:
            raise SettingsUnusable(f"{error.strerror}.", "Look at USERLANE_STORE, or try again.") from error
        sizes = {each.path: each.size for each in every}
        for _, entries in sorted(self._list_entries_by_folder(every).items()):
            for entry in sorted(entries, key=lambda entry: entry.window):
                path = self._cache.key(entry.path)
                with contextlib.suppress(OSError, Unreadable), self._storage.open(path) as source:
                    footer = parquet_files.read_footer(source)
                    yield ListedWindow(footer.query, footer.fetched_at, footer.rows, sizes[path])

    def close(self) -> None:
        """As in `Store`."""
        super().close()
        self._leases.close()
        self._cache.close()

    def sweep(self, now: datetime) -> None:
        """Remove from the bucket what has expired, and from the cache what the bucket does not have any more.

        Raises `OSError`.
        """
        every = self._storage.list(self._folder.name, recursive=True)
        gone = [
            *self._find_expired(every, now),
            *self._find_replaced(every, now),
            *self._find_unused(every, now),
        ]
        began = [each.modified for each in every if each.path == f"{self._folder.name}/{store_key.NAME}"]
        if began and sweep.may_remove_old_versions(now, began[0]):
            for number in range(parquet_files.VERSION):
                gone += self._storage.list(f"v{number}", recursive=True)
        self._remove_all(gone)
        for path in leases.find_stale(self._storage, _LEFT_BEHIND.total_seconds()):
            self._storage.remove(path)
        atomic_files.remove_orphans(self._folder)
        there = {each.path for each in every} - {each.path for each in gone}
        for copy in self._folder.rglob("*.parquet"):
            with contextlib.suppress(FileNotFoundError):
                young = now.timestamp() - copy.stat().st_mtime < sweep.STILL_READ.total_seconds()
                if self._cache.key(copy) not in there and not young:
                    copy.unlink()

    def _run_sweep(self, now: datetime) -> None:
        """Sweep in a thread of its own: nobody waits for it."""
        Thread(target=self._log_sweep, args=(now,), name="userlane-sweep", daemon=True).start()

    def _log_sweep(self, now: datetime) -> None:
        try:
            self.sweep(now)
        except OSError as error:
            log.warning("the storage could not be swept", storage=self._storage.name, why=error.strerror)

    def _prefetch(self, scope: str, stored: StoredWindow) -> None:
        """When the first of several windows is read, begin to copy the others that `find` gave with it."""
        folder = self._folder_of(scope, stored.query)
        if not stored.name or (folder / stored.name).exists():
            return
        with self._lock:
            asked = self._asked.pop(folder, ())
        now, wanted, taken = datetime.now(UTC), [stored], [stored.query.window]
        for each in asked:
            window = each.usable_part(now) or each.query.window
            if not each.name or each.id == stored.id:
                continue
            if window.without(taken):
                wanted.append(each)
                taken.append(window)
        self._cache.prefetch(folder / each.name for each in wanted)

    def _list_entries_by_folder(self, every: Collection[Object]) -> dict[Path, list[parquet_files.Entry]]:
        names: dict[Path, list[str]] = defaultdict(list)
        for each in every:
            path = self._cache.path(each.path)
            names[path.parent].append(path.name)
        return {folder: parquet_files.list_entries(folder, found) for folder, found in names.items()}

    def _find_expired(self, every: Collection[Object], now: datetime) -> Iterator[Object]:
        for each in every:
            entry = parquet_files.parse_entry(
                self._cache.path(each.path.removesuffix(parquet_files.REPLACED))
            )
            if entry is not None and sweep.is_expired(entry, now, self._kept):
                yield each

    @staticmethod
    def _find_replaced(every: Collection[Object], now: datetime) -> Iterator[Object]:
        paths = {each.path: each for each in every}
        for each in every:
            old = now.timestamp() - each.modified > sweep.STILL_READ.total_seconds()
            if each.name.endswith(parquet_files.REPLACED) and old:
                # The window before its mark: what is left in between stays out of sight.
                yield from filter(None, (paths.get(each.path.removesuffix(parquet_files.REPLACED)), each))

    def _find_unused(self, every: Collection[Object], now: datetime) -> Iterator[Object]:
        dictionaries: dict[str, list[Object]] = defaultdict(list)
        for each in every:
            folder = each.path.rpartition("/")[0]
            if folder.rpartition("/")[0].endswith("/dictionaries"):
                dictionaries[folder].append(each)
        kept = self._kept + _WEEK + _LEFT_BEHIND
        for found in dictionaries.values():
            if now.timestamp() - max(each.modified for each in found) > kept.total_seconds():
                yield from found

    def _remove_all(self, objects: Collection[Object]) -> None:
        """Remove the lock of an ID dictionary first, so that nobody goes on with half of one."""
        for each in sorted(objects, key=lambda each: each.name != "lock"):
            self._storage.remove(each.path)
        self._cache.forget()
