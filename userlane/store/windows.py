"""Windows: what one fetch brought of one, how long it stays fresh, and what a store does with it.

A store keeps windows by scope and query. A scope is a text of two parts, `api/owner`: which API, and whose
rows these are. Who may open which scope is decided in `fetch.access`.
"""

import uuid
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from userlane.contract import AggregateCache, Query, Window
from userlane.store.tag_rows import TagRows

UNSETTLED_DAYS = 3
"""Responses may still arrive for today and this many days before."""

UNSETTLED_FRESH = timedelta(minutes=15)
SETTLED_FRESH = timedelta(days=30)

_CLOCKS_DIFFER = timedelta(minutes=5)
"""A fetch dated further in the future was dated by a clock that was wrong."""


@dataclass(frozen=True, eq=False, slots=True)
class FetchedWindow:
    """All rows of the query's window, as fetched at one time: sorted, in the canonical columns or, once tag
    records are stored, in codes.

    `id` is given once to what one fetch brought; a slice keeps it. `refused` counts by reason and, where it
    could be read, day; `duplicates` and `outside` are the whole fetch's.
    """

    query: Query
    rows: pa.Table | TagRows
    fetched_at: datetime
    refused: Mapping[tuple[str, date | None], int] = field(default_factory=dict)
    duplicates: int = 0
    outside: int = 0
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def window(self) -> Window:
        """The days of which these are all rows."""
        return self.query.window

    @property
    def table(self) -> pa.Table:
        """The rows in the canonical columns; read now, if they are in a file."""
        return self.rows.decode() if isinstance(self.rows, TagRows) else self.rows

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the rows take."""
        nbytes: int = self.rows.nbytes
        return nbytes

    def over(self, window: Window) -> "FetchedWindow":
        """The rows of a part of this window. No row is copied."""
        if window == self.window:
            return self
        query = self.query.over(window)
        refused = {
            (reason, day): count
            for (reason, day), count in self.refused.items()
            if day is None or window.start <= day < window.end
        }
        if isinstance(self.rows, TagRows):
            rows: pa.Table | TagRows = self.rows.over(window)
        else:
            first, end = _edges(self.rows, query)
            rows = self.rows.slice(first, end - first)
        return replace(self, query=query, rows=rows, refused=refused)


@dataclass(frozen=True, slots=True)
class StoredWindow:
    """A window in a store, before its rows are read: the query that fetched it, and when. `name` is its name
    in the store.
    """

    query: Query
    fetched_at: datetime
    id: str
    name: str = ""

    def usable_part(self, now: datetime | None) -> Window | None:
        """The part that is still fresh at `now`; all of it at None. None if no part is."""
        return self.query.window if now is None else fresh_part(self.query, self.fetched_at, now)


@dataclass(frozen=True, slots=True)
class ListedWindow:
    """One stored window, as the command line lists it: `size` is in bytes."""

    query: Query
    fetched_at: datetime
    rows: int
    size: int


def fresh_part(query: Query, fetched_at: datetime, now: datetime) -> Window | None:
    """The part of the query's window that was fetched at `fetched_at` and is still fresh at `now`: settled
    days stay fresh for a month, others for 15 minutes. None if no part is.
    """
    age = now - fetched_at
    if age > SETTLED_FRESH or age < -_CLOCKS_DIFFER:
        return None
    if age <= UNSETTLED_FRESH:
        return query.window
    end = min(query.window.end, settled_until(query, fetched_at))
    return Window(query.window.start, end) if end > query.window.start else None


def settled_until(query: Query, now: datetime) -> date:
    """The first day, in the query's time zone, for which responses may still arrive."""
    return now.astimezone(ZoneInfo(query.timezone)).date() - timedelta(days=UNSETTLED_DAYS)


class Store(Protocol):
    """Keeps windows by scope and query. Thread-safe."""

    @property
    def trouble(self) -> str:
        """What keeps rows from being stored as they should be, in a sentence; "" when nothing does."""

    @property
    def key(self) -> bytes:
        """32 random bytes, made once in this store: every process that uses the store gets the same."""

    def find(self, scope: str, query: Query) -> tuple[StoredWindow, ...]:
        """The stored windows that overlap the query's, of its dataset, property, survey and time zone; the
        latest fetch first.
        """

    def prefetch(self, scope: str, usable: Iterable[tuple[StoredWindow, Window]]) -> None:
        """Prepare to read windows, each as far as days that are usable are in none before it."""

    def read(self, scope: str, stored: StoredWindow) -> FetchedWindow | None:
        """Read a window. None if it was removed meanwhile."""

    def write(self, scope: str, fetched: FetchedWindow) -> FetchedWindow:
        """Store a window, and return it as it is kept. Windows of the scope that were fetched before it and
        lie within its window are not found any more.
        """

    def release(self, scope: str, query: Query | None = None) -> None:
        """Drop the windows of a scope from memory: those of the query's dataset, property and survey, or all.
        Files stay.
        """

    def aggregates(self, scope: str, query: Query) -> AggregateCache:
        """The cache of totals over the windows of the query's property and dataset."""

    def acquire_lease(self, scope: str, query: Query) -> AbstractContextManager[object] | None:
        """Acquire the right to fetch the query's window, so that it is fetched once. None while another load
        has it. It ends with the context, and with its process. All processes agree on it for tags, the
        threads of this process for other datasets.
        """

    def delete(self, property_id: str, api: str | None = None) -> int:
        """Remove all that is stored of a property in every scope, of one API or of all; how many windows that
        was.

        Raises `UserlaneError` when some of it cannot be removed.
        """

    def close(self) -> None:
        """End what this process has under way."""


def coverage(
    store: Store, scope: str, query: Query, now: datetime | None, since: datetime | None = None
) -> tuple[FetchedWindow, ...]:
    """The stored windows of a scope, cut so that they lie side by side in the query's window, in order.

    Each day is taken from the latest fetch. Only what is fresh at `now` counts; at None, whatever its age.
    What was fetched before `since` does not count.
    """
    windows: list[FetchedWindow] = []
    gaps = [query.window]
    found = [
        (stored, usable)
        for stored in store.find(scope, query)
        if (usable := stored.usable_part(now)) and (since is None or stored.fetched_at >= since)
    ]
    store.prefetch(scope, found)
    for stored, usable in found:
        if not any(overlap(gap, usable) for gap in gaps):
            continue
        fetched = store.read(scope, stored)
        if fetched is not None:
            windows += [fetched.over(part) for gap in gaps if (part := overlap(gap, usable))]
            gaps = [rest for gap in gaps for rest in gap.without([usable])]
    return tuple(sorted(windows, key=lambda fetched: fetched.window))


def covers(one: Window, other: Window) -> bool:
    """Whether the first window holds every day of the other."""
    return one.start <= other.start and other.end <= one.end


def overlap(one: Window, other: Window) -> Window | None:
    """The days that both windows have; None if there are none."""
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
