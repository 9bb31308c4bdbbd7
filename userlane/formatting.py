"""Numbers, shares, dates and durations as text: the one place where each is written.

Thousands are set apart by a narrow no-break space, the minus sign is U+2212, and zero never has a sign.
"""

import math
import re
from datetime import UTC, date, datetime

NOTHING = "–"
"""Stands where a value was not measured."""

THOUSANDS = "\u202f"
_MINUS = "\u2212"
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


def format_number(value: float | None, digits: int = 0) -> str:
    """Return a number with `digits` decimals; a dash for None and NaN.

    >>> format_number(-1234.56, 1), format_number(-0.04, 1), format_number(20_000)
    ('−1\u202f234.6', '0.0', '20\u202f000')
    """
    if value is None or math.isnan(value):
        return NOTHING
    rounded = round(value, digits) + 0.0  # adding 0 takes the sign off −0
    return f"{rounded:,.{digits}f}".replace(",", THOUSANDS).replace("-", _MINUS)


def format_signed(value: float, digits: int = 2) -> str:
    """Return a change with its sign; zero has none.

    >>> format_signed(0.344), format_signed(-0.004)
    ('+0.34', '0.00')
    """
    return ("+" if round(value, digits) > 0 else "") + format_number(value, digits)


def format_share(value: float, digits: int = 1) -> str:
    """Return a share of 1 as a percentage; a dash for NaN.

    >>> format_share(0.4567), format_share(0.4567, 0)
    ('45.7 %', '46 %')
    """
    return NOTHING if math.isnan(value) else f"{format_number(100 * value, digits)} %"


def format_count(n: float, thing: str, things: str = "") -> str:
    """Return a count and its noun; `things` is the plural where it is not `thing` with an s.

    >>> format_count(1, "answer"), format_count(20, "answer"), format_count(2, "entry", "entries")
    ('1 answer', '20 answers', '2 entries')
    """
    return f"{format_number(n)} {thing if n == 1 else things or thing + 's'}"


def format_interval(low: str, high: str) -> str:
    """Return the words for a 95 % interval between two numbers that are text already.

    >>> format_interval("13.2", "58.6")
    '95 % sure: 13.2 to 58.6'
    """
    return f"95 % sure: {low} to {high}"


def format_day(day: date) -> str:
    """Return a day, also the day of a moment, as people write it.

    >>> format_day(date(2026, 4, 1))
    '1 Apr 2026'
    """
    return f"{day.day} {day:%b %Y}"


def format_days(first: date, last: date) -> str:
    """Return the days from `first` to `last`, both included; a year that both share is written once.

    >>> format_days(date(2026, 4, 1), date(2026, 4, 30)), format_days(date(2026, 4, 1), date(2026, 4, 1))
    ('1 Apr – 30 Apr 2026', '1 Apr 2026')
    """
    if first == last:
        return format_day(first)
    start = f"{first.day} {first:%b}" if first.year == last.year else format_day(first)
    return f"{start} – {format_day(last)}"


def format_minutes(seconds: float) -> str:
    """Return a duration in whole minutes, at least one.

    >>> format_minutes(20), format_minutes(200)
    ('1 minute', '3 minutes')
    """
    return format_count(max(1, round(seconds / 60)), "minute")


def format_time_left(seconds: float) -> str:
    """Return how long something will still take, no finer than it can be known.

    >>> format_time_left(200), format_time_left(20)
    ('about 3 minutes left', 'less than a minute left')
    """
    return f"about {format_minutes(seconds)} left" if seconds > 50 else "less than a minute left"


def format_age(moment: datetime) -> str:
    """Return how long ago a moment was, in whole minutes, hours or days: “3 h ago”."""
    minutes = max(1, int((datetime.now(UTC) - moment).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days ago"


def isolate(text: str) -> str:
    """Return `text`, set apart if it is written from right to left: numbers beside it keep their place."""
    return f"\u2068{text}\u2069" if _RIGHT_TO_LEFT.search(text) else text
