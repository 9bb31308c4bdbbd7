"""Parses single values: what is accepted, and the reasons with which other values are rejected.

| value | accepted | rejected |
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
from userlane.formatting import format_number

LONGEST_COMMENT = 10_000
LONGEST_ID = 1_000
MILLISECONDS = 1e11
"""Seconds reach this in the year 5138, milliseconds did in 1973."""

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?")
_EPOCH = re.compile(r"\d{10}|\d{13}")


class Rejected(Exception):  # not an error of the program: rejections are counted
    """A value cannot be used; the text is the reason that is shown to the user."""


def describe_field(name: str) -> str:
    """Return the name of a field as the user reads it: `tag_id` becomes “tag ID”."""
    return name.replace("_id", " ID").replace("_", " ")


def parse_value(value: Any, field: Field, zone: ZoneInfo) -> Any:
    """Parse the value of a field by its kind; None for a missing one. Raises `Rejected`."""
    match field.kind:
        case "day":
            return parse_day(value, field.name, zone)
        case "instant":
            return parse_instant(value, field.name)
        case "identity":
            return parse_id(value, field.name)
        case "text":
            return parse_comment(value)
        case "share":
            return parse_number(value, field)
        case _:
            return parse_integer(value, field)


def parse_number(value: Any, field: Field) -> float | None:
    """Parse a number within the field's range; None for null and blank text. Raises `Rejected`."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Rejected(f"{describe_field(field.name)} not a number")
    if not field.lowest <= value <= field.highest:  # NaN is within nothing
        raise Rejected(f"{describe_field(field.name)} outside {field.lowest}–{format_number(field.highest)}")
    return value


def parse_integer(value: Any, field: Field) -> int | None:
    """Parse a whole number within the field's range; None for null and blank text. Raises `Rejected`."""
    found = parse_number(value, field)
    if found is None:
        return None
    if found != math.floor(found):
        raise Rejected(f"{describe_field(field.name)} not a whole number")
    return int(found)


def parse_id(value: Any, name: str) -> str | None:
    """Parse an ID to its exact text (never through float); None for null and blank text. Raises `Rejected`.

    >>> parse_id(12345678901234567890123, "user_id"), parse_id(" 007 ", "user_id")
    ('12345678901234567890123', '007')
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Rejected(f"{describe_field(name)} neither text nor a whole number")
    text = clean_text(str(value)).strip()
    if len(text) > LONGEST_ID:
        raise Rejected(f"{describe_field(name)} longer than {format_number(LONGEST_ID)} characters")
    return text or None


def parse_comment(value: Any) -> str | None:
    """Parse a comment, cut to 10,000 characters; None for null and blank text. Raises `Rejected`."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise Rejected("comment not a text")
    if not value or value.isspace():
        return None
    text = clean_text(value)
    return text if len(text) <= LONGEST_COMMENT else text[:LONGEST_COMMENT] + "…"


def clean_text(text: str) -> str:
    """Remove what not every file and column can hold: NUL and unpaired surrogates."""
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text


def parse_instant(value: Any, name: str) -> datetime | None:
    """Parse an instant to UTC; None for null and blank text. Raises `Rejected`.

    >>> parse_instant("2026-04-01T09:12:33+02:00", "timestamp").isoformat()
    '2026-04-01T07:12:33+00:00'
    """
    moment = _parse_moment(value, name)
    return None if moment is None else _to_utc(moment, name)


def parse_day(value: Any, name: str, zone: ZoneInfo) -> date | None:
    """Parse a day; None for null and blank text. Raises `Rejected`.

    An instant that is midnight in its own offset is that day; any other instant is its day in `zone`.

    >>> parse_day("2026-04-01T00:00:00+00:00", "date", ZoneInfo("America/New_York"))
    datetime.date(2026, 4, 1)
    """
    moment = _parse_moment(value, name)
    if moment is None:
        return None
    if moment.time() == time():
        return moment.date()
    return _to_utc(moment, name).astimezone(zone).date()


def _parse_moment(value: Any, name: str) -> datetime | None:
    if isinstance(value, str):
        value = value.strip()
        if _EPOCH.fullmatch(value):
            value = int(value)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            return _parse(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) >= MILLISECONDS else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise Rejected(f"{describe_field(name)} not a time")


def _parse(text: str) -> datetime:
    try:
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return datetime.fromisoformat(text)


def _to_utc(moment: datetime, name: str) -> datetime:
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise Rejected(f"{describe_field(name)} not a time") from None
