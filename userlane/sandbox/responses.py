"""Made-up responses to NPS and surveys: when people respond, which score they give, what they write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from statistics import NormalDist

import numpy as np

from userlane.sandbox.comments import INERT, THEMES, Mood, Theme, write_comment
from userlane.sandbox.records import Record, RecordList, Response
from userlane.sandbox.timeline import Flags, Floats, Ints, Timeline

NPS_SHARES = (0.012, 0.008, 0.015, 0.025, 0.028, 0.06, 0.068, 0.145, 0.195, 0.2, 0.244)
"""The approximate share of each score from 0 to 10."""

_MAX_DELAY_DAYS = 14
_INERT_EVERY = 31
_AFTER_RELEASE: tuple[Theme, ...] = ("navigation", "navigation", "speed", "search")


@dataclass(frozen=True, eq=False)
class Occasions:
    """Who responds on which day at which second, in order of time; people are given by their position."""

    day: Ints
    second: Ints
    person: Ints

    @classmethod
    def draw_times(cls, day: Ints, person: Ints, rng: np.random.Generator) -> "Occasions":
        """Draw a time of the working day for each response."""
        hour = np.clip(rng.normal(10.6, 2.7, len(day)), 5, 19)
        second = (hour * 3600).astype(np.int64)
        order = np.lexsort((person, second, day))
        return cls(day[order], second[order], person[order])

    @classmethod
    def draw_rounds(
        cls, presence: Flags, willingness: Floats, first: int, every: int, rng: np.random.Generator
    ) -> "Occasions":
        """Draw the responses of people who are invited every `every` days from day `first` on.

        Each may respond when next present (`presence`: days × people), with their `willingness` (0–1).
        """
        days, people = presence.shape
        upcoming = np.where(presence, np.arange(days)[:, None], days)
        upcoming = np.minimum.accumulate(upcoming[::-1])[::-1]
        rounds = np.arange(-(-(days - first) // every))[:, None]
        invited = first + every * (rounds + rng.random(people)) + rng.random((len(rounds), people)) * 10
        invited = invited.astype(np.int64)
        person = np.broadcast_to(np.arange(people), invited.shape)
        day = upcoming[np.minimum(invited, days - 1), person]
        responds = (invited < days) & (day < days) & (day - invited <= _MAX_DELAY_DAYS)
        responds &= rng.random(invited.shape) < willingness
        return cls.draw_times(day[responds], person[responds], rng)


@dataclass(frozen=True, eq=False)
class Responses:
    """Scores and comments on their occasions."""

    timeline: Timeline
    occasions: Occasions
    score: Ints
    comment: Sequence[str | None]

    def daily_totals(self) -> tuple[Ints, Ints]:
        """For each day, the number of responses and the sum of their scores."""
        days = self.timeline.count
        sums = np.bincount(self.occasions.day, self.score, minlength=days)
        return np.bincount(self.occasions.day, minlength=days), sums.astype(np.int64)

    @cached_property
    def instants(self) -> list[datetime]:
        """When each response was given, in UTC."""
        midnight = datetime.combine(self.timeline.first, time(), UTC)
        return [
            midnight + timedelta(days=day, seconds=second)
            for day, second in zip(self.occasions.day.tolist(), self.occasions.second.tolist(), strict=True)
        ]

    def make_feed(
        self, first_number: int, user_id: Callable[[int], str], write: Callable[[Response], Record]
    ) -> RecordList:
        """Make the feed of the responses, numbered upwards with gaps; `user_id` takes a person's position."""
        numbers = first_number + np.cumsum(1 + self.occasions.second % 5)
        responses = map(
            Response,
            numbers.tolist(),
            map(user_id, self.occasions.person.tolist()),
            self.score.tolist(),
            self.comment,
            self.instants,
        )
        return RecordList(self.instants, list(map(write, responses)))


def choose_scores(latent: Floats, shares: Sequence[float]) -> Ints:
    """Turn standard normal values into positions on a scale with the given share of each position.

    >>> choose_scores(np.array([-3.0, 0.0, 3.0]), (0.1, 0.8, 0.1)).tolist()
    [0, 1, 2]
    """
    normal = NormalDist()
    thresholds = [normal.inv_cdf(share) for share in np.cumsum(shares)[:-1].tolist()]
    return np.searchsorted(thresholds, latent).astype(np.int64)


def write_comments(
    moods: Sequence[Mood],
    themes: Sequence[Theme],
    share: Floats,
    german: Flags,
    rng: np.random.Generator,
) -> list[str | None]:
    """Write a comment, or None, for each response; `share` is the probability of a comment.

    Every 31st comment is one of `INERT`, in turn.
    """
    writes = (rng.random(len(moods)) < share).tolist()
    draws = rng.random((len(moods), 8)).tolist()
    comments: list[str | None] = []
    written = 0
    for number, in_german in enumerate(german.tolist()):
        if not writes[number]:
            comments.append(None)
            continue
        written += 1
        turn, rest = divmod(written, _INERT_EVERY)
        if rest == 0:
            comments.append(INERT[turn % len(INERT)])
        else:
            draw = tuple(draws[number])
            comments.append(write_comment(moods[number], themes[number], draw, german=in_german))
    return comments


def choose_themes(
    preferred: Sequence[Theme | None], share: float, affected: Floats, rng: np.random.Generator
) -> list[Theme]:
    """Choose the theme of each response.

    With probability `affected` it is about the release (navigation, speed or search), with probability
    `share` about what the person prefers, else about anything.
    """
    anything = rng.integers(0, len(THEMES), len(preferred)).tolist()
    which = rng.integers(0, len(_AFTER_RELEASE), len(preferred)).tolist()
    of_release = (rng.random(len(preferred)) < affected).tolist()
    of_preferred = (rng.random(len(preferred)) < share).tolist()
    return [
        _AFTER_RELEASE[which[number]]
        if of_release[number]
        else (own if own and of_preferred[number] else THEMES[anything[number]])
        for number, own in enumerate(preferred)
    ]
