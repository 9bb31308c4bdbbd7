"""Pieces in memory, for as long as the process lives."""

import secrets
from collections import OrderedDict
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from threading import Lock

from userlane.contract import AggregateCache, Query
from userlane.store.id_dictionary import IdDictionary
from userlane.store.tag_rows import TagRows, encode_rows
from userlane.store.weekly_totals import MemoryAggregateCache
from userlane.store.windows import Held, Piece, covers, overlap

MEMORY_BYTES = 512 * 2**20


class MemoryStore:
    """Pieces in memory, the least recently used dropped above `max_bytes`."""

    trouble = ""

    def __init__(self, max_bytes: int = MEMORY_BYTES) -> None:
        self.key = secrets.token_bytes(32)
        self._max_bytes = max_bytes
        self._dictionaries: dict[tuple[str, str], IdDictionary] = {}
        self._aggregates: dict[tuple[str, str], AggregateCache] = {}
        self._claimed: set[tuple[str, Query]] = set()
        self._pieces: OrderedDict[str, tuple[str, Piece]] = OrderedDict()
        self._lock = Lock()

    def held(self, scope: str, query: Query) -> tuple[Held, ...]:
        """As in `Store`."""
        with self._lock:
            found = [
                Held(piece.query, piece.fetched_at, piece.id)
                for of, piece in reversed(self._pieces.values())
                if of == scope
                and piece.query.over(query.window) == query
                and overlap(piece.window, query.window)
            ]
        return tuple(sorted(found, key=lambda held: held.fetched_at, reverse=True))

    def take(self, scope: str, held: Held) -> Piece | None:
        """As in `Store`."""
        with self._lock:
            of, piece = self._pieces.get(held.id, ("", None))
            if piece is None or of != scope:
                return None
            self._pieces.move_to_end(held.id)
            return piece

    def keep(self, scope: str, piece: Piece) -> Piece:
        """As in `Store`. A piece heavier than the whole store is not kept."""
        if piece.query.dataset == "tags" and not isinstance(piece.rows, TagRows):
            with self._lock:
                dictionary = self._dictionaries.setdefault((scope, piece.query.property_id), IdDictionary())
            piece = replace(piece, rows=encode_rows(piece.rows, piece.window, dictionary))
        if piece.nbytes > self._max_bytes:
            return piece
        self.drop_older(scope, piece)
        with self._lock:
            self._pieces[piece.id] = (scope, piece)
            weight = sum(each.nbytes for _, each in self._pieces.values())
            while weight > self._max_bytes:
                weight -= self._pieces.popitem(last=False)[1][1].nbytes
        return piece

    def drop_older(self, scope: str, piece: Piece) -> None:
        """Drop the pieces of a scope that were fetched before this one and lie within its window."""
        with self._lock:
            for of, older in list(self._pieces.values()):
                same = of == scope and older.query == piece.query.over(older.window)
                if same and older.fetched_at <= piece.fetched_at and covers(piece.window, older.window):
                    del self._pieces[older.id]

    def release(self, scope: str, query: Query | None = None) -> None:
        """As in `Store`."""
        with self._lock:
            for of, piece in list(self._pieces.values()):
                if of == scope and (query is None or piece.query == query.over(piece.window)):
                    del self._pieces[piece.id]

    def aggregates(self, scope: str, query: Query) -> AggregateCache:
        """As in `Store`."""
        with self._lock:
            return self._aggregates.setdefault((scope, query.property_id), MemoryAggregateCache())

    def claim(self, scope: str, query: Query) -> AbstractContextManager[object] | None:
        """As in `Store`: among the loads of this process."""
        key = (scope, query)
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
                if piece.query.property_id == property_id and api in {None, of.partition("/")[0]}
            ]
            for each in gone:
                del self._pieces[each]
            for kept in (self._dictionaries, self._aggregates):
                for scope, whose in list(kept):
                    if whose == property_id and api in {None, scope.partition("/")[0]}:
                        del kept[scope, whose]
        return len(gone)

    def close(self) -> None:
        """As in `Store`."""
