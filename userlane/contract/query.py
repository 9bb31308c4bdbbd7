"""What is asked: a dataset, a property, a window of days."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from userlane.errors import IdentifierUnusable, WindowUnusable

DatasetName = Literal["heart", "nps", "surveys", "tags"]
DATASETS: tuple[DatasetName, ...] = get_args(DatasetName)

_IDENTIFIER = re.compile(r"[0-9A-Za-z_-]{1,64}")


def identifier(text: str, what: str) -> str:
    """`text` trimmed, if it can be a property or survey ID; it becomes part of a URL path.

    >>> identifier(" 8mkyx ", "property ID")
    '8mkyx'

    Raises `IdentifierUnusable` naming `what`.
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

    Raises `WindowUnusable` when no day lies between them.
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
        """The window from `first` through `last`, both included, as people write ranges."""
        return cls(first, last + timedelta(days=1))

    @property
    def days(self) -> int:
        """How many days the window holds."""
        return (self.end - self.start).days

    @property
    def last(self) -> date:
        """The last day inside the window."""
        return self.end - timedelta(days=1)

    def previous(self) -> "Window":
        """The comparison period: equally long, just before, moved back by whole weeks so weekdays align.

        >>> Window(date(2026, 4, 1), date(2026, 5, 1)).previous()
        Window(start=datetime.date(2026, 2, 25), end=datetime.date(2026, 3, 27))
        """
        shift = timedelta(weeks=-(-self.days // 7))
        return Window(self.start - shift, self.end - shift)

    def without(self, covered: Iterable["Window"]) -> tuple["Window", ...]:
        """What remains of this window when the `covered` ones are taken out, in order."""
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
        """Consecutive windows of at most `days` days that together are this window."""
        step = timedelta(days=days)
        starts = (self.start + step * i for i in range(-(-self.days // days)))
        return tuple(Window(start, min(start + step, self.end)) for start in starts)

    def words(self) -> str:
        """The range as shown on screen, both days included: “1 Apr – 30 Apr 2026”."""
        first, last = self.start, self.last
        if first == last:
            return f"{first.day} {first:%b %Y}"
        if first.year == last.year:
            return f"{first.day} {first:%b} – {last.day} {last:%b %Y}"
        return f"{first.day} {first:%b %Y} – {last.day} {last:%b %Y}"


@dataclass(frozen=True, slots=True)
class Query:
    """One question to one API. `survey_id` is for surveys only; `timezone` says whose days are meant."""

    dataset: DatasetName
    property_id: str
    window: Window
    survey_id: str | None = None
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        identifier(self.property_id, "property ID")
        if self.dataset == "surveys":
            identifier(self.survey_id or "", "survey ID")

    @property
    def start(self) -> datetime:
        """The first instant inside."""
        return datetime.combine(self.window.start, time(), ZoneInfo(self.timezone))

    @property
    def end(self) -> datetime:
        """The first instant after."""
        return datetime.combine(self.window.end, time(), ZoneInfo(self.timezone))

    def over(self, window: Window) -> "Query":
        """The same question over another window."""
        return replace(self, window=window)

    def previous(self) -> "Query":
        """The same question over the comparison period."""
        return self.over(self.window.previous())
