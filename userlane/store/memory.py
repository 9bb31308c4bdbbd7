"""Pieces in memory, for as long as the process lives."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from threading import Lock

from userlane.contract import Query, Window
from userlane.store.pieces import Piece, Scope, Witness, likeliest, overlap

MEMORY_BYTES = 512 * 2**20

_Key = tuple[Scope, str, str, str | None, str]


class MemoryStore:
    """Pieces in memory, the least recently used dropped above `max_bytes`."""

    trouble = ""

    def __init__(self, max_bytes: int = MEMORY_BYTES) -> None:
        self._max_bytes = max_bytes
        self._pieces: OrderedDict[tuple[_Key, str, Window], Piece] = OrderedDict()
        self._lock = Lock()

    @property
    def nbytes(self) -> int:
        """How much the pieces weigh."""
        with self._lock:
            return self._weight()

    def find(self, scope: Scope, query: Query, now: datetime | None) -> tuple[Piece, ...]:
        """As in `Store`."""
        found: list[Piece] = []
        with self._lock:
            for place, piece in self._of(_key(scope, query)):
                usable = piece.window if now is None else piece.fresh(now)
                part = usable and overlap(usable, query.window)
                if part:
                    self._pieces.move_to_end(place)
                    found.append(piece.over(part))
        return tuple(sorted(found, key=lambda piece: piece.window))

    def keep(self, scope: Scope, piece: Piece) -> None:
        """As in `Store`. A piece heavier than the whole store is not kept."""
        if piece.table.nbytes > self._max_bytes:
            return
        key = _key(scope, piece.query)
        with self._lock:
            for place, older in self._of(key):
                if overlap(older.window, piece.window):
                    del self._pieces[place]
                    for rest in older.window.without([piece.window]):
                        self._pieces[key, older.id, rest] = older.over(rest)
            self._pieces[key, piece.id, piece.window] = piece
            weight = self._weight()
            while weight > self._max_bytes:
                weight -= self._pieces.popitem(last=False)[1].table.nbytes

    def witnesses(self, api: str, query: Query) -> Mapping[Scope, Witness]:
        """As in `Store`."""
        about = (query.dataset, query.property_id, query.survey_id)
        with self._lock:
            found = [
                (scope, piece.witness, piece.fetched_at)
                for ((scope, *rest, _), _, _), piece in self._pieces.items()
                if scope.api == api and tuple(rest) == about
            ]
        return likeliest(found)

    def leave(self, scope: Scope) -> None:
        """As in `Store`: here everything is in memory only."""
        self.forget(scope)

    def forget(self, scope: Scope) -> None:
        """As in `Store`."""
        with self._lock:
            for place in [place for place in self._pieces if place[0][0] == scope]:
                del self._pieces[place]

    def _of(self, key: _Key) -> list[tuple[tuple[_Key, str, Window], Piece]]:
        return [(place, piece) for place, piece in self._pieces.items() if place[0] == key]

    def _weight(self) -> int:
        return sum(piece.table.nbytes for piece in self._pieces.values())


def _key(scope: Scope, query: Query) -> _Key:
    return scope, query.dataset, query.property_id, query.survey_id, query.timezone
