"""Intervals, tests, verdicts and the small-sample rule.

Everything here takes counts, never a rate that was already divided, and every interval is a 95 % one.
Sources: Wilson (1927); Newcombe (1998, Statistics in Medicine 17, 873–890, method 10); Rocks (2016,
The American Statistician 70, 365–372); Benjamini and Hochberg (1995, J. R. Statistical Society B 57,
289–300).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy.special import ndtr, ndtri, stdtrit

from userlane.formatting import format_count

COUNTS_FROM, VALUES_FROM, VERDICTS_FROM = 5, 10, 30
"""The small-sample rule: how many answers are needed to show counts, a value with its interval (muted in
charts below the third), and a verdict. It is applied again after every filter."""

_Z = float(ndtri(0.975))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that says how sure it is.

    `value` is the number as measured and `low` to `high` its 95 % interval, NaN where none can be computed;
    `n` is how many observations are behind it.
    """

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Change:
    """After minus before, for two independent groups of answers.

    `low` to `high` is the 95 % interval of `difference`; `z` and the two-sided `p` test it against no change.
    All five are NaN when either group is empty.
    """

    difference: float
    low: float
    high: float
    z: float
    p: float
    n_before: int
    n_after: int

    @property
    def verdict(self) -> str:
        """“real” when the interval excludes 0, else “too close to call”; neither below 30 answers in a group.

        Then it says how many answers the two groups lack together, or nothing if one of them has none.

        >>> nps_change((40, 35, 25), (55, 30, 15)).verdict
        'real'
        >>> nps_change((10, 10, 10), (10, 10, 3)).verdict
        '7 more answers needed'
        """
        lacking = max(0, VERDICTS_FROM - self.n_before) + max(0, VERDICTS_FROM - self.n_after)
        if not lacking:
            return "real" if self.low > 0 or self.high < 0 else "too close to call"
        if not (self.n_before and self.n_after):
            return ""
        return f"{format_count(lacking, 'more answer')} needed"


def wilson(successes: int, n: int) -> Estimate:
    """A share, 0–1, with the Wilson score interval. The denominator is `n`; without any, all is NaN.

    Raises `ValueError` unless 0 ≤ `successes` ≤ `n`. Source: Wilson (1927).

    >>> share = wilson(42, 60)
    >>> round(share.value, 3), round(share.low, 3), round(share.high, 3)
    (0.7, 0.575, 0.801)
    """
    _refuse_impossible(successes, n)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    share = successes / n
    weight = 1 + _Z**2 / n
    centre = (share + _Z**2 / (2 * n)) / weight
    half = _Z / weight * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    # At 0 and n of n the bound equals the share exactly; rounding must not put it a hair beyond.
    return Estimate(share, max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)), n)


def nps(promoters: int, passives: int, detractors: int) -> Estimate:
    """The Net Promoter Score, −100 to 100: share of promoters minus share of detractors, × 100.

    The denominator is all three. The value is raw; the interval is the adjusted Wald one (three answers are
    added: ¾ promoter, 1½ passive, ¾ detractor), clipped to the scale. Source: Rocks (2016).

    >>> score = nps(40, 35, 25)
    >>> round(score.value, 2), round(score.low, 2), round(score.high, 2)
    (15.0, -0.7, 29.82)

    Raises `ValueError` for a negative count.
    """
    n = promoters + passives + detractors
    for count in (promoters, passives, detractors):
        _refuse_impossible(count, n)
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    centre, error = _adjusted(promoters, passives, detractors)
    return Estimate(
        100 * (promoters - detractors) / n,
        100 * max(-1.0, centre - _Z * error),
        100 * min(1.0, centre + _Z * error),
        n,
    )


def nps_change(before: tuple[int, int, int], after: tuple[int, int, int]) -> Change:
    """The change of the Net Promoter Score between independent groups, in points.

    Each group is (promoters, passives, detractors). Difference, interval and Z are of the adjusted scores
    (see `nps`), so the difference is a little smaller than that of the raw scores. Source: Rocks (2016).

    >>> change = nps_change((40, 35, 25), (55, 30, 15))
    >>> round(change.difference, 2), round(change.low, 2), round(change.high, 2), round(change.p, 4)
    (24.27, 3.4, 45.14, 0.0226)

    Raises `ValueError` for a negative count.
    """
    n_before, n_after = sum(before), sum(after)
    for count in (*before, *after):
        _refuse_impossible(count, max(n_before, n_after))
    if not (n_before and n_after):
        return _no_change(n_before, n_after)
    (was, error_before), (is_now, error_after) = _adjusted(*before), _adjusted(*after)
    difference = is_now - was
    error = math.hypot(error_before, error_after)
    z = difference / error
    return Change(
        100 * difference,
        100 * (difference - _Z * error),
        100 * (difference + _Z * error),
        z,
        _two_sided(z),
        n_before,
        n_after,
    )


