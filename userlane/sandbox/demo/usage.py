"""Tag records of the intranet: who used which feature on which day, and how often."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt

from userlane.sandbox.chance import Flags, Floats, Ints
from userlane.sandbox.demo.features import DIEHARDS, FEATURES, use_over_time
from userlane.sandbox.demo.people import Roster
from userlane.sandbox.feeds import first_day
from userlane.sandbox.records import Record, tag
from userlane.sandbox.timeline import Timeline

_AT_ONCE = 16_384
"""Visits drawn in one go: enough to be fast, few enough to stay in a processor's cache."""


@dataclass(frozen=True, eq=False)
class Usage:
    """A feed of tag records held in columns; `starts[day]` is the number of the day's first record."""

    timeline: Timeline
    user_ids: Sequence[str]
    day: npt.NDArray[np.int16]
    user: npt.NDArray[np.int16]
    feature: npt.NDArray[np.int8]
    interactions: npt.NDArray[np.int16]

    @cached_property
    def starts(self) -> list[int]:
        """For each day, and the day after the last, how many records came before."""
        counts = np.bincount(self.day, minlength=self.timeline.count)
        return [0, *np.cumsum(counts).tolist()]

    def between(self, start: datetime, end: datetime) -> range:
        """The numbers of the records of whole days from `start` up to but not including `end`."""
        first, last = (
            min(max((first_day(moment) - self.timeline.first).days, 0), self.timeline.count)
            for moment in (start, end)
        )
        return range(self.starts[first], self.starts[last])

    def rows(self, numbers: range) -> list[Record]:
        """The records with these numbers."""
        part = slice(numbers.start, numbers.stop)
        written = self.timeline.written
        return [
            tag(written[day], FEATURES[feature].tag_id, self.user_ids[user], interactions)
            for day, feature, user, interactions in zip(
                self.day[part].tolist(),
                self.feature[part].tolist(),
                self.user[part].tolist(),
                self.interactions[part].tolist(),
                strict=True,
            )
        ]


def usage(timeline: Timeline, people: Roster, presence: Flags, chance: np.random.Generator) -> Usage:
    """Draw every interaction: for each visit, each feature by its popularity with that person on that day."""
    over_time = use_over_time(timeline).astype(np.float32)
    liking = _liking(people, chance).astype(np.float32)
    diehards = _diehards(people)
    day, user = (part.astype(np.int16) for part in np.nonzero(presence))
    weight = np.where(timeline.weekend, 0.6, 1.0).astype(np.float32)
    visits: list[Ints] = []
    features: list[Ints] = []
    for first in range(0, len(day), _AT_ONCE):
        days, users = day[first : first + _AT_ONCE], user[first : first + _AT_ONCE]
        likely = liking[users] * over_time[days]
        likely *= weight[days][:, None]
        np.maximum(likely, diehards[users] * (over_time[days] > 0), out=likely)
        visit, feature = np.nonzero(chance.random(likely.shape, dtype=np.float32) < likely)
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
        interactions=(1 + chance.poisson(often)).astype(np.int16),
    )


def _liking(people: Roster, chance: np.random.Generator) -> Floats:
    """Person by feature: the chance of use on a day present, most people leaving most features alone."""
    shape = (len(people.user_id), len(FEATURES))
    use = np.array([feature.use for feature in FEATURES])
    at_home = np.array(
        [[feature.department == department for feature in FEATURES] for department in people.department]
    )
    elsewhere = np.array([bool(feature.department) for feature in FEATURES]) & ~at_home
    reach = np.clip(0.2 + 1.6 * np.sqrt(use), 0, 0.92)
    tried = chance.random(shape) < np.where(at_home, np.sqrt(reach), np.where(elsewhere, reach / 2, reach))
    taste = np.exp(chance.normal(-0.1, 0.5, shape))
    chances: Floats = use * taste * people.intensity[:, None] * np.where(at_home, 4, 1) * tried
    np.minimum(chances, 0.95, out=chances)
    return chances


def _diehards(people: Roster) -> npt.NDArray[np.float32]:
    """Person by feature: the chance with which the last users of a dead feature hold on to it."""
    chances = np.zeros((len(people.user_id), len(FEATURES)), dtype=np.float32)
    staying = np.nonzero((people.arrival == 0) & (people.departure > 1))[0]
    loyal = staying[np.argsort(-people.activity[staying], kind="stable")]
    dead = [number for number, feature in enumerate(FEATURES) if feature.course == "dead"]
    for place, number in enumerate(dead):
        chances[np.roll(loyal, -place * DIEHARDS)[:DIEHARDS], number] = 0.25
    return chances
