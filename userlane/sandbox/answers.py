"""Answers to NPS and surveys: when people answer, what they tick, what they write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from statistics import NormalDist

import numpy as np

from userlane.sandbox.chance import Flags, Floats, Ints
from userlane.sandbox.comments import ENGLISH, INERT, Mood, Theme, remark
from userlane.sandbox.feeds import Stamped
from userlane.sandbox.records import Answer, Record
from userlane.sandbox.timeline import Timeline

NPS_SHARES = (0.012, 0.008, 0.015, 0.025, 0.028, 0.06, 0.068, 0.145, 0.195, 0.2, 0.244)
"""How often each score from 0 to 10 is given, about."""

_PATIENCE_DAYS = 14
_INERT_EVERY = 31
_THEMES: tuple[Theme, ...] = tuple(ENGLISH)


@dataclass(frozen=True, eq=False)
class Occasions:
    """Who answers on which day, in order of time; people by their position."""

    day: Ints
    second: Ints
    person: Ints

    @classmethod
    def on(cls, day: Ints, person: Ints, chance: np.random.Generator) -> "Occasions":
        """Answers given at some time of a working day."""
        hour = np.clip(chance.normal(10.6, 2.7, len(day)), 5, 19)
        second = (hour * 3600).astype(np.int64)
        order = np.lexsort((person, second, day))
        return cls(day[order], second[order], person[order])

    @classmethod
    def asked(
        cls,
        presence: Flags,
        willingness: Floats,
        first: int,
        every: int,
        chance: np.random.Generator,
    ) -> "Occasions":
        """Everyone is asked `every` so many days from day `first` on, and may answer when next present."""
        days, people = presence.shape
        upcoming = np.where(presence, np.arange(days)[:, None], days)
        upcoming = np.minimum.accumulate(upcoming[::-1])[::-1]
        rounds = np.arange(-(-(days - first) // every))[:, None]
        when = first + every * (rounds + chance.random(people)) + chance.random((len(rounds), people)) * 10
        when = when.astype(np.int64)
        person = np.broadcast_to(np.arange(people), when.shape)
        day = upcoming[np.minimum(when, days - 1), person]
        answered = (when < days) & (day < days) & (day - when <= _PATIENCE_DAYS)
        answered &= chance.random(when.shape) < willingness
        return cls.on(day[answered], person[answered], chance)


@dataclass(frozen=True, eq=False)
class Answers:
    """Scores and comments on their occasions."""

    timeline: Timeline
    occasions: Occasions
    score: Ints
    comment: Sequence[str | None]

    def daily(self) -> tuple[Ints, Ints]:
        """For each day, the number of answers and the sum of their scores."""
        days = self.timeline.count
        sums = np.bincount(self.occasions.day, self.score, minlength=days)
        return np.bincount(self.occasions.day, minlength=days), sums.astype(np.int64)

    @cached_property
    def instants(self) -> list[datetime]:
        """When each was given."""
        midnight = datetime.combine(self.timeline.first, time(), UTC)
        return [
            midnight + timedelta(days=day, seconds=second)
            for day, second in zip(self.occasions.day.tolist(), self.occasions.second.tolist(), strict=True)
        ]

    def feed(
        self, first_number: int, user_id: Callable[[int], str], write: Callable[[Answer], Record]
    ) -> Stamped:
        """The answers as records, numbered upwards with gaps; `user_id` is asked by a person's position."""
        numbers = first_number + np.cumsum(1 + self.occasions.second % 5)
        answers = map(
            Answer,
            numbers.tolist(),
            map(user_id, self.occasions.person.tolist()),
            self.score.tolist(),
            self.comment,
            self.instants,
        )
        return Stamped(self.instants, [write(answer) for answer in answers])


def ticked(latent: Floats, shares: Sequence[float]) -> Ints:
    """The position on a scale that a standard normal inclination leads to, given each position's share.

    >>> ticked(np.array([-3.0, 0.0, 3.0]), (0.1, 0.8, 0.1)).tolist()
    [0, 1, 2]
    """
    normal = NormalDist()
    thresholds = [normal.inv_cdf(share) for share in np.cumsum(shares)[:-1].tolist()]
    return np.searchsorted(thresholds, latent).astype(np.int64)


def comments(
    moods: Sequence[Mood],
    themes: Sequence[Theme],
    share: Floats,
    german: Flags,
    chance: np.random.Generator,
) -> list[str | None]:
    """A comment, or none, for each answer; `share` is the chance that there is one.

    Every thirtieth or so is one of `INERT`, in turn.
    """
    spoken = (chance.random(len(moods)) < share).tolist()
    draws = chance.random((len(moods), 8)).tolist()
    written: list[str | None] = []
    so_far = 0
    for mood, theme, in_german, speaks, draw in zip(
        moods, themes, german.tolist(), spoken, draws, strict=True
    ):
        if not speaks:
            written.append(None)
            continue
        so_far += 1
        turn, rest = divmod(so_far, _INERT_EVERY)
        if rest == 0:
            written.append(INERT[turn % len(INERT)])
        else:
            written.append(remark(mood, theme, tuple(draw), german=in_german))
    return written


def themes(
    leaning: Sequence[Theme | None], pull: float, shaken: Floats, chance: np.random.Generator
) -> list[Theme]:
    """What each answer is about.

    With chance `shaken` the release (navigation, speed or search), with chance `pull` what the person
    leans to, else anything.
    """
    anything = chance.integers(0, len(_THEMES), len(leaning)).tolist()
    after_release: tuple[Theme, ...] = ("navigation", "navigation", "speed", "search")
    which = chance.integers(0, len(after_release), len(leaning)).tolist()
    stirred = (chance.random(len(leaning)) < shaken).tolist()
    pulled = (chance.random(len(leaning)) < pull).tolist()
    return [
        after_release[which[number]]
        if stirred[number]
        else (own if own and pulled[number] else _THEMES[anything[number]])
        for number, own in enumerate(leaning)
    ]
