"""Numbers, shares, dates and durations as text."""

import doctest
import math
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from userlane import formatting
from userlane.formatting import (
    format_age,
    format_count,
    format_days,
    format_interval,
    format_number,
    format_share,
    format_signed,
)


def test_examples_hold() -> None:
    """What the docstrings show is what comes out."""
    result = doctest.testmod(formatting)
    assert result.attempted
    assert not result.failed


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (1234.56, 1, "1\u202f234.6"),
        (-1234.56, 1, "−1\u202f234.6"),
        (-3.04, 1, "−3.0"),
        (-0.04, 1, "0.0"),
        (-0.4, 0, "0"),
        (math.nan, 1, "–"),
        (None, 1, "–"),
        (0, 0, "0"),
        (1e6, 0, "1\u202f000\u202f000"),
    ],
)
def test_numbers_are_written_one_way(value: float | None, digits: int, written: str) -> None:
    """Thousands are set apart, minus is a minus, nothing is a dash, and −0 is 0."""
    assert format_number(value, digits) == written


@given(st.floats(-1e9, 1e9), st.integers(0, 3))
def test_no_number_is_minus_zero_or_has_a_hyphen(value: float, digits: int) -> None:
    """What is written reads back as the rounded number, and has a minus only where that is below zero."""
    for written in (format_number(value, digits), format_signed(value, digits)):
        assert "-" not in written
        read = float(written.replace("\u202f", "").replace("−", "-"))
        assert read == round(value, digits)
        assert written.startswith("−") == (read < 0)


def test_shares_changes_and_counts_are_written_like_numbers() -> None:
    assert format_share(math.nan) == "–"
    assert format_share(1) == "100.0 %"
    assert format_share(-0.0004, 0) == "0 %"
    assert format_signed(-0.004) == "0.00"
    assert format_signed(-1.5) == "−1.50"
    assert format_count(1234, "answer") == "1\u202f234 answers"


def test_an_interval_never_begins_at_minus_zero() -> None:
    """59 promoters, 20 passives and 40 detractors: the lower bound is −0.04."""
    assert format_interval(format_number(-0.04), format_number(30.6)) == "95 % sure: 0 to 31"


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 800))
def test_days_name_both_ends_and_a_shared_year_once(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    written = format_days(first, last)
    assert written.endswith(f"{last:%b} {last.year}")
    assert written.count(str(first.year)) == 1
    assert written.count("–") == (days > 0)


@pytest.mark.parametrize(
    ("ago", "written"),
    [
        (timedelta(seconds=5), "1 min ago"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(minutes=61), "1 h ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_an_age_is_in_whole_minutes_hours_or_days(ago: timedelta, written: str) -> None:
    assert format_age(datetime.now(UTC) - ago) == written
