"""Intervals, tests and verdicts against published figures, and what must hold for any counts."""

import doctest
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from userlane import inference
from userlane.inference import (
    Change,
    benjamini_hochberg,
    mean,
    nps,
    nps_change,
    share_change,
    wilson,
)

BUCKETS = st.tuples(*[st.integers(0, 400)] * 3)
SHARES = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_examples_in_the_docstrings_are_true() -> None:
    """Every worked example of the module gives what it says."""
    assert doctest.testmod(inference).failed == 0


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(42, 60, 57.5, 80.1), (8, 10, 49.0, 94.3), (5, 5, 56.6, 100), (0, 5, 0, 43.5)],
)
def test_wilson_golden_values(successes: int, n: int, low: float, high: float) -> None:
    """The Wilson interval is the published one, in percent."""
    share = wilson(successes, n)
    assert share.value == successes / n
    assert (100 * share.low, 100 * share.high) == pytest.approx((low, high), abs=0.06)


@given(SHARES)
def test_wilson_contains_its_share(group: tuple[int, int]) -> None:
    """The interval lies within 0 and 1, contains the share and is mirrored for the opposite."""
    share = wilson(*group)
    assert 0 <= share.low <= share.value <= share.high <= 1
    assert share.low < share.high
    opposite = wilson(group[1] - group[0], group[1])
    assert (1 - opposite.high, 1 - opposite.low) == pytest.approx((share.low, share.high), abs=1e-12)


@pytest.mark.parametrize(
    ("counts", "figures"),
    [
        ((40, 35, 25), (15.00, -0.70, 29.82)),
        ((5, 3, 2), (30, -19.05, 65.20)),
        ((10, 0, 0), (100, 47.50, 100)),
        ((60, 30, 10), (50, 35.47, 61.62)),
        ((19, 12, 5), (38.89, 13.16, 58.64)),
    ],
)
def test_nps_golden_values(counts: tuple[int, int, int], figures: tuple[float, float, float]) -> None:
    """The score is the raw one and its interval the adjusted Wald one."""
    estimate = nps(*counts)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx(figures, abs=0.005)
    assert estimate.n == sum(counts)


@given(BUCKETS)
def test_nps_interval_contains_the_score(group: tuple[int, int, int]) -> None:
    """From two answers on the interval contains the raw score and stays on the scale."""
    estimate = nps(*group)
    if estimate.n >= 2:
        assert -100 <= estimate.low <= estimate.value <= estimate.high <= 100


@given(BUCKETS)
def test_nps_is_symmetric(group: tuple[int, int, int]) -> None:
    """Exchanging promoters and detractors turns the sign, of the score and of its interval."""
    promoters, passives, detractors = group
    estimate, mirrored = nps(*group), nps(detractors, passives, promoters)
    if estimate.n:
        assert (-mirrored.value, -mirrored.high) == pytest.approx((estimate.value, estimate.low))


def test_nps_change_golden_values() -> None:
    """A change of two periods has the difference, Z, p and interval of the adjusted scores."""
    change = nps_change((40, 35, 25), (55, 30, 15))
    assert change.difference == pytest.approx(24.27, abs=0.005)
    assert change.z == pytest.approx(2.2795, abs=5e-5)
    assert change.p == pytest.approx(0.0226, abs=5e-5)
    assert (change.low, change.high) == pytest.approx((3.40, 45.15), abs=0.01)
    assert (change.n_before, change.n_after) == (100, 100)
    assert change.verdict == "real"
    unsure = nps_change((10, 10, 10), (15, 10, 5))
    assert unsure.p == pytest.approx(0.114, abs=5e-4)
    assert unsure.verdict == "too close to call"


@given(BUCKETS, BUCKETS)
def test_nps_change_backwards_is_its_opposite(
    before: tuple[int, int, int], after: tuple[int, int, int]
) -> None:
    """Exchanging the periods turns the sign of the change and leaves p; interval and p agree on 0."""
    there, back = nps_change(before, after), nps_change(after, before)
    if sum(before) and sum(after):
        assert back.difference == pytest.approx(-there.difference)
        assert back.p == pytest.approx(there.p)
        assert (there.low > 0 or there.high < 0) == (there.p < 0.05)


@pytest.mark.parametrize(
    ("n_before", "n_after", "low", "words"),
    [
        (30, 30, 0.1, "real"),
        (30, 30, -0.1, "too close to call"),
        (29, 30, 0.1, "1 more answer needed"),
        (20, 10, 0.1, "30 more answers needed"),
        (0, 100, math.nan, ""),
        (100, 0, math.nan, ""),
    ],
)
def test_verdicts(n_before: int, n_after: int, low: float, words: str) -> None:
    """There is a verdict from 30 answers in both groups; below, what is lacking; nothing against nothing."""
    assert Change(1, low, 2, 0, 0, n_before, n_after).verdict == words


def test_a_fall_can_be_real() -> None:
    """An interval wholly below 0 excludes 0 too."""
    assert Change(-1, -2, -0.5, 0, 0, 30, 30).verdict == "real"


def test_mean_of_few_answers_has_pseudo_answers() -> None:
    """Below 30 answers the interval is the t interval of the answers and one 1 and one 5; the value is plain.

    4, 4, 5, 5, 5 become 1, 4, 4, 5, 5, 5, 5: mean 29/7, standard deviation 1.4639, t(6) 2.4469.
    """
    estimate = mean({4: 2, 5: 3})
    assert estimate.value == pytest.approx(4.6)
    assert estimate.low == pytest.approx(29 / 7 - 2.4469 * 1.46385 / math.sqrt(7), abs=1e-4)
    assert estimate.high == 5
    assert estimate.n == 5


