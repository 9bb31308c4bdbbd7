"""Level, distribution, course and change of surveys, on frames as a dataset gives them."""

import math
from datetime import UTC, date, datetime

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from userlane import inference
from userlane.contract import COLUMNS, Dataset, Query, State, Window
from userlane.metrics import surveys

Answer = tuple[str, int, datetime, str | None]
APRIL = Window(date(2026, 4, 1), date(2026, 5, 1))


def at(day: int, hour: int = 12) -> datetime:
    """An instant of April 2026."""
    return datetime(2026, 4, day, hour, tzinfo=UTC)


def answers(*given_answers: Answer) -> pd.DataFrame:
    """A frame of answers (survey, score, when, comment), numbered in the order given."""
    records = [
        {
            "survey_id": survey_id,
            "response_id": f"{number:04}",
            "user_id": None,
            "score": score,
            "comment": comment,
            "timestamp": when,
        }
        for number, (survey_id, score, when, comment) in enumerate(given_answers)
    ]
    table = pa.Table.from_pylist(records, schema=COLUMNS["surveys"])
    return Dataset(Query("surveys", "demo", APRIL, "512"), table, State(), "made-up").frame


def scores(survey_id: str, counts: dict[int, int], day: int = 7) -> list[Answer]:
    """So many answers of each score, on one day."""
    return [(survey_id, score, at(day), None) for score, count in counts.items() for _ in range(count)]


ANSWER = st.tuples(
    st.sampled_from(["512", "7", "b"]),
    st.integers(1, 5),
    st.integers(1, 30).map(at),
    st.sampled_from([None, " ", "Fine"]),
)
ANSWERS = st.lists(ANSWER, max_size=30).map(lambda found: answers(*found))


def test_summary_has_the_figures_of_each_survey() -> None:
    """Mean and favourable share come with n and their intervals, survey by survey."""
    first, second = {1: 18, 4: 12, 5: 30}, {2: 1, 5: 3}
    found = surveys.summary(answers(*scores("512", first), *scores("7", second, day=9)))
    assert list(found.columns) == [
        "survey_id",
        "n",
        *("mean", "mean_low", "mean_high"),
        *("favourable", "favourable_low", "favourable_high"),
        "latest",
    ]
    for row, survey_id, counts in zip(found.itertuples(), ("512", "7"), (first, second), strict=True):
        mean = inference.mean(counts)
        assert (row.survey_id, row.n) == (survey_id, mean.n)
        assert (row.mean, row.mean_low, row.mean_high) == (mean.value, mean.low, mean.high)
    assert found.iloc[0][["favourable", "favourable_low", "favourable_high"]].tolist() == pytest.approx(
        [0.7, 0.575, 0.801], abs=5e-4
    )
    assert found.loc[1, "favourable"] == 0.75
    assert found["latest"].tolist() == [at(7), at(9)]


def test_distribution_has_every_answer() -> None:
    """All five answers are there for every survey, given or not; shares are of that survey's answers."""
    found = surveys.distribution(answers(*scores("b", {5: 2, 4: 1, 1: 1}), *scores("a", {3: 2})))
    assert found["survey_id"].tolist() == ["a"] * 5 + ["b"] * 5
    assert found["score"].tolist() == [1, 2, 3, 4, 5] * 2
    assert found["count"].tolist() == [0, 0, 2, 0, 0, 1, 0, 0, 1, 2]
    assert found["share"].tolist() == [0, 0, 1, 0, 0, 0.25, 0, 0, 0.25, 0.5]


@settings(max_examples=30, deadline=None)
@given(ANSWERS)
def test_shares_sum_to_one(frame: pd.DataFrame) -> None:
    """A survey's shares sum to 1, its counts to its n, and its favourable share is that of 4 and 5."""
    found = surveys.distribution(frame)
    summary = surveys.summary(frame).set_index("survey_id")
    assert set(summary.index) == set(frame["survey_id"])
    for survey_id, rows in found.groupby("survey_id"):
        assert rows["share"].sum() == pytest.approx(1)
        assert rows["count"].sum() == summary.loc[str(survey_id), "n"]
        top = rows.loc[rows["score"] >= 4, "share"].sum()
        assert top == pytest.approx(summary.loc[str(survey_id), "favourable"])


def test_trend_by_week() -> None:
    """Every survey has every week of the window; weeks below five answers have counts and no figures."""
    frame = answers(
        *scores("512", {1: 1, 4: 2, 5: 2}, day=6),
        *scores("512", {5: 4}, day=13),
        *scores("7", {5: 6}, day=30),
    )
    found = surveys.trend(frame, APRIL)
    assert list(found.columns) == ["survey_id", "period", "partial", "n", "mean", "favourable", "low", "high"]
    assert found["survey_id"].tolist() == ["512"] * 5 + ["7"] * 5
    assert list(found["period"]) == list(pd.date_range("2026-03-30", periods=5, freq="7D")) * 2
    assert found["partial"].tolist() == [True, False, False, False, True] * 2
    assert found["n"].tolist() == [0, 5, 4, 0, 0, 0, 0, 0, 0, 6]
    share = inference.wilson(4, 5)
    figures = ["mean", "favourable", "low", "high"]
    assert found.iloc[1][figures].tolist() == pytest.approx([3.8, 0.8, share.low, share.high])
    assert found.iloc[9][["mean", "favourable"]].tolist() == [5, 1]
    assert found.drop(index=[1, 9])[figures].isna().all(axis=None)


