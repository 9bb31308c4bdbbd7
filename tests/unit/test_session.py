"""The visitor's state, as far as it is not Streamlit's."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from userlane.contract import Window
from userlane.session import Filters
from userlane.url import periods, queries

TODAY = date(2026, 3, 18)


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("Last 7 days", Window(date(2026, 3, 11), TODAY)),
        ("Last 30 days", Window(date(2026, 2, 16), TODAY)),
        ("Last 90 days", Window(date(2025, 12, 18), TODAY)),
        ("This month", Window(date(2026, 3, 1), TODAY)),
        ("Last month", Window(date(2026, 2, 1), date(2026, 3, 1))),
        ("Year to date", Window(date(2026, 1, 1), TODAY)),
    ],
)
def test_named_periods_hold_whole_days_that_are_over(name: str, window: Window) -> None:
    """Every named period ends with yesterday or with the month it names."""
    assert periods(TODAY)[name] == window


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_there_is_a_period_of_every_name_on_every_day(now: date) -> None:
    """The first of a month and of a year, when nothing of it is over, still give a day to show."""
    assert all(window.days >= 1 and window.start <= now for window in periods(now).values())
    assert all(window.end <= now + timedelta(days=1) for window in periods(now).values())


def test_each_survey_is_a_query_of_its_own_and_the_others_are_one() -> None:
    """The API answers one survey at a time; without a property there is nothing to ask."""
    filters = Filters("demo", periods(TODAY)["Last 7 days"], compare=True, survey_ids=("512", "513"))
    assert [query.survey_id for query in queries(filters, "surveys", "UTC")] == ["512", "513"]
    assert [query.survey_id for query in queries(filters, "nps", "UTC")] == [None]
    assert queries(Filters(None, filters.window, compare=True, survey_ids=()), "nps", "UTC") == ()