def mean(counts: Mapping[int, int]) -> Estimate:
    """The mean of answers from 1 to 5, with a t interval; `counts` says how often each was given.

    The value is the plain mean; the denominator is the number of answers. For the interval, which is clipped
    to [1, 5], one answer of 1 and one of 5 are added first when there are fewer than 30 answers, or when all
    are the same: no spread at all would otherwise claim certainty.

    >>> score = mean({1: 2, 4: 3, 5: 5})
    >>> score.value, round(score.low, 2), round(score.high, 2), score.n
    (3.9, 2.66, 4.84, 10)

    Raises `ValueError` for an answer outside 1–5 or a negative count.
    """
    n = sum(counts.values())
    for score, count in counts.items():
        _refuse_impossible(count, n)
        if score not in range(1, 6):
            raise ValueError(f"{score} is not an answer from 1 to 5")
    if n == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    value = sum(score * count for score, count in counts.items()) / n
    added = {1: 1, 5: 1} if n < VERDICTS_FROM or max(counts.values()) == n else {}
    padded = {score: counts.get(score, 0) + added.get(score, 0) for score in range(1, 6)}
    m = sum(padded.values())
    centre = sum(score * count for score, count in padded.items()) / m
    variance = sum(count * (score - centre) ** 2 for score, count in padded.items()) / (m - 1)
    half = float(stdtrit(m - 1, 0.975)) * math.sqrt(variance / m)
    return Estimate(value, max(1.0, centre - half), min(5.0, centre + half), n)


def share_change(before: tuple[int, int], after: tuple[int, int]) -> Change:
    """The change of a share, −1 to 1, between independent groups, each (successes, n).

    The interval is Newcombe's hybrid of the two Wilson intervals; z and p are those of the pooled test of two
    proportions, and 0 and 1 when both groups agree unanimously. Source and example: Newcombe (1998).

    >>> change = share_change((48, 80), (56, 70))
    >>> round(change.difference, 4), round(change.low, 4), round(change.high, 4)
    (0.2, 0.0524, 0.3339)

    Raises `ValueError` unless 0 ≤ successes ≤ n in both.
    """
    was, is_now = wilson(*before), wilson(*after)
    if not (was.n and is_now.n):
        return _no_change(was.n, is_now.n)
    difference = is_now.value - was.value
    pooled = (before[0] + after[0]) / (was.n + is_now.n)
    error = math.sqrt(pooled * (1 - pooled) * (1 / was.n + 1 / is_now.n))
    z = difference / error if error else 0.0
    return Change(
        difference,
        difference - math.hypot(is_now.value - is_now.low, was.high - was.value),
        difference + math.hypot(is_now.high - is_now.value, was.value - was.low),
        z,
        _two_sided(z),
        was.n,
        is_now.n,
    )


def benjamini_hochberg(p: Sequence[float], q: float = 0.1) -> list[bool]:
    """Which of several tests stand when at most a share `q` of those that stand may be false.

    In the order given. A NaN was not tested: it never stands and does not count among the tests.
    Source: Benjamini and Hochberg (1995).

    >>> benjamini_hochberg([0.01, 0.2, 0.05, 0.5])
    [True, False, True, False]
    """
    tested = sorted(value for value in p if not math.isnan(value))
    passing = (value for rank, value in enumerate(tested, 1) if value <= q * rank / len(tested))
    limit = max(passing, default=-1.0)
    return [value <= limit for value in p]


def _adjusted(promoters: int, passives: int, detractors: int) -> tuple[float, float]:
    n = promoters + passives + detractors + 3
    ups, downs = promoters + 0.75, detractors + 0.75
    score = (ups - downs) / n
    return score, math.sqrt(((ups + downs) / n - score**2) / n)


def _two_sided(z: float) -> float:
    return float(2 * ndtr(-abs(z)))


def _no_change(n_before: int, n_after: int) -> Change:
    return Change(math.nan, math.nan, math.nan, math.nan, math.nan, n_before, n_after)


def _refuse_impossible(count: int, n: int) -> None:
    if not 0 <= count <= n:
        raise ValueError(f"{count} of {n} cannot be")
