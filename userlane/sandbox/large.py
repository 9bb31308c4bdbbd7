"""The property `large`: ten million tag records over the last 365 days, each computed when asked for.

Record i of a day depends on the day, i and the seed only, so any page of any window costs the same and
nothing is held. On a working day 9,000 of 100,000 users use four of 500 tags each: 1,500 of the 3,000
heaviest users and 7,500 of the rest. At weekends it is a sixth of that. The 364 latest days are whole weeks
of 192,000 records, and the oldest day, on which recording began, has the 16,000 that make it ten million.

A company of another size has more or fewer of all of that, day by day: only the tags are as many.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from userlane.contract import DatasetName
from userlane.sandbox import records as wire
from userlane.sandbox import scores
from userlane.sandbox.answers import NPS_SHARES, Answers, Occasions, comments, themes, ticked
from userlane.sandbox.chance import Ints, generator
from userlane.sandbox.comments import Mood
from userlane.sandbox.feeds import Daily, Feed, Stamped, first_day
from userlane.sandbox.records import Record
from userlane.sandbox.timeline import Timeline

RECORDS = 10_000_000
USERS = 100_000
TAGS = 500
SURVEY = 801
FIRST_TAG = 20_001

_NPS_ID = 88
_STEP = 10_000
_ON_WEEKDAYS, _ON_WEEKENDS, _ON_FIRST_DAY = 36_000, 6_000, 16_000
_TAGS_EACH = 4
_HEAVY = 3_000
_EVERY_SIXTH = 6

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class TagRecords:
    """The tag feed of the 365 days from `first`, of `records` records: a multiple of 10,000."""

    first: date
    seed: int
    records: int = RECORDS

    @cached_property
    def starts(self) -> list[int]:
        """For each day, and the day after the last, how many records came before."""
        return [0, *accumulate(self.count(day) for day in range(365))]

    @property
    def busiest(self) -> int:
        """How many records the busiest day has."""
        return int(np.diff(self.starts).max())

    def count(self, day: int) -> int:
        """How many records a day has, by its number from `first`."""
        if day == 0:
            return self._scaled(_ON_FIRST_DAY)
        weekend = (self.first + timedelta(days=day)).weekday() >= 5
        return self._scaled(_ON_WEEKENDS if weekend else _ON_WEEKDAYS)

    @property
    def companys_users(self) -> int:
        """How many users there are altogether."""
        return self._scaled(USERS)

    def users(self) -> Ints:
        """For each day, the number of distinct users."""
        return np.diff(self.starts) // _TAGS_EACH

    def between(self, start: datetime, end: datetime) -> range:
        """The numbers of the records of whole days from `start` up to but not including `end`."""
        first, last = (min(max((first_day(moment) - self.first).days, 0), 365) for moment in (start, end))
        return range(self.starts[first], self.starts[last])

    def rows(self, numbers: range) -> list[Record]:
        """The records with these numbers."""
        records: list[Record] = []
        for day, first, last in self._parts(numbers):
            records.extend(self._of_day(self.first + timedelta(days=day), first, last))
        return records

    def _parts(self, numbers: range) -> Iterator[tuple[int, int, int]]:
        start = numbers.start
        while start < numbers.stop:
            day = bisect_right(self.starts, start) - 1
            stop = min(numbers.stop, self.starts[day + 1])
            yield day, start - self.starts[day], stop - self.starts[day]
            start = stop

    def _of_day(self, day: date, first: int, last: int) -> list[Record]:
        """Records `first` up to `last` of a day."""
        written = day.isoformat()
        return [
            wire.tag(written, FIRST_TAG + which, user_id(who), often)
            for which, who, often in zip(
                *(values.tolist() for values in self.numbers_of_day(day, first, last)), strict=True
            )
        ]

    def numbers_of_day(self, day: date, first: int, last: int) -> tuple[Ints, Ints, Ints]:
        """The same as numbers: the tags' from 0, the users', and how often.

        A user's four tags differ modulo four, so that no user, tag and day occur twice.
        """
        number = np.arange(first, last, dtype=np.int64)
        visitor, turn = np.divmod(number, _TAGS_EACH)
        heavy = visitor % _EVERY_SIXTH == 0
        users, heaviest = self.companys_users, self._scaled(_HEAVY)
        shift = int(_chance(np.zeros(1, dtype=np.int64), day, self.seed + 2)[0] * users)
        user = np.where(
            heavy,
            (visitor // _EVERY_SIXTH * 1_009 + shift) % heaviest,
            heaviest + ((visitor - visitor // _EVERY_SIXTH - 1) * 60_013 + shift) % (users - heaviest),
        )
        liking = _chance(number, day, self.seed)
        tag = (TAGS // _TAGS_EACH * liking**2.5).astype(np.int64) * _TAGS_EACH + turn
        zeal = np.where(heavy, 4.0, 1.2)
        interactions = 1 - np.log1p(-_chance(number, day, self.seed + 1)) * zeal
        return tag, user, interactions.astype(np.int64)

    def _scaled(self, number: int) -> int:
        return number // (RECORDS // _STEP) * (self.records // _STEP)


class Tenant:
    """The other feeds of `large`, of modest size, over the same 365 days."""

    def __init__(self, seed: int, today: date, records: int = RECORDS) -> None:
        self.seed = seed
        self.records = records
        self.timeline = Timeline.one_year(today)

    def feed(self, dataset: DatasetName) -> Feed:
        """The feed of one API."""
        match dataset:
            case "heart":
                return self.heart
            case "nps":
                return self.nps
            case "surveys":
                return self.survey
            case "tags":
                return self.tags

    @cached_property
    def tags(self) -> TagRecords:
        """Ten million records, or as many as asked for; none of them is held."""
        return TagRecords(self.timeline.first, self.seed, self.records)

    @cached_property
    def _nps(self) -> Answers:
        return self._answers("large nps", 1500, NPS_SHARES, 0)

    @cached_property
    def _survey(self) -> Answers:
        return self._answers("large survey", 900, (0.06, 0.1, 0.2, 0.36, 0.28), 1)

    @cached_property
    def nps(self) -> Stamped:
        """1,500 answers."""
        return self._nps.feed(500_000, user_id, partial(wire.nps, _NPS_ID))

    @cached_property
    def survey(self) -> Stamped:
        """900 answers."""
        return self._survey.feed(800_000, user_id, partial(wire.survey, SURVEY))

    @cached_property
    def heart(self) -> Daily:
        """365 days; a few more people come by than interact with a tag."""
        chance = generator(self.seed, "large heart")
        users = self.tags.users() * 27 // 25
        sessions = users + chance.poisson(users * 1.1)
        happy = scores.happiness(self._nps, [self._survey])
        return scores.feed(self.timeline, happy, users, sessions, chance)

    def _answers(self, purpose: str, count: int, shares: tuple[float, ...], lowest: int) -> Answers:
        chance = generator(self.seed, purpose)
        open_days = np.nonzero(self.timeline.attendance > 0.3)[0]
        occasions = Occasions.on(chance.choice(open_days, count), chance.integers(0, _HEAVY, count), chance)
        climate = self.timeline.shock(0.8)[occasions.day]
        score = lowest + ticked(chance.standard_normal(count) + climate, shares)
        relative = (score - lowest) / (len(shares) - 1)
        moods: list[Mood] = [
            "praise" if part > 0.8 else "mixed" if part > 0.6 else "complaint" for part in relative.tolist()
        ]
        about = themes([None] * count, 0.0, np.zeros(count), chance)
        share = np.full(count, 0.4)
        return Answers(
            self.timeline,
            occasions,
            score,
            comments(moods, about, share, np.zeros(count, dtype=np.bool_), chance),
        )


def user_id(number: int) -> str:
    """The ID of a user by number."""
    return f"s-{number:06d}"


def _salt(seed: int, day: date) -> int:
    return ((seed * 1_000_003 + day.toordinal()) << 20) % (1 << 64)


def _chance(number: Ints, day: date, seed: int) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each record of a day, by the mixing steps of SplitMix64."""
    mixed: Hashes = number.astype(np.uint64) + np.uint64(_salt(seed, day))
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)) / np.float64(1 << 53)
