"""HEART, day by day: letters that drift, breathe with the week and feel a release."""

from collections.abc import Sequence

import numpy as np

from userlane.contract import Letter
from userlane.sandbox import records
from userlane.sandbox.answers import Answers
from userlane.sandbox.chance import Floats, Ints
from userlane.sandbox.feeds import Daily
from userlane.sandbox.timeline import Timeline

_TRAILING_DAYS = 30
_FEWEST_ANSWERS = 10
_MEMORY = 0.82


def happiness(nps: Answers, surveys: Sequence[Answers]) -> Floats:
    """Happiness by the vendor's formula over the trailing 30 days; missing until it rests on ten answers.

    H = (survey average · survey responses + NPS · NPS responses) / all responses, on 0–100:
    the NPS as (NPS + 100) / 2, survey answers as (score − 1) / 4 · 100, which is one of the two mappings
    the vendor's article "Happiness" leaves open.
    """
    days = nps.timeline.count
    points: Floats = np.where(nps.score >= 9, 100.0, np.where(nps.score >= 7, 50.0, 0.0))
    total: Floats = np.bincount(nps.occasions.day, points, minlength=days).astype(np.float64)
    count: Floats = np.bincount(nps.occasions.day, minlength=days).astype(np.float64)
    for survey in surveys:
        answers, sums = survey.daily()
        total = total + (sums - answers) * 25.0
        count = count + answers
    answered, summed = _trailing(count), _trailing(total)
    happy = np.full(days, np.nan)
    np.divide(summed, answered, out=happy, where=answered >= _FEWEST_ANSWERS)
    return happy


def feed(
    timeline: Timeline, happy: Floats, users: Ints, sessions: Ints, chance: np.random.Generator
) -> Daily:
    """One record a day. Task success is not measured on the days everything is closed."""
    letters: dict[Letter, Floats] = {
        "happiness": happy,
        "engagement": _letter(timeline, chance, level=63, gain=4, weekend=-5.5, noise=0.9)
        + timeline.shock(9, 2),
        "adoption": _letter(timeline, chance, level=52, gain=11, weekend=-2.5, noise=0.6)
        + timeline.shock(4, 2),
        "retention": _letter(timeline, chance, level=76, gain=3, weekend=-1.2, noise=0.5) + timeline.shock(5),
        "task_success": _letter(timeline, chance, level=68, gain=5, weekend=-2.0, noise=1.3)
        + timeline.shock(14, 4),
    }
    letters["task_success"][timeline.closed] = np.nan
    columns = {letter: np.clip(scores, 0, 100).tolist() for letter, scores in letters.items()}
    return Daily(
        timeline.days,
        [
            records.heart(
                day,
                {
                    letter: None if np.isnan(scores[number]) else scores[number]
                    for letter, scores in columns.items()
                },
                seen,
                visits,
            )
            for number, (day, seen, visits) in enumerate(
                zip(timeline.days, users.tolist(), sessions.tolist(), strict=True)
            )
        ],
    )


def _letter(
    timeline: Timeline,
    chance: np.random.Generator,
    *,
    level: float,
    gain: float,
    weekend: float,
    noise: float,
) -> Floats:
    wandering = np.empty(timeline.count)
    value = 0.0
    for number, step in enumerate(chance.normal(0, noise, timeline.count).tolist()):
        value = _MEMORY * value + step
        wandering[number] = value
    quiet = np.where(timeline.attendance < 0.4, 0.6, 0.0)
    week = np.array([-0.3, 0.5, 0.6, 0.2, -0.6, 0.9, 1.0])[timeline.weekday]
    return (
        level
        + gain * timeline.progress
        + wandering
        + np.where(timeline.weekend, week * weekend, week)
        - quiet
    )


def _trailing(daily: Floats) -> Floats:
    sums = np.cumsum(daily)
    sums[_TRAILING_DAYS:] -= sums[:-_TRAILING_DAYS].copy()
    return sums
