"""What was fetched, window by window: who may see it, how long it is good for.

Rows are found only under the `scope` (API address, profile and token) they were fetched with.
"""

import hashlib
import uuid
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract import COLUMNS, SCORES, Dataset, Query, State, Window

UNSETTLED_DAYS = 3
"""Answers may still arrive for today and this many days before."""

UNSETTLED_FRESH = timedelta(minutes=15)
SETTLED_FRESH = timedelta(hours=24)
MEMORY_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Proof:
    """What the first and the last page of a window held: their numbers, and digests of their records.

    A token that gets the same answers to the same two requests sees the same rows: one row more or less, and
    the last page begins elsewhere.
    """

    first: int
    first_digest: str
    last: int
    last_digest: str


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """The rows of `query`'s window, all of them, as fetched at one time: sorted, in the canonical columns.

    `id` is given once to what one fetch brought; a slice keeps it. `refused` counts by reason and, where it
    could be read, day; `duplicates` and `outside` are the whole fetch's.
    """

    query: Query
    table: pa.Table
    fetched_at: datetime
    refused: Mapping[tuple[str, date | None], int] = field(default_factory=dict)
    duplicates: int = 0
    outside: int = 0
    proof: Proof | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def window(self) -> Window:
        """The window these rows fill."""
        return self.query.window

    def over(self, window: Window) -> "Piece":
        """The part within `window`, which lies inside this piece's own; no row is copied."""
        if window == self.window:
            return self
        query = self.query.over(window)
        first, end = _edges(self.table, query)
        refused = {
            (reason, day): count
            for (reason, day), count in self.refused.items()
            if day is None or window.start <= day < window.end
        }
        return replace(self, query=query, table=self.table.slice(first, end - first), refused=refused)

    def fresh(self, now: datetime) -> Window | None:
        """The part that is still good at `now`: settled days keep for a day, others for minutes."""
        age = now - self.fetched_at
        if age <= UNSETTLED_FRESH:
            return self.window
        if age > SETTLED_FRESH:
            return None
        today = self.fetched_at.astimezone(ZoneInfo(self.query.timezone)).date()
        end = min(self.window.end, today - timedelta(days=UNSETTLED_DAYS))
        return Window(self.window.start, end) if end > self.window.start else None


class Store(Protocol):
    """Where pieces are kept. Thread-safe; a piece put in under one scope never comes out under another."""

    def find(self, scope: str, query: Query, now: datetime | None) -> tuple[Piece, ...]:
        """The pieces, cut to the query's window, that are fresh at `now` (None: of any age), in order."""

    def keep(self, scope: str, piece: Piece) -> None:
        """Remember a piece; what older ones held of its window is replaced."""

    def forget(self, scope: str) -> None:
        """Drop everything of one scope."""


_Key = tuple[str, str, str, str | None, str]


class MemoryStore:
    """Pieces in memory, the least recently used dropped above `max_bytes`."""

    def __init__(self, max_bytes: int = MEMORY_BYTES) -> None:
        self._max_bytes = max_bytes
        self._pieces: OrderedDict[tuple[_Key, str, Window], Piece] = OrderedDict()
        self._lock = Lock()

    @property
    def nbytes(self) -> int:
        """How much the pieces weigh."""
        with self._lock:
            return self._weight()

    def find(self, scope: str, query: Query, now: datetime | None) -> tuple[Piece, ...]:
        """As in `Store`."""
        found: list[Piece] = []
        with self._lock:
            for place, piece in self._of(_key(scope, query)):
                usable = piece.window if now is None else piece.fresh(now)
                part = usable and _overlap(usable, query.window)
                if part:
                    self._pieces.move_to_end(place)
                    found.append(piece.over(part))
        return tuple(sorted(found, key=lambda piece: piece.window))

    def keep(self, scope: str, piece: Piece) -> None:
        """As in `Store`. A piece heavier than the whole store is not kept."""
        if piece.table.nbytes > self._max_bytes:
            return
        key = _key(scope, piece.query)
        with self._lock:
            for place, older in self._of(key):
                if _overlap(older.window, piece.window):
                    del self._pieces[place]
                    for rest in older.window.without([piece.window]):
                        self._pieces[key, older.id, rest] = older.over(rest)
            self._pieces[key, piece.id, piece.window] = piece
            weight = self._weight()
            while weight > self._max_bytes:
                weight -= self._pieces.popitem(last=False)[1].table.nbytes

    def forget(self, scope: str) -> None:
        """As in `Store`."""
        with self._lock:
            for place in [place for place in self._pieces if place[0][0] == scope]:
                del self._pieces[place]

    def _of(self, key: _Key) -> list[tuple[tuple[_Key, str, Window], Piece]]:
        return [(place, piece) for place, piece in self._pieces.items() if place[0] == key]

    def _weight(self) -> int:
        return sum(piece.table.nbytes for piece in self._pieces.values())


