"""The property `large`: ten million tag records over the last 365 days, each computed on access.

Record i of a day depends on the day, i and the seed only, so any page of any window takes the same time and
no record is stored. On a working day 9,000 of 100,000 users use four of 500 tags each: 1,500 of the 3,000
heaviest users and 7,500 of the others. Weekends have a sixth of that. The latest 364 days are whole weeks of
192,000 records, and the oldest day has the 16,000 that make it ten million.

For another number of records, users and records of each day scale with it; the tags stay 500.
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
from userlane.sandbox import responses
from userlane.sandbox.records import Feed, Record, RecordList, find_days, response_record, tag_record
from userlane.sandbox.scores import make_heart_feed
from userlane.sandbox.timeline import Ints, Timeline, make_rng

RECORDS = 10_000_000
USERS = 100_000
TAGS = 500
SURVEY = 801
FIRST_TAG = 20_001

_NPS_ID = 88
_STEP = 10_000
_ON_WEEKDAYS, _ON_WEEKENDS, _ON_FIRST_DAY = 36_000, 6_000, 16_000
TAGS_EACH = 4
_HEAVY = 3_000
_EVERY_SIXTH = 6

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class TagRecords:
    """The tag feed of the 365 days from `first`; `records` is a multiple of 10,000."""

    first: date
    seed: int
    records: int = RECORDS

    @cached_property
    def starts(self) -> list[int]:
        """For each day, and the day after the last, the number of the records before it."""
        return [0, *accumulate(map(self.count_records, range(365)))]

    def count_records(self, day: int) -> int:
        """Return the number of records of a day, given by its number from `first`."""
        if day == 0:
            return self._scale(_ON_FIRST_DAY)
        weekend = (self.first + timedelta(days=day)).weekday() >= 5
        return self._scale(_ON_WEEKENDS if weekend else _ON_WEEKDAYS)

    @property
    def user_count(self) -> int:
        """The number of all users."""
        return self._scale(USERS)

    def daily_users(self) -> Ints:
        """For each day, the number of distinct users."""
        return np.diff(self.starts) // TAGS_EACH

    def find(self, start: datetime, end: datetime) -> range:
        """Return the numbers of the records of whole days from `start` up to but not including `end`."""
        return find_days(self.first, self.starts, start, end)

    def read(self, numbers: range) -> list[Record]:
        """Return the records with these numbers."""
        records: list[Record] = []
        for day, first, last in self._split_by_day(numbers):
            records.extend(self._read_day(self.first + timedelta(days=day), first, last))
        return records

    def _split_by_day(self, numbers: range) -> Iterator[tuple[int, int, int]]:
        start = numbers.start
        while start < numbers.stop:
            day = bisect_right(self.starts, start) - 1
            stop = min(numbers.stop, self.starts[day + 1])
            yield day, start - self.starts[day], stop - self.starts[day]
            start = stop

    def _read_day(self, day: date, first: int, last: int) -> list[Record]:
        """Return the records `first` up to `last` of a day."""
        iso_day = day.isoformat()
        return [
            tag_record(iso_day, FIRST_TAG + which, user_id(who), often)
            for which, who, often in zip(
                *(values.tolist() for values in self.compute_day(day, first, last)), strict=True
            )
        ]

    def compute_day(self, day: date, first: int, last: int) -> tuple[Ints, Ints, Ints]:
        """Return tag number (from 0), user number and interactions of a day's records `first` up to `last`.

        A user's four tags differ modulo four, so no user, tag and day occur twice.
        """
        number = np.arange(first, last, dtype=np.int64)
        visitor, turn = np.divmod(number, TAGS_EACH)
        heavy = visitor % _EVERY_SIXTH == 0
        users, heaviest = self.user_count, self._scale(_HEAVY)
        shift = int(_random(np.zeros(1, dtype=np.int64), day, self.seed + 2)[0] * users)
        user = np.where(
            heavy,
            (visitor // _EVERY_SIXTH * 1_009 + shift) % heaviest,
            heaviest + ((visitor - visitor // _EVERY_SIXTH - 1) * 60_013 + shift) % (users - heaviest),
        )
        liking = _random(number, day, self.seed)
        tag = (TAGS // TAGS_EACH * liking**2.5).astype(np.int64) * TAGS_EACH + turn
        zeal = np.where(heavy, 4.0, 1.2)
        interactions = 1 - np.log1p(-_random(number, day, self.seed + 1)) * zeal
        return tag, user, interactions.astype(np.int64)

    def _scale(self, number: int) -> int:
        return number // (RECORDS // _STEP) * (self.records // _STEP)


class LargeProperty:
    """The feeds of `large` over 365 days; all but the tag feed are of modest size."""

    def __init__(self, seed: int, today: date, records: int = RECORDS) -> None:
        self.seed = seed
        self.records = records
        self.timeline = Timeline.one_year(today)

    def feed(self, dataset: DatasetName) -> Feed:
        """The feed of one API."""
        feed: Feed = getattr(self, dataset)
        return feed

    @cached_property
    def tags(self) -> TagRecords:
        """Ten million records, or `records`; none of them is stored."""
        return TagRecords(self.timeline.first, self.seed, self.records)

    @cached_property
    def _nps(self) -> responses.Responses:
        return self._draw("large nps", 1500, responses.NPS_SHARES, 0)

    @cached_property
    def _survey(self) -> responses.Responses:
        return self._draw("large survey", 900, (0.06, 0.1, 0.2, 0.36, 0.28), 1)

    @cached_property
    def nps(self) -> RecordList:
        """1,500 responses."""
        return self._nps.make_feed(500_000, user_id, partial(response_record, "npsId", _NPS_ID))

    @cached_property
    def surveys(self) -> RecordList:
        """900 responses."""
        return self._survey.make_feed(800_000, user_id, partial(response_record, "surveyId", SURVEY))

    @cached_property
    def heart(self) -> RecordList:
        """365 days, with a few more users than interact with a tag."""
        rng = make_rng(self.seed, "large heart")
        users = self.tags.daily_users() * 27 // 25
        return make_heart_feed(self._nps, [self._survey], users, 1.1, rng)

    def _draw(self, purpose: str, count: int, shares: tuple[float, ...], lowest: int) -> responses.Responses:
        rng = make_rng(self.seed, purpose)
        open_days = np.nonzero(self.timeline.attendance > 0.3)[0]
        days, people = rng.choice(open_days, count), rng.integers(0, _HEAVY, count)
        occasions = responses.Occasions.draw_times(days, people, rng)
        climate = self.timeline.release_effect(0.8)[occasions.day]
        score = lowest + responses.choose_scores(rng.standard_normal(count) + climate, shares)
        limits = (9, 7) if shares == responses.NPS_SHARES else (5, 4)
        themes = responses.choose_themes([None] * count, 0.0, np.zeros(count), rng)
        german = np.zeros(count, dtype=np.bool_)
        comments = responses.write_comments(score, limits, themes, np.full(count, 0.4), german, rng)
        return responses.Responses(self.timeline, occasions, score, comments)


def user_id(number: int) -> str:
    """Return the ID of a user, given by number."""
    return f"s-{number:06d}"


def _salt(seed: int, day: date) -> int:
    return ((seed * 1_000_003 + day.toordinal()) << 20) % (1 << 64)


def _random(number: Ints, day: date, seed: int) -> npt.NDArray[np.float64]:
    """Return a number in [0, 1) for each record of a day, by the mixing steps of SplitMix64."""
    mixed: Hashes = number.astype(np.uint64) + np.uint64(_salt(seed, day))
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)) / np.float64(1 << 53)
