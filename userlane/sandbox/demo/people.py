"""The people of the intranet, and their tag records: who used which feature on which day, and how often.

The sixty features are in `features.csv`.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from userlane.sandbox.records import Record, find_days, tag_record
from userlane.sandbox.timeline import Flags, Floats, Ints, Timeline, make_rng

HEADCOUNT = 640
"""The number of all people; about 450 of them are present at any one time."""

_ROLES = {"Specialist": 0.44, "Assistant": 0.2, "Manager": 0.16, "Administrator": 0.08, "Trainee": 0.12}
_REGIONS = {"DACH": 0.42, "UK & Ireland": 0.18, "France": 0.16, "Iberia": 0.12, "Nordics": 0.12}
_DEPARTMENTS = {
    "Sales": 0.22,
    "Service": 0.2,
    "Production": 0.19,
    "Finance": 0.13,
    "HR": 0.1,
    "Marketing": 0.09,
    "IT": 0.07,
}
_NORDICS_START = 0.36
_POWER_USERS = 0.06

Course = Literal["steady", "growing", "fading", "new", "dead", "month end", "year end"]


class Feature(NamedTuple):
    """One tagged feature. `use` is the probability that one of its users uses it on a day when present.

    `at` is the share of the timeline at which a new feature starts or a dead one ends. People of `department`
    use the feature four times as much as others.
    """

    tag_id: int
    name: str
    use: float
    course: Course
    at: float
    department: str


def _read_features() -> tuple[Feature, ...]:
    with Path(__file__).with_name("features.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Feature(int(tag_id), name, float(use), cast("Course", course), float(at), department)
            for tag_id, name, use, course, at, department in list(csv.reader(file))[1:]
        )


FEATURES = _read_features()
UNNAMED: frozenset[int] = frozenset({4738, 4764, 4795})
"""Tags without a name in the Portal's export: deleted, or not yet published."""

UNUSED: tuple[int, str] = (4650, "Pilot: Shared whiteboard")
"""ID and name of a tag without interactions."""

_TAPER = 0.004
"""What remains of the use of a dead feature, besides that of its last users."""

_LAST_USERS = 3
"""The number of people who still use each dead feature now and then."""

_BATCH_VISITS = 16_384
"""Visits drawn at a time: enough to be fast, few enough for the cache of a processor."""


@dataclass(frozen=True, eq=False)
class People:
    """The attributes of each person, by position.

    `arrival` and `departure` are shares of the timeline (0–1). `activity` is the probability of using the
    intranet on a working day, `intensity` how much is done then, `contentment` how much the person likes the
    intranet (mean 0, standard deviation 1).
    """

    user_id: Sequence[str]
    role: Sequence[str]
    region: Sequence[str]
    department: Sequence[str]
    arrival: Floats
    departure: Floats
    activity: Floats
    intensity: Floats
    contentment: Floats

    def draw_presence(self, timeline: Timeline, rng: np.random.Generator) -> Flags:
        """Draw who uses the intranet when: days × people."""
        shape = (timeline.count, len(self.user_id))
        present: Flags = rng.random(shape) < timeline.attendance[:, None] * self.activity
        day = np.arange(timeline.count)[:, None]
        present &= day >= self.arrival * timeline.count
        present &= day < self.departure * timeline.count
        for person, first, length in _draw_absences(rng, *shape):
            present[first : first + length, person] = False
        return present


def draw_people(seed: int) -> People:
    """Draw the people of a seed; they are the same on every date."""
    rng = make_rng(seed, "people")
    count = HEADCOUNT
    region = _draw_attribute(rng, _REGIONS)
    nordic = np.array([name == "Nordics" for name in region])
    founding = rng.random(count) < 0.66
    arrival = np.where(founding, 0.0, rng.random(count) * 0.97)
    arrival[nordic] = _NORDICS_START + rng.random(int(nordic.sum())) * 0.02
    stay = rng.exponential(2.6, count)
    departure = np.where(stay < 1.5, arrival + 0.02 + stay, 2.0)
    power = rng.random(count) < _POWER_USERS
    activity = np.where(power, 0.93, 0.05 + 0.85 * rng.beta(2.0, 1.9, count))
    intensity = np.where(power, 2.1, np.exp(rng.normal(-0.12, 0.45, count)))
    return People(
        user_id=[f"u-{number:05d}" for number in range(1, count + 1)],
        role=_draw_attribute(rng, _ROLES),
        region=region,
        department=_draw_attribute(rng, _DEPARTMENTS),
        arrival=arrival,
        departure=departure,
        activity=activity,
        intensity=intensity,
        contentment=rng.standard_normal(count),
    )


def _draw_attribute(rng: np.random.Generator, shares: dict[str, float]) -> list[str]:
    names = list(shares)
    picked: Ints = rng.choice(len(names), HEADCOUNT, p=list(shares.values()))
    return [names[number] for number in picked.tolist()]


