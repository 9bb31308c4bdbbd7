"""The days of a property with weekends, holidays and releases, and reproducible random numbers."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from zlib import crc32

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SEED = 20260401
"""The default seed of all random numbers."""

_RECOVERY_DAYS = 11.0


def make_rng(seed: int, purpose: str) -> np.random.Generator:
    """Make a random generator for one purpose, so that a change of one part does not change the others."""
    return np.random.default_rng([seed, crc32(purpose.encode())])


@dataclass(frozen=True)
class Timeline:
    """Consecutive days from `first`; `releases` are the numbers of the days with a release."""

    first: date
    count: int
    releases: tuple[int, ...]

    @classmethod
    def two_years(cls, today: date) -> "Timeline":
        """From the first of this month two years ago through the end of this month.

        The days after yesterday are made up too but never served. So within a month the past stays as it is
        and only grows; with each new month, all data moves.
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

    @cached_property
    def days(self) -> list[date]:
        """All days."""
        return [self.first + timedelta(days=number) for number in range(self.count)]

    @cached_property
    def iso_days(self) -> list[str]:
        """All days in ISO form."""
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
    def holiday(self) -> Flags:
        """Whether the day is a holiday."""
        holidays = {(1, 1), (5, 1), (12, 25), (12, 26)}
        return np.array([(day.month, day.day) in holidays for day in self.days], dtype=np.bool_)

    @cached_property
    def attendance(self) -> Floats:
        """The probability that a person is at work, relative to an ordinary Tuesday (1)."""
        share = np.array([0.98, 1.0, 1.0, 0.97, 0.84, 0.07, 0.05])[self.weekday]
        share *= np.array([_season(day) for day in self.days])
        share[self.holiday] = 0.03
        return share

    @cached_property
    def progress(self) -> Floats:
        """0 on the first day, 1 on the last."""
        return np.linspace(0, 1, self.count)

    def release_effect(self, depth: float, lift: float = 0.0) -> Floats:
        """The effect of the releases on a score: a drop by `depth`, then recovery over weeks to `lift`.

        Earlier releases have half the effect of the latest. The effect is zero before the first.
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
