"""How long a load of tags will take, before it is begun."""

from datetime import timedelta
from threading import Lock

from userlane.contract import Connection, Query, Window
from userlane.fetch.access import AccessPolicy
from userlane.fetch.window_fetcher import WindowFetcher
from userlane.store import FetchedWindow
from userlane.store.windows import UNSETTLED_DAYS

LONG_DAYS = 35
"""Days to be fetched, from which on a load of tags may take long."""

_WEEK = 0.8
"""What a day has on average, for each record that a Wednesday has: offices are empty at weekends."""

_AROUND = timedelta(days=28)
_MOST_PACES = 1_000
_TELLING = 10
"""Requests, from which on a load tells how many seconds each of them takes."""


class RequestDurations:
    """How many seconds a request takes each token, as its last load of some length has shown."""

    def __init__(self) -> None:
        self._paces: dict[str, float] = {}
        self._lock = Lock()

    def learn(self, connection: Connection, fetcher: WindowFetcher) -> None:
        """A load of this token has ended."""
        if fetcher.progress.requests > _TELLING and fetcher.pace is not None:
            with self._lock:
                if len(self._paces) > _MOST_PACES:
                    self._paces.clear()
                self._paces[connection.scope] = fetcher.pace

    def of(self, connection: Connection) -> float | None:
        """Seconds a request, if a load has shown it."""
        return self._paces.get(connection.scope)


def records_a_day(policy: AccessPolicy, connection: Connection, query: Query) -> float | None:
    """How many records of tags a day has, as far as this token knows from what it loaded around."""
    if query.dataset != "tags":
        return None
    around = Window(query.window.start - _AROUND, query.window.end + _AROUND)
    windows = policy.open_any_age(connection, query.over(around))
    days = sum(fetched.window.days for fetched in windows)
    return sum(fetched.rows.num_rows for fetched in windows) / days if days else None


def sample_day(gap: Window) -> Window:
    """Its last Wednesday that is settled: a day like most, and like those to come. Its first day, where it
    is too short to have one.
    """
    last = gap.last - timedelta(days=UNSETTLED_DAYS + 1)
    day = max(gap.start, last - timedelta(days=(last.weekday() - 2) % 7))
    return Window.through(day, day)


def expected_a_day(fetched: FetchedWindow) -> float:
    """How many records a day has on average, where this is the `sample` day's."""
    return _WEEK * fetched.rows.num_rows
