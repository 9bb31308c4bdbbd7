"""One value: the policy of what is accepted, and in which words the rest is refused.

| value | accepted | refused |
|---|---|---|
| score, interactions | `9`, `9.0`, `"9"` | `9.5`, `true`, `""`, out of range, NaN, Infinity |
| letter score | the same and decimals; null and `""` are missing | counted, and missing |
| users, sessions | as a score; null and `""` are missing | counted, and missing |
| ID | text (trimmed), a whole number of any size | `4711.0`, `true`, objects, more than 1,000 characters |
| time | ISO 8601 with offset or without (UTC), epoch seconds or milliseconds | anything else |
| comment | text, cut with “…” after 10,000 characters; null and blank are missing | counted, and missing |
"""

import math
import re
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from userlane.decode.fields import Field

LONGEST_COMMENT = 10_000
LONGEST_ID = 1_000
MILLISECONDS = 1e11
"""Seconds reach this in the year 5138, milliseconds did in 1973."""

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
_EPOCH = re.compile(r"\d{10}|\d{13}")


class Refused(Exception):  # not an error of the program: it is counted
    """This value cannot be used; `reason` in words that are counted and shown."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def words(name: str) -> str:
    """A field as people call it: `tag_id` is “tag ID”."""
    return name.replace("_id", " ID").replace("_", " ")


def number(value: Any, field: Field) -> float | None:
    """A number within the field's range, or None when there is none. Raises `Refused`."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"{words(field.name)} not a number")
    if not field.lowest <= value <= field.highest:  # NaN is within nothing
        raise Refused(f"{words(field.name)} outside {field.lowest}–{field.highest:,}")
    return value


def whole(value: Any, field: Field) -> int | None:
    """A whole number within the field's range, or None when there is none. Raises `Refused`."""
    found = number(value, field)
    if found is None:
        return None
    if found != math.floor(found):
        raise Refused(f"{words(field.name)} not a whole number")
    return int(found)


def identity(value: Any, name: str) -> str | None:
    """An ID as exact text, or None when there is none; never through float. Raises `Refused`.

    >>> identity(12345678901234567890123, "user_id"), identity(" 007 ", "user_id")
    ('12345678901234567890123', '007')
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Refused(f"{words(name)} neither text nor a whole number")
    text = writable(str(value)).strip()
    if len(text) > LONGEST_ID:
        raise Refused(f"{words(name)} longer than {LONGEST_ID:,} characters")
    return text or None


def comment(value: Any) -> str | None:
    """A comment, or None when there is none. Raises `Refused`."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise Refused("comment not a text")
    if not value or value.isspace():
        return None
    text = writable(value)
    return text if len(text) <= LONGEST_COMMENT else text[:LONGEST_COMMENT] + "…"


def writable(text: str) -> str:
    """Text that every file and column can hold: without NUL and half characters."""
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text


def instant(value: Any, name: str) -> datetime | None:
    """A moment in UTC, or None when there is none. Raises `Refused`.

    >>> instant("2026-04-01T09:12:33+02:00", "timestamp").isoformat()
    '2026-04-01T07:12:33+00:00'
    """
    moment = _moment(value, name)
    return None if moment is None else _in_utc(moment, name)


def day(value: Any, name: str, zone: ZoneInfo) -> date | None:
    """A day, or None when there is none. Raises `Refused`.

    Midnight by its own clock names a day; any other moment falls on the day it has in `zone`.

    >>> day("2026-04-01T00:00:00+00:00", "date", ZoneInfo("America/New_York"))
    datetime.date(2026, 4, 1)
    """
    moment = _moment(value, name)
    if moment is None:
        return None
    if moment.time() == time():
        return moment.date()
    return _in_utc(moment, name).astimezone(zone).date()


def _moment(value: Any, name: str) -> datetime | None:
    if isinstance(value, str):
        value = value.strip()
        if _EPOCH.fullmatch(value):
            value = int(value)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            return _parsed(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) >= MILLISECONDS else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise Refused(f"{words(name)} not a time")


def _parsed(text: str) -> datetime:
    try:
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return datetime.fromisoformat(text)


def _in_utc(moment: datetime, name: str) -> datetime:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise Refused(f"{words(name)} not a time") from None
