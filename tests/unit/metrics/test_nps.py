"""Counting, splitting, following and listing NPS answers, on frames as a dataset gives them."""

import doctest
import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from userlane.contract import BUCKETS, COLUMNS, Dataset, Query, State, Window, bucket
from userlane.inference import nps as estimate_of
from userlane.metrics import nps

Answer = tuple[datetime, int, str | None, str | None]
APRIL = Window(date(2026, 4, 1), date(2026, 5, 1))


def at(day: int, hour: int = 12, month: int = 4) -> datetime:
    """An instant of April 2026."""
    return datetime(2026, month, day, hour, tzinfo=UTC)


def answers(*given_answers: Answer, timezone: str = "UTC") -> pd.DataFrame:
    """A frame of answers (when, score, user, comment), numbered in the order given."""
    records = [
        {
            "response_id": f"{number:04}",
            "user_id": user,
            "score": score,
            "bucket": bucket(score),
            "comment": comment,
            "timestamp": when,
        }
        for number, (when, score, user, comment) in enumerate(given_answers)
    ]
    table = pa.Table.from_pylist(records, schema=COLUMNS["nps"])
    return Dataset(Query("nps", "demo", APRIL, timezone=timezone), table, State(), "made-up").frame


def scores(*values: int, day: int = 6) -> pd.DataFrame:
    """A frame of nameless answers on one day."""
    return answers(*((at(day), score, None, None) for score in values))


ANSWER = st.tuples(
    st.datetimes(datetime(2026, 3, 28), datetime(2026, 5, 3)).map(lambda when: when.replace(tzinfo=UTC)),  # noqa: DTZ001 -- the zone is set just after
    st.integers(0, 10),
    st.sampled_from([None, "ann", "bob", "cid"]),
    st.sampled_from([None, "", "slow", "Quick"]),
)
ANSWERS = st.lists(ANSWER, max_size=25).map(lambda found: answers(*found))


def test_examples_in_the_docstrings_are_true() -> None:
    """Every worked example of the module gives what it says."""
    assert doctest.testmod(nps).failed == 0


def test_counts_and_their_score() -> None:
    """Answers fall into their buckets at 6/7 and 8/9, and the score is that of the counts."""
    found = nps.counts(scores(0, 6, 7, 8, 8, 9, 10, 10, 10))
    assert (found.promoters, found.passives, found.detractors, found.n) == (4, 3, 2, 9)
    assert found.estimate() == estimate_of(4, 3, 2)


def test_split_has_every_bucket_in_order() -> None:
    """Counts and shares of promoters, passives and detractors, also of a bucket nobody is in."""
    found = nps.split(scores(9, 10, 10, 0))
    assert found.to_dict("list") == {
        "bucket": ["promoter", "passive", "detractor"],
        "label": ["Promoters", "Passives", "Detractors"],
        "count": [3, 0, 1],
        "share": [0.75, 0, 0.25],
    }


def test_histogram_has_every_score() -> None:
    """All eleven answers are there with their bucket, given or not."""
    found = nps.histogram(scores(9, 9, 0, 3)).set_index("score")
    assert list(found.index) == list(range(11))
    assert found["count"].tolist() == [1, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0]
    assert found.loc[9, "share"] == 0.5
    assert found["bucket"].tolist() == ["detractor"] * 7 + ["passive"] * 2 + ["promoter"] * 2


@settings(max_examples=40, deadline=None)
@given(ANSWERS)
def test_shares_sum_to_one(frame: pd.DataFrame) -> None:
    """Shares of a split and of a histogram sum to 1, or are all missing without answers."""
    for found in (nps.split(frame), nps.histogram(frame)):
        assert found["count"].sum() == len(frame)
        if len(frame):
            assert found["share"].sum() == pytest.approx(1)
        else:
            assert found["share"].isna().all()


def test_latest_answer_of_each_user() -> None:
    """A user's newer answer replaces the older; answers without a user are all kept."""
    frame = answers(
        (at(20), 3, "ann", None), (at(9), 9, "ann", None), (at(1), 5, None, None), (at(2), 6, None, None)
    )
    assert nps.latest_per_user(frame)["score"].tolist() == [5, 6, 3]


def test_latest_answer_of_each_user_and_period() -> None:
    """By week or month, a user's latest of each is kept."""
    frame = answers(
        (at(6), 1, "ann", None),
        (at(7), 2, "ann", None),
        (at(13), 3, "ann", None),
        (at(4, month=5), 4, "ann", None),
    )
    assert nps.latest_per_user(frame, "week")["score"].tolist() == [2, 3, 4]
    assert nps.latest_per_user(frame, "month")["score"].tolist() == [3, 4]


def test_answers_of_one_instant_are_told_apart_by_their_id() -> None:
    """Of two answers at the same time the higher ID counts as the later, in whatever order they come."""
    frame = answers((at(6), 9, "ann", None), (at(6), 0, "ann", None))
    assert nps.latest_per_user(frame)["score"].tolist() == [0]
    assert nps.latest_per_user(frame[::-1])["score"].tolist() == [0]


