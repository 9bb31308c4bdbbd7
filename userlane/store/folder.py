"""Pieces as files in a folder, shared by processes and kept between them."""

import contextlib
import hashlib
import shutil
from collections import OrderedDict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from urllib.parse import quote

import structlog

from userlane.contract import Query
from userlane.store import files
from userlane.store.files import Unreadable
from userlane.store.memory import MEMORY_BYTES, MemoryStore
from userlane.store.pieces import Held, Piece, Proof, covers, overlap

KEPT = timedelta(days=30)
"""How long a piece lies in the folder, used or not."""

FOLDER_BYTES = 20 * 2**30
"""How much all pieces may take on the disk; above it the oldest go."""

_SWEPT = timedelta(hours=6)
_DATED_AHEAD = timedelta(hours=1)
log = structlog.get_logger("userlane.store")


class FolderStore:
    """Pieces as files. The folder is the only list there is: whatever another process wrote or removed counts
    at once. Pieces that were read stay in memory, the least recently used dropped above `max_bytes`.

    A folder that is full, read-only, broken or gone costs a fetch, never an answer: pieces are then kept in
    memory, and `trouble` says so. Files that are broken, of another version, past their time or dated ahead
    of it are removed, the oldest also when there are more than `max_on_disk` bytes.
    """

    def __init__(self, folder: Path, max_bytes: int = MEMORY_BYTES, max_on_disk: int = FOLDER_BYTES) -> None:
        self.trouble = ""
        self._root = folder
        self._folder = folder / f"v{files.VERSION}"
        self._max_bytes = max_bytes
        self._max_on_disk = max_on_disk
        self._open: OrderedDict[str, Piece] = OrderedDict()
        self._homeless = MemoryStore(max_bytes)
        self._lock = Lock()
        self._swept_at = datetime.min.replace(tzinfo=UTC)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            self._suffer(error)
        self._sweep()

    def held(self, api: str, query: Query) -> tuple[Held, ...]:
        """As in `Store`."""
        self._sweep()
        stored = [
            Held(query.over(entry.window), entry.fetched_at, entry.id)
            for entry in files.entries(self._place(api, query))
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
        with contextlib.suppress(OSError, Unreadable):
            return files.head(self._path(api, held), held).proof
        return None

    def take(self, api: str, held: Held) -> Piece | None:
        """As in `Store`."""
        path = self._path(api, held)
        with self._lock:
            # What another process has removed is gone, also where it is still in memory.
            if held.id in self._open and path.exists():
                self._open.move_to_end(held.id)
                return self._open[held.id]
        homeless = self._homeless.take(api, held)
        if homeless is not None:
            return homeless
        try:
            piece = files.read(path, held)
        except FileNotFoundError:  # another process has put a newer one into its place
            return None
        except Unreadable as error:
            log.warning("a stored file is dropped", file=path.name, why=str(error))
            self._remove(path, held.id)
            return None
        except OSError as error:
            self._suffer(error)
            return None
        self._remember(piece)
        return piece

    def keep(self, api: str, piece: Piece, replaced: Collection[str] = ()) -> None:
        """As in `Store`."""
        place = self._place(api, piece.query)
        try:
            older = files.entries(place)
            files.write(place, piece)
        except OSError as error:
            self._suffer(error)
            self._homeless.keep(api, piece, replaced)
            return
        self.trouble = ""
        self._remember(piece)
        homeless = [held for held in self._homeless.held(api, piece.query) if held.id in replaced]
        self._homeless.release([held.id for held in homeless if covers(piece.window, held.query.window)])
        for entry in older:
            if entry.id in replaced and covers(piece.window, entry.window):
                self._remove(entry.path, entry.id)
        self._sweep()

    def release(self, ids: Collection[str]) -> None:
        """As in `Store`: the files stay, for whoever proves to see the same."""
        self._homeless.release(ids)
        with self._lock:
            for each in ids:
                self._open.pop(each, None)

    def _remember(self, piece: Piece) -> None:
        if piece.table.nbytes > self._max_bytes:
            return
        with self._lock:
            self._open[piece.id] = piece
            weight = sum(each.table.nbytes for each in self._open.values())
            while weight > self._max_bytes:
                weight -= self._open.popitem(last=False)[1].table.nbytes

    def _remove(self, path: Path, piece_id: str) -> None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        with self._lock:
            self._open.pop(piece_id, None)

    def _suffer(self, error: OSError) -> None:
        trouble = (
            f"Loaded rows cannot be stored ({error.strerror or type(error).__name__}); "
            "they are kept in memory until the server ends."
        )
        if trouble != self.trouble:
            log.error("the store cannot be used", folder=str(self._root), why=error.strerror)
        self.trouble = trouble

    def _sweep(self) -> None:
        """Remove what no process will ever finish, what is past its time, and what there is too much of."""
        now = datetime.now(UTC)
        with self._lock:
            if timedelta(0) <= now - self._swept_at < _SWEPT:
                return
            self._swept_at = now
        try:
            for part in files.orphans(self._folder):
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
            left = self._max_on_disk
            every = [entry for place in self._folder.glob("*/*/*/*") for entry in files.entries(place)]
            for entry in sorted(every, key=lambda entry: entry.fetched_at, reverse=True):
                with contextlib.suppress(FileNotFoundError):  # another process was faster
                    left -= entry.path.stat().st_size
                if not -_DATED_AHEAD <= now - entry.fetched_at <= KEPT or left < 0:
                    self._remove(entry.path, entry.id)
            for number in range(files.VERSION):
                shutil.rmtree(self._root / f"v{number}", ignore_errors=True)
        except OSError as error:
            log.warning("the store could not be swept", folder=str(self._root), why=error.strerror)

    def _path(self, api: str, held: Held) -> Path:
        called = files.name(held.query.window, held.fetched_at, held.id)
        return self._place(api, held.query) / called

    def _place(self, api: str, query: Query) -> Path:
        """The digest keeps apart what file systems that ignore case would mix."""
        of = ".".join(filter(None, (query.property_id, query.survey_id)))
        digest = hashlib.sha256(of.encode()).hexdigest()[:8]
        return self._folder / api / query.dataset / f"{of}.{digest}" / quote(query.timezone, safe="")