def dataset(
    scope: str,
    query: Query,
    pieces: Iterable[Piece],
    *,
    reasons: Iterable[str] = (),
    missing: Iterable[Window] = (),
    stale: bool = False,
    known: MutableMapping[str, Dataset] | None = None,
) -> Dataset:
    """The pieces, which lie side by side inside the query's window, as one answer.

    Rows are not copied; only the codes of tag rows are, where pieces were coded with different dictionaries.
    The fingerprint is made of the scope, the query, the state, and which part of which fetch each piece is;
    an answer that is `known` by it is given again, with all that was computed from it.
    """
    parts = sorted(pieces, key=lambda piece: piece.window)
    refused: Counter[str] = Counter()
    for piece in parts:
        for (reason, _), count in piece.refused.items():
            refused[reason] += count
    state = State(
        reasons=tuple(dict.fromkeys(reasons)),
        missing=tuple(sorted(missing)),
        fetched_at=min((piece.fetched_at for piece in parts), default=None),
        stale=stale,
        refused=dict(refused),
        duplicates=sum(piece.duplicates for piece in parts),
        outside=sum(piece.outside for piece in parts),
        notes=notes(query, [piece.table for piece in parts]),
    )
    origins = [(piece.id, piece.window) for piece in parts]
    fingerprint = hashlib.sha256(repr((scope, query, state, origins)).encode()).hexdigest()
    answer = None if known is None else known.get(fingerprint)
    if answer is None:
        tables = [piece.table for piece in parts if piece.table.num_rows]
        table = pa.concat_tables(tables or [COLUMNS[query.dataset].empty_table()]).unify_dictionaries()
        answer = Dataset(query, table, state, fingerprint)
        if known is not None:
            known[fingerprint] = answer
    return answer


SMALL_SCORES = (
    "Every HEART score in this range is 1 or less: this API may count from 0 to 1, where HEART counts from "
    "0 to 100. The scores are as sent, nothing is rescaled."
)


def notes(query: Query, tables: Iterable[pa.Table]) -> tuple[str, ...]:
    """What has to be said about these rows of an answer though nothing is wrong with any one of them."""
    if query.dataset != "heart":
        return ()
    highest = [pc.max(table[score]).as_py() for table in tables for score in SCORES]
    known = [score for score in highest if score is not None]
    return (SMALL_SCORES,) if known and 0 < max(known) <= 1 else ()


def _edges(table: pa.Table, query: Query) -> tuple[int, int]:
    """The first row of the query's window in a sorted table, and the first row after it."""
    if "timestamp" in table.column_names:
        column, number = table["timestamp"], pa.int64()
        bounds = pa.array([query.start, query.end], column.type).view(number)
    else:
        column, number = table["date"], pa.int32()
        bounds = pa.array([query.window.start, query.window.end], column.type).view(number)
    first, end = np.searchsorted(column.chunk(0).view(number), bounds)
    return int(first), int(end)


def _key(scope: str, query: Query) -> _Key:
    return scope, query.dataset, query.property_id, query.survey_id, query.timezone


def _overlap(one: Window, other: Window) -> Window | None:
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Window(start, end) if end > start else None
