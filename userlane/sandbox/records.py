"""The records of each API in the field names of the assumed contract, and the feeds that hold them.

A feed is what one API has: its records in order of time, found by window and read by number.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple, Protocol

from userlane.contract import LETTERS, Letter

Record = dict[str, Any]


class Feed(Protocol):
    """Numbered records. A feed never changes, so the server can cache its pages."""

    def __hash__(self) -> int:
        """Feeds are hashed by identity."""

    def find(self, start: datetime, end: datetime) -> range:
        """Return the numbers of the records from `start` up to but not including `end`."""

    def read(self, numbers: range) -> list[Record]:
        """Return the records with these numbers."""


@dataclass(frozen=True, eq=False)
class RecordList:
    """A feed of records held in memory, in order of their `moments`: instants, or days."""

    moments: Sequence[Any]
    records: Sequence[Record]

    def find(self, start: datetime, end: datetime) -> range:
        """Return the numbers of the records from `start` up to but not including `end`."""
        by_day = self.moments and not isinstance(self.moments[0], datetime)
        first, last = (first_day(start), first_day(end)) if by_day else (start, end)
        return range(bisect_left(self.moments, first), bisect_left(self.moments, last))

    def read(self, numbers: range) -> list[Record]:
        """Return the records with these numbers."""
        return list(self.records[numbers.start : numbers.stop])


def first_day(moment: datetime) -> date:
    """Return the first day that begins at or after `moment`, in the offset of `moment`.

    A record of a day has no time zone, so a window of whole days has the same days in any zone.

    >>> first_day(datetime.fromisoformat("2026-04-01T00:00:00+02:00"))
    datetime.date(2026, 4, 1)
    """
    return moment.date() if moment.time() == time() else moment.date() + timedelta(days=1)


def find_days(first: date, starts: Sequence[int], start: datetime, end: datetime) -> range:
    """Return the numbers of the records of whole days from `start` up to but not including `end`.

    `starts` has, for each day from `first` on and for the day after the last, the number of its first record.
    """
    last = len(starts) - 1
    low, high = (min(max((first_day(moment) - first).days, 0), last) for moment in (start, end))
    return range(starts[low], starts[high])


def heart_record(day: date, letters: Mapping[Letter, float | None], users: int, sessions: int) -> Record:
    """Make the HEART record of a day; the overall score is the mean of the letters present, to one decimal.

    >>> heart_record(date(2026, 4, 1), {"engagement": 60.0, "adoption": 70.04}, 9, 12)["heart"]
    65.0
    """
    scores = {letter: letters.get(letter) for letter in LETTERS}
    rounded = {letter: None if score is None else round(score, 1) for letter, score in scores.items()}
    present = [score for score in rounded.values() if score is not None]
    return {
        "date": day.isoformat(),
        "heart": round(sum(present) / len(present), 1) if present else None,
        **{"taskSuccess" if letter == "task_success" else letter: rounded[letter] for letter in LETTERS},
        "users": users,
        "sessions": sessions,
    }


class Response(NamedTuple):
    """One response to NPS or to a survey."""

    number: int
    user_id: str | None
    score: int
    comment: str | None
    at: datetime


def response_record(key: str, value: int, response: Response) -> Record:
    """Make a record of NPS (`npsId`, scores 0–10) or of a survey (`surveyId`, scores 1–5)."""
    return {
        "id": response.number,
        key: value,
        "userId": response.user_id,
        "score": response.score,
        "comment": response.comment,
        "timestamp": response.at.isoformat(timespec="seconds"),
    }


def tag_record(day: str, tag_id: int, user_id: str, interactions: int) -> Record:
    """Make the record of one user's interactions with one tag on one day."""
    return {"date": day, "tagId": tag_id, "userId": user_id, "interactions": interactions}
