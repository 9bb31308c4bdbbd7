"""A query: a dataset, a property and a window of days; and how a window is written in a request."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from userlane.errors import IdentifierUnusable, WindowUnusable
from userlane.formatting import format_days

DatasetName = Literal["heart", "nps", "surveys", "tags"]
DATASETS: tuple[DatasetName, ...] = get_args(DatasetName)

DateFormat = Literal["offset", "utc", "utc-milliseconds", "plain", "date", "seconds", "milliseconds"]
"""The formats of a date in a request, for 1 April 2026:

offset            2026-04-01T00:00:00+00:00
utc               2026-04-01T00:00:00Z
utc-milliseconds  2026-04-01T00:00:00.000Z
plain             2026-04-01T00:00:00, in UTC
date              2026-04-01
seconds           1775001600
milliseconds      1775001600000
"""

_IDENTIFIER = re.compile(r"[0-9A-Za-z_-]{1,64}")


def check_id(text: str, what: str) -> str:
    """Return `text` without surrounding spaces if it is a valid property or survey ID (part of a URL path).

    >>> check_id(" 8mkyx ", "property ID")
    '8mkyx'

    Raises:
        IdentifierUnusable: The text is no valid ID; the error names `what`.
    """
    trimmed = text.strip()
    if not _IDENTIFIER.fullmatch(trimmed):
        shown = trimmed[:20] + ("…" if len(trimmed) > 20 else "")
        raise IdentifierUnusable(
            f"“{shown}” is not a {what}." if shown else f"The {what} is missing.",
            "It is a short text of letters, digits, - and _, visible in the Portal's address bar.",
        )
    return trimmed


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Whole days from `start` up to but not including `end`.

    Raises:
        WindowUnusable: `end` is not after `start`.
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise WindowUnusable(
                f"The range {self.start.isoformat()} to {self.end.isoformat()} holds no day.",
                "Choose an end after the start.",
            )

    @classmethod
    def through(cls, first: date, last: date) -> "Window":
        """Make the window from `first` through `last`, both included."""
        return cls(first, last + timedelta(days=1))

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """The last day in the window."""
        return self.end - timedelta(days=1)

    def previous(self) -> "Window":
        """Return the comparison period: as long, just before, moved by whole weeks so that weekdays align.

        >>> Window(date(2026, 4, 1), date(2026, 5, 1)).previous()
        Window(start=datetime.date(2026, 2, 25), end=datetime.date(2026, 3, 27))
        """
        shift = timedelta(weeks=-(-self.days // 7))
        return Window(self.start - shift, self.end - shift)

    def without(self, covered: Iterable["Window"]) -> tuple["Window", ...]:
        """Return the parts of this window that are in none of the `covered` windows, in order."""
        missing: list[Window] = []
        start = self.start
        for window in sorted(covered):
            if window.start > start and start < self.end:
                missing.append(Window(start, min(window.start, self.end)))
            start = max(start, window.end)
        if start < self.end:
            missing.append(Window(start, self.end))
        return tuple(missing)

    def split(self, days: int) -> tuple["Window", ...]:
        """Split the window into consecutive windows of at most `days` days."""
        step = timedelta(days=days)
        starts = (self.start + step * i for i in range(-(-self.days // days)))
        return tuple(Window(start, min(start + step, self.end)) for start in starts)

    def describe(self) -> str:
        """Write the window as on screen, first and last day included: “1 Apr – 30 Apr 2026”."""
        return format_days(self.start, self.last)


@dataclass(frozen=True, slots=True)
class Query:
    """A query of one API. `survey_id` is for surveys only; `timezone` is that of the window's days."""

    dataset: DatasetName
    property_id: str
    window: Window
    survey_id: str | None = None
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        check_id(self.property_id, "property ID")
        if self.dataset == "surveys":
            check_id(self.survey_id or "", "survey ID")

    @property
    def start(self) -> datetime:
        """The first instant of the window."""
        return datetime.combine(self.window.start, time(), ZoneInfo(self.timezone))

    @property
    def end(self) -> datetime:
        """The first instant after the window."""
        return datetime.combine(self.window.end, time(), ZoneInfo(self.timezone))

    def over(self, window: Window) -> "Query":
        """Return this query with another window."""
        return replace(self, window=window)

    def previous(self) -> "Query":
        """Return this query for the comparison period."""
        return self.over(self.window.previous())


def format_window(query: Query, format: DateFormat) -> tuple[str, str]:  # noqa: A002 - the field's word
    """Write start and end (not included) of the query's window for a request.

    The format "date" has whole UTC days. For responses in another time zone, all UTC days are requested that
    the window touches, and the records outside are left out later. HEART and Tags have days of their own, so
    their window is written as it is.

    >>> format_window(Query("nps", "8mkyx", Window(date(2026, 4, 1), date(2026, 5, 1))), "utc")
    ('2026-04-01T00:00:00Z', '2026-05-01T00:00:00Z')
    """
    if format != "date":
        return _format_instant(query.start, format), _format_instant(query.end, format)
    if query.dataset in {"heart", "tags"}:
        return query.window.start.isoformat(), query.window.end.isoformat()
    start, end = query.start.astimezone(UTC), query.end.astimezone(UTC)
    last_day_begun = end.time() != time()
    return start.date().isoformat(), (end.date() + timedelta(days=int(last_day_begun))).isoformat()


def _format_instant(instant: datetime, format: DateFormat) -> str:  # noqa: A002 - as above
    if format == "offset":
        return instant.isoformat()
    if format in {"seconds", "milliseconds"}:
        return str(int(instant.timestamp()) * (1 if format == "seconds" else 1000))
    text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return text + {"utc": "Z", "utc-milliseconds": ".000Z"}.get(format, "")
