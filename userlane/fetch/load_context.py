"""How long a load of tags will take, before it is begun."""

from datetime import timedelta
from threading import Lock

from cachetools import LRUCache

from userlane.contract import Connection, Query, Window
from userlane.fetch.access import AccessPolicy
from userlane.fetch.window_fetcher import WindowFetcher
from userlane.store import FetchedWindow
from userlane.store.windows import UNSETTLED_DAYS

LONG_DAYS = 35
"""A load of tags that has more days than these to fetch may take long."""

_WEEK = 0.8
"""Records of an average day for each record of a Wednesday: offices are empty at weekends."""

_AROUND = timedelta(days=28)
_MOST_DURATIONS = 1_000
_ENOUGH_REQUESTS = 10
"""A load of more requests than these shows how many seconds each of them takes."""


class RequestDurations:
    """Remembers for each token how many seconds a request takes, as its last long load has shown."""

    def __init__(self) -> None:
        self._durations: LRUCache[str, float] = LRUCache(_MOST_DURATIONS)
        self._lock = Lock()

    def learn(self, connection: Connection, fetcher: WindowFetcher) -> None:
        """Remember the duration, now that a load of this token has ended."""
        if fetcher.progress.requests > _ENOUGH_REQUESTS and fetcher.seconds_a_request is not None:
            with self._lock:
                self._durations[connection.scope] = fetcher.seconds_a_request

    def of(self, connection: Connection) -> float | None:
        """Seconds for each request; None if no load has shown it."""
        with self._lock:
            return self._durations.get(connection.scope)


def records_a_day(policy: AccessPolicy, connection: Connection, query: Query) -> float | None:
    """How many tag records a day has, by the stored windows from 28 days before to 28 days after the query's
    window. None for other datasets, and where nothing is stored.
    """
    if query.dataset != "tags":
        return None
    around = Window(query.window.start - _AROUND, query.window.end + _AROUND)
    windows = policy.open_any_age(connection, query.over(around))
    days = sum(fetched.window.days for fetched in windows)
    return sum(fetched.rows.num_rows for fetched in windows) / days if days else None


def sample_day(gap: Window) -> Window:
    """The last settled Wednesday of a gap, which is a day like most; the first day of a gap without one."""
    last = gap.last - timedelta(days=UNSETTLED_DAYS + 1)
    day = max(gap.start, last - timedelta(days=(last.weekday() - 2) % 7))
    return Window.through(day, day)


def average_day(fetched: FetchedWindow) -> float:
    """How many records a day has on average, by what was fetched of the `sample_day`."""
    return _WEEK * fetched.rows.num_rows
