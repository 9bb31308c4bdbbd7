"""Windows with one row a day."""

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from userlane.contract import COLUMNS, DatasetName, Query, Window
from userlane.store import FetchedWindow, Store, coverage

FETCHED = datetime(2026, 4, 20, 12, tzinfo=UTC)
SOON = FETCHED + timedelta(minutes=5)
APRIL = Window(date(2026, 4, 1), date(2026, 5, 1))
S = "api/owner"


def table(name: DatasetName, window: Window, user: str = "u") -> pa.Table:
    """One row a day, sorted."""
    days = [window.start + timedelta(days=number) for number in range(window.days)]
    rows = [
        {
            "date": day,
            "overall": 70.0,
            "tag_id": "4711",
            "user_id": user,
            "interactions": 1,
            "survey_id": "512",
            "response_id": f"{user}-{day}",
            "score": 5,
            "bucket": "detractor",
            "timestamp": datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        }
        for day in days
    ]
    schema = COLUMNS[name]
    return pa.Table.from_pylist([{key: row.get(key) for key in schema.names} for row in rows], schema)


def query(name: DatasetName = "nps", window: Window = APRIL, property_id: str = "demo") -> Query:
    return Query(name, property_id, window, "512" if name == "surveys" else None)


def fetched_window(asked: Query, user: str = "u", fetched_at: datetime = FETCHED) -> FetchedWindow:
    return FetchedWindow(asked, table(asked.dataset, asked.window, user), fetched_at)


def april(first: int, last: int) -> Window:
    return Window.through(date(2026, 4, first), date(2026, 4, last))


def find(store: Store, scope: str, asked: Query, now: datetime | None) -> tuple[FetchedWindow, ...]:
    """What is there, latest first, laid side by side."""
    return coverage(store, scope, asked, now)
