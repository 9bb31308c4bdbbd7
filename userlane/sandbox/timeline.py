"""The days of a property, and what makes one day unlike another: weekends, holidays, releases."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from userlane.sandbox.chance import Flags, Floats, Ints

_RECOVERY_DAYS = 11.0


@dataclass(frozen=True)
class Timeline:
    """Consecutive days from `first`, with the numbers of the days on which a release went live."""

    first: date
    count: int
    releases: tuple[int, ...]

    @classmethod
    def two_years(cls, today: date) -> "Timeline":
        """From the first of this month two years ago through the end of this month.

        The days after yesterday are made up too but never served. So within a month the past stays as it
        was and only grows, and from one month to the next the whole moves along.
        """
        month = today.replace(day=1)
        first = month.replace(year=month.year - 2)
        following = (month + timedelta(days=31)).replace(day=1)
        so_far = (month - first).days
        return cls(
            first, (following - first).days, (_tuesday(first, so_far - 290), _tuesday(first, so_far - 38))
        )

    @classmethod
    def one_year(cls, today: date) -> "Timeline":
        """The 365 days before `today`."""
        first = today - timedelta(days=365)
        return cls(first, 365, (_tuesday(first, 270),))

    def day(self, number: int) -> date:
        """The day with this number."""
        return self.first + timedelta(days=number)

    @cached_property
    def days(self) -> list[date]:
        """All days."""
        return [self.day(number) for number in range(self.count)]

    @cached_property
    def written(self) -> list[str]:
        """All days as the API writes them."""
        return [day.isoformat() for day in self.days]

    @cached_property
    def weekday(self) -> Ints:
        """Monday 0 to Sunday 6."""
        return (self.first.weekday() + np.arange(self.count, dtype=np.int64)) % 7

    @cached_property
    def weekend(self) -> Flags:
        """Whether the day is a Saturday or Sunday."""
        return self.weekday >= 5

    @cached_property
    def closed(self) -> Flags:
        """The days on which nobody plans to work."""
        shut = {(1, 1), (5, 1), (12, 25), (12, 26)}
        return np.array([(day.month, day.day) in shut for day in self.days], dtype=np.bool_)

    @cached_property
    def attendance(self) -> Floats:
        """How likely someone is at work, against an ordinary Tuesday (1)."""
        share = np.array([0.98, 1.0, 1.0, 0.97, 0.84, 0.07, 0.05])[self.weekday]
        share *= np.array([_season(day) for day in self.days])
        share[self.closed] = 0.03
        return share

    @cached_property
    def progress(self) -> Floats:
        """0 on the first day, 1 on the last."""
        return np.linspace(0, 1, self.count)

    def shock(self, depth: float, lift: float = 0.0) -> Floats:
        """What the releases do to a score: it drops by `depth`, recovers over weeks and ends `lift` higher.

        Earlier releases hurt half as much as the latest. Zero before the first.
        """
        effect = np.zeros(self.count)
        for release in self.releases:
            since = np.arange(self.count - release)
            weight = 1.0 if release == self.releases[-1] else 0.5
            onset = np.minimum(1.0, (since + 1) / 2)
            recovered = 1 - np.exp(-since / _RECOVERY_DAYS)
            effect[release:] += weight * (recovered * lift - onset * depth * np.exp(-since / _RECOVERY_DAYS))
        return effect


def _tuesday(first: date, number: int) -> int:
    return number - (first + timedelta(days=number) - timedelta(days=1)).weekday()


def _season(day: date) -> float:
    if (day.month, day.day) >= (12, 22) or (day.month, day.day) <= (1, 3):
        return 0.3
    return 0.78 if day.month == 8 else 1.0
