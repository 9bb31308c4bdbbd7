"""Which periods may be compared."""

from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest

from userlane.contract import COLUMNS, Dataset, Query, State, Window
from userlane.errors import ApiFailed, WindowUnusable
from userlane.ui.loaded import choose_comparison

APRIL = Window(date(2026, 4, 1), date(2026, 5, 1))
NOW = Query("heart", "demo", APRIL)


def heart(query: Query, first: int = 1, last: int = 30, state: State | None = None) -> Dataset:
    """A score a day, from one day of the window to another, counted from 1."""
    days = [query.window.start + timedelta(days=number - 1) for number in range(first, last + 1)]
    rows = [{"date": day, "overall": 70.0} for day in days]
    return Dataset(query, pa.Table.from_pylist(rows, COLUMNS["heart"]), state or State(), f"{first}-{last}")


def test_two_whole_periods_are_compared() -> None:
    before = heart(NOW.previous())
    assert choose_comparison(heart(NOW), before) is before


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [(17, 30, "the first record is of"), (1, 14, "the last record is of"), (1, 0, "holds nothing")],
)
def test_half_a_period_before_is_not_compared_with(first: int, last: int, words: str) -> None:
    why = choose_comparison(heart(NOW), heart(NOW.previous(), first, last))
    assert isinstance(why, WindowUnusable)
    assert words in why.cause


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (17, 30, "In this period, 1 Apr – 30 Apr 2026, the first record is of 17 Apr 2026."),
        (1, 8, "In this period, 1 Apr – 30 Apr 2026, the last record is of 8 Apr 2026."),
    ],
)
def test_half_of_this_period_is_compared_with_nothing(first: int, last: int, words: str) -> None:
    why = choose_comparison(heart(NOW, first, last), heart(NOW.previous()))
    assert isinstance(why, WindowUnusable)
    assert why.cause == words


@pytest.mark.parametrize(("first", "last"), [(16, 30), (1, 15), (1, 30)])
def test_records_up_to_or_from_the_middle_are_enough(first: int, last: int) -> None:
    before = heart(NOW.previous())
    assert choose_comparison(heart(NOW, first, last), before) is before


def test_incomplete_periods_are_compared_with_nothing() -> None:
    partial = State(reasons=("slow",), missing=(APRIL,), fetched_at=datetime(2026, 5, 2))  # noqa: DTZ001
    assert choose_comparison(heart(NOW, state=partial), heart(NOW.previous())) is None
    assert isinstance(choose_comparison(heart(NOW), heart(NOW.previous(), state=partial)), ApiFailed)
    failed = ApiFailed("It failed.")
    assert choose_comparison(heart(NOW), failed) is failed
