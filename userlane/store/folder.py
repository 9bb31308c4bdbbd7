"""Pieces as files in a folder, shared by processes and kept between them."""

import contextlib
import hashlib
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from threading import Lock
from urllib.parse import quote

import structlog
from cachetools import LRUCache

from userlane.contract import AggregateCache, Query
from userlane.errors import UserlaneError
from userlane.store import parquet_files, store_key, sweep
from userlane.store.atomic_files import Unreadable
from userlane.store.backends import DISK, Place
from userlane.store.id_dictionary import IdDictionaries
from userlane.store.leases import lock_window
from userlane.store.memory import MEMORY_BYTES, MemoryStore
from userlane.store.weekly_totals import FolderAggregateCache
from userlane.store.windows import Held, Piece, covers, overlap

KEPT = timedelta(days=30)
"""How long a piece lies in the folder, used or not, unless told otherwise."""

FOLDER_BYTES = 20 * 2**30
"""How much all pieces may take on the disk; above it the oldest go."""

SWEPT = timedelta(hours=6)
"""How often it is tidied up."""

log = structlog.get_logger("userlane.store")


@dataclass(frozen=True, slots=True)
class Listed:
    """One piece in a store, as an operator reads of it."""

    query: Query
    fetched_at: datetime
    rows: int
    size: int


class _Home:
    """What the pieces of one property and dataset have in common."""

    def __init__(self, folder: Path, at: Place, renew_after: float | None) -> None:
        self.dictionaries = IdDictionaries(folder / "dictionaries", at, renew_after)
        self.aggregates = FolderAggregateCache(folder / "sums", at)


