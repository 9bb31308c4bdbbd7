"""Made-up HEART scores for each day, with a trend, weekends and the effect of releases."""

from collections.abc import Mapping, Sequence

import numpy as np

from userlane.contract import Letter
from userlane.sandbox.records import RecordList, heart_record
from userlane.sandbox.responses import Responses
from userlane.sandbox.timeline import Floats, Ints, Timeline

_TRAILING_DAYS = 30
_FEWEST_RESPONSES = 10
_PERSISTENCE = 0.82

_LETTERS: Mapping[Letter, tuple[float, float, float, float, tuple[float, float]]] = {
    "engagement": (63, 4, -5.5, 0.9, (9, 2)),
    "adoption": (52, 11, -2.5, 0.6, (4, 2)),
    "retention": (76, 3, -1.2, 0.5, (5, 0)),
    "task_success": (68, 5, -2.0, 1.3, (14, 4)),
}
"""Per letter: level, gain over the timeline, effect of weekends, noise, and drop and lift by a release."""


def _compute_happiness(nps: Responses, surveys: Sequence[Responses]) -> Floats:
    """Compute Happiness by the vendor's formula over the trailing 30 days; missing below ten responses.

    H = (survey average · survey responses + NPS · NPS responses) / all responses, on 0–100: the NPS as (NPS +
    100) / 2, survey responses as (score − 1) / 4 · 100, which is one of the two mappings that the vendor's
    article "Happiness" leaves open.
    """
    days = nps.timeline.count
    points: Floats = np.where(nps.score >= 9, 100.0, np.where(nps.score >= 7, 50.0, 0.0))
    total: Floats = np.bincount(nps.occasions.day, points, minlength=days).astype(np.float64)
    count: Floats = np.bincount(nps.occasions.day, minlength=days).astype(np.float64)
    for survey in surveys:
        responses, sums = survey.daily_totals()
        total = total + (sums - responses) * 25.0
        count = count + responses
    counts, totals = _sum_trailing(count), _sum_trailing(total)
    happy = np.full(days, np.nan)
    np.divide(totals, counts, out=happy, where=counts >= _FEWEST_RESPONSES)
    return happy


def make_heart_feed(
    nps: Responses, surveys: Sequence[Responses], users: Ints, returning: float, rng: np.random.Generator
) -> RecordList:
    """Make one record for each day. Task success is not measured on holidays.

    Happiness is computed from the responses. `returning` is the mean number of sessions of a user after the
    first one of a day.
    """
    timeline = nps.timeline
    sessions = users + rng.poisson(users * returning)
    letters: dict[Letter, Floats] = {"happiness": _compute_happiness(nps, surveys)}
    for letter in _LETTERS:
        letters[letter] = _draw_letter(letter, timeline, rng)
    letters["task_success"][timeline.holiday] = np.nan
    columns = [
        [None if np.isnan(score) else score for score in np.clip(each, 0, 100).tolist()]
        for each in letters.values()
    ]
    scores = (dict(zip(letters, row, strict=True)) for row in zip(*columns, strict=True))
    return RecordList(
        timeline.days, list(map(heart_record, timeline.days, scores, users.tolist(), sessions.tolist()))
    )


def _draw_letter(letter: Letter, timeline: Timeline, rng: np.random.Generator) -> Floats:
    level, gain, weekend, noise, effect = _LETTERS[letter]
    drift = np.empty(timeline.count)
    value = 0.0
    for number, step in enumerate(rng.normal(0, noise, timeline.count).tolist()):
        value = _PERSISTENCE * value + step
        drift[number] = value
    quiet = np.where(timeline.attendance < 0.4, 0.6, 0.0)
    week = np.array([-0.3, 0.5, 0.6, 0.2, -0.6, 0.9, 1.0])[timeline.weekday]
    weekly = np.where(timeline.weekend, week * weekend, week)
    drawn = level + gain * timeline.progress + drift + weekly - quiet
    return drawn + timeline.release_effect(*effect)


def _sum_trailing(daily: Floats) -> Floats:
    sums = np.cumsum(daily)
    sums[_TRAILING_DAYS:] -= sums[:-_TRAILING_DAYS].copy()
    return sums
