"""Means, smoothing and the ledger of the overall score, on frames as a dataset gives them."""

import math
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from userlane.contract import COLUMNS, LETTERS, SCORES, Dataset, Query, State, Window
from userlane.metrics import heart

Row = tuple[float | None, float | None, float | None, float | None, float | None, float | None]
START = date(2026, 4, 1)


def days_of(rows: Sequence[Row], start: date = START, skip: Sequence[int] = ()) -> pd.DataFrame:
    """A frame with one row (overall, then the letters) a day from `start` on, without the days skipped."""
    records = [
        {
            "date": start + timedelta(days=i),
            **dict(zip(SCORES, row, strict=True)),
            "users": 100 + i,
            "sessions": 9,
        }
        for i, row in enumerate(rows)
        if i not in skip
    ]
    table = pa.Table.from_pylist(records, schema=COLUMNS["heart"])
    query = Query("heart", "demo", Window(start, start + timedelta(days=max(1, len(rows)))))
    return Dataset(query, table, State(), "made-up").frame


def overall_of(values: Sequence[float | None], start: date = START, skip: Sequence[int] = ()) -> pd.DataFrame:
    """A frame in which only the overall score is measured."""
    return days_of([(value, None, None, None, None, None) for value in values], start, skip)


def ledger(*letters: float | None) -> Row:
    """A day whose overall score is the mean of its letters, rounded as the API rounds."""
    measured = [letter for letter in letters if letter is not None]
    h, e, a, r, t = letters
    return (round(sum(measured) / len(measured), 1), h, e, a, r, t)


def window(days: int, start: date = START) -> Window:
    """So many days from `start` on."""
    return Window(start, start + timedelta(days=days))


def bars(found: heart.Contributions) -> dict[str, float]:
    """The bars by label."""
    return dict(zip(found.frame["label"], found.frame["contribution"], strict=True))


def test_summary_counts_only_measured_days() -> None:
    """Mean, n, latest value and day, band and sparkline come from the days that were measured."""
    frame = overall_of([70, None, 72.0, None])
    row = heart.summary(frame, overall_of([60, 62, None], date(2026, 3, 1))).set_index("score").loc["overall"]
    assert (row["label"], row["mean"], row["days"], row["band"]) == ("Overall", 71, 2, "High")
    assert (row["latest"], row["latest_date"]) == (72, pd.Timestamp(2026, 4, 3))
    assert (row["previous"], row["previous_days"], row["change"]) == (61, 2, 10)
    assert row["trend"] == [70, 72]


def test_summary_of_what_was_never_measured_is_missing() -> None:
    """A letter without a value has no mean, band, day or change, and n is 0."""
    row = heart.summary(overall_of([70]), overall_of([70])).set_index("score").loc["happiness"]
    assert row[["mean", "band", "latest", "latest_date", "previous", "change"]].isna().all()
    assert (row["days"], row["previous_days"], row["trend"]) == (0, 0, [])


def test_summary_without_a_comparison() -> None:
    """Without a period before, only the comparison is missing."""
    row = heart.summary(overall_of([0, 0]), None).set_index("score").loc["overall"]
    assert (row["mean"], row["band"], row["previous_days"]) == (0, "Very low", 0)
    assert row[["previous", "change"]].isna().all()


def test_summary_has_every_score_in_order_even_of_nothing() -> None:
    """An empty frame gives the six rows, all missing, with the types of a full one."""
    empty, full = heart.summary(days_of([]), days_of([])), heart.summary(overall_of([1]), overall_of([1]))
    assert list(empty["score"]) == list(SCORES)
    assert list(empty["days"]) == [0] * 6
    assert empty["mean"].isna().all()
    assert (empty.dtypes == full.dtypes).all()


def test_the_order_of_rows_changes_nothing() -> None:
    """Days may arrive in any order."""
    rng = np.random.default_rng(4)
    frame = days_of([ledger(*rng.uniform(40, 90, 5).round(1).tolist()) for _ in range(20)])
    mixed = frame.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(heart.summary(mixed, mixed), heart.summary(frame, frame))
    pd.testing.assert_frame_equal(heart.daily(mixed, window(20)), heart.daily(frame, window(20)))
    pd.testing.assert_frame_equal(heart.traffic(mixed, window(20)), heart.traffic(frame, window(20)))
    pd.testing.assert_frame_equal(
        heart.contributions(mixed[:10], mixed[10:]).frame,
        heart.contributions(mixed[:10].sort_values("date"), mixed[10:].sort_values("date")).frame,
    )