def test_mean_of_many_answers_is_the_plain_t_interval() -> None:
    """From 30 answers on nothing is added: 20 fours and 20 twos have mean 3 and ± 2.0227 × 1.01274 / √40."""
    estimate = mean({2: 20, 4: 20})
    half = 2.02269 * 1.012739 / math.sqrt(40)
    assert (estimate.value, estimate.low, estimate.high) == pytest.approx((3, 3 - half, 3 + half), abs=1e-4)


def test_mean_of_unanimous_answers_is_not_certain() -> None:
    """However many say the same, the interval has a width."""
    estimate = mean({1: 0, 5: 200})
    assert estimate.value == estimate.high == 5
    assert 4.9 < estimate.low < 5


@given(st.dictionaries(st.integers(1, 5), st.integers(0, 60)))
def test_mean_interval_contains_the_mean(counts: dict[int, int]) -> None:
    """The interval is on the scale, has a width and contains the mean."""
    estimate = mean(counts)
    assert estimate.n == sum(counts.values())
    if estimate.n:
        assert 1 <= estimate.low <= estimate.value <= estimate.high <= 5
        assert estimate.low < estimate.high


def test_share_change_golden_values() -> None:
    """Newcombe's published examples of method 10: 56/70 − 48/80, 9/10 − 3/10 and 10/10 − 0/10."""
    change = share_change((48, 80), (56, 70))
    assert (change.difference, change.low, change.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert (change.n_before, change.n_after, change.verdict) == (80, 70, "real")
    few = share_change((3, 10), (9, 10))
    assert (few.difference, few.low, few.high) == pytest.approx((0.6, 0.1705, 0.8090), abs=5e-5)
    all_or_none = share_change((0, 10), (10, 10))
    assert (all_or_none.low, all_or_none.high) == pytest.approx((0.6075, 1), abs=5e-5)


def test_share_change_is_the_chi_square_test() -> None:
    """z² is Pearson's chi-square of the 2 × 2 table without correction."""
    change = share_change((10, 40), (20, 50))
    chi_square = 90 * (10 * 30 - 20 * 30) ** 2 / (40 * 50 * 30 * 60)
    assert change.z**2 == pytest.approx(chi_square)
    assert change.p == pytest.approx(math.erfc(math.sqrt(chi_square / 2)))


@given(SHARES, SHARES)
def test_share_change_interval_contains_the_difference(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    """The interval is on the scale, contains the difference, and mirrors when the periods are exchanged."""
    change, back = share_change(before, after), share_change(after, before)
    assert -1 - 1e-9 <= change.low <= change.difference <= change.high <= 1 + 1e-9
    assert 0 <= change.p <= 1
    assert (-back.high, -back.difference) == pytest.approx((change.low, change.difference))


def test_unanimous_groups_have_not_changed() -> None:
    """Where nobody differs there is no change and no division by 0."""
    change = share_change((40, 40), (50, 50))
    assert (change.difference, change.z, change.p) == (0, 0, 1)
    assert change.verdict == "too close to call"


def test_nothing_observed_gives_nothing() -> None:
    """Without observations every figure is missing and n is 0."""
    for estimate in (wilson(0, 0), nps(0, 0, 0), mean({}), mean({3: 0})):
        assert estimate.n == 0
        assert all(math.isnan(figure) for figure in (estimate.value, estimate.low, estimate.high))
    for change in (nps_change((0, 0, 0), (50, 0, 0)), share_change((3, 40), (0, 0))):
        assert all(math.isnan(x) for x in (change.difference, change.low, change.high, change.z, change.p))
        assert change.verdict == ""


def test_impossible_counts_are_refused() -> None:
    """More successes than trials, negative counts and answers off the scale are errors, not figures."""
    for figure in (
        lambda: wilson(6, 5),
        lambda: wilson(-1, 5),
        lambda: nps(5, -1, 5),
        lambda: nps_change((5, -1, 5), (1, 1, 1)),
        lambda: mean({3: -1, 4: 5}),
        lambda: mean({0: 5}),
        lambda: mean({6: 5}),
        lambda: share_change((1, 5), (6, 5)),
    ):
        with pytest.raises(ValueError, match=r"cannot be|is not an answer"):
            figure()


def test_benjamini_hochberg_golden_values() -> None:
    """In the original paper's example four of fifteen tests stand at 5 %, in whatever order they come."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p += [0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert benjamini_hochberg(p, q=0.05) == [True] * 4 + [False] * 11
    assert benjamini_hochberg(p[::-1], q=0.05) == [False] * 11 + [True] * 4


def test_benjamini_hochberg_takes_all_below_the_highest_that_passes() -> None:
    """A p above its own line stands when a larger one is below its line."""
    assert benjamini_hochberg([0.04, 0.045, 0.05], q=0.05) == [True, True, True]


def test_benjamini_hochberg_leaves_out_what_was_not_tested() -> None:
    """A missing p never stands and makes the others no harder; no tests give no answers."""
    assert benjamini_hochberg([math.nan, 0.1, math.nan], q=0.1) == [False, True, False]
    assert benjamini_hochberg([]) == []
    assert benjamini_hochberg([math.nan]) == [False]


@given(st.lists(st.floats(0, 1)), st.floats(0.01, 0.5))
def test_benjamini_hochberg_is_between_bonferroni_and_no_correction(p: list[float], q: float) -> None:
    """Whatever Bonferroni lets stand stands, and whatever stands is below q uncorrected."""
    for value, stands in zip(p, benjamini_hochberg(p, q), strict=True):
        assert stands or value > q / len(p)
        assert not stands or value <= q
