"""The six daily HEART scores: their level, their course, and which letter moved the overall score.

Scores are 0–100 and given by the vendor; a score that was not measured is missing and takes part in nothing.
Neighbouring days are not independent (the vendor probably looks back over several), so no interval is given.
Source of the scores' meaning and bands: “What is HEART” (docs.userlane.com).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from userlane.contract import LABELS, LETTERS, SCORES, Window, band

Floats = npt.NDArray[np.float64]

_SMOOTHED_DAYS = 7
_SMOOTHED_LEAST = 4


@dataclass(frozen=True, eq=False, slots=True)
class Contributions:
    """What moved the overall score from one period to the next; see `contributions`.

    `frame` has one row per bar (score, label, contribution in points); a letter that joins or leaves has a
    second bar with a label of its own. `change` is that of the mean overall score in points, and the bars
    together with `residual` are exactly it. `holds` says whether the overall score was the mean of the
    letters on every one of `days_tested` days. If not, `weights` are the letters' fitted weights and
    `r_squared` the share of the overall score's variance they explain, missing where nothing could be
    fitted.
    """

    frame: pd.DataFrame
    change: float
    holds: bool
    days_tested: int
    residual: float
    r_squared: float | None = None
    weights: Mapping[str, float] = field(default_factory=dict)


def summary(frame: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """One row per score, overall first: its mean over the period and over the period `before`.

    Columns: score, label; mean (0–100, of the daily scores), days (measured, the denominator of mean), band
    (the vendor's word for the rounded mean); latest and latest_date (the last day measured); previous and
    previous_days (as mean and days, of `before`), change (mean − previous, points); trend (the measured
    values in order of days, for a sparkline). All but the counts are missing for a score that was never
    measured.

    Example: Overall at 70, not measured, 72 → mean 71, days 2, band High, latest 72.
    """
    now = _by_day(frame)
    then = _by_day(before) if before is not None else now.iloc[:0]
    rows = []
    for score in SCORES:
        measured, earlier = now[score].dropna(), then[score].dropna()
        mean, previous = _mean(measured), _mean(earlier)
        rows.append(
            {
                "score": score,
                "label": LABELS[score],
                "mean": mean,
                "days": len(measured),
                "band": None if math.isnan(mean) else band(mean),
                "latest": measured.iloc[-1] if len(measured) else math.nan,
                "latest_date": measured.index[-1] if len(measured) else pd.NaT,
                "previous": previous,
                "previous_days": len(earlier),
                "change": mean - previous,
                "trend": measured.tolist(),
            }
        )
    return pd.DataFrame(rows).astype({"band": "str", "latest_date": "datetime64[us]"})


def daily(
    frame: pd.DataFrame,
    window: Window,
    earlier: pd.DataFrame | None = None,
    missing: Sequence[Window] = (),
) -> pd.DataFrame:
    """Every score on every day of the window: date, score, label, value, smooth (both 0–100).

    value is missing on days without a measurement. smooth is the mean of the values measured on the day and
    the six days before; it is given only where the day itself and at least four of the seven were measured,
    and where all seven were fetched: none is in the windows that are `missing`. `earlier` may hold days
    before the window; those count as fetched that lead up to it without a gap.

    Example: 70 on each of the first seven days → smooth is missing six times, then 70.
    """
    known = _by_day(frame) if earlier is None else _by_day(frame, earlier)
    days = _days(window)
    reach = window.start
    for _ in range(_SMOOTHED_DAYS - 1):
        day_before = reach - timedelta(days=1)
        if pd.Timestamp(day_before) not in known.index:
            break
        reach = day_before
    values = known.reindex(_days(Window(reach, window.end)))
    smooth = values.rolling(_SMOOTHED_DAYS, min_periods=_SMOOTHED_LEAST).mean()
    smooth.iloc[: _SMOOTHED_DAYS - 1] = math.nan
    smooth = smooth.where(values.notna())
    for gap in missing:
        after = gap.end + timedelta(days=_SMOOTHED_DAYS - 1)
        smooth[(smooth.index >= pd.Timestamp(gap.start)) & (smooth.index < pd.Timestamp(after))] = math.nan
    return pd.DataFrame(
        {
            "date": days.repeat(len(SCORES)),
            "score": list(SCORES) * len(days),
            "label": [LABELS[score] for score in SCORES] * len(days),
            "value": values.loc[days].to_numpy().ravel(),
            "smooth": smooth.loc[days].to_numpy().ravel(),
        }
    )


def of_scores(daily: pd.DataFrame, scores: Sequence[str]) -> pd.DataFrame:
    """The rows of `daily` that are of these scores."""
    return daily[daily["score"].isin(list(scores))]


def traffic(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Users and sessions of every day of the window: date, users, sessions (counts, missing where not given).

    Users of several days are not to be added: the same people come back.
    """
    known = _by_day(frame, columns=("users", "sessions"))
    return known.reindex(_days(window)).rename_axis("date").reset_index()


def contributions(frame: pd.DataFrame, before: pd.DataFrame) -> Contributions:
    """Which letters moved the mean overall score between `before` and `frame`, in points.

    First the ledger is tested: on every day with an overall score, of both periods, it must be the mean of
    the letters measured that day, within rounding (half a step of the overall score plus half a step of the
    letters, the steps read from the values' decimals). If it is, a letter's bar is its change ÷ k, k
    letters being measured; where the letters measured differ between the periods, 1/k is taken midway, and
    a letter that joins or leaves gets a second bar for what that alone did: its distance from the mean of
    the letters that stay, ÷ k. What rounding leaves is the `residual`.

    If the ledger does not hold, non-negative weights are fitted by least squares to the days' deviations from
    their mean, and a letter's bar is its weight × its change; the rest is the `residual`. Letters measured on
    less than half of either period's days are left out, and below two days per letter nothing is fitted.

    There are no bars, and `change` is missing, when either period has no overall score. Source: the
    decomposition is Kitagawa's (1955) with midpoints.

    Example: 60, 60, 60, 60 and no Happiness; then Happiness 80 and Engagement 65 → overall 60 to 65:
    Happiness joins 3.875, Engagement 1.125, the others 0.
    """
    then, now = (days[days["overall"].notna()] for days in (_by_day(before), _by_day(frame)))
    change = _mean(now["overall"]) - _mean(then["overall"])
    both = pd.concat([then, now])
    holds = _ledger_holds(both)
    if math.isnan(change):
        return Contributions(_bars([]), change, holds, len(both), math.nan)
    if holds:
        bars = _bars(_ledger(then, now))
        residual = change - float(bars["contribution"].sum())
        return Contributions(bars, change, holds, len(both), residual)
    weights, r_squared = _fitted(then, now)
    bars = _bars(
        [
            (letter, LABELS[letter], weight * (_mean(now[letter]) - _mean(then[letter])))
            for letter, weight in weights.items()
        ]
    )
    residual = change - float(bars["contribution"].sum())
    return Contributions(bars, change, holds, len(both), residual, r_squared, weights)


def _by_day(*frames: pd.DataFrame, columns: tuple[str, ...] = SCORES) -> pd.DataFrame:
    """The columns as floats by day, in order; a day in several frames is the first one's."""
    parts = [
        pd.DataFrame(frame[list(columns)].to_numpy("float64"), pd.DatetimeIndex(frame["date"]).as_unit("us"))
        for frame in frames
    ]
    joined = pd.concat(parts)
    joined.columns = pd.Index(columns)
    return joined[~joined.index.duplicated()].sort_index()


def _days(window: Window) -> pd.DatetimeIndex:
    return pd.date_range(window.start, window.last, unit="us")


def _mean(values: "pd.Series[float]") -> float:
    return float(values.mean())


def _bars(bars: list[tuple[str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(bars, columns=["score", "label", "contribution"])
    return frame.astype({"score": "str", "label": "str", "contribution": "float64"})


def _letters(days: pd.DataFrame) -> Floats:
    return days[list(LETTERS)].to_numpy("float64")


def _ledger_holds(days: pd.DataFrame) -> bool:
    overall, letters = days["overall"].to_numpy("float64"), _letters(days)
    measured = ~np.isnan(letters)
    count = measured.sum(axis=1)
    if not len(days) or not count.all():
        return False
    gap = np.abs(overall - np.nansum(letters, axis=1) / count)
    return bool((gap <= _half_step(overall) + _half_step(letters[measured]) + 1e-9).all())


def _half_step(values: Floats) -> float:
    """How far rounding can have moved one of the values, judged by the decimals they all have in common."""
    for decimals in range(6):
        if np.allclose(values, values.round(decimals), rtol=0, atol=1e-9):
            return 0.5 * 10.0**-decimals
    return 0.0


def _ledger(then: pd.DataFrame, now: pd.DataFrame) -> list[tuple[str, str, float]]:
    (weight_then, level_then), (weight_now, level_now) = _weighted(then), _weighted(now)
    in_both = (weight_then > 0) & (weight_now > 0)
    # A letter measured in one period only has one level, which is also its midpoint.
    middle = np.where(in_both, (level_then + level_now) / 2, np.where(weight_now > 0, level_now, level_then))
    stays = pd.concat([then, now])[list(LETTERS)].notna().all().to_numpy()
    # Letters that always take part share every weight, so measured against their mean a change of weights
    # moves nothing for them, and it all falls to the letters that come and go.
    centre = float(middle[stays].mean()) if stays.any() else float(np.nanmean(middle))
    bars: list[tuple[str, str, float]] = []
    for i, letter in enumerate(LETTERS):
        label = LABELS[letter]
        if in_both[i]:
            weight = (weight_then[i] + weight_now[i]) / 2
            bars.append((letter, label, float(weight * (level_now[i] - level_then[i]))))
        shift = weight_now[i] - weight_then[i]
        if not stays[i] and abs(shift) > 1e-9:
            word = ": days measured" if in_both[i] else (" joins" if shift > 0 else " leaves")
            bars.append((letter, label + word, float(shift * (middle[i] - centre))))
    return bars


def _weighted(days: pd.DataFrame) -> tuple[Floats, Floats]:
    """Each letter's mean weight in the overall score, and its mean under those weights."""
    letters = _letters(days)
    measured = ~np.isnan(letters)
    weights = measured / measured.sum(axis=1, keepdims=True)
    total = weights.sum(axis=0)
    sums = np.nansum(weights * letters, axis=0)
    levels = np.divide(sums, total, out=np.full(len(LETTERS), math.nan), where=total > 0)
    return total / len(days), levels


def _fitted(then: pd.DataFrame, now: pd.DataFrame) -> tuple[dict[str, float], float | None]:
    used = [letter for letter in LETTERS if all(days[letter].notna().mean() >= 0.5 for days in (then, now))]
    days = pd.concat([then, now])[["overall", *used]].dropna()
    if not used or len(days) < 2 * len(used):
        return {}, None
    # Rounded, so that a letter that never moved is exactly 0 and not a noise that weights could blow up.
    deviations = (days - days.mean()).round(9).to_numpy("float64")
    overall, letters = deviations[:, 0], deviations[:, 1:]
    total = float(overall @ overall)
    best, best_left = np.zeros(len(used)), total
    # The non-negative optimum is an ordinary least-squares fit on the letters it gives weight to;
    # with five letters all 31 choices can be tried.
    for chosen in chain.from_iterable(combinations(range(len(used)), size + 1) for size in range(len(used))):
        part = letters[:, chosen]
        weights = np.linalg.lstsq(part, overall, rcond=None)[0]
        left = float(np.sum((overall - part @ weights) ** 2))
        if (weights >= 0).all() and left < best_left:
            best, best_left = np.zeros(len(used)), left
            best[list(chosen)] = weights
    r_squared = 1 - best_left / total if total > 0 else None
    return {letter: float(weight) for letter, weight in zip(used, best, strict=True)}, r_squared