def test_daily_has_every_day_and_score() -> None:
    """Days the API sent nothing for are there with a missing value; 0 stays 0."""
    found = heart.daily(overall_of([5, 0, 7], skip=[0]), window(4))
    assert list(found.columns) == ["date", "score", "label", "value", "smooth"]
    assert len(found) == 4 * 6
    overall = found[found["score"] == "overall"]
    assert list(overall["date"]) == list(pd.date_range("2026-04-01", periods=4))
    assert overall["value"].fillna(-1).tolist() == [-1, 0, 7, -1]
    assert set(found.loc[found["score"] == "task_success", "label"]) == {"Task success"}


def smooth(found: pd.DataFrame) -> list[float]:
    """The smoothed overall score, −1 where there is none."""
    return found.loc[found["score"] == "overall", "smooth"].fillna(-1).round(9).tolist()


def test_smoothing_needs_seven_fetched_days() -> None:
    """The first six days have no smoothed value, the seventh the mean of all seven."""
    assert smooth(heart.daily(overall_of([1, 2, 3, 4, 5, 6, 7, 15]), window(8))) == [-1] * 6 + [4, 6]


def test_smoothing_begins_earlier_with_earlier_days() -> None:
    """Six days before the window smooth its first day; five smooth only its second."""
    frame = overall_of([7] * 3)
    six = overall_of([0] * 6, START - timedelta(days=6))
    assert smooth(heart.daily(frame, window(3), six)) == [1, 2, 3]
    assert smooth(heart.daily(frame, window(3), six[1:])) == [-1, 2, 3]


def test_days_before_a_gap_are_not_smoothed_over() -> None:
    """Earlier days that do not lead up to the window are followed by days nobody fetched."""
    frame = overall_of([7] * 3)
    apart = overall_of([0] * 20, START - timedelta(days=21))
    assert smooth(heart.daily(frame, window(3), apart)) == [-1, -1, -1]


def test_days_that_were_not_loaded_are_not_smoothed_over() -> None:
    """A mean over days of which some could not be had would be taken for one of all seven."""
    frame, days = overall_of([1] * 12), window(12)
    gap = Window(days.start + timedelta(days=2), days.start + timedelta(days=4))
    found = heart.daily(frame, days, missing=[gap])
    assert smooth(found) == [-1] * 10 + [1, 1]


def test_smoothing_needs_four_measured_days_and_the_day_itself() -> None:
    """Three of seven are too few; on a day without a measurement there is no smoothed value either."""
    frame = overall_of([None, None, None, 4, 4, None, 4, 8, None])
    assert smooth(heart.daily(frame, window(9))) == [-1] * 7 + [5, -1]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(0, 100)), min_size=1, max_size=25))
def test_smoothed_values_are_means_of_seven_days(values: list[int | None]) -> None:
    """Wherever there is a smoothed value it is the mean of what was measured in its seven days."""
    found = heart.daily(overall_of(values), window(len(values)))
    overall = found[found["score"] == "overall"].reset_index()
    for i, value in enumerate(overall["smooth"]):
        week = [v for v in values[max(0, i - 6) : i + 1] if v is not None]
        if i >= 6 and values[i] is not None and len(week) >= 4:
            assert value == pytest.approx(sum(week) / len(week), abs=1e-9)
        else:
            assert math.isnan(value)


def test_traffic_has_gaps_where_nothing_was_given() -> None:
    """Users and sessions of every day of the window; a missing day is missing, not 0."""
    found = heart.traffic(overall_of([1, 1, 1], skip=[1]), window(3))
    assert list(found.columns) == ["date", "users", "sessions"]
    assert found["users"].fillna(-1).tolist() == [100, -1, 102]
    assert found["sessions"].fillna(-1).tolist() == [9, -1, 9]


def test_nothing_loaded_is_days_of_gaps() -> None:
    """An empty frame gives every day, all missing, with the types of a full one."""
    for measure in (heart.daily, heart.traffic):
        empty, full = measure(days_of([]), window(2)), measure(overall_of([1, 2]), window(2))
        assert (empty.dtypes == full.dtypes).all()
        assert len(empty) == len(full)
        assert empty.drop(columns=["date", "score", "label"], errors="ignore").isna().all(axis=None)


def test_a_letter_contributes_its_change_over_k() -> None:
    """With five letters measured throughout, one that rises by 10 contributes 2 of 2."""
    found = heart.contributions(
        days_of([ledger(60, 60, 60, 60, 60)] * 7), days_of([ledger(60, 50, 60, 60, 60)] * 7)
    )
    assert (found.holds, found.days_tested, found.r_squared) == (True, 14, None)
    assert found.change == pytest.approx(2)
    assert list(found.frame["score"]) == list(LETTERS)
    assert found.frame["contribution"].tolist() == pytest.approx([0, 2, 0, 0, 0])


