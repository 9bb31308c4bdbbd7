"""The tag records of the sandbox's property `large`, in any size, as Arrow tables made at once."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import orjson
import pyarrow as pa

from userlane.contract import CODED, COLUMNS, Query, Window
from userlane.sandbox import SEED
from userlane.sandbox.large import FIRST_TAG, TAGS, TagRecords, user_id

PROPERTY = "large"
DAYS = 365
_SETTLED_AFTER = timedelta(days=4)


def today() -> date:
    """The day on which the sandbox of a benchmark lives: so far back that all its days have settled, and
    nothing is fetched again because a run takes its time.
    """
    return datetime.now(UTC).date() - _SETTLED_AFTER


def records(count: int) -> TagRecords:
    """The same records as a sandbox serves that was made on `today` with so many."""
    return TagRecords(today() - timedelta(days=DAYS), SEED, count)


def latest(days: int) -> Query:
    """The question about the last so many days of them."""
    return Query("tags", PROPERTY, Window(today() - timedelta(days=days), today()))


def table(feed: TagRecords, window: Window) -> pa.Table:
    """The records of a window as a decoder would give them: in the order of the API, IDs coded."""
    columns: list[list[pa.Array]] = []
    users = pa.array([user_id(number) for number in range(feed.user_count)])
    tags = pa.array([str(FIRST_TAG + number) for number in range(TAGS)])
    for number in range(window.days):
        day = window.start + timedelta(days=number)
        count = feed.count_records((day - feed.first).days)
        which, who, often = feed.compute_day(day, 0, count)
        days = np.full(count, (day - date(1970, 1, 1)).days, dtype=np.int32)
        columns.append(
            [
                pa.array(days).cast(pa.date32()),
                pa.DictionaryArray.from_arrays(which.astype(np.int32), tags),
                pa.nulls(count, CODED),
                pa.DictionaryArray.from_arrays(who.astype(np.int32), users),
                pa.array(often.astype(np.int32)),
            ]
        )
    return pa.concat_tables(pa.table(each, schema=COLUMNS["tags"]) for each in columns)


def body(feed: TagRecords, window: Window, page: int, limit: int) -> bytes:
    """A page of the window, as the sandbox sends it."""
    first, end = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (window.start, window.end))
    numbers = feed.find(first, end)[(page - 1) * limit : page * limit]
    return orjson.dumps({"data": feed.read(numbers)})
