"""Windows of days, and the questions asked over them."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from userlane.contract import Query, Window, check_id
from userlane.errors import IdentifierUnusable, WindowUnusable

DAY = date(2026, 4, 1)
windows = st.builds(
    lambda start, days: Window(DAY + timedelta(days=start), DAY + timedelta(days=start + days)),
    st.integers(0, 40),
    st.integers(1, 40),
)


def days_of(window: Window) -> set[date]:
    return {window.start + timedelta(days=number) for number in range(window.days)}


@pytest.mark.parametrize("end", [DAY, DAY - timedelta(days=1)])
def test_a_window_without_a_day_is_refused(end: date) -> None:
    with pytest.raises(WindowUnusable):
        Window(DAY, end)


def test_through_includes_its_last_day() -> None:
    window = Window.through(DAY, DAY)
    assert (window.days, window.last) == (1, DAY)


@UNHURRIED
@given(windows)
def test_the_comparison_period_is_as_long_before_and_on_the_same_weekdays(window: Window) -> None:
    before = window.previous()
    assert before.days == window.days
    assert before.end <= window.start
    assert before.start.weekday() == window.start.weekday()
    assert (window.start - before.end).days < 7


@UNHURRIED
@given(windows, st.lists(windows, max_size=5))
def test_without_leaves_exactly_the_days_not_covered(window: Window, covered: list[Window]) -> None:
    left = window.without(covered)
    expected = days_of(window) - {day for each in covered for day in days_of(each)}
    assert set().union(*map(days_of, left)) == expected
    assert sum(each.days for each in left) == len(expected)
    assert all(one.end < other.start for one, other in pairwise(left))


@UNHURRIED
@given(windows, st.integers(1, 50))
def test_split_gives_short_windows_that_join_to_the_whole(window: Window, days: int) -> None:
    parts = window.split(days)
    assert max(part.days for part in parts) <= days
    assert (parts[0].start, parts[-1].end) == (window.start, window.end)
    assert all(one.end == other.start for one, other in pairwise(parts))


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window.through(DAY, DAY), "1 Apr 2026"),
        (Window.through(DAY, date(2026, 4, 30)), "1 Apr – 30 Apr 2026"),
        (Window.through(date(2025, 12, 31), DAY), "31 Dec 2025 – 1 Apr 2026"),
    ],
)
def test_windows_are_written_with_both_days_included(window: Window, words: str) -> None:
    assert window.describe() == words


@pytest.mark.parametrize("text", ["", "a/b", "a b", "..", "x" * 65, "é", "a\n"])
def test_an_id_that_could_change_the_path_is_refused(text: str) -> None:
    if text.strip() == text:
        with pytest.raises(IdentifierUnusable, match="survey ID"):
            check_id(text, "survey ID")
    else:
        assert check_id(text, "survey ID") == text.strip()


def test_surveys_need_a_survey_and_others_do_not() -> None:
    window = Window.through(DAY, DAY)
    with pytest.raises(IdentifierUnusable, match="survey ID"):
        Query("surveys", "demo", window)
    assert Query("nps", "demo", window).survey_id is None


def test_a_days_edges_are_those_of_the_querys_time_zone() -> None:
    summer_begins = Window.through(date(2026, 3, 29), date(2026, 3, 29))
    query = Query("nps", "demo", summer_begins, timezone="Europe/Berlin")
    assert query.start.isoformat() == "2026-03-29T00:00:00+01:00"
    assert query.end.isoformat() == "2026-03-30T00:00:00+02:00"
    assert query.end.astimezone(UTC) - query.start.astimezone(UTC) == timedelta(hours=23)


def test_over_and_previous_change_the_window_alone() -> None:
    query = Query("surveys", "demo", Window.through(DAY, DAY), "512", "Europe/Berlin")
    assert query.previous().over(query.window) == query
    assert query.previous().window.last == datetime(2026, 3, 25, tzinfo=UTC).date()