def test_a_letter_that_joins_has_its_own_bar() -> None:
    """Happiness joins at 80 while Engagement rises from 60 to 65: the example of the docstring."""
    found = heart.contributions(
        days_of([ledger(80, 65, 60, 60, 60)] * 3), days_of([ledger(None, 60, 60, 60, 60)] * 3)
    )
    assert found.holds
    assert bars(found) == pytest.approx(
        {"Happiness joins": 3.875, "Engagement": 1.125, "Adoption": 0, "Retention": 0, "Task success": 0}
    )
    assert found.frame.loc[0, "score"] == "happiness"
    assert (found.change, found.residual) == pytest.approx((5, 0))


def test_a_letter_that_leaves_has_its_own_bar() -> None:
    """The overall score falls only because a letter above the others is no longer measured."""
    found = heart.contributions(
        days_of([ledger(None, 60, 60, 60, 60)] * 3), days_of([ledger(80, 60, 60, 60, 60)] * 3)
    )
    assert found.change == pytest.approx(-4)
    assert bars(found) == pytest.approx(
        {"Happiness leaves": -4, "Engagement": 0, "Adoption": 0, "Retention": 0, "Task success": 0}
    )


def test_a_letter_measured_on_more_days_has_a_bar_for_it() -> None:
    """A letter at an unchanged 80 moves the overall score when measured on all days, not on half of them."""
    before = days_of([ledger(None, 60, 60, 60, 60), ledger(80, 60, 60, 60, 60)])
    found = heart.contributions(days_of([ledger(80, 60, 60, 60, 60)] * 2), before)
    assert found.change == pytest.approx(2)
    assert bars(found)["Happiness: days measured"] == pytest.approx(2)
    assert bars(found)["Happiness"] == pytest.approx(0)


def test_all_letters_replaced() -> None:
    """When no letter stays, the bars still add up to the change."""
    found = heart.contributions(
        days_of([ledger(None, None, 70, 80, None)]), days_of([ledger(50, 60, None, None, None)])
    )
    assert found.holds
    assert set(bars(found)) == {
        "Happiness leaves",
        "Engagement leaves",
        "Adoption joins",
        "Retention joins",
    }
    assert sum(bars(found).values()) == pytest.approx(20)


