"""Rows and their state."""

from datetime import UTC, date, datetime

import pandas as pd
import pyarrow as pa
import pytest

from userlane.contract import COLUMNS, Condition, Dataset, Query, State, Window, band, bucket

WINDOW = Window(date(2026, 4, 1), date(2026, 5, 1))
GAP = Window(date(2026, 4, 3), date(2026, 4, 5))


def dataset(state: State, rows: int = 1) -> Dataset:
    table = (
        COLUMNS["heart"].empty_table() if not rows else pa.Table.from_pylist([{}] * rows, COLUMNS["heart"])
    )
    return Dataset(Query("heart", "demo", WINDOW), table, state, "f")


@pytest.mark.parametrize(
    ("state", "rows", "condition"),
    [
        (State(), 1, "complete"),
        (State(), 0, "empty"),
        (State(stale=True), 0, "stale"),
        (State(reasons=("x",), stale=True), 1, "incomplete"),
        (State(reasons=("x",)), 0, "incomplete"),
        (State(missing=(GAP,)), 1, "incomplete"),
    ],
)
def test_the_condition_is_the_worst_of_the_state(state: State, rows: int, condition: Condition) -> None:
    assert dataset(state, rows).condition == condition


@pytest.mark.parametrize(
    ("state", "causes"),
    [
        (State(), ()),
        (State(missing=(GAP,)), ("Not all days were loaded.",)),
        (State(reasons=("The API failed.",), missing=(GAP,)), ("The API failed.",)),
    ],
)
def test_what_is_incomplete_always_has_a_cause(state: State, causes: tuple[str, ...]) -> None:
    assert state.causes == causes


@pytest.mark.parametrize(
    ("missing", "rows", "absent"),
    [((WINDOW,), 0, True), ((WINDOW,), 1, False), ((GAP,), 0, False), ((), 0, False)],
)
def test_absent_is_what_nothing_could_be_loaded_of(
    missing: tuple[Window, ...], rows: int, *, absent: bool
) -> None:
    assert dataset(State(missing=missing), rows).absent == absent


def test_states_shown_together_are_as_bad_as_the_worst_of_them() -> None:
    early, late = datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 4, 2, tzinfo=UTC)
    one = State(("slow",), (GAP,), late, stale=False, refused={"score missing": 2}, duplicates=1)
    other = State(("slow", "cut"), (GAP,), early, stale=True, refused={"score missing": 1, "x": 1}, outside=4)
    merged = one.merge(other)
    assert merged == State(
        ("slow", "cut"),
        (GAP,),
        early,
        stale=True,
        refused={"score missing": 3, "x": 1},
        duplicates=1,
        outside=4,
    )
    assert (merged.complete, merged.refused_rows) == (False, 4)
    assert State().merge() == State()


def test_a_frame_has_local_days_and_keeps_missing_missing() -> None:
    at = datetime(2026, 4, 1, 23, 30, tzinfo=UTC)
    row = {
        "response_id": "1",
        "user_id": None,
        "score": 9,
        "bucket": "promoter",
        "comment": None,
        "timestamp": at,
    }
    table = pa.Table.from_pylist([row], COLUMNS["nps"])
    frame = Dataset(Query("nps", "demo", WINDOW, None, "Europe/Berlin"), table, State(), "f").frame
    assert frame["day"].tolist() == [pd.Timestamp("2026-04-02")]
    assert frame["user_id"].isna().all()
    assert frame["comment"].isna().all()
    assert frame["timestamp"].tolist() == [pd.Timestamp(at)]


def test_a_frame_of_heart_has_midnights_and_gaps() -> None:
    row = {"date": date(2026, 4, 1), "overall": 71.4, "happiness": None, "users": 3}
    frame = Dataset(
        Query("heart", "demo", WINDOW), pa.Table.from_pylist([row], COLUMNS["heart"]), State(), "f"
    ).frame
    assert frame["date"].tolist() == [pd.Timestamp("2026-04-01")]
    assert frame["happiness"].isna().all()
    assert frame["overall"].tolist() == [71.4]


@pytest.mark.parametrize(
    ("score", "expected"),
    [(0, "detractor"), (6, "detractor"), (7, "passive"), (8, "passive"), (9, "promoter")],
)
def test_buckets_have_the_vendors_borders(score: int, expected: str) -> None:
    assert bucket(score) == expected


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0, "Very low"),
        (20, "Very low"),
        (20.4, "Very low"),
        (21, "Low"),
        (41, "Fair"),
        (61, "High"),
        (80.6, "Excellent"),
        (100, "Excellent"),
    ],
)
def test_bands_have_the_vendors_borders_on_the_rounded_score(score: float, expected: str) -> None:
    assert band(score) == expected
