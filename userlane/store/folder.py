"""Pieces as files in a folder, shared by processes and kept between them."""

import contextlib
import hashlib
import shutil
from collections import OrderedDict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from threading import Lock
from urllib.parse import quote

import structlog

from userlane.contract import Query, Shelf
from userlane.errors import UserlaneError
from userlane.store import parquet_files, sweep
from userlane.store.atomic_files import Unreadable
from userlane.store.backends import DISK, Place
from userlane.store.id_dictionary import IdDictionaries
from userlane.store.leases import claimed
from userlane.store.memory import MEMORY_BYTES, MemoryStore
from userlane.store.weekly_totals import FolderShelf
from userlane.store.windows import Held, Piece, Proof, covers, overlap

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
        self.shelf = FolderShelf(folder / "sums", at)


class FolderStore:
    """Pieces as files. The folder is the only list there is: whatever another process wrote or removed counts
    at once. Pieces that were read stay in memory, the least recently used dropped above `max_bytes`.

    A folder that is full, read-only, broken or gone costs a fetch, never an answer: pieces are then kept in
    memory, and `trouble` says so. Files that are broken, of another version, older than `kept` or dated ahead
    of their time are removed, the oldest also when there are more than `max_on_disk` bytes.

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
        self._max_bytes = max_bytes
        self._max_on_disk = max_on_disk
        self._kept = kept
        self._open: OrderedDict[str, Piece] = OrderedDict()
        self._weight = 0
        self._homes: dict[Path, _Home] = {}
        self._homeless = MemoryStore(max_bytes)
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

    def held(self, api: str, query: Query) -> tuple[Held, ...]:
        """As in `Store`."""
        self._sweep()
        stored = [
            Held(query.over(entry.window), entry.fetched_at, entry.id, entry.name)
            for entry in self._entries(self._place(api, query))
            if overlap(entry.window, query.window)
        ]
        found = [*self._homeless.held(api, query), *stored]
        return tuple(sorted(found, key=lambda held: (held.fetched_at, held.id), reverse=True))

    def proof(self, api: str, held: Held) -> Proof | None:
        """As in `Store`."""
        with self._lock:
            piece = self._open.get(held.id)
        if piece is not None:
            return piece.proof
        homeless = self._homeless.proof(api, held)
        if homeless is not None:
            return homeless
        path = self._path(api, held)
        with contextlib.suppress(OSError, Unreadable):
            self._at.fetch(path)
            return parquet_files.head(path, held).proof
        return None

    def take(self, api: str, held: Held) -> Piece | None:
        """As in `Store`."""
        homeless = self._homeless.take(api, held)
        if homeless is not None or not held.name:
            return homeless
        path = self._path(api, held)
        try:
            # What another process has removed is gone, also where it is still in memory.
            self._at.fetch(path)
            with self._lock:
                if held.id in self._open:
                    self._open.move_to_end(held.id)
                    return self._open[held.id]
            piece = parquet_files.read(path, held, self._home(api, held.query).dictionaries.open)
        except FileNotFoundError:  # another process has put a newer one into its place
            return None
        except Unreadable as error:
            # What the file reader says may quote what is in it, so only its kind is told.
            why = type(error.__cause__ or error).__name__
            log.warning("a stored file is dropped", file=path.name, why=why)
            self._remove(path, held.id)
            return None
        except OSError as error:
            self._suffer(error)
            return None
        self._remember(piece)
        return piece

    def keep(self, api: str, piece: Piece, replaced: Collection[str] = ()) -> Piece:
        """As in `Store`."""
        place = self._place(api, piece.query)
        try:
            older = parquet_files.entries(place, self._at.names(place))
            piece = parquet_files.write(
                self._at, place, piece, self._home(api, piece.query).dictionaries.writable
            )
        except OSError as error:
            self._suffer(error)
            return self._homeless.keep(api, piece, replaced)
        self._trouble = ""
        self._remember(piece)
        homeless = [held for held in self._homeless.held(api, piece.query) if held.id in replaced]
        self._homeless.release([held.id for held in homeless if covers(piece.window, held.query.window)])
        for entry in older:
            if entry.id in replaced and covers(piece.window, entry.window):
                parquet_files.replace(self._at, entry.path)
                self._forget(entry.id)
        self._sweep()
        return piece

    def release(self, ids: Collection[str]) -> None:
        """As in `Store`: the files stay, for whoever proves to see the same."""
        self._homeless.release(ids)
        for each in ids:
            self._forget(each)

    def shelf(self, api: str, query: Query) -> Shelf:
        """As in `Store`."""
        return self._home(api, query).shelf

    def claim(self, api: str, query: Query) -> contextlib.AbstractContextManager[object] | None:
        """As in `Store`."""
        return claimed(self._place(api, query), query.window)

    def delete(self, property_id: str, api: str | None = None) -> int:
        """As in `Store`."""
        removed = self._homeless.delete(property_id, api)
        for place in self._folder.glob(f"{api or '*'}/*/*"):
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
        self._forget_all(property_id)
        return removed

    def listed(self) -> Iterator[Listed]:
        """Every piece there is, as its file says of itself. What cannot be read is left out."""
        for place in sorted(self._folder.glob("*/*/*/*")):
            for entry in sorted(self._entries(place), key=lambda entry: entry.window):
                with contextlib.suppress(OSError, Unreadable):
                    footer = parquet_files.foot(entry.path)
                    yield Listed(footer.query, footer.fetched_at, footer.rows, entry.path.stat().st_size)

    def close(self) -> None:
        """Let other processes go on with what only one may write."""
        for home in self._homes.values():
            home.dictionaries.close()

    def _remember(self, piece: Piece) -> None:
        if piece.nbytes > self._max_bytes:
            return
        with self._lock:
            if piece.id not in self._open:
                self._weight += piece.nbytes
            self._open[piece.id] = piece
            while self._weight > self._max_bytes or len(self._open) > _MOST_OPEN:
                self._weight -= self._open.popitem(last=False)[1].nbytes

    def _forget_all(self, property_id: str) -> None:
        with self._lock:
            of = [each for each, piece in self._open.items() if piece.query.property_id == property_id]
        for each in of:
            self._forget(each)

    def _forget(self, piece_id: str) -> None:
        with self._lock:
            if piece_id in self._open:
                self._weight -= self._open.pop(piece_id).nbytes

    def _remove(self, path: Path, piece_id: str) -> None:
        parquet_files.remove(self._at, path)
        self._forget(piece_id)

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
            for gone in sweep.folder(self._root, self._folder, self._max_on_disk, self._kept, now):
                self._forget(gone)
        except OSError as error:
            log.warning("the store could not be swept", folder=str(self._root), why=error.strerror)

    def _path(self, api: str, held: Held) -> Path:
        return self._place(api, held.query) / held.name

    def _home(self, api: str, query: Query) -> _Home:
        place = self._place(api, query).parent
        with self._lock:
            return self._homes.setdefault(place, _Home(place, self._at, self._renew_dictionaries_after))

    def _place(self, api: str, query: Query) -> Path:
        of = ".".join(filter(None, (query.property_id, query.survey_id)))
        return self._folder / _within(api, query.dataset, of, query.timezone)


@lru_cache(maxsize=10_000)
def _within(api: str, dataset: str, of: str, timezone: str) -> str:
    """The digest keeps apart what file systems that ignore case would mix."""
    digest = hashlib.sha256(of.encode()).hexdigest()[:8]
    return f"{api}/{dataset}/{of}.{digest}/{quote(timezone, safe='')}"


def words(error: OSError) -> str:
    """What an error means for whoever looks at the rows."""
    return (
        f"Loaded rows cannot be stored ({error.strerror or type(error).__name__}); "
        "they are kept in memory until the server ends."
    )


_MOST_OPEN = 20_000
"""Pieces of tags take no memory for their rows, but are not nothing."""
