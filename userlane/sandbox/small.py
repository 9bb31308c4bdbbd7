"""The property `small`: a pilot of six people, with a few records of everything, all in the last 30 days.

The records are in `small.json`: NPS and survey responses as [days ago, user, score, comment], tag records as
[days ago, tag, user, interactions]. NPS has three promoters, two passives and two detractors; p-01 responded
twice.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path

from userlane.contract import DatasetName
from userlane.sandbox.records import (
    Feed,
    Record,
    RecordList,
    Response,
    heart_record,
    nps_record,
    survey_record,
    tag_record,
)

SURVEY = 601
_NPS_ID = 12
_HEART_DAYS = 14

_DATA = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
TAG_NAMES: Mapping[int, str] = dict(_DATA["tag_names"])


def heart(today: date) -> RecordList:
    """Fourteen days; Happiness is there from the first survey response on."""
    days = [today - timedelta(days=ago) for ago in range(_HEART_DAYS, 0, -1)]
    return RecordList(
        days,
        [
            heart_record(
                day,
                {
                    "happiness": None if number < _HEART_DAYS - _DATA["survey"][0][0] else 55.0 + number % 4,
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


def _responses(name: str, first_id: int, write: Callable[[Response], Record], today: date) -> RecordList:
    responses = [
        Response(first_id + number, user_id, score, comment, _instant(today, ago, number))
        for number, (ago, user_id, score, comment) in enumerate(_DATA[name])
    ]
    return RecordList([response.at for response in responses], list(map(write, responses)))


def tags(today: date) -> RecordList:
    """Eleven records of three tags."""
    days = [today - timedelta(days=ago) for ago, *_ in _DATA["tags"]]
    rows = zip(days, _DATA["tags"], strict=True)
    return RecordList(days, [tag_record(day.isoformat(), *values) for day, (_, *values) in rows])


FEEDS: Mapping[DatasetName, Callable[[date], Feed]] = {
    "heart": heart,
    "nps": partial(_responses, "nps", 901, partial(nps_record, _NPS_ID)),
    "surveys": partial(_responses, "survey", 118, partial(survey_record, SURVEY)),
    "tags": tags,
}
"""Dataset → function that makes its feed for a given today."""


def _instant(today: date, ago: int, number: int) -> datetime:
    return datetime.combine(today - timedelta(days=ago), time(8 + number, 7 * number, 33), UTC)
