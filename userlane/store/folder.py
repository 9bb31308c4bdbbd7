"""Windows as files in a folder, shared by processes and kept between them."""

import contextlib
import hashlib
import secrets
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from threading import Lock
from urllib.parse import quote

import structlog

from userlane.contract import AggregateCache, Query, Window
from userlane.errors import SettingsUnusable
from userlane.store import atomic_files, leases, parquet_files, sweep
from userlane.store.atomic_files import Unreadable
from userlane.store.backends import DISK, Backend, StoredFile
from userlane.store.id_dictionary import LOCK, IdDictionaries
from userlane.store.memory import MEMORY_BYTES, MemoryStore
from userlane.store.weekly_totals import FolderAggregateCache
from userlane.store.windows import FetchedWindow, ListedWindow, StoredWindow, covers, overlap

KEPT = timedelta(days=30)
"""How long a window stays in the folder, used or not, unless set otherwise."""

FOLDER_BYTES = 20 * 2**30
"""Bytes that all windows may take on the disk; above it the least recently opened are removed."""

SWEPT = timedelta(hours=6)
"""How often the folder is swept."""

log = structlog.get_logger("userlane.store")


class _PropertyFolder:
    """What the windows of one property and dataset have in common."""

    def __init__(self, folder: Path, backend: Backend, renew_after: float | None) -> None:
        self.dictionaries = IdDictionaries(folder / "dictionaries", backend, renew_after)
        self.aggregates = FolderAggregateCache(folder / "sums", backend)


