"""Windows that are handed out are, together, just what is missing."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED, query
from userlane.contract import Window
from userlane.fetch.plan import MOST_RECORDS, Plan

START = date(2025, 1, 1)
LENGTHS = (28, 14, 7, 4, 2, 1)


def window(first: int, days: int) -> Window:
    return Window(START + timedelta(days=first), START + timedelta(days=first + days))


def apart(lengths: Sequence[tuple[int, int]]) -> list[Window]:
    """Windows of these lengths, each so many days after the one before."""
    found, at = [], 0
    for pause, days in lengths:
        at += pause
        found.append(window(at, days))
        at += days
    return found


def days_in(windows: Sequence[Window]) -> list[date]:
    return [each.start + timedelta(days=number) for each in windows for number in range(each.days)]


gaps = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 120)), min_size=1, max_size=4).map(apart)
a_day = st.none() | st.integers(0, 3 * MOST_RECORDS)


@settings(UNHURRIED, max_examples=150)
@given(missing=gaps, known=a_day, each_day=st.lists(st.integers(0, 60_000), min_size=1), by_day=st.booleans())
def test_whatever_is_put_back_or_learnt_the_windows_that_are_walked_are_the_gaps_each_day_once(
    missing: list[Window], known: float | None, each_day: list[int], *, by_day: bool
) -> None:
    """None that holds too many is walked unless it is a single day, and no record is expected for ever."""

    def records(each: Window) -> int:
        return sum(each_day[(day - START).days % len(each_day)] for day in days_in([each]))

    plan = Plan(query("tags"), missing, known)
    assert plan.days == sum(gap.days for gap in missing)
    walked, handed_out = [], 0
    while (each := plan.next_window()) is not None:
        handed_out += 1
        assert each.days <= 28
        until = each.last if by_day else None
        if plan.too_many(each, records(each), until):
            assert each.days > 1
            plan.put_back(each, records(each), until)
        else:
            assert records(each) <= MOST_RECORDS or each.days == 1
            plan.learn(each, records(each))
            walked.append(each)
    assert days_in(sorted(walked)) == days_in(missing)
    assert handed_out <= len(walked) + 6 * len(missing) + 6
    total = sum(records(each) for each in walked)
    assert plan.expected == round(total / plan.days * plan.days)


@settings(UNHURRIED, max_examples=100)
@given(
    length=st.sampled_from(LENGTHS[1:]),
    ranges=st.lists(st.tuples(st.integers(0, 200), st.integers(1, 150)), min_size=2, max_size=2),
)
def test_short_windows_have_the_same_borders_whatever_range_they_are_of(
    length: int, ranges: list[tuple[int, int]]
) -> None:
    """So two loads of ranges that overlap ask for the same windows but for those their own ends cut."""
    borders = []
    for first, days in ranges:
        plan = Plan(query("tags"), [window(first, days)], MOST_RECORDS / length)
        taken = list(iter(plan.next_window, None))
        assert max(each.days for each in taken) <= length
        borders.append({each for each in taken if each.days == length})
        inside = [each for each in taken if each not in (taken[0], taken[-1])]
        assert {each.days for each in inside} <= {length}
    first, last = (max(each[0] for each in ranges), min(sum(each) for each in ranges))
    common = [window(first, last - first)] if last > first else []
    in_common = [
        {each for each in found if common and common[0].start <= each.start and each.end <= common[0].end}
        for found in borders
    ]
    assert in_common[0] == in_common[1]


@pytest.mark.parametrize("dataset", ["heart", "nps", "surveys"])
def test_what_is_no_tag_use_is_never_cut(dataset: str) -> None:
    plan = Plan(query(dataset), [window(0, 300)], 1e9)  # type: ignore[arg-type]
    assert not plan.too_many(window(0, 300), 10**9)
    assert list(iter(plan.next_window, None)) == [window(0, 300)]


def test_a_single_day_is_never_too_many() -> None:
    plan = Plan(query("tags"), [window(0, 1)])
    assert not plan.too_many(window(0, 1), 10**9)
    assert not plan.too_many(window(0, 1), 10**9, START)


def test_a_window_whose_records_come_day_by_day_is_found_out_early() -> None:
    """One day of 28 that fills a tenth of what a window may hold: far more than twice as much would come."""
    plan = Plan(query("tags"), [window(0, 28)])
    few = MOST_RECORDS // 10
    assert plan.too_many(window(0, 28), few, START)
    assert not plan.too_many(window(0, 28), few, START + timedelta(days=20))
    assert not plan.too_many(window(0, 28), few)


def test_days_that_are_settled_are_fetched_apart_from_those_that_are_not() -> None:
    """The latter are fetched again and again, and the former with them if they were one window."""
    today = date.today()  # noqa: DTZ011 - which of two days it is at midnight is all the same here
    recent = Window(today - timedelta(days=20), today)
    taken = list(iter(Plan(query("tags"), [recent]).next_window, None))
    assert len(taken) == 2
    assert 2 <= taken[1].days <= 4


def test_nothing_missing_is_nothing_to_walk() -> None:
    plan = Plan(query("tags"), ())
    assert plan.next_window() is None
    assert (plan.days, plan.expected) == (0, None)
