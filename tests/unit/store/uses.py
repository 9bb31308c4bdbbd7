"""Tag records of any tags and users, as windows and as answers."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

import pyarrow as pa

from tests.unit.store.given import APRIL, FETCHED, S, query
from userlane.contract import COLUMNS, Dataset, Query, Window
from userlane.store import FetchedWindow, FolderStore, Store, assemble, coverage


class Use(NamedTuple):
    day: int
    tag_id: str
    user_id: str
    interactions: int


def on(number: int) -> date:
    """The day of this number, from 0 on."""
    return APRIL.start + timedelta(days=number)


def span(first: int, end: int) -> Window:
    """The days of these numbers; the last one is left out."""
    return Window(on(first), on(end))


def used_by(users: Iterable[str], day: int = 0, tag_id: str = "4711") -> list[Use]:
    return [Use(day, tag_id, user, 1) for user in users]


def table_of(uses: Iterable[Use]) -> pa.Table:
    """As tidied: sorted by day, tag and user, the texts in dictionaries."""
    ordered = sorted(uses)
    columns = [
        pa.array([on(use.day) for use in ordered], pa.date32()),
        *(
            pa.nulls(len(ordered), pa.string())
            if name == "tag_name"
            else pa.array([getattr(use, name) for use in ordered], pa.string())
            for name in ("tag_id", "tag_name", "user_id")
        ),
        pa.array([use.interactions for use in ordered], pa.int32()),
    ]
    return pa.table(columns, names=COLUMNS["tags"].names).cast(COLUMNS["tags"])


def piece_of(uses: Iterable[Use], window: Window = APRIL, fetched_at: datetime = FETCHED) -> FetchedWindow:
    """What a fetch of the window brings of these uses."""
    inside = [use for use in uses if window.start <= on(use.day) < window.end]
    return FetchedWindow(query("tags", window), table_of(inside), fetched_at)


def answer(store: Store, asked: Query, now: datetime | None = None) -> Dataset:
    """What the store has, laid side by side, with what is missing of it."""
    windows = coverage(store, S, asked, now)
    missing = asked.window.without(fetched_window.window for fetched_window in windows)
    reasons = ("stopped",) if missing else ()
    return assemble(
        S, asked, windows, reasons=reasons, missing=missing, aggregates=store.aggregates(S, asked)
    )


def rows(found: Dataset) -> list[tuple[int, str, str, int]]:
    """The records of an answer as uses, in their order."""
    return [
        ((each["date"] - APRIL.start).days, each["tag_id"], each["user_id"], each["interactions"])
        for each in found.table.to_pylist()
    ]


def kept(store: FolderStore, *windows: FetchedWindow) -> None:
    for fetched_window in windows:
        store.write(S, fetched_window)


def texts(number: int, word: str = "u") -> Sequence[str]:
    return [f"{word}-{each}" for each in range(number)]
