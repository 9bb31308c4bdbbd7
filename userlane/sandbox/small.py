"""The property `small`: a pilot of six people, with a few records of everything, all in the last 30 days.

The records are in `small.json` as [days ago, time of the day or null, record], with null for the date or the
timestamp of the record. NPS has three promoters, two passives and two detractors; p-01 responded twice.
Happiness is there from the first survey response on.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from userlane.contract import DatasetName
from userlane.sandbox.records import RecordList

_DATA = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
TAG_NAMES: Mapping[int, str] = dict(_DATA["tag_names"])


def make_feed(dataset: DatasetName, today: date) -> RecordList:
    """Make the feed of one API, with its days counted back from `today`."""
    moments: list[Any] = []
    records = []
    for ago, clock, record in _DATA[dataset]:
        day = today - timedelta(days=ago)
        if clock is None:
            moments.append(day)
            records.append({**record, "date": day.isoformat()})
        else:
            at = datetime.combine(day, time.fromisoformat(clock), UTC)
            moments.append(at)
            records.append({**record, "timestamp": at.isoformat(timespec="seconds")})
    return RecordList(moments, records)