class FolderStore:
    """Pieces as files. The folder is the only list there is: whatever another process wrote or removed counts
    at once. Pieces that were read stay in memory, the least recently used dropped above `max_bytes`.

    A folder that is full, read-only, broken or gone costs a fetch, never an answer: pieces are then kept in
    memory, and `trouble` says so. Files that are broken, of another version, older than `kept` or dated ahead
    of their time are removed, and those opened least recently when all take more than `max_on_disk` bytes.

    What is behind the folder is `at` another place, if it is not just this disk: see `remote`.
    """

    _renew_dictionaries_after: float | None = None

    def __init__(
        self,
        folder: Path,
        max_bytes: int = MEMORY_BYTES,
        max_on_disk: int = FOLDER_BYTES,
        kept: timedelta = KEPT,
        at: Place = DISK,
    ) -> None:
        self._trouble = ""
        self._at = at
        self._root = folder
        self._folder = folder / f"v{parquet_files.VERSION}"
        self._max_on_disk = max_on_disk
        self._kept = kept
        self._open: LRUCache[tuple[str, str], Piece] = LRUCache(
            max_bytes, lambda piece: piece.nbytes + max_bytes // _MOST_OPEN
        )
        self._homes: dict[Path, _Home] = {}
        self._homeless = MemoryStore(max_bytes)
        self._key = secrets.token_bytes(store_key.LENGTH)
        self._lock = Lock()
        self._swept_at = datetime.min.replace(tzinfo=UTC)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            self._suffer(error)
        self._sweep()

    @property
    def trouble(self) -> str:
        """As in `Store`."""
        return self._trouble

    @property
    def key(self) -> bytes:
        """As in `Store`. Where the folder cannot be written, it is this process's."""
        with contextlib.suppress(OSError):
            self._key = store_key.key_in_folder(self._folder, self._key)
        return self._key

    def held(self, scope: str, query: Query) -> tuple[Held, ...]:
        """As in `Store`."""
        self._sweep()
        stored = [
            Held(query.over(entry.window), entry.fetched_at, entry.id, entry.name)
            for entry in self._entries(self._place(scope, query))
            if overlap(entry.window, query.window)
        ]
        found = [*self._homeless.held(scope, query), *stored]
        return tuple(sorted(found, key=lambda held: (held.fetched_at, held.id), reverse=True))

    def take(self, scope: str, held: Held) -> Piece | None:
        """As in `Store`."""
        homeless = self._homeless.take(scope, held)
        if homeless is not None or not held.name:
            return homeless
        path = self._path(scope, held)
        try:
            # What another process has removed is gone, also where it is still in memory.
            self._at.fetch(path)
            with self._lock:
                if (scope, held.id) in self._open:
                    return self._open[scope, held.id]
            piece = parquet_files.read(path, held, self._home(scope, held.query).dictionaries.open)
        except FileNotFoundError:  # another process has put a newer one into its place
            return None
        except Unreadable as error:
            # What the file reader says may quote what is in it, so only its kind is told.
            why = type(error.__cause__ or error).__name__
            log.warning("a stored file is dropped", file=path.name, why=why)
            parquet_files.remove(self._at, path)
            return None
        except OSError as error:
            self._suffer(error)
            return None
        self._remember(scope, piece)
        return piece

    def keep(self, scope: str, piece: Piece) -> Piece:
        """As in `Store`."""
        place = self._place(scope, piece.query)
        try:
            older = parquet_files.entries(place, self._at.names(place))
            dictionaries = self._home(scope, piece.query).dictionaries
            piece = parquet_files.write(self._at, place, piece, dictionaries.writable)
        except OSError as error:
            self._suffer(error)
            return self._homeless.keep(scope, piece)
        self._trouble = ""
        self._remember(scope, piece)
        self._homeless.drop_older(scope, piece)
        for entry in older:
            if entry.fetched_at <= piece.fetched_at and covers(piece.window, entry.window):
                parquet_files.replace(self._at, entry.path)
        self._sweep()
        return piece

    def release(self, scope: str, query: Query | None = None) -> None:
        """As in `Store`."""
        self._homeless.release(scope, query)
        with self._lock:
            for (of, piece_id), piece in list(self._open.items()):
                if of == scope and (query is None or piece.query == query.over(piece.window)):
                    del self._open[of, piece_id]

    def aggregates(self, scope: str, query: Query) -> AggregateCache:
        """As in `Store`."""
        return self._home(scope, query).aggregates

    def claim(self, scope: str, query: Query) -> contextlib.AbstractContextManager[object] | None:
        """As in `Store`."""
        if query.dataset != "tags":
            return self._homeless.claim(scope, query)
        return lock_window(self._place(scope, query), query.window)

    def delete(self, property_id: str, api: str | None = None) -> int:
        """As in `Store`."""
        removed = self._homeless.delete(property_id, api)
        for place in self._folder.glob(f"{api or '*'}/*/*/*"):
            if place.name.split(".")[0] == property_id:
                removed += sum(len(self._entries(zone)) for zone in place.glob("*"))
                with self._lock:
                    home = self._homes.pop(place, None)
                if home is not None:
                    home.dictionaries.close()
                shutil.rmtree(place, ignore_errors=True)
                if left := sum(len(self._entries(zone)) for zone in place.glob("*")):
                    raise UserlaneError(
                        f"Of what is stored, {left} files could not be removed: the store cannot be written.",
                        "Tell whoever runs this dashboard.",
                    )
        self._forget(property_id)
        return removed

    def listed(self) -> Iterator[Listed]:
        """Every piece there is, as its file says of itself. What cannot be read is left out."""
        for place in sorted(self._folder.glob("*/*/*/*/*")):
            for entry in sorted(self._entries(place), key=lambda entry: entry.window):
                with contextlib.suppress(OSError, Unreadable):
                    footer = parquet_files.foot(entry.path)
                    yield Listed(footer.query, footer.fetched_at, footer.rows, entry.path.stat().st_size)

    def close(self) -> None:
        """Let other processes go on with what only one may write."""
        for home in self._homes.values():
            home.dictionaries.close()

    def _remember(self, scope: str, piece: Piece) -> None:
        with self._lock, contextlib.suppress(ValueError):  # heavier than all of the memory
            self._open[scope, piece.id] = piece

    def _forget(self, property_id: str) -> None:
        with self._lock:
            for name in [name for name, each in self._open.items() if each.query.property_id == property_id]:
                del self._open[name]

    def _entries(self, place: Path) -> list[parquet_files.Entry]:
        """None of a folder that cannot be listed."""
        with contextlib.suppress(OSError):
            return parquet_files.entries(place, self._at.names(place))
        return []

    def _suffer(self, error: OSError) -> None:
        trouble = words(error)
        if trouble != self._trouble:
            log.error("the store cannot be used", folder=str(self._root), why=error.strerror)
        self._trouble = trouble

    def _sweep(self) -> None:
        now = datetime.now(UTC)
        with self._lock:
            if timedelta(0) <= now - self._swept_at < SWEPT:
                return
            self._swept_at = now
        self._tidy(now)

    def _tidy(self, now: datetime) -> None:
        """Remove what no process will ever finish, what is past its time, and what there is too much of."""
        try:
            sweep.folder(self._root, self._folder, self._max_on_disk, self._kept, now)
        except OSError as error:
            log.warning("the store could not be swept", folder=str(self._root), why=error.strerror)

    def _path(self, scope: str, held: Held) -> Path:
        return self._place(scope, held.query) / held.name

    def _home(self, scope: str, query: Query) -> _Home:
        place = self._place(scope, query).parent
        with self._lock:
            return self._homes.setdefault(place, _Home(place, self._at, self._renew_dictionaries_after))

    def _place(self, scope: str, query: Query) -> Path:
        of = ".".join(filter(None, (query.property_id, query.survey_id)))
        return self._folder / _within(scope, query.dataset, of, query.timezone)


@lru_cache(maxsize=10_000)
def _within(scope: str, dataset: str, of: str, timezone: str) -> str:
    """The digest keeps apart what file systems that ignore case would mix."""
    digest = hashlib.sha256(of.encode()).hexdigest()[:8]
    return f"{scope}/{dataset}/{of}.{digest}/{quote(timezone, safe='')}"


def words(error: OSError) -> str:
    """What an error means for whoever looks at the rows."""
    return (
        f"Loaded rows cannot be stored ({error.strerror or type(error).__name__}); "
        "they are kept in memory until the server ends."
    )


_MOST_OPEN = 20_000
"""Pieces of tags take no memory for their rows, but are not nothing."""
