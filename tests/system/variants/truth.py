"""What every API holds, whatever its variant: a little more than April, so that asking for April matters."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from userlane.contract import LETTERS, DatasetName, Window, bucket

PROPERTY_ID, SURVEY_ID, TOKEN = "8mkyx", "512", "made-up-Token-0123456789"
APRIL = Window(date(2026, 4, 1), date(2026, 5, 1))
HELD = Window(date(2026, 3, 28), date(2026, 5, 4))
TAGS_A_DAY = 37  # more than a thousand in four weeks
COMMENTS = (None, "Quick, and it finds what I need.", "Größer – هذا 😕", None, '"quoted", and\nmore')
Row = dict[str, Any]


@cache
def rows(dataset: DatasetName) -> tuple[Row, ...]:
    """All rows, in order of time."""
    days = [HELD.start + timedelta(days=number) for number in range(HELD.days)]
    made = {"heart": _heart, "nps": _responses, "surveys": _responses, "tags": _tags}[dataset]
    return tuple(row for number, day in enumerate(days) for row in made(dataset, number, day))


def expected(dataset: DatasetName) -> list[Row]:
    """Those of April, as an export writes them."""
    return [_exported(row) for row in rows(dataset) if APRIL.start <= day_of(row) < APRIL.end]


def day_of(row: Mapping[str, Any]) -> date:
    """The UTC day a row belongs to."""
    if "timestamp" in row:
        moment: datetime = row["timestamp"]
        return moment.date()
    day: date = row["date"]
    return day


def _heart(_: DatasetName, number: int, day: date) -> list[Row]:
    letters: Row = {
        letter: round(40.0 + (number * 7 + place * 11) % 550 / 10, 1) for place, letter in enumerate(LETTERS)
    }
    if number % 5 == 3:
        letters["happiness"] = None  # not measured
    overall = round(50 + number % 40 / 4, 1)
    counts = {"users": number * 13 % 900, "sessions": number * 31 % 2000}
    return [{"date": day, "overall": overall, **letters, **counts}]


def _responses(dataset: DatasetName, number: int, day: date) -> list[Row]:
    made: list[Row] = []
    for nth in range(4):
        score = (number + nth * 3) % 11 if dataset == "nps" else 1 + (number + nth) % 5
        own: Row = {"bucket": bucket(score)} if dataset == "nps" else {"survey_id": SURVEY_ID}
        made.append(
            {
                "response_id": str(9000 + number * 4 + nth),
                "user_id": f"u-{number * 5 % 17:05d}" if nth else "007",
                "score": score,
                "comment": COMMENTS[(number + nth) % len(COMMENTS)],
                "timestamp": datetime(day.year, day.month, day.day, nth * 5, number, nth, tzinfo=UTC),
                **own,
            }
        )
    return made


def _tags(_: DatasetName, number: int, day: date) -> list[Row]:
    return [
        {
            "date": day,
            "tag_id": str(4700 + nth % 9),
            "tag_name": None,
            "user_id": f"u-{nth // 9:05d}" if nth % 2 else str(10**17 + nth),
            "interactions": 1 + (number + nth) % 6,
        }
        for nth in range(TAGS_A_DAY)
    ]


def _exported(row: Row) -> Row:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
