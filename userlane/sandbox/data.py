"""The properties, surveys and tokens of the sandbox, and its made-up records. All of it is public."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from userlane.contract import DATASETS, DatasetName
from userlane.errors import NotFound
from userlane.sandbox import large
from userlane.sandbox.demo.property import DemoProperty
from userlane.sandbox.records import Feed, Record, RecordList
from userlane.sandbox.timeline import SEED, Timeline

PROPERTIES: Mapping[str, str] = {
    "demo": "Demo: Intranet",
    "small": "Small: Pilot team",
    "empty": "Empty: Nothing recorded yet",
    "large": "Large: Service desk, 10 million tag records",
}
"""Property ID → name."""

SURVEYS: Mapping[str, Mapping[str, str]] = {
    "demo": {
        "512": "Onboarding tour: was it helpful?",
        "513": "Reporting: do you find what you need?",
        "514": "New home page: how do you like it?",
    },
    "small": {"601": "Pilot: is it useful to you?"},
    "empty": {"701": "Help centre: did it answer your question?"},
    "large": {"801": "Ticket form: how easy was it?"},
}
"""Property ID → survey ID → name."""

TOKEN = "sandbox-token-sees-everything"  # noqa: S105  # opens made-up data only
"""Reads every API of every property."""

LIMITED_TOKEN = "sandbox-token-heart-and-nps-only"  # noqa: S105  # likewise
"""Has no right to surveys and tags (403), in every property."""

SMALL_TOKEN = "sandbox-token-small-property-only"  # noqa: S105  # likewise
"""Reads the property `small` only; the others respond with 403."""

_EMPTY = RecordList((), ())
_SMALL = json.loads(Path(__file__).with_name("small.json").read_text(encoding="utf-8"))

SMALL_TAGS: Mapping[int, str] = dict(_SMALL["tag_names"])
"""Tag ID → name of the property `small`."""

RIGHTS: Mapping[str, tuple[Collection[str], Collection[DatasetName]]] = {
    TOKEN: (PROPERTIES, DATASETS),
    LIMITED_TOKEN: (PROPERTIES, ("heart", "nps")),
    SMALL_TOKEN: (("small",), DATASETS),
}
"""Token → the properties and datasets that it may read."""


class SampleData:
    """The made-up data as it is on `today`: complete through yesterday, nothing later.

    The same `today` and `seed` always give the same records. `large_records` is the number of tag records of
    the property `large`. Each feed is made on first access.
    """

    def __init__(self, today: date, seed: int = SEED, large_records: int = large.RECORDS) -> None:
        self.today = today
        self.seed = seed
        self.large_records = large_records
        self._feeds: dict[tuple[str, DatasetName, str | None], Feed] = {}
        self._making = Lock()

    def has_feed(self, property_id: str, dataset: DatasetName, survey_id: str | None = None) -> bool:
        """Whether this feed is already made, so that `feed` returns at once."""
        return (property_id, dataset, survey_id) in self._feeds

    def feed(self, property_id: str, dataset: DatasetName, survey_id: str | None = None) -> Feed:
        """The feed of one API. Raises `NotFound` for an unknown property or survey."""
        check_exists(property_id, dataset, survey_id)
        key = (property_id, dataset, survey_id if dataset == "surveys" else None)
        if key in self._feeds:
            return self._feeds[key]
        with self._making:
            if key not in self._feeds:
                self._feeds[key] = self._make_feed(*key)
            return self._feeds[key]

    def find(self, feed: Feed, start: datetime, end: datetime) -> range:
        """Return the numbers of the feed's records in [start, end), up to the end of yesterday."""
        return feed.find(start, min(end, datetime.combine(self.today, time(), UTC)))

    def records(
        self,
        property_id: str,
        dataset: DatasetName,
        start: datetime,
        end: datetime,
        survey_id: str | None = None,
    ) -> list[Record]:
        """All records of [start, end) in the order of the pages, equal to those of a complete fetch.

        `start` and `end` have an offset. Raises `NotFound` for an unknown property or survey.
        """
        feed = self.feed(property_id, dataset, survey_id)
        return [dict(record) for record in feed.read(self.find(feed, start, end))]

    def _make_feed(self, property_id: str, dataset: DatasetName, survey_id: str | None) -> Feed:
        if property_id == "small":
            return _make_small_feed(dataset, self.today)
        if property_id == "empty":
            return _EMPTY
        if property_id == "large":
            return _large(self.seed, self.today, self.large_records).feed(dataset)
        return _demo(self.seed, Timeline.two_years(self.today)).feed(dataset, survey_id)


def check_exists(property_id: str, dataset: DatasetName, survey_id: str | None) -> None:
    """Raise `NotFound` unless the property, and for surveys the survey, exists."""
    if property_id not in PROPERTIES:
        raise NotFound("There is no property with this ID.")
    if dataset == "surveys" and survey_id not in SURVEYS[property_id]:
        raise NotFound("There is no survey with this ID in this property.")


def _make_small_feed(dataset: DatasetName, today: date) -> RecordList:
    """Make a feed of the pilot of six people, all of it in the 30 days before `today`.

    The records are in `small.json` as [days ago, time of the day or null, record], with null for the date or
    the timestamp of the record. NPS has three promoters, two passives and two detractors; p-01 responded
    twice. Happiness is there from the first survey response on.
    """
    moments: list[Any] = []
    records = []
    for ago, clock, record in _SMALL[dataset]:
        day = today - timedelta(days=ago)
        if clock is None:
            moments.append(day)
            records.append({**record, "date": day.isoformat()})
        else:
            at = datetime.combine(day, time.fromisoformat(clock), UTC)
            moments.append(at)
            records.append({**record, "timestamp": at.isoformat(timespec="seconds")})
    return RecordList(moments, records)


# Cached, since several sandboxes of one process share the data.
sample_data = lru_cache(maxsize=4)(SampleData)
_demo = lru_cache(maxsize=2)(DemoProperty)
_large = lru_cache(maxsize=2)(large.LargeProperty)
