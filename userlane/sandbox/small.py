"""The property `small`: a pilot of a handful of people, a few rows of everything, all in the last 30 days."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from userlane.contract import DatasetName
from userlane.sandbox import records
from userlane.sandbox.feeds import Daily, Feed, Stamped

SURVEY = 601
_NPS_ID = 12
_HEART_DAYS = 14

_NPS: tuple[tuple[int, str, int, str | None], ...] = (
    (27, "p-01", 6, "Not sure yet what it is for."),
    (22, "p-02", 9, "Saved me a call to the help desk."),
    (19, "p-03", 8, None),
    (12, "p-04", 10, "=1+1 reasons to like it 😊"),
    (9, "p-05", 3, "Läuft auf meinem Rechner nicht."),
    (5, "p-01", 7, "Better since the second tour."),
    (2, "p-06", 9, None),
)
"""Days ago, user, score, comment: three promoters, two passives, two detractors; p-01 answered twice."""

_ANSWERS: tuple[tuple[int, str, int, str | None], ...] = (
    (11, "p-02", 5, "Very."),
    (10, "p-03", 4, None),
    (10, "p-05", 1, "No."),
    (6, "p-01", 3, None),
    (3, "p-06", 4, "Mostly <i>yes</i>"),
)

_TAGS: tuple[tuple[int, int, str, int], ...] = (
    (13, 31, "p-01", 2),
    (13, 32, "p-02", 1),
    (12, 31, "p-04", 5),
    (8, 31, "p-02", 1),
    (8, 33, "p-04", 1),
    (7, 31, "p-01", 1),
    (7, 32, "p-01", 3),
    (5, 31, "p-06", 2),
    (2, 31, "p-04", 7),
    (1, 31, "p-02", 1),
    (1, 32, "p-04", 2),
)

TAG_NAMES: dict[int, str] = {31: "Pilot: Open checklist", 32: "Pilot: Tick off a task", 33: "Pilot: Undo"}


def heart(today: date) -> Daily:
    """Fourteen days; Happiness is there from the first survey answer on."""
    days = [today - timedelta(days=ago) for ago in range(_HEART_DAYS, 0, -1)]
    return Daily(
        days,
        [
            records.heart(
                day,
                {
                    "happiness": None if number < _HEART_DAYS - _ANSWERS[0][0] else 55.0 + number % 4,
                    "engagement": 60.5 + number % 5 * 1.3,
                    "adoption": 31.0 + number * 0.7,
                    "retention": 70.0 - number % 3,
                    "task_success": 66.6 + number % 4 * 2.1,
                },
                2 + number % 3,
                3 + number % 4,
            )
            for number, day in enumerate(days)
        ],
    )


def nps(today: date) -> Stamped:
    """Seven answers."""
    instants = [_instant(today, ago, number) for number, (ago, *_) in enumerate(_NPS)]
    return Stamped(
        instants,
        [
            records.nps(_NPS_ID, records.Answer(901 + number, user_id, score, comment, instants[number]))
            for number, (_, user_id, score, comment) in enumerate(_NPS)
        ],
    )


def survey(today: date) -> Stamped:
    """Five answers."""
    instants = [_instant(today, ago, number) for number, (ago, *_) in enumerate(_ANSWERS)]
    return Stamped(
        instants,
        [
            records.survey(SURVEY, records.Answer(118 + number, user_id, score, comment, instants[number]))
            for number, (_, user_id, score, comment) in enumerate(_ANSWERS)
        ],
    )


def tags(today: date) -> Daily:
    """Eleven records of three tags."""
    days = [today - timedelta(days=ago) for ago, *_ in _TAGS]
    return Daily(
        days,
        [
            records.tag(day.isoformat(), tag_id, user_id, interactions)
            for day, (_, tag_id, user_id, interactions) in zip(days, _TAGS, strict=True)
        ],
    )


FEEDS: Mapping[DatasetName, Callable[[date], Feed]] = {
    "heart": heart,
    "nps": nps,
    "surveys": survey,
    "tags": tags,
}
"""How each feed is made, given today."""


def _instant(today: date, ago: int, number: int) -> datetime:
    return datetime.combine(today - timedelta(days=ago), time(8 + number, 7 * number, 33), UTC)
