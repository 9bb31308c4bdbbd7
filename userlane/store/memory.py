"""Pieces in memory, for as long as the process lives."""

from collections import OrderedDict
from collections.abc import Collection
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from threading import Lock

from userlane.contract import MemoryShelf, Query, Shelf
from userlane.store.id_dictionary import IdDictionary
from userlane.store.tag_rows import Part, held
from userlane.store.windows import Held, Piece, Proof, covers, overlap

MEMORY_BYTES = 512 * 2**20


class MemoryStore:
    """Pieces in memory, the least recently used dropped above `max_bytes`."""

    trouble = ""

    def __init__(self, max_bytes: int = MEMORY_BYTES) -> None:
        self._max_bytes = max_bytes
        self._dictionaries: dict[tuple[str, str], IdDictionary] = {}
        self._shelves: dict[tuple[str, str], Shelf] = {}
        self._claimed: set[tuple[str, Query]] = set()
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

    def keep(self, api: str, piece: Piece, replaced: Collection[str] = ()) -> Piece:
        """As in `Store`. A piece heavier than the whole store is not kept."""
        if piece.query.dataset == "tags" and not isinstance(piece.rows, Part):
            with self._lock:
                dictionary = self._dictionaries.setdefault((api, piece.query.property_id), IdDictionary())
            piece = replace(piece, rows=held(piece.rows, piece.window, dictionary))
        if piece.nbytes > self._max_bytes:
            return piece
        with self._lock:
            for each in [each for each in replaced if each in self._pieces]:
                of, older = self._pieces[each]
                same = of == api and older.query == piece.query.over(older.window)
                if same and covers(piece.window, older.window):
                    del self._pieces[each]
            self._pieces[piece.id] = (api, piece)
            weight = sum(each.nbytes for _, each in self._pieces.values())
            while weight > self._max_bytes:
                weight -= self._pieces.popitem(last=False)[1][1].nbytes
        return piece

    def release(self, ids: Collection[str]) -> None:
        """As in `Store`."""
        with self._lock:
            for each in ids:
                self._pieces.pop(each, None)

    def shelf(self, api: str, query: Query) -> Shelf:
        """As in `Store`."""
        with self._lock:
            return self._shelves.setdefault((api, query.property_id), MemoryShelf())

    def claim(self, api: str, query: Query) -> AbstractContextManager[object] | None:
        """As in `Store`: among the loads of this process."""
        key = (api, query)
        with self._lock:
            if key in self._claimed:
                return None
            self._claimed.add(key)
        claimed = ExitStack()
        claimed.callback(self._claimed.discard, key)
        return claimed

    def delete(self, property_id: str, api: str | None = None) -> int:
        """As in `Store`."""
        with self._lock:
            gone = [
                piece.id
                for of, piece in self._pieces.values()
                if piece.query.property_id == property_id and api in {None, of}
            ]
            for each in gone:
                del self._pieces[each]
            for kept in (self._dictionaries, self._shelves):
                for key in [key for key in kept if key[1] == property_id and api in {None, key[0]}]:
                    del kept[key]
        return len(gone)

    def close(self) -> None:
        """As in `Store`."""
