"""A bucket with a folder of this machine before it, which is only a cache.

What the bucket lists is there, and nothing else is. A file is brought whole, checked and renamed into its
place before anybody reads it, and is then used like one that was written here: its content never changes. The
folder is bounded: the least recently used files go, since they can be brought again.
"""

import contextlib
import errno
import os
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import pyarrow as pa
import structlog

from userlane.store import atomic_files
from userlane.store.atomic_files import Unreadable
from userlane.store.object_storage import Far

CACHE_BYTES = 20 * 2**30
"""How much the folder may take on the disk."""

_TRUE_FOR = 2.0
_AT_ONCE = 8
_MOST_LISTINGS = 2_000
_FREED = 0.9
IN_USE = 600.0
"""Seconds for which a file that was asked for stays, whatever else is to go: somebody may be reading it."""

log = structlog.get_logger("userlane.store")


@dataclass(slots=True)
class _Listing:
    """Sizes by name, and when they were asked for."""

    sizes: dict[str, int]
    asked_at: float


class Bucket:
    """As `Place`, for paths below the `cache` folder.

    While the bucket does not answer, the last that it has listed counts, and `sick` is what is wrong.
    """

    def __init__(self, far: Far, cache: Path, max_bytes: int = CACHE_BYTES, in_use: float = IN_USE) -> None:
        self.sick: OSError | None = None
        self._far = far
        self._cache = cache
        self._max_bytes = max_bytes
        self._in_use = in_use
        self._bytes: int | None = None
        self._listings: OrderedDict[str, _Listing] = OrderedDict()
        self._changes = 0
        self._coming: dict[Path, Future[None]] = {}
        self._lock = Lock()
        self._crew = ThreadPoolExecutor(_AT_ONCE, "userlane-bucket")

    def names(self, folder: Path, *, latest: bool = False) -> Collection[str]:
        """As in `Place`."""
        return self._listed(folder, latest=latest)

    def fetch(self, path: Path) -> None:
        """As in `Place`."""
        if path.name not in self._listed(path.parent):
            raise FileNotFoundError(errno.ENOENT, "No such file in the storage")
        with contextlib.suppress(FileNotFoundError):
            os.utime(path)
            return
        self._job(path).result()

    def ahead(self, paths: Iterable[Path]) -> None:
        """Begin to bring what will soon be asked for, several at a time."""
        for path in paths:
            if not path.exists():
                self._job(path)

    def share(self, path: Path) -> None:
        """As in `Place`."""
        content = path.read_bytes()
        self._far.put(self.key(path), content)
        self._changed(path, len(content))
        self._grown(len(content))

    def mark(self, path: Path) -> None:
        """As in `Place`."""
        self._far.put(self.key(path), b"")
        self._changed(path, 0)

    def remove(self, path: Path) -> None:
        """As in `Place`."""
        if path.name in self._listed(path.parent):
            self._far.remove(self.key(path))
        self._changed(path, None)
        path.unlink(missing_ok=True)

    def forget(self) -> None:
        """Ask anew for whatever was listed."""
        with self._lock:
            self._changes += 1
            self._listings.clear()

    def close(self) -> None:
        """Bring nothing more."""
        self._crew.shutdown(wait=False, cancel_futures=True)

    def _listed(self, folder: Path, *, latest: bool = False) -> dict[str, int]:
        key = self.key(folder)
        with self._lock:
            known = self._listings.get(key)
            began, changes = time.monotonic(), self._changes
            if known is not None and not latest and began - known.asked_at < _TRUE_FOR:
                return known.sizes
        try:
            sizes = {each.name: each.size for each in self._far.listing(key)}
        except OSError as error:
            self._sicken(error)
            if known is None or latest:
                raise
            return known.sizes
        self.sick = None
        with self._lock:
            if changes == self._changes:  # else it may be older than what was done meanwhile
                self._listings[key] = _Listing(sizes, began)
                self._listings.move_to_end(key)
                while len(self._listings) > _MOST_LISTINGS:
                    self._listings.popitem(last=False)
        return sizes

    def _sicken(self, error: OSError) -> None:
        if self.sick is None:
            log.error("the storage cannot be used", storage=self._far.name, why=error.strerror)
        self.sick = error

    def _changed(self, path: Path, size: int | None) -> None:
        """Something was done here: whatever is being listed at this moment may not know of it."""
        with self._lock:
            self._changes += 1
            listing = self._listings.get(self.key(path.parent))
            if listing is not None:
                # Whoever is reading the old one goes on with it.
                listing.sizes = {name: each for name, each in listing.sizes.items() if name != path.name}
                if size is not None:
                    listing.sizes[path.name] = size

    def _job(self, path: Path) -> Future[None]:
        with self._lock:
            job = self._coming.get(path)
            if job is not None:
                return job
            try:
                job = self._coming[path] = self._crew.submit(self._bring, path)
            except RuntimeError:  # closed
                raise OSError(errno.ESHUTDOWN, "The server is ending") from None
        # Without the lock: of a job that has ended already, this thread is told at once.
        job.add_done_callback(lambda _: self._come(path))
        return job

    def _come(self, path: Path) -> None:
        with self._lock:
            self._coming.pop(path, None)

    def _bring(self, path: Path) -> None:
        content = self._whole(path)
        try:
            atomic_files.put(path, content, lasting=False)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            self._evict(0)
            atomic_files.put(path, content, lasting=False)
        self._grown(content.size)

    def _whole(self, path: Path) -> pa.Buffer:
        """What is in a file of the bucket. One that is empty is just being written. What comes short may be
        the network's fault; what comes in full and is wrong at a second look, too, is wrong.
        """
        size = self._listed(path.parent).get(path.name)
        for last in (False, True):
            content = self._far.get(self.key(path))
            if not content.size:
                raise FileNotFoundError(errno.ENOENT, "The file is being written")
            if size is not None and content.size == size:
                try:
                    atomic_files.check(path, content)
                except Unreadable:
                    if last:
                        raise
                else:
                    return content
        raise OSError(errno.EIO, "A file of the storage arrived in part")

    def _grown(self, size: int) -> None:
        with self._lock:
            if self._bytes is not None:
                self._bytes += size
            fits = self._bytes is not None and self._bytes <= self._max_bytes
        if not fits:
            self._evict(self._max_bytes)

    def _evict(self, most: int) -> None:
        """Look what is in the cache, and remove the least recently used while it is more than `most` bytes;
        then a bit more, so that this is not done for each file.
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
        """What a file of the cache is called in the bucket."""
        return path.relative_to(self._cache).as_posix()

    def path(self, key: str) -> Path:
        """The reverse."""
        return self._cache / key
