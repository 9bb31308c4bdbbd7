"""Pieces as files in a folder, shared by processes and kept between them."""

import contextlib
import hashlib
import shutil
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from urllib.parse import quote, unquote

import structlog

from userlane.contract import Query
from userlane.store import files
from userlane.store.files import Entry, Unreadable
from userlane.store.memory import MEMORY_BYTES, MemoryStore
from userlane.store.pieces import Piece, Scope, Witness, fresh, likeliest, overlap

KEPT = timedelta(days=30)
"""How long a piece lies in the folder, used or not."""

_SWEPT = timedelta(days=1)
log = structlog.get_logger("userlane.store")


class FolderStore:
    """Pieces as files. The folder is the only list there is: whatever another process wrote or removed counts
    at once. Pieces that were read stay in memory, the least recently used dropped above `max_bytes`.

    A folder that is full, read-only or gone costs a fetch, never an answer: pieces are then kept in memory,
    and `trouble` says so. Files that are broken, of another version or past their time are removed.
    """

    def __init__(self, folder: Path, max_bytes: int = MEMORY_BYTES) -> None:
        self.trouble = ""
        self._root = folder
        self._folder = folder / f"v{files.VERSION}"
        self._max_bytes = max_bytes
        self._open: OrderedDict[str, tuple[Scope, Piece]] = OrderedDict()
        self._homeless = MemoryStore(max_bytes)
        self._lock = Lock()
        self._swept_at = datetime.min.replace(tzinfo=UTC)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            self._suffer(error)
        self._sweep()

    def find(self, scope: Scope, query: Query, now: datetime | None) -> tuple[Piece, ...]:
        """As in `Store`."""
        found = list(self._homeless.find(scope, query, now))
        for entry in files.entries(self._place(scope, query)):
            whole = query.over(entry.window)
            usable = entry.window if now is None else fresh(whole, entry.fetched_at, now)
            gaps = query.window.without(piece.window for piece in found) if usable else ()
            parts = [part for gap in gaps if usable and (part := overlap(gap, usable))]
            piece = self._read(scope, entry, whole) if parts else None
            found += [piece.over(part) for part in parts] if piece else []
        return tuple(sorted(found, key=lambda piece: piece.window))

    def keep(self, scope: Scope, piece: Piece) -> None:
        """As in `Store`."""
        place = self._place(scope, piece.query)
        try:
            older = files.entries(place)
            files.write(place, piece)
        except OSError as error:
            self._suffer(error)
            self._homeless.keep(scope, piece)
            return
        self.trouble = ""
        self._remember(scope, piece)
        for entry in older:
            if entry.fetched_at <= piece.fetched_at and not entry.window.without([piece.window]):
                self._remove(entry)
        self._sweep()

    def witnesses(self, api: str, query: Query) -> Mapping[Scope, Witness]:
        """As in `Store`."""
        found: list[tuple[Scope, Witness | None, datetime]] = []
        for place in self._about(api, query).glob("*/*"):
            for entry in files.entries(place):
                with contextlib.suppress(OSError, Unreadable):
                    asked = replace(query, window=entry.window, timezone=unquote(place.parent.name))
                    footer = files.head(entry, asked)
                    found.append((Scope(api, place.name), footer.witness, footer.fetched_at))
        return {**likeliest(found), **self._homeless.witnesses(api, query)}

    def leave(self, scope: Scope) -> None:
        """As in `Store`: the files stay, for whoever proves to see the same rows."""
        self._homeless.leave(scope)
        with self._lock:
            for name in [name for name, (of, _) in self._open.items() if of == scope]:
                del self._open[name]

    def forget(self, scope: Scope) -> None:
        """As in `Store`."""
        self.leave(scope)
        for place in (self._folder / scope.api).glob(f"*/*/*/{scope.audience}"):
            shutil.rmtree(place, ignore_errors=True)

    def _read(self, scope: Scope, entry: Entry, query: Query) -> Piece | None:
        with self._lock:
            if entry.id in self._open:
                self._open.move_to_end(entry.id)
                return self._open[entry.id][1]
        try:
            piece = files.read(entry, query)
        except FileNotFoundError:  # another process has put a newer one into its place
            return None
        except Unreadable as error:
            log.warning("a stored file is dropped", file=entry.path.name, why=str(error))
            self._remove(entry)
            return None
        except OSError as error:
            self._suffer(error)
            return None
        self._remember(scope, piece)
        return piece

    def _remember(self, scope: Scope, piece: Piece) -> None:
        if piece.table.nbytes > self._max_bytes:
            return
        with self._lock:
            self._open[piece.id] = (scope, piece)
            weight = sum(each.table.nbytes for _, each in self._open.values())
            while weight > self._max_bytes:
                weight -= self._open.popitem(last=False)[1][1].table.nbytes

    def _remove(self, entry: Entry) -> None:
        with contextlib.suppress(OSError):
            entry.path.unlink(missing_ok=True)
        with self._lock:
            self._open.pop(entry.id, None)

    def _suffer(self, error: OSError) -> None:
        trouble = (
            f"Loaded rows cannot be stored ({error.strerror or type(error).__name__}); "
            "they are kept in memory until the server ends."
        )
        if trouble != self.trouble:
            log.error("the store cannot be used", folder=str(self._root), why=error.strerror)
        self.trouble = trouble

    def _sweep(self) -> None:
        """Remove what no process will ever finish, and what is past its time."""
        now = datetime.now(UTC)
        with self._lock:
            if now - self._swept_at < _SWEPT:
                return
            self._swept_at = now
        for part in files.orphans(self._folder):
            part.unlink(missing_ok=True)
        for place in self._folder.glob("*/*/*/*/*"):
            for entry in files.entries(place):
                if now - entry.fetched_at > KEPT:
                    self._remove(entry)
        older = (self._root / f"v{number}" for number in range(files.VERSION))
        for folder in older:
            shutil.rmtree(folder, ignore_errors=True)

    def _place(self, scope: Scope, query: Query) -> Path:
        return self._about(scope.api, query) / quote(query.timezone, safe="") / scope.audience

    def _about(self, api: str, query: Query) -> Path:
        """Where the rows of one property, dataset and survey are. The digest keeps apart what file systems
        that ignore case would mix.
        """
        name = ".".join(filter(None, (query.property_id, query.survey_id)))
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        return self._folder / api / query.dataset / f"{name}.{digest}"