def test_trend_by_week() -> None:
    """Every week the window touches is there from its Monday; those cut by the window are partial."""
    frame = answers(
        *((at(6), 10, None, None) for _ in range(4)),
        (at(12), 0, None, None),
        (at(13), 10, None, None),
        (at(1), 7, None, None),
        (at(31, month=3), 7, None, None),
        (at(1, month=5), 7, None, None),
    )
    found = nps.trend(frame, APRIL, "week")
    assert list(found.columns) == [
        "period",
        "partial",
        *("promoters", "passives", "detractors", "n"),
        *("score", "low", "high"),
    ]
    assert list(found["period"]) == list(pd.date_range("2026-03-30", periods=5, freq="7D"))
    assert found["partial"].tolist() == [True, False, False, False, True]
    assert found["n"].tolist() == [1, 5, 1, 0, 0]
    expected = estimate_of(4, 0, 1)
    assert found.iloc[1][["promoters", "passives", "detractors"]].tolist() == [4, 0, 1]
    assert found.iloc[1][["score", "low", "high"]].tolist() == [expected.value, expected.low, expected.high]
    assert found.drop(index=1)[["score", "low", "high"]].isna().all(axis=None)


def test_trend_by_month() -> None:
    """Months begin on the first; a window of whole months has no partial one."""
    window = Window(date(2026, 3, 1), date(2026, 5, 1))
    found = nps.trend(scores(9, 9, 9, 9, 0), window, "month")
    assert list(found["period"]) == [pd.Timestamp(2026, 3, 1), pd.Timestamp(2026, 4, 1)]
    assert not found["partial"].any()
    assert found["score"].fillna(-1).tolist() == [-1, 60]
    cut = nps.trend(scores(9), Window(date(2026, 3, 2), date(2026, 4, 30)), "month")
    assert cut["partial"].tolist() == [True, True]


@pytest.mark.parametrize(
    ("by", "partial"),
    [("week", [True, False, True, True, True]), ("month", [True])],
)
def test_periods_with_days_that_were_not_loaded_are_partial(by: nps.Period, partial: list[bool]) -> None:
    """A week of which three days are missing would else be drawn as one with few answers."""
    gap = Window(date(2026, 4, 18), date(2026, 4, 21))
    assert nps.trend(scores(9), APRIL, by, [gap])["partial"].tolist() == partial


def test_trend_counts_days_of_the_query_zone() -> None:
    """An answer late on Sunday in UTC is on Monday in Berlin, and in Monday's week."""
    late: Answer = (at(5, 23), 9, None, None)
    assert nps.trend(answers(late), APRIL, "week")["n"].tolist() == [1, 0, 0, 0, 0]
    assert nps.trend(answers(late, timezone="Europe/Berlin"), APRIL, "week")["n"].tolist() == [0, 1, 0, 0, 0]


@settings(max_examples=40, deadline=None)
@given(ANSWERS, st.sampled_from(["week", "month"]), st.integers(1, 40))
def test_trend_counts_every_answer_of_the_window_once(frame: pd.DataFrame, by: nps.Period, days: int) -> None:
    """The periods' answers are those of the window; a score is shown exactly from five on."""
    window = Window(APRIL.start, APRIL.start + timedelta(days=days))
    found = nps.trend(frame, window, by)
    inside = frame[(frame["day"] >= str(window.start)) & (frame["day"] < str(window.end))]
    assert found["n"].sum() == len(inside)
    assert (found["n"] == found[["promoters", "passives", "detractors"]].sum(axis=1)).all()
    assert (found["score"].notna() == (found["n"] >= 5)).all()
    assert found["period"].is_monotonic_increasing


COMMENTED = (
    (at(3), 9, "ann", "Love it"),
    (at(4), 2, "bob", "Too SLOW (again)"),
    (at(5), 7, "cid", None),
    (at(6), 3, None, "slow. very slow"),
    (at(7), 3, None, "  \n"),
)


def test_comments_are_those_that_say_something_newest_first() -> None:
    """Answers without a comment, or with white space only, are left out; the columns are the frame's."""
    frame = answers(*COMMENTED)
    found = nps.comments(frame)
    assert found["comment"].tolist() == ["slow. very slow", "Too SLOW (again)", "Love it"]
    assert list(found.columns) == list(frame.columns)
    assert list(found.index) == [0, 1, 2]


@pytest.mark.parametrize(
    ("search", "found"),
    [("slow", [3, 2]), (" SLOW (", [2]), (".", [3]), ("", [3, 2, 9]), ("[", []), ("quick", [])],
)
def test_search_is_plain_text_in_any_case(search: str, found: Sequence[int]) -> None:
    """What is searched for is letters, not a pattern, and case does not matter."""
    assert nps.comments(answers(*COMMENTED), search=search)["score"].tolist() == found


def test_search_knows_other_scripts() -> None:
    """Case does not matter beyond English either."""
    frame = answers((at(1), 1, None, "GROSSE ÄNDERUNG"), (at(2), 2, None, "große änderung"))
    assert len(nps.comments(frame, search="Große Änderung")) == 2


