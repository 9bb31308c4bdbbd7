"""Which windows one load fetches, cut as small as their records demand, and how much a long load has to
fetch.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from threading import Lock

from userlane.contract import PAGE_LIMIT, Connection, Query, Window
from userlane.fetch.access import AccessPolicy
from userlane.store.windows import UNSETTLED_DAYS, settled_until

MOST_RECORDS = 50 * PAGE_LIMIT
"""What one window of tags may hold: so much is lost at most when a load breaks off, and held in memory for
each window that is fetched at the time."""

_DAYS = (28, 14, 7, 4, 2, 1)
"""How long a window of tags may be."""

_LONGEST_OTHER = 366

LONG_DAYS = 35
"""A load of tags that has more days than these to fetch may take long."""

SAMPLE_FACTOR = 0.8
"""Records of an average day for each record of a `sample_day`: offices are empty at weekends."""

_AROUND = timedelta(days=28)


class Plan:
    """The windows of one load, handed out one at a time to whoever fetches them. Thread-safe.

    Tags may have any number of records a day, and how many shows only on the way: a window that turns out to
    hold too many is put back and cut. A single day cannot be cut. `a_day` is how many are known to come a
    day, if that is known. Shorter windows begin where the same windows of any other range begin, so that
    loads of different ranges, also in other processes, ask for the same ones.
    """

    def __init__(self, query: Query, gaps: Iterable[Window], a_day: float | None = None) -> None:
        self.query = query
        self._lock = Lock()
        self._a_day = a_day
        self._gaps = _split_settled(query, gaps)
        self.days = sum(gap.days for gap in self._gaps)
        """How many days are to be fetched in all."""
        self._fetched_days = 0
        self._fetched_records = 0

    def next_window(self) -> Window | None:
        """The next window to fetch; None when there is nothing left."""
        with self._lock:
            if not self._gaps:
                return None
            gap = self._gaps.pop(0)
            end = min(gap.end, self._end_of(gap.start))
            if end < gap.end:
                self._gaps.insert(0, Window(end, gap.end))
            return Window(gap.start, end)

    @property
    def waiting(self) -> bool:
        """Whether there is a window that nobody has taken."""
        return bool(self._gaps)

    def too_many(self, window: Window, records: int, until: date | None = None) -> bool:
        """Whether a window holds too many records, so that it is to be cut: so many came or were declared,
        the latest of them of the day `until`. An API that sends its records day by day is found out early.
        """
        if self.query.dataset != "tags" or window.days == 1:
            return False
        coming = records if until is None else self._coming(window, records, until)
        return max(records, coming) > MOST_RECORDS

    def put_back(self, window: Window, records: int, until: date | None = None) -> None:
        """A window holds too many records: it will be handed out in parts."""
        with self._lock:
            shorter = next(length for length in _DAYS if length < window.days)
            coming = records if until is None else self._coming(window, records, until)
            # At least what makes the next windows shorter than this one.
            self._a_day = max(self._a_day or 0.0, coming / window.days, MOST_RECORDS / (shorter + 1) + 1)
            self._gaps = sorted([*self._gaps, window])

    @staticmethod
    def _coming(window: Window, records: int, until: date) -> float:
        """How many records a window has, if they come day by day and the latest is of `until`."""
        days = min(max((until - window.start).days + 1, 1), window.days)
        return records / days * window.days

    def learn(self, window: Window, records: int) -> None:
        """A window was fetched to its end and held so many records."""
        with self._lock:
            self._fetched_days += window.days
            self._fetched_records += records
            self._a_day = max(self._a_day or 0.0, records / window.days)

    @property
    def known(self) -> bool:
        """Whether the length of the next windows goes by how many records there are, where that matters."""
        return self.query.dataset != "tags" or self._a_day is not None

    @property
    def expected(self) -> int | None:
        """How many records there will be in all, about; None while nobody knows."""
        with self._lock:
            if not self._fetched_days:
                return None if self._a_day is None else round(self._a_day * self.days)
            return round(self._fetched_records / self._fetched_days * self.days)

    def _end_of(self, start: date) -> date:
        if self.query.dataset != "tags":
            return start + timedelta(days=_LONGEST_OTHER)
        days = _window_days(self._a_day)
        if days == _DAYS[0]:
            return start + timedelta(days=days)
        return start + timedelta(days=days - start.toordinal() % days)


def count_requests(a_day: float, days: int) -> float:
    """How many requests so many days of tags take, with so many records a day: their pages, and one more for
    each window, which finds nothing.

    >>> count_requests(a_day=100, days=280), count_requests(a_day=36_000, days=10)
    (38.0, 370.0)
    """
    return a_day * days / PAGE_LIMIT + days / _window_days(a_day)


def _window_days(a_day: float | None) -> int:
    if a_day is None:
        return _DAYS[0]
    return next((days for days in _DAYS if days * a_day <= MOST_RECORDS), 1)


def _split_settled(query: Query, gaps: Iterable[Window]) -> list[Window]:
    """Of tags, days that are settled are kept apart from those that are not, which are fetched again and
    again.
    """
    if query.dataset != "tags":
        return list(gaps)
    settled = settled_until(query, datetime.now().astimezone())
    parts: list[Window] = []
    for gap in gaps:
        crossed = gap.start < settled < gap.end
        parts += (Window(gap.start, settled), Window(settled, gap.end)) if crossed else (gap,)
    return parts


def records_a_day(policy: AccessPolicy, connection: Connection, query: Query) -> float | None:
    """Return how many tag records a day has, by the stored windows from 28 days before to 28 days after the
    query's window. None for other datasets, and where nothing is stored.
    """
    if query.dataset != "tags":
        return None
    around = Window(query.window.start - _AROUND, query.window.end + _AROUND)
    windows = policy.open_any_age(connection, query.over(around))
    days = sum(fetched.window.days for fetched in windows)
    return sum(fetched.rows.num_rows for fetched in windows) / days if days else None


def sample_day(gap: Window) -> Window:
    """Return the last settled Wednesday of a gap, which is a day like most; the first day of a gap without
    one.
    """
    last = gap.last - timedelta(days=UNSETTLED_DAYS + 1)
    day = max(gap.start, last - timedelta(days=(last.weekday() - 2) % 7))
    return Window.through(day, day)
