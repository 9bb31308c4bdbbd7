"""Everything the sandbox knows on one day: the feed of each API, made when first asked for."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from threading import Lock

from userlane.contract import DatasetName
from userlane.errors import NotFound
from userlane.sandbox import large, small
from userlane.sandbox.catalogue import PROPERTIES, SEED, SURVEYS
from userlane.sandbox.demo import Tenant
from userlane.sandbox.feeds import Feed, Stamped
from userlane.sandbox.records import Record
from userlane.sandbox.timeline import Timeline

_NOTHING = Stamped((), ())


class World:
    """The made-up data as it stands on `today`: complete through yesterday, nothing later.

    The same `today` and `seed` always give the same records; the server and the tests both read them here.
    `large_records` is how many tag records the property `large` has.
    """

    def __init__(self, today: date, seed: int = SEED, large_records: int = large.RECORDS) -> None:
        self.today = today
        self.seed = seed
        self.large_records = large_records
        self._feeds: dict[tuple[str, DatasetName, str | None], Feed] = {}
        self._making = Lock()

    def made(self, property_id: str, dataset: DatasetName, survey_id: str | None = None) -> bool:
        """Whether this feed is at hand, so that asking for it takes no time."""
        return (property_id, dataset, survey_id) in self._feeds

    def feed(self, property_id: str, dataset: DatasetName, survey_id: str | None = None) -> Feed:
        """The feed of one API. Raises `NotFound` for an unknown property or survey."""
        check(property_id, dataset, survey_id)
        key = (property_id, dataset, survey_id if dataset == "surveys" else None)
        if key in self._feeds:
            return self._feeds[key]
        with self._making:
            if key not in self._feeds:
                self._feeds[key] = self._make(*key)
            return self._feeds[key]

    def between(self, feed: Feed, start: datetime, end: datetime) -> range:
        """The numbers of the feed's records in [start, end), as far as they have happened."""
        return feed.between(start, min(end, datetime.combine(self.today, time(), UTC)))

    def records(
        self,
        property_id: str,
        dataset: DatasetName,
        start: datetime,
        end: datetime,
        survey_id: str | None = None,
    ) -> list[Record]:
        """Every record of [start, end), in the order of the pages: what a complete fetch must equal.

        `start` and `end` carry an offset. Raises `NotFound` for an unknown property or survey.
        """
        feed = self.feed(property_id, dataset, survey_id)
        return [dict(record) for record in feed.rows(self.between(feed, start, end))]

    def _make(self, property_id: str, dataset: DatasetName, survey_id: str | None) -> Feed:
        if property_id == "small":
            return small.FEEDS[dataset](self.today)
        if property_id == "empty":
            return _NOTHING
        if property_id == "large":
            return _large(self.seed, self.today, self.large_records).feed(dataset)
        return _demo(self.seed, Timeline.two_years(self.today)).feed(dataset, survey_id)


def check(property_id: str, dataset: DatasetName, survey_id: str | None) -> None:
    """Raise `NotFound` unless the property, and for surveys the survey, exists."""
    if property_id not in PROPERTIES:
        raise NotFound("There is no property with this ID.")
    if dataset == "surveys" and survey_id not in SURVEYS[property_id]:
        raise NotFound("There is no survey with this ID in this property.")


@lru_cache(maxsize=4)
def world(today: date, seed: int = SEED, large_records: int = large.RECORDS) -> World:
    """The world of one day, kept: several sandboxes in a process share it."""
    return World(today, seed, large_records)


@lru_cache(maxsize=2)
def _demo(seed: int, timeline: Timeline) -> Tenant:
    return Tenant(seed, timeline)


@lru_cache(maxsize=2)
def _large(seed: int, today: date, records: int) -> large.Tenant:
    return large.Tenant(seed, today, records)