TENTHS = st.integers(0, 1000).map(lambda tenths: tenths / 10)
LETTER = st.one_of(st.none(), TENTHS)
LETTERS_OF_A_DAY = st.tuples(LETTER, LETTER, LETTER, LETTER, LETTER).filter(any)
LEDGER = st.lists(LETTERS_OF_A_DAY.map(lambda letters: ledger(*letters)), min_size=1, max_size=6)
NO_LEDGER = st.lists(st.tuples(TENTHS, LETTER, LETTER, LETTER, LETTER, LETTER), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(LEDGER, LEDGER)
def test_bars_sum_to_the_change(now: list[Row], then: list[Row]) -> None:
    """Whichever letters come and go, the ledger holds and its bars are the change, but for rounding."""
    found = heart.contributions(days_of(now), days_of(then, date(2026, 3, 1)))
    assert found.holds
    assert found.frame["contribution"].notna().all()
    assert found.frame["contribution"].sum() + found.residual == pytest.approx(found.change, abs=1e-9)
    assert abs(found.residual) <= 0.1 + 1e-9


@settings(max_examples=40, deadline=None)
@given(NO_LEDGER, NO_LEDGER)
def test_fitted_bars_and_residual_sum_to_the_change(now: list[Row], then: list[Row]) -> None:
    """Whatever the overall score is, bars and residual are the change, and R² is a share."""
    found = heart.contributions(days_of(now), days_of(then, date(2026, 3, 1)))
    assert found.frame["contribution"].sum() + found.residual == pytest.approx(found.change, abs=1e-9)
    assert all(weight >= 0 for weight in found.weights.values())
    if found.r_squared is not None:
        assert -1e-9 <= found.r_squared <= 1 + 1e-9


def test_one_day_off_breaks_the_ledger() -> None:
    """Rounding may move a score by a tenth; a day further off shows that the score is made otherwise."""
    before = days_of([ledger(60.5, 50.5, 70.5, 64.5, 59)] * 7, date(2026, 3, 1))
    letters = (60.5, 50.5, 70.5, 64.5, 59.0)
    mean, tenth, more = (61.0, *letters), (61.1, *letters), (61.2, *letters)
    assert heart.contributions(days_of([mean, tenth]), before).holds
    assert not heart.contributions(days_of([mean, more]), before).holds


def test_scores_in_whole_numbers_are_rounded_more() -> None:
    """An API that gives whole numbers is allowed their rounding: 61 is a mean of letters adding up to 302."""
    before = days_of([(60, 60, 60, 60, 60, 60)] * 7, date(2026, 3, 1))
    assert heart.contributions(days_of([(61, 60, 50, 70, 64, 58)]), before).holds
    assert not heart.contributions(days_of([(62, 60, 50, 70, 64, 58)]), before).holds


def test_an_overall_score_of_no_letters_breaks_the_ledger() -> None:
    """A day with an overall score and no letter is not a mean of letters."""
    found = heart.contributions(overall_of([50, 60]), overall_of([40, 50]))
    assert (found.holds, found.change, found.residual) == (False, 10, 10)
    assert (found.frame.empty, found.r_squared, dict(found.weights)) == (True, None, {})


def weighted(rng: np.random.Generator, level: float) -> list[Row]:
    """Days whose overall score is .5 E + .3 A + .2 R and where Happiness and Task success play no part."""
    days = rng.uniform(level, level + 30, (30, 5)).round(1).tolist()
    return [(0.5 * e + 0.3 * a + 0.2 * r, h, e, a, r, t) for h, e, a, r, t in days]


def test_other_weights_are_found() -> None:
    """When the overall score is another mix, its weights are fitted and the bars follow them."""
    rng = np.random.default_rng(1)
    then, now = days_of(weighted(rng, 40), date(2026, 3, 1)), days_of(weighted(rng, 50))
    found = heart.contributions(now, then)
    assert (found.holds, found.days_tested) == (False, 60)
    assert [found.weights[letter] for letter in LETTERS] == pytest.approx([0, 0.5, 0.3, 0.2, 0], abs=1e-6)
    assert found.r_squared == pytest.approx(1)
    assert found.residual == pytest.approx(0, abs=1e-6)
    assert bars(found)["Engagement"] == pytest.approx(0.5 * (now["engagement"] - then["engagement"]).mean())


def test_no_weight_is_negative() -> None:
    """A letter that runs against the overall score gets weight 0, and R² says what is left unexplained."""
    rng = np.random.default_rng(2)
    rows: list[Row] = [
        (float(70 - e / 2 + a / 4), None, float(e), float(a), None, None)
        for e, a in rng.uniform(20, 80, (20, 2)).round(1)
    ]
    found = heart.contributions(days_of(rows[:10]), days_of(rows[10:], date(2026, 3, 1)))
    assert found.weights["engagement"] == 0
    assert found.weights["adoption"] >= 0
    assert found.r_squared is not None
    assert found.r_squared < 0.9


def test_letters_that_never_move_explain_nothing() -> None:
    """Constant letters get weight 0 and the whole change is the residual."""
    rows: list[Row] = [(round(50 + 0.3 * i, 1), None, 60.3, 70.1, None, None) for i in range(12)]
    found = heart.contributions(days_of(rows[6:]), days_of(rows[:6], date(2026, 3, 1)))
    assert dict(found.weights) == {"engagement": 0, "adoption": 0}
    assert found.residual == pytest.approx(1.8)
    assert found.r_squared == 0


def test_letters_seldom_measured_are_not_fitted() -> None:
    """A letter measured on less than half of the days gets no weight and costs no days."""
    rng = np.random.default_rng(5)
    rows: list[Row] = [
        (float(e), 90.0 if i % 5 == 0 else None, float(e) + 7, None, None, None)
        for i, e in enumerate(rng.uniform(20, 80, 20).round(1))
    ]
    found = heart.contributions(days_of(rows[:10]), days_of(rows[10:], date(2026, 3, 1)))
    assert dict(found.weights) == {"engagement": pytest.approx(1)}


def test_too_few_days_are_not_fitted() -> None:
    """With fewer than two days a letter there are no weights; the change is all residual."""
    found = heart.contributions(
        days_of([(70, 50, 50, 50, 50, 50)] * 4), days_of([(60, 50, 50, 50, 50, 50)] * 4, date(2026, 3, 1))
    )
    assert (found.frame.empty, found.change, found.residual, found.r_squared) == (True, 10, 10, None)


def test_days_without_an_overall_score_take_no_part() -> None:
    """Only days with an overall score are tested and counted."""
    rows = [ledger(60, 60, 60, 60, 60), (None, 0, 0, 0, 0, 0)]
    found = heart.contributions(days_of(rows), days_of([ledger(50, 50, 50, 50, 50)], date(2026, 3, 1)))
    assert (found.holds, found.days_tested, found.change) == (True, 2, 10)
    assert sum(bars(found).values()) == pytest.approx(10)


@pytest.mark.parametrize("now", [[], [ledger(60, 60, 60, 60, 60)]])
def test_nothing_to_compare_with(now: list[Row]) -> None:
    """When a period is empty the change is missing and there are no bars."""
    found = heart.contributions(days_of(now), days_of([]))
    assert list(found.frame.columns) == ["score", "label", "contribution"]
    assert found.frame.empty
    assert math.isnan(found.change)
    assert math.isnan(found.residual)
    assert (found.holds, found.days_tested) == (bool(now), len(now))
