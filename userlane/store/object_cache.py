"""A folder of this machine as the cache of a bucket.

Only what the bucket lists exists. A file is downloaded whole, checked and renamed into its place before
anybody reads it, and is then used like a file that was written here: its content never changes. The folder is
bounded: the least recently used files are removed, since they can be downloaded again.
"""

import contextlib
import errno
import os
import time
from collections.abc import Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import pyarrow as pa
import structlog
from cachetools import LRUCache

from userlane.store import atomic_files
from userlane.store.atomic_files import Unreadable
from userlane.store.backends import Backend, StoredFile
from userlane.store.object_storage import ObjectStorage

CACHE_BYTES = 20 * 2**30
"""How much the folder may take on the disk."""

_LISTING_SECONDS = 2.0
_AT_ONCE = 8
_MOST_LISTINGS = 2_000
_FREED = 0.9
IN_USE = 600.0
"""Seconds for which a file that was asked for is never removed: somebody may be reading it."""

log = structlog.get_logger("userlane.store")


@dataclass(slots=True)
class _Listing:
    """The sizes of files by name, and when the bucket was asked."""

    sizes: dict[str, int]
    asked_at: float


class ObjectCache(Backend):
    """Files of a bucket, for paths below the `cache` folder.

    While the bucket does not answer, its latest listings count, and `error` says what is wrong.
    """

    def __init__(
        self, storage: ObjectStorage, cache: Path, max_bytes: int = CACHE_BYTES, in_use: float = IN_USE
    ) -> None:
        self.error: OSError | None = None
        self._storage = storage
        self._cache = cache
        self._max_bytes = max_bytes
        self._in_use = in_use
        self._bytes: int | None = None
        self._listings: LRUCache[str, _Listing] = LRUCache(_MOST_LISTINGS)
        self._changes = 0
        self._downloads: dict[Path, Future[None]] = {}
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "userlane-bucket")

    def list_names(self, folder: Path, *, latest: bool = False) -> Collection[str]:
        """As in `Backend`."""
        return self._list(folder, latest=latest)

    def list_all(self, folder: Path) -> list[StoredFile]:
        """As in `Backend`."""
        self.forget()
        return [
            StoredFile(self._cache / each.path, each.size, each.modified)
            for each in self._storage.list(self.key(folder), recursive=True)
        ]

    def open(self, path: Path) -> AbstractContextManager[pa.NativeFile]:
        """As in `Backend`."""
        return self._storage.open(self.key(path))

    def fetch(self, path: Path) -> None:
        """As in `Backend`."""
        if path.name not in self._list(path.parent):
            raise FileNotFoundError(errno.ENOENT, "No such file in the storage")
        with contextlib.suppress(FileNotFoundError):
            os.utime(path)
            return
        self._begin_download(path).result()

    def prefetch(self, paths: Iterable[Path]) -> None:
        """Begin to download what will soon be asked for, several files at a time."""
        for path in paths:
            if not path.exists():
                self._begin_download(path)

    def share(self, path: Path) -> None:
        """As in `Backend`."""
        content = path.read_bytes()
        self._storage.put(self.key(path), content)
        self._note_change(path, len(content))
        self._note_growth(len(content))

    def mark(self, path: Path) -> None:
        """As in `Backend`."""
        self._storage.put(self.key(path), b"")
        self._note_change(path, 0)

    def remove(self, path: Path) -> None:
        """As in `Backend`."""
        if path.name in self._list(path.parent):
            self._storage.remove(self.key(path))
        self._note_change(path, None)
        path.unlink(missing_ok=True)

    def forget(self) -> None:
        """Forget all listings, so that the bucket is asked again."""
        with self._lock:
            self._changes += 1
            self._listings.clear()

    def close(self) -> None:
        """Download nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _list(self, folder: Path, *, latest: bool = False) -> dict[str, int]:
        key = self.key(folder)
        with self._lock:
            known = self._listings.get(key)
            began, changes = time.monotonic(), self._changes
            if known is not None and not latest and began - known.asked_at < _LISTING_SECONDS:
                return known.sizes
        try:
            sizes = {each.name: each.size for each in self._storage.list(key)}
        except OSError as error:
            self._note_error(error)
            if known is None or latest:
                raise
            return known.sizes
        self.error = None
        with self._lock:
            if changes == self._changes:  # else it may be older than what was done meanwhile
                self._listings[key] = _Listing(sizes, began)
        return sizes

    def _note_error(self, error: OSError) -> None:
        if self.error is None:
            log.error("the storage cannot be used", storage=self._storage.name, why=error.strerror)
        self.error = error

    def _note_change(self, path: Path, size: int | None) -> None:
        """Note a change made here: a listing that is on its way may not have it."""
        with self._lock:
            self._changes += 1
            listing = self._listings.get(self.key(path.parent))
            if listing is not None:
                # Whoever is reading the old one goes on with it.
                listing.sizes = {name: each for name, each in listing.sizes.items() if name != path.name}
                if size is not None:
                    listing.sizes[path.name] = size

    def _begin_download(self, path: Path) -> Future[None]:
        with self._lock:
            job = self._downloads.get(path)
            if job is not None:
                return job
            try:
                job = self._downloads[path] = self._pool.submit(self._download, path)
            except RuntimeError:  # closed
                raise OSError(errno.ESHUTDOWN, "The server is ending") from None
        # Without the lock: of a job that has ended already, this thread is told at once.
        job.add_done_callback(lambda _: self._downloads.pop(path, None))
        return job

    def _download(self, path: Path) -> None:
        content = self._get_checked(path)
        try:
            atomic_files.put(path, content, lasting=False)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            self._evict(0)
            atomic_files.put(path, content, lasting=False)
        self._note_growth(content.size)

    def _get_checked(self, path: Path) -> pa.Buffer:
        """The content of a file in the bucket, checked against its name.

        An empty file is still being written. A file that arrives in part, or with a wrong checksum, is asked
        for once more.
        """
        size = self._list(path.parent).get(path.name)
        for last in (False, True):
            content = self._storage.get(self.key(path))
            if not content.size:
                raise FileNotFoundError(errno.ENOENT, "The file is being written")
            if size is not None and content.size == size:
                try:
                    atomic_files.verify(path, content)
                except Unreadable:
                    if last:
                        raise
                else:
                    return content
        raise OSError(errno.EIO, "A file of the storage arrived in part")

    def _note_growth(self, size: int) -> None:
        with self._lock:
            if self._bytes is not None:
                self._bytes += size
            fits = self._bytes is not None and self._bytes <= self._max_bytes
        if not fits:
            self._evict(self._max_bytes)

    def _evict(self, most: int) -> None:
        """Remove the least recently used files of the cache until it holds at most `most` bytes, and some
        more, so that this is not done for each file.
        """
        found: list[tuple[float, int, Path]] = []
        for path in self._cache.rglob("*.parquet"):
            with contextlib.suppress(OSError):
                state = path.stat()
                found.append((state.st_mtime, state.st_size, path))
        total = sum(size for _, size, _ in found)
        if total > most:
            for used_at, size, path in sorted(found):
                if total <= most * _FREED or time.time() - used_at < self._in_use:
                    break
                with contextlib.suppress(OSError):
                    path.unlink()
                    total -= size
        with self._lock:
            self._bytes = total

    def key(self, path: Path) -> str:
        """The path in the bucket of a file of the cache."""
        return path.relative_to(self._cache).as_posix()