def test_trend_by_month() -> None:
    """Months instead of weeks; one with days that were not loaded is partial."""
    window = Window(date(2026, 3, 1), date(2026, 5, 1))
    frame = answers(*scores("512", {5: 6}, day=6), *scores("512", {1: 2}, day=28))
    found = surveys.trend(frame, window, "month", [Window(date(2026, 3, 4), date(2026, 3, 5))])
    assert list(found["period"]) == [pd.Timestamp(2026, 3, 1), pd.Timestamp(2026, 4, 1)]
    assert found["partial"].tolist() == [True, False]
    assert found["n"].tolist() == [0, 8]
    assert found["favourable"].iloc[1] == 0.75


def test_trend_leaves_out_what_is_outside_the_window() -> None:
    """A survey answered only outside the window has all its weeks, with no answers."""
    frame = answers(*scores("512", {5: 9}, day=20))
    found = surveys.trend(frame, Window(date(2026, 4, 6), date(2026, 4, 20)))
    assert found["n"].tolist() == [0, 0]
    assert not found["partial"].any()


def test_comments_can_be_narrowed() -> None:
    """Comments come newest first, by survey, score and plain text in any case."""
    frame = answers(
        ("512", 1, at(3), "Too SLOW (again)"),
        ("512", 5, at(5), "fine"),
        ("7", 1, at(4), "slow."),
        ("7", 2, at(6), None),
        ("7", 2, at(6), "\t"),
    )
    assert surveys.comments(frame)["comment"].tolist() == ["fine", "slow.", "Too SLOW (again)"]
    assert list(surveys.comments(frame).columns) == list(frame.columns)
    assert surveys.comments(frame, survey_ids=["512"])["score"].tolist() == [5, 1]
    assert surveys.comments(frame, scores=[1, 2])["survey_id"].tolist() == ["7", "512"]
    assert surveys.comments(frame, ["7"], [5]).empty
    assert surveys.comments(frame, search="slow (")["survey_id"].tolist() == ["512"]
    assert surveys.comments(frame, search="SLOW")["survey_id"].tolist() == ["7", "512"]


def test_change_is_that_of_the_favourable_share() -> None:
    """48 of 80, then 56 of 70 favourable is the published example of the interval."""
    before, after = answers(*scores("512", {2: 32, 4: 48})), answers(*scores("512", {1: 14, 5: 56}))
    found = surveys.change(after, before)
    assert list(found.columns) == [
        "survey_id",
        *("n_before", "n_after"),
        *("difference", "low", "high", "p", "verdict"),
    ]
    row = found.iloc[0]
    assert (row["survey_id"], row["n_before"], row["n_after"], row["verdict"]) == ("512", 80, 70, "real")
    assert row[["difference", "low", "high"]].tolist() == pytest.approx([0.2, 0.0524, 0.3339], abs=5e-5)
    assert row["p"] == inference.share_change((48, 80), (56, 70)).p


def test_change_of_a_survey_answered_in_one_period_only() -> None:
    """Surveys of either period are listed; without answers in both there is nothing to compare."""
    found = surveys.change(answers(*scores("new", {5: 40})), answers(*scores("old", {5: 40})))
    assert found["survey_id"].tolist() == ["new", "old"]
    assert found["n_before"].tolist() == [0, 40]
    assert found["n_after"].tolist() == [40, 0]
    assert found[["difference", "low", "high", "p"]].isna().all(axis=None)
    assert found["verdict"].tolist() == ["", ""]


def test_without_a_period_before_nothing_has_changed() -> None:
    """Every survey is there, with its answers and no figure."""
    found = surveys.change(answers(*scores("512", {5: 40})), None)
    assert found[["survey_id", "n_before", "n_after"]].to_numpy().tolist() == [["512", 0, 40]]
    assert found[["difference", "low", "high", "p"]].isna().all(axis=None)


def test_change_with_few_answers_says_what_is_lacking() -> None:
    """Below 30 answers there is no verdict."""
    found = surveys.change(answers(*scores("512", {5: 28})), answers(*scores("512", {5: 40})))
    assert found["verdict"].tolist() == ["2 more answers needed"]


@settings(max_examples=20, deadline=None)
@given(ANSWERS, st.integers(0, 100))
def test_the_order_of_rows_changes_nothing(frame: pd.DataFrame, seed: int) -> None:
    """Answers may arrive in any order."""
    mixed = frame.sample(frac=1, random_state=seed)
    for measure in (surveys.summary, surveys.distribution, surveys.comments):
        pd.testing.assert_frame_equal(measure(mixed), measure(frame))
    pd.testing.assert_frame_equal(surveys.trend(mixed, APRIL), surveys.trend(frame, APRIL))
    pd.testing.assert_frame_equal(surveys.change(mixed, mixed), surveys.change(frame, frame))


def test_nothing_answered() -> None:
    """An empty frame gives every function's columns with the types of a full one, and no rows."""
    empty, full = answers(), answers(*scores("512", {5: 6}))
    for measure in (
        surveys.summary,
        surveys.distribution,
        surveys.comments,
        lambda frame: surveys.trend(frame, APRIL),
        lambda frame: surveys.change(frame, frame),
    ):
        assert measure(empty).dtypes.equals(measure(full).dtypes)
        assert measure(empty).empty


def test_one_answer() -> None:
    """One answer has a mean, a share and wide intervals."""
    row = surveys.summary(answers(*scores("512", {5: 1}))).iloc[0]
    assert (row["n"], row["mean"], row["favourable"]) == (1, 5, 1)
    assert row["mean_low"] == 1
    assert row["favourable_low"] < 0.25


def test_everyone_agrees() -> None:
    """When all give the same answer, the intervals still have a width."""
    row = surveys.summary(answers(*scores("512", {1: 60}))).iloc[0]
    assert (row["mean"], row["favourable"], row["mean_low"], row["favourable_low"]) == (1, 0, 1, 0)
    assert row["mean_high"] > 1
    assert row["favourable_high"] > 0
    assert not math.isnan(row["mean_high"])
