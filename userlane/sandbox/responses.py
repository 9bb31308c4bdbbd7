"""Made-up responses to NPS and surveys: when people respond, which score they give, what they write.

A comment is a sentence of a theme and a mood, sometimes with a second one, an opener or a closer, and with
small typing habits. The comments that look like markup or formulas test that every screen and file shows them
as text. The texts are in `comments.json`.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from statistics import NormalDist
from typing import Literal, TypeVar, get_args

import numpy as np

from userlane.sandbox.records import Record, RecordList, Response
from userlane.sandbox.timeline import Flags, Floats, Ints, Timeline

Mood = Literal["praise", "mixed", "complaint"]
Theme = Literal["search", "speed", "onboarding", "mobile", "reporting", "navigation", "support", "general"]
THEMES: tuple[Theme, ...] = get_args(Theme)

_TEXTS = json.loads(Path(__file__).with_name("comments.json").read_text(encoding="utf-8"))
_ENGLISH: Mapping[Theme, Mapping[Mood, Sequence[str]]] = _TEXTS["english"]
_GERMAN: Mapping[Mood, Mapping[Theme, Sequence[str]]] = _TEXTS["german"]
_OPENERS: Mapping[Mood, Sequence[str]] = _TEXTS["openers"]
_CLOSERS: Mapping[Mood, Sequence[str]] = _TEXTS["closers"]
INERT: Sequence[str] = _TEXTS["inert"]
"""Comments that look like markup, links or formulas, or have characters that break careless files."""

Choice = TypeVar("Choice", str, Theme)

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


def write_comments(  # noqa: PLR0917 - all of them are needed
    score: Ints,
    limits: tuple[int, int],
    themes: Sequence[Theme],
    share: Floats,
    german: Flags,
    rng: np.random.Generator,
) -> list[str | None]:
    """Write a comment, or None, for each response; `share` is the probability of a comment.

    `limits` are the lowest scores of a praising and of a mixed comment. Every 31st comment is one of `INERT`,
    in turn.
    """
    writes = (rng.random(len(score)) < share).tolist()
    draws = rng.random((len(score), 8)).tolist()
    comments: list[str | None] = []
    written = 0
    for number, in_german in enumerate(german.tolist()):
        mood = _choose_mood(int(score[number]), *limits)
        if not writes[number]:
            comments.append(None)
            continue
        written += 1
        turn, rest = divmod(written, _INERT_EVERY)
        if rest == 0:
            comments.append(INERT[turn % len(INERT)])
        else:
            draw = tuple(draws[number])
            comments.append(write_comment(mood, themes[number], draw, german=in_german))
    return comments


def _choose_mood(score: int, good: int, fair: int) -> Mood:
    if score >= good:
        return "praise"
    return "mixed" if score >= fair else "complaint"


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


def write_comment(mood: Mood, theme: Theme, draws: tuple[float, ...], *, german: bool = False) -> str:
    """Write one comment, chosen by eight numbers between 0 and 1.

    >>> write_comment("praise", "speed", (0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0))
    'It got noticeably faster.'
    """
    which, joined, opened, closed, second, extra, lower, bare = draws
    if german:
        texts = _GERMAN[mood].get(theme) or _GERMAN[mood]["general"]
        return _add_typing_habits(_pick(texts, which), lower, bare)
    parts = [_pick(_ENGLISH[theme][mood], which)]
    if joined < 0.18:
        other = _pick(_ENGLISH[_pick(THEMES, second)][mood], extra)
        if other not in parts:
            parts.append(other)
    if opened < 0.16:
        parts.insert(0, _pick(_OPENERS[mood], extra))
    if closed < 0.2:
        parts.append(_pick(_CLOSERS[mood], second))
    return _add_typing_habits(" ".join(parts), lower, bare)


def _pick(options: Sequence[Choice], draw: float) -> Choice:
    return options[min(int(draw * len(options)), len(options) - 1)]


def _add_typing_habits(text: str, lower: float, bare: float) -> str:
    if lower < 0.14:
        text = text[0].lower() + text[1:]
    return text.removesuffix(".") if bare < 0.25 else text
