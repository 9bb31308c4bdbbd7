"""A feed is what one API holds: its records in order of time, found by window and taken by number."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

from userlane.sandbox.records import Record


class Feed(Protocol):
    """Numbered records: `between` answers which numbers lie in a window, `rows` the records themselves."""

    def __hash__(self) -> int:
        """Feeds never change, so each is the key of its own pages."""

    def between(self, start: datetime, end: datetime) -> range:
        """The numbers of the records from `start` up to but not including `end`."""

    def rows(self, numbers: range) -> list[Record]:
        """The records with these numbers."""


def first_day(moment: datetime) -> date:
    """The first day that begins at or after `moment`, by the clock `moment` is written in.

    A record of a day has no zone of its own, so a window of whole days holds the same days in any zone.

    >>> first_day(datetime.fromisoformat("2026-04-01T00:00:00+02:00"))
    datetime.date(2026, 4, 1)
    """
    return moment.date() if moment.time() == time() else moment.date() + timedelta(days=1)


@dataclass(frozen=True, eq=False)
class Stamped:
    """Records with an instant each, in order."""

    instants: Sequence[datetime]
    records: Sequence[Record]

    def between(self, start: datetime, end: datetime) -> range:
        """The numbers of the records from `start` up to but not including `end`."""
        return range(bisect_left(self.instants, start), bisect_left(self.instants, end))

    def rows(self, numbers: range) -> list[Record]:
        """The records with these numbers."""
        return list(self.records[numbers.start : numbers.stop])


@dataclass(frozen=True, eq=False)
class Daily:
    """Records with a day each, in order."""

    days: Sequence[date]
    records: Sequence[Record]

    def between(self, start: datetime, end: datetime) -> range:
        """The numbers of the records of whole days from `start` up to but not including `end`."""
        return range(bisect_left(self.days, first_day(start)), bisect_left(self.days, first_day(end)))

    def rows(self, numbers: range) -> list[Record]:
        """The records with these numbers."""
        return list(self.records[numbers.start : numbers.stop])
