"""Pieces in memory, for as long as the process lives."""

from collections import OrderedDict
from collections.abc import Collection
from threading import Lock

from userlane.contract import Query
from userlane.store.pieces import Held, Piece, Proof, covers, overlap

MEMORY_BYTES = 512 * 2**20


class MemoryStore:
    """Pieces in memory, the least recently used dropped above `max_bytes`."""

    trouble = ""

    def __init__(self, max_bytes: int = MEMORY_BYTES) -> None:
        self._max_bytes = max_bytes
        self._pieces: OrderedDict[str, tuple[str, Piece]] = OrderedDict()
        self._lock = Lock()

    def held(self, api: str, query: Query) -> tuple[Held, ...]:
        """As in `Store`."""
        with self._lock:
            found = [
                Held(piece.query, piece.fetched_at, piece.id)
                for of, piece in reversed(self._pieces.values())
                if of == api
                and piece.query.over(query.window) == query
                and overlap(piece.window, query.window)
            ]
        return tuple(sorted(found, key=lambda held: held.fetched_at, reverse=True))

    def proof(self, api: str, held: Held) -> Proof | None:
        """As in `Store`."""
        with self._lock:
            of, piece = self._pieces.get(held.id, ("", None))
        return piece.proof if piece and of == api else None

    def take(self, api: str, held: Held) -> Piece | None:
        """As in `Store`."""
        with self._lock:
            of, piece = self._pieces.get(held.id, ("", None))
            if piece is None or of != api:
                return None
            self._pieces.move_to_end(held.id)
            return piece

    def keep(self, api: str, piece: Piece, replaced: Collection[str] = ()) -> None:
        """As in `Store`. A piece heavier than the whole store is not kept."""
        if piece.table.nbytes > self._max_bytes:
            return
        with self._lock:
            for each in [each for each in replaced if each in self._pieces]:
                of, older = self._pieces[each]
                same = of == api and older.query == piece.query.over(older.window)
                if same and covers(piece.window, older.window):
                    del self._pieces[each]
            self._pieces[piece.id] = (api, piece)
            weight = sum(each.table.nbytes for _, each in self._pieces.values())
            while weight > self._max_bytes:
                weight -= self._pieces.popitem(last=False)[1][1].table.nbytes

    def release(self, ids: Collection[str]) -> None:
        """As in `Store`."""
        with self._lock:
            for each in ids:
                self._pieces.pop(each, None)