class FolderStore:
    """Stores windows as files. There is no list beside the folder, so what another process wrote or removed
    counts at once. Windows that were read stay in memory; above `max_bytes` the least recently used are
    dropped.

    When the folder is full, read-only, broken or gone, windows are kept in memory and `trouble` says so.
    Files that are broken, of another version, older than `kept` or dated in the future are removed, and the
    least recently opened ones when all take more than `max_on_disk` bytes.

    `backend` says where the files are shared with other machines, if they are: see `object_store`.
    """

    _renew_dictionaries_after: float | None = None

    def __init__(
        self,
        folder: Path,
        max_bytes: int = MEMORY_BYTES,
        max_on_disk: int = FOLDER_BYTES,
        kept: timedelta = KEPT,
        backend: Backend = DISK,
    ) -> None:
        self._trouble = ""
        self._backend = backend
        self._root = folder
        self._folder = folder / f"v{parquet_files.VERSION}"
        self._max_on_disk = max_on_disk
        self._kept = kept
        self._open = MemoryStore(max_bytes)
        self._property_folders: dict[Path, _PropertyFolder] = {}
        self._fallback = MemoryStore(max_bytes)
        self._key = secrets.token_bytes(leases.KEY_LENGTH)
        self._lock = Lock()
        self._swept_at = datetime.min.replace(tzinfo=UTC)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            self._report_trouble(error)
        self._sweep()

    @property
    def trouble(self) -> str:
        """As in `Store`."""
        return self._trouble

    @property
    def key(self) -> bytes:
        """As in `Store`. Where the folder cannot be written, it is a key of this process."""
        with contextlib.suppress(OSError):
            self._key = leases.key_in_folder(self._folder, self._key)
        return self._key

    def find(self, scope: str, query: Query) -> tuple[StoredWindow, ...]:
        """As in `Store`."""
        self._sweep()
        place, entries = self._folder_of(scope, query), []
        with contextlib.suppress(OSError):
            entries = parquet_files.list_entries(place, self._backend.list_names(place))
        stored = [
            StoredWindow(query.over(entry.window), entry.fetched_at, entry.id, entry.name)
            for entry in entries
            if overlap(entry.window, query.window)
        ]
        found = [*self._fallback.find(scope, query), *stored]
        return tuple(sorted(found, key=lambda stored: (stored.fetched_at, stored.id), reverse=True))

    def prefetch(self, scope: str, usable: Iterable[tuple[StoredWindow, Window]]) -> None:
        """As in `Store`."""

    def read(self, scope: str, stored: StoredWindow) -> FetchedWindow | None:
        """As in `Store`."""
        in_memory = self._fallback.read(scope, stored)
        if in_memory is not None or not stored.name:
            return in_memory
        path = self._folder_of(scope, stored.query) / stored.name
        try:
            # What another process has removed must not be read from memory.
            self._backend.fetch(path)
            if (opened := self._open.read(scope, stored)) is not None:
                return opened
            fetched = parquet_files.read(
                path, stored, self._property_folder(scope, stored.query).dictionaries.open
            )
        except FileNotFoundError:  # another process has put a newer one into its place
            return None
        except Unreadable as error:
            # What the file reader says may quote what is in it, so only its kind is told.
            why = type(error.__cause__ or error).__name__
            log.warning("a stored file is dropped", file=path.name, why=why)
            parquet_files.remove(self._backend, path)
            return None
        except OSError as error:
            self._report_trouble(error)
            return None
        self._open.keep(scope, fetched)
        return fetched

    def write(self, scope: str, fetched: FetchedWindow) -> FetchedWindow:
        """As in `Store`."""
        place = self._folder_of(scope, fetched.query)
        try:
            older = parquet_files.list_entries(place, self._backend.list_names(place))
            dictionaries = self._property_folder(scope, fetched.query).dictionaries
            fetched = parquet_files.write(self._backend, place, fetched, dictionaries.writable)
        except OSError as error:
            self._report_trouble(error)
            return self._fallback.write(scope, fetched)
        self._trouble = ""
        self._open.keep(scope, fetched)
        self._fallback.drop_older(scope, fetched)
        for entry in older:
            if entry.fetched_at <= fetched.fetched_at and covers(fetched.window, entry.window):
                parquet_files.mark_replaced(self._backend, entry.path)
        self._sweep()
        return fetched

    def release(self, scope: str, query: Query | None = None) -> None:
        """As in `Store`."""
        self._fallback.release(scope, query)
        self._open.release(scope, query)

    def aggregates(self, scope: str, query: Query) -> AggregateCache:
        """As in `Store`."""
        return self._property_folder(scope, query).aggregates

    def acquire_lease(self, scope: str, query: Query) -> contextlib.AbstractContextManager[object] | None:
        """As in `Store`."""
        if query.dataset != "tags":
            return self._fallback.acquire_lease(scope, query)
        return leases.lock_window(self._folder_of(scope, query), query.window)

    def delete(self, property_id: str, api: str | None = None) -> int:
        """As in `Store`. Other machines do not read their cached copies any more, and remove them within six
        hours. Raises `SettingsUnusable` when some of it cannot be removed.
        """
        removed = self._fallback.delete(property_id, api)
        self._open.delete(property_id, api)
        with _translate_errors():
            every = self._backend.list_all(self._folder)
            files = [each for each in every if self._is_of(property_id, api, each.path)]
            removed += len(parquet_files.list_all_entries(files))
            self._remove_files(files)
        for place in list(self._property_folders):
            if self._is_of(property_id, api, place):
                self._property_folders.pop(place).dictionaries.close()
        for place in self._folder.glob("*/*/*/*"):
            if self._is_of(property_id, api, place):
                shutil.rmtree(place, ignore_errors=True)
        return removed

    def list_windows(self) -> Iterator[ListedWindow]:
        """Yields every stored window by what its file says. A file that cannot be read is left out.

        Raises `SettingsUnusable` when the store cannot be listed.
        """
        with _translate_errors():
            sizes = {each.path: each for each in self._backend.list_all(self._folder)}
        for entry in parquet_files.list_all_entries(sizes.values()):
            with contextlib.suppress(OSError, Unreadable), self._backend.open(entry.path) as source:
                footer = parquet_files.read_footer(source)
                yield ListedWindow(footer.query, footer.fetched_at, footer.rows, sizes[entry.path].size)

    def sweep(self, now: datetime) -> None:
        """Remove the windows that are expired or replaced, and the least recently opened ones where all take
        more than their share; what writers that have ended and earlier versions left; and ID dictionaries
        that no window uses. Raises `OSError`.
        """
        atomic_files.remove_orphans(self._folder)
        files = self._backend.list_all(self._folder)
        sweep.remove_old_versions(self._backend, self._root, files, now)
        self._remove_files(
            [*sweep.find_expired(files, now, self._kept), *sweep.find_least_opened(files, self._max_on_disk)]
        )
        for place in self._folder.glob("*/*/tags/*"):
            sweep.remove_unused_dictionaries(place)

    def close(self) -> None:
        """Let other processes write the ID dictionaries of this one."""
        for each in self._property_folders.values():
            each.dictionaries.close()

    def _report_trouble(self, error: OSError) -> None:
        trouble = describe_error(error)
        if trouble != self._trouble:
            log.error("the store cannot be used", folder=str(self._root), why=error.strerror)
        self._trouble = trouble

    def _sweep(self) -> None:
        now = datetime.now(UTC)
        with self._lock:
            if timedelta(0) <= now - self._swept_at < SWEPT:
                return
            self._swept_at = now
        self._run_sweep(now)

    def _run_sweep(self, now: datetime) -> None:
        """As `sweep`. A failure is logged."""
        try:
            self.sweep(now)
        except OSError as error:
            log.warning("the store could not be swept", folder=str(self._root), why=error.strerror)

    def _remove_files(self, files: Iterable[StoredFile]) -> None:
        """Remove files, locks of ID dictionaries first, so that nobody goes on with half of one. Raises
        `OSError` when some cannot be removed, after the others were.
        """
        trouble: OSError | None = None
        for each in sorted(files, key=lambda each: each.path.name != LOCK):
            try:
                self._backend.remove(each.path)
            except OSError as error:
                trouble = error
        if trouble is not None:
            raise trouble

    def _is_of(self, property_id: str, api: str | None, path: Path) -> bool:
        """Whether a file or folder belongs to a property, of one API or of all."""
        parts = path.relative_to(self._folder).parts
        return len(parts) > 3 and parts[3].split(".")[0] == property_id and api in {None, parts[0]}

    def _property_folder(self, scope: str, query: Query) -> _PropertyFolder:
        place = self._folder_of(scope, query).parent
        with self._lock:
            return self._property_folders.setdefault(
                place, _PropertyFolder(place, self._backend, self._renew_dictionaries_after)
            )

    def _folder_of(self, scope: str, query: Query) -> Path:
        of = ".".join(filter(None, (query.property_id, query.survey_id)))
        return self._folder / _within(scope, query.dataset, of, query.timezone)


@lru_cache(maxsize=10_000)
def _within(scope: str, dataset: str, of: str, timezone: str) -> str:
    """The folder of a dataset, property or survey, and time zone below that of the version. The digest keeps
    IDs apart that differ in case alone, which some file systems ignore.
    """
    digest = hashlib.sha256(of.encode()).hexdigest()[:8]
    return f"{scope}/{dataset}/{of}.{digest}/{quote(timezone, safe='')}"


@contextlib.contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsUnusable(f"{error.strerror}.", "Look at USERLANE_STORE, or try again.") from error


def describe_error(error: OSError) -> str:
    """What an error of the disk or bucket means for the rows, in a sentence."""
    return (
        f"Loaded rows cannot be stored ({error.strerror or type(error).__name__}); "
        "they are kept in memory until the server ends."
    )