def test_comments_by_bucket_and_score() -> None:
    """Buckets and score narrow the comments, together too."""
    frame = answers(*COMMENTED)
    assert nps.comments(frame, ["promoter"])["score"].tolist() == [9]
    assert nps.comments(frame, ["detractor", "passive"])["score"].tolist() == [3, 2]
    assert nps.comments(frame, score=2)["score"].tolist() == [2]
    assert nps.comments(frame, ["promoter"], score=2).empty


USERS = (
    (at(1), 9, "twice", "first"),
    (at(2), 10, "twice", None),
    (at(9), 9, "newest", None),
    (at(8), 10, "older", "  "),
    (at(3), 2, "converted", "bad"),
    (at(5), 9, "converted", "good"),
    (at(4), 9, "lost", "was good"),
    (at(6), 0, "lost", None),
    (at(7), 6, "low", "hm"),
    (at(9), 7, "calm", None),
    (at(9), 0, None, "nobody knows me"),
    (at(9), 10, None, "nobody knows me"),
)


def test_champions() -> None:
    """Users whose latest answer is 9 or 10, repeat promoters first, then the latest; nobody without an ID."""
    found = nps.champions(answers(*USERS))
    columns = ["user_id", "promoter_answers", "answers", "latest_score", "latest", "comment"]
    assert list(found.columns) == columns
    assert found["user_id"].tolist() == ["twice", "newest", "older", "converted"]
    assert found["promoter_answers"].tolist() == [2, 1, 1, 1]
    assert found["answers"].tolist() == [2, 1, 1, 2]
    assert found["latest_score"].tolist() == [10, 9, 10, 9]
    assert found["latest"].tolist() == [at(2), at(9), at(8), at(5)]
    assert found["comment"].fillna("missing").tolist() == ["first", "missing", "missing", "good"]


def test_users_at_risk() -> None:
    """Users whose latest answer is 6 or less, latest first, with the score before it if there was one."""
    found = nps.at_risk(answers(*USERS))
    columns = ["user_id", "latest_score", "answers", "latest", "previous_score", "comment"]
    assert list(found.columns) == columns
    assert found["user_id"].tolist() == ["low", "lost"]
    assert found["latest_score"].tolist() == [6, 0]
    assert found["previous_score"].fillna(-1).tolist() == [-1, 9]
    assert found["answers"].tolist() == [1, 2]
    assert found["comment"].tolist() == ["hm", "was good"]


@settings(max_examples=30, deadline=None)
@given(ANSWERS)
def test_no_user_is_champion_and_at_risk(frame: pd.DataFrame) -> None:
    """The lists are the users behind the promoters and detractors of the latest answers, each once."""
    latest = nps.latest_per_user(frame).dropna(subset="user_id")
    for listed, name in ((nps.champions(frame), "promoter"), (nps.at_risk(frame), "detractor")):
        assert sorted(listed["user_id"]) == sorted(latest.loc[latest["bucket"] == name, "user_id"])


@settings(max_examples=20, deadline=None)
@given(ANSWERS, st.integers(0, 100))
def test_the_order_of_rows_changes_nothing(frame: pd.DataFrame, seed: int) -> None:
    """Answers may arrive in any order."""
    mixed = frame.sample(frac=1, random_state=seed)
    for measure in (nps.latest_per_user, nps.split, nps.histogram, nps.comments, nps.champions, nps.at_risk):
        pd.testing.assert_frame_equal(measure(mixed), measure(frame))
    pd.testing.assert_frame_equal(nps.trend(mixed, APRIL, "week"), nps.trend(frame, APRIL, "week"))


def test_nothing_answered() -> None:
    """An empty frame gives every function's columns with the types of a full one, and no score."""
    empty, full = answers(), answers(*USERS)
    for measure in (nps.latest_per_user, nps.split, nps.histogram, nps.comments, nps.champions, nps.at_risk):
        assert measure(empty).dtypes.equals(measure(full).dtypes)
    weeks = nps.trend(empty, APRIL, "week")
    assert weeks.dtypes.equals(nps.trend(full, APRIL, "week").dtypes)
    assert weeks["n"].tolist() == [0] * 5
    assert nps.counts(empty) == (0, 0, 0)
    assert math.isnan(nps.counts(empty).estimate().value)


def test_one_answer() -> None:
    """One answer is counted everywhere and has no score in a trend."""
    frame = answers((at(15), 9, "ann", "fine"))
    assert nps.split(frame)["share"].tolist() == [1, 0, 0]
    assert nps.champions(frame)["user_id"].tolist() == ["ann"]
    assert nps.trend(frame, APRIL, "month")[["n", "score"]].fillna(-1).to_numpy().tolist() == [[1, -1]]


@pytest.mark.parametrize(("score", "name"), [(10, "promoter"), (8, "passive"), (0, "detractor")])
def test_everyone_in_one_bucket(score: int, name: str) -> None:
    """When all say the same, one share is 1, and the score keeps an interval with a width."""
    frame = scores(*[score] * 40)
    assert nps.split(frame).set_index("bucket")["share"].to_dict() == {
        other: float(other == name) for other in BUCKETS
    }
    estimate = nps.counts(frame).estimate()
    assert estimate.high > estimate.low