def _draw_absences(rng: np.random.Generator, days: int, people: int) -> list[tuple[int, int, int]]:
    each = 8
    person = np.repeat(np.arange(people), each)
    first = rng.integers(0, days, people * each)
    length = rng.integers(3, 16, people * each)
    return list(zip(person.tolist(), first.tolist(), length.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Usage:
    """A feed of tag records in columns; `starts[day]` is the number of the day's first record."""

    timeline: Timeline
    user_ids: Sequence[str]
    day: npt.NDArray[np.int16]
    user: npt.NDArray[np.int16]
    feature: npt.NDArray[np.int8]
    interactions: npt.NDArray[np.int16]

    @cached_property
    def starts(self) -> list[int]:
        """For each day, and the day after the last, the number of the records before it."""
        counts = np.bincount(self.day, minlength=self.timeline.count)
        return [0, *np.cumsum(counts).tolist()]

    def find(self, start: datetime, end: datetime) -> range:
        """Return the numbers of the records of whole days from `start` up to but not including `end`."""
        return find_days(self.timeline.first, self.starts, start, end)

    def read(self, numbers: range) -> list[Record]:
        """Return the records with these numbers."""
        part = slice(numbers.start, numbers.stop)
        iso_days = self.timeline.iso_days
        return [
            tag_record(iso_days[day], FEATURES[feature].tag_id, self.user_ids[user], interactions)
            for day, feature, user, interactions in zip(
                self.day[part].tolist(),
                self.feature[part].tolist(),
                self.user[part].tolist(),
                self.interactions[part].tolist(),
                strict=True,
            )
        ]


def draw_usage(timeline: Timeline, people: People, presence: Flags, rng: np.random.Generator) -> Usage:
    """Draw the interactions of each visit (a person present on a day), feature by feature."""
    over_time = np.column_stack([_use_over_time(feature, timeline) for feature in FEATURES]).astype(
        np.float32
    )
    liking = _draw_liking(people, rng).astype(np.float32)
    last_users = _find_last_users(people)
    day, user = (part.astype(np.int16) for part in np.nonzero(presence))
    weight = np.where(timeline.weekend, 0.6, 1.0).astype(np.float32)
    visits: list[Ints] = []
    features: list[Ints] = []
    for first in range(0, len(day), _BATCH_VISITS):
        days, users = day[first : first + _BATCH_VISITS], user[first : first + _BATCH_VISITS]
        likely = liking[users] * over_time[days]
        likely *= weight[days][:, None]
        np.maximum(likely, last_users[users] * (over_time[days] > 0), out=likely)
        visit, feature = np.nonzero(rng.random(likely.shape, dtype=np.float32) < likely)
        visits.append(visit + first)
        features.append(feature)
    visit = np.concatenate(visits)
    feature = np.concatenate(features)
    who = user[visit]
    often = 0.35 + 6 * np.array([item.use for item in FEATURES])[feature] * people.intensity[who]
    return Usage(
        timeline=timeline,
        user_ids=people.user_id,
        day=day[visit],
        user=who,
        feature=feature.astype(np.int8),
        interactions=(1 + rng.poisson(often)).astype(np.int16),
    )


def _draw_liking(people: People, rng: np.random.Generator) -> Floats:
    """Draw the probability of use on a day when present: people × features. Most people use few features."""
    shape = (len(people.user_id), len(FEATURES))
    use = np.array([feature.use for feature in FEATURES])
    at_home = np.array(
        [[feature.department == department for feature in FEATURES] for department in people.department]
    )
    elsewhere = np.array([bool(feature.department) for feature in FEATURES]) & ~at_home
    reach = np.clip(0.2 + 1.6 * np.sqrt(use), 0, 0.92)
    tried = rng.random(shape) < np.where(at_home, np.sqrt(reach), np.where(elsewhere, reach / 2, reach))
    taste = np.exp(rng.normal(-0.1, 0.5, shape))
    chances: Floats = use * taste * people.intensity[:, None] * np.where(at_home, 4, 1) * tried
    np.minimum(chances, 0.95, out=chances)
    return chances


def _find_last_users(people: People) -> npt.NDArray[np.float32]:
    """Return the probability with which the last users of dead features use them: people × features."""
    chances = np.zeros((len(people.user_id), len(FEATURES)), dtype=np.float32)
    staying = np.nonzero((people.arrival == 0) & (people.departure > 1))[0]
    loyal = staying[np.argsort(-people.activity[staying], kind="stable")]
    dead = [number for number, feature in enumerate(FEATURES) if feature.course == "dead"]
    for place, number in enumerate(dead):
        chances[np.roll(loyal, -place * _LAST_USERS)[:_LAST_USERS], number] = 0.25
    return chances


def _use_over_time(feature: Feature, timeline: Timeline) -> Floats:
    """The use of a feature on each day, relative to its full use (1)."""
    progress = timeline.progress
    since = np.maximum((progress - feature.at) * timeline.count, 0)
    use = np.ones(timeline.count)
    match feature.course:
        case "growing":
            use = 0.45 + 0.75 * progress
        case "fading":
            use = 1.2 - 0.7 * progress
        case "new":
            use = np.where(progress < feature.at, 0.0, 1 - 0.95 * np.exp(-since / 40))
        case "dead":
            use = _TAPER + (1 - _TAPER) * np.exp(-since / 14)
        case "month end":
            use = np.array([1.0 if day.day >= 26 or day.day <= 3 else 0.2 for day in timeline.days])
        case "year end":
            use = np.array([1.0 if day.month in {11, 12} else 0.12 for day in timeline.days])
    return use
