"""What one fetch brought of one window, how long it is good for, and what a store does with it.

A store keeps pieces by `scope`: one API (address and profile) as one audience sees it. An audience is all
tokens that have shown that the API gives them the same answers; who belongs to it is not a store's business.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from userlane.contract import Query, Window

UNSETTLED_DAYS = 3
"""Answers may still arrive for today and this many days before."""

UNSETTLED_FRESH = timedelta(minutes=15)
SETTLED_FRESH = timedelta(hours=24)


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

    `id` is given once to what one fetch brought; a slice keeps it, and the `proof`, which is about the window
    `fetched`. `refused` counts by reason and, where it could be read, day; `duplicates` and `outside` are the
    whole fetch's.
    """

    query: Query
    table: pa.Table
    fetched_at: datetime
    refused: Mapping[tuple[str, date | None], int] = field(default_factory=dict)
    duplicates: int = 0
    outside: int = 0
    proof: Proof | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    fetched: Window | None = None

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
        table = self.table.slice(first, end - first)
        return replace(self, query=query, table=table, refused=refused, fetched=self.fetched or self.window)

    def fresh(self, now: datetime) -> Window | None:
        """The part that is still good at `now`; see `fresh`."""
        return fresh(self.query, self.fetched_at, now)

    @property
    def witness(self) -> "Witness | None":
        """What another token can be asked to show, if anything can."""
        return Witness(self.query.over(self.fetched or self.window), self.proof) if self.proof else None


@dataclass(frozen=True, slots=True)
class Witness:
    """A question over one window, and what its first and last page held."""

    query: Query
    proof: Proof


def fresh(query: Query, fetched_at: datetime, now: datetime) -> Window | None:
    """The part of the query's window that, fetched then, is still good at `now`: settled days keep for a day,
    others for minutes.
    """
    age = now - fetched_at
    if age <= UNSETTLED_FRESH:
        return query.window
    if age > SETTLED_FRESH:
        return None
    end = min(query.window.end, settled_until(query, fetched_at))
    return Window(query.window.start, end) if end > query.window.start else None


def settled_until(query: Query, now: datetime) -> date:
    """The first day, in the query's time zone, for which answers may still arrive."""
    return now.astimezone(ZoneInfo(query.timezone)).date() - timedelta(days=UNSETTLED_DAYS)


class Store(Protocol):
    """Where pieces are kept. Thread-safe; a piece put in under one scope never comes out under another."""

    @property
    def trouble(self) -> str:
        """What keeps rows from being stored as they should be, in a sentence; "" when nothing does."""

    def find(self, scope: "Scope", query: Query, now: datetime | None) -> tuple[Piece, ...]:
        """The pieces, cut to the query's window, that are fresh at `now` (None: of any age), in order."""

    def keep(self, scope: "Scope", piece: Piece) -> None:
        """Remember a piece; what older ones held of its window is replaced."""

    def witnesses(self, api: str, query: Query) -> Mapping["Scope", Witness]:
        """By scope of this API that holds pieces for the query's property, dataset and survey: the one
        that is easiest to confirm. The likeliest first.
        """

    def leave(self, scope: "Scope") -> None:
        """Nobody here may open this scope any more: drop what is in memory of it."""

    def forget(self, scope: "Scope") -> None:
        """Drop everything of one scope."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Whose rows: an API and an audience, each a short text of letters and digits."""

    api: str
    audience: str = field(default_factory=lambda: uuid.uuid4().hex)


def likeliest(found: Iterable[tuple[Scope, Witness | None, datetime]]) -> Mapping[Scope, Witness]:
    """One witness for each scope: of settled days where there is one, then the latest; and in that order."""

    def promise(each: tuple[Scope, Witness, datetime]) -> tuple[bool, datetime]:
        _, witness, fetched_at = each
        return witness.query.window.end <= settled_until(witness.query, fetched_at), fetched_at

    able = [(scope, witness, fetched_at) for scope, witness, fetched_at in found if witness]
    best: dict[Scope, Witness] = {}
    for scope, witness, _ in sorted(able, key=promise, reverse=True):
        best.setdefault(scope, witness)
    return best


def overlap(one: Window, other: Window) -> Window | None:
    """The days both windows hold, if any."""
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Window(start, end) if end > start else None


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
