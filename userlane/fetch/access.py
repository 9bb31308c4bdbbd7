"""Which stored windows a token may open.

Rights are the API's to give, so nothing is opened for a token that the API has not answered within the last
15 minutes; where it has not, it is asked for one record first.

Stored rows belong to the token that fetched them: they lie in a scope of their own, named by a keyed hash of
the token. In a shared store the rows of one API lie in one scope for all tokens. A token opens windows of it
where the API, asked for one record of just these days, sends one; where the windows hold no row, none. A
window that came without rows lies in its token's own scope there, too: it may be empty for this token alone.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import NamedTuple

from cachetools import LRUCache

from userlane.client import LoadDeadline
from userlane.contract import Connection, Query, Window
from userlane.errors import AccessRefused, NotFound, TokenRejected, UserlaneError
from userlane.store import FetchedWindow, Store, coverage

_ACCESS_LASTS = timedelta(minutes=15)
"""How long after an API response its token may open stored rows without a request."""

_MOST_RECORDS = 10_000
_SHARED = "shared"
_BLINK_SECONDS = 0.1

_Key = tuple[str, str, str, str | None]
Ping = Callable[[Connection, Query, LoadDeadline], bool]
"""As `probe.ping`."""

_Ask = Callable[[Window], None]
_Find = Callable[[str, Query], tuple[FetchedWindow, ...]]


Windows = tuple[FetchedWindow, ...]
"""Windows side by side, in order."""


class Opened(NamedTuple):
    """Stored windows, and the last moment at which the API let their token see all of them."""

    windows: Windows
    allowed_at: datetime


class Shown(NamedTuple):
    """Whether the API sent a record of some days, and when."""

    at: datetime
    records: bool


@dataclass(slots=True)
class AccessRecord:
    """What the API has shown one token of one property, dataset and survey: when it answered last, and of
    which windows it sent records.
    """

    answered_at: datetime | None = None
    windows: dict[Window, Shown] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def note(self, window: Window, *, records: bool | None) -> None:
        """Note that the API has just answered and, unless `records` is None, whether it sent records of the
        window.
        """
        self.answered_at = datetime.now(UTC)
        self.windows = {each: shown for each, shown in self.windows.items() if is_recent(shown.at)}
        if records is not None:
            self.windows[window] = Shown(self.answered_at, records)


class AccessPolicy:
    """Decides which stored windows a token may open, for each dataset, property and survey. Thread-safe.

    `store_of` says where a connection's rows are kept, `ping` asks the API, and `shares` says whether the
    rows of a connection are for all tokens.
    """

    def __init__(
        self, store_of: Callable[[Connection], Store], ping: Ping, shares: Callable[[Connection], bool]
    ) -> None:
        self._store_of = store_of
        self._ping = ping
        self._shares = shares
        self._records: LRUCache[_Key, AccessRecord] = LRUCache(_MOST_RECORDS)
        self._lock = Lock()

    def open(
        self, connection: Connection, query: Query, since: datetime | None, deadline: LoadDeadline | None
    ) -> Opened:
        """Open the stored windows of the query that are fresh and that this token may see.

        Args:
            connection: The API and the token.
            query: Dataset, property and window.
            since: Windows that were fetched before this moment are left out.
            deadline: The end of requests to an API that has not answered this token lately. Without it no
                request is made, and only what earlier API responses allow is opened.

        Raises:
            UserlaneError: What `probe.ping` raises.
        """
        if deadline is None:
            return self._open(connection, query, since, None)
        record = self._record(connection, query)

        def ask(window: Window) -> None:
            try:
                record.note(window, records=self._ping(connection, query.over(window), deadline))
            except UserlaneError as error:
                self.turn_away(connection, query, error)
                raise

        with _locked(record, deadline):
            return self._open(connection, query, since, ask)

    def open_any_age(self, connection: Connection, query: Query) -> Windows:
        """Open stored windows of any age, for want of fresh ones. Makes no request."""
        record = self._record(connection, query)
        if not is_recent(record.answered_at):
            return ()
        find = partial(coverage, self._store_of(connection), now=None)
        shared: Windows = ()
        if self._shares(connection) and any(shown.records for shown in record.windows.values()):
            shared = find(_shared_scope(connection), query)
        return self._with_own(connection, query, shared, find)

    def write(self, connection: Connection, fetched: FetchedWindow) -> FetchedWindow:
        """Store what this token has just fetched. Returns the window as it is kept."""
        self.note(connection, fetched.query, records=fetched.rows.num_rows > 0)
        scope = self.scope(connection) if fetched.rows.num_rows else self._own_scope(connection)
        return self._store_of(connection).write(scope, fetched)

    def scope(self, connection: Connection) -> str:
        """The scope that rows fetched with this connection are written to."""
        return _shared_scope(connection) if self._shares(connection) else self._own_scope(connection)

    def allows(self, connection: Connection, query: Query) -> bool:
        """Whether the API has answered this token within the last 15 minutes."""
        return is_recent(self._record(connection, query).answered_at)

    def note(self, connection: Connection, query: Query, *, records: bool | None = None) -> None:
        """Note that the API has just answered this token; where `records` is given, for all of the query's
        window: whether there are records in it.
        """
        self._record(connection, query).note(query.window, records=records)

    def turn_away(self, connection: Connection, query: Query, error: UserlaneError) -> None:
        """Close what an error of the API says this token may not see: after 401 all of it, after 403 or 404
        the query's dataset, property and survey.
        """
        if isinstance(error, TokenRejected):
            self.revoke(connection)
        elif isinstance(error, AccessRefused | NotFound):
            self.revoke(connection, query)

    def revoke(self, connection: Connection, query: Query | None = None) -> None:
        """Forget what the API has shown this token: of the query's dataset, property and survey, or at all.
        The token's own rows that are in memory are dropped.
        """
        with self._lock:
            for key in [each for each in self._records if each[0] == connection.scope]:
                if query is None or key == _key(connection, query):
                    del self._records[key]
        self._store_of(connection).release(self._own_scope(connection), query)

    def _open(self, connection: Connection, query: Query, since: datetime | None, ask: _Ask | None) -> Opened:
        record, now = self._record(connection, query), datetime.now(UTC)
        moments = [now]
        shared: Windows = ()
        find = partial(coverage, self._store_of(connection), now=now, since=since)
        if self._shares(connection):
            shared = find(_shared_scope(connection), query)
            seen = [_seen_at(record, stretch, ask) for stretch in _stretches(shared)]
            shared = () if None in seen else shared
            moments += filter(None, seen)
        found = self._with_own(connection, query, shared, find)
        if len(found) > len(shared):
            if ask is not None and not is_recent(record.answered_at):
                ask(query.window)
            shown = record.windows.get(query.window)
            lost = shown is not None and not shown.records and any(each.rows.num_rows for each in found)
            if lost or record.answered_at is None or not is_recent(record.answered_at):
                return Opened((), now)
            moments.append(record.answered_at)
        return Opened(found, min(moments))

    def _with_own(self, connection: Connection, query: Query, shared: Windows, find: _Find) -> Windows:
        """Shared windows, and between them those of this token's own scope, which `find` finds."""
        found = [*shared]
        for gap in query.window.without(fetched.window for fetched in shared):
            found += find(self._own_scope(connection), query.over(gap))
        return tuple(sorted(found, key=lambda fetched: fetched.window))

    def _own_scope(self, connection: Connection) -> str:
        return f"{connection.api}/{connection.token.keyed_hash(self._store_of(connection).key)}"

    def _record(self, connection: Connection, query: Query) -> AccessRecord:
        with self._lock:
            return self._records.setdefault(_key(connection, query), AccessRecord())


def is_recent(allowed_at: datetime | None) -> bool:
    """Whether the API let a token see rows at most 15 minutes ago; a clock that was put back ends it."""
    return allowed_at is not None and timedelta(0) <= datetime.now(UTC) - allowed_at < _ACCESS_LASTS


def _key(connection: Connection, query: Query) -> _Key:
    return connection.scope, query.dataset, query.property_id, query.survey_id


def _shared_scope(connection: Connection) -> str:
    return f"{connection.api}/{_SHARED}"


def _stretches(windows: Sequence[FetchedWindow]) -> Iterator[tuple[Window, bool]]:
    """Yields each stretch of days that windows fill without a gap, and whether there are rows in it."""
    start = 0
    for number, fetched in enumerate(windows, 1):
        if number == len(windows) or windows[number].window.start != fetched.window.end:
            group = windows[start:number]
            yield (
                Window(group[0].window.start, fetched.window.end),
                any(each.rows.num_rows for each in group),
            )
            start = number


def _seen_at(record: AccessRecord, stretch: tuple[Window, bool], ask: _Ask | None) -> datetime | None:
    """When the API has shown of these days what is stored of them (records, or none). None if it has shown
    something else, or nothing lately.
    """
    window, rows = stretch
    shown = record.windows.get(window)
    if (shown is None or not is_recent(shown.at)) and ask is not None:
        ask(window)
        shown = record.windows.get(window)
    return shown.at if shown is not None and is_recent(shown.at) and shown.records == rows else None


@contextmanager
def _locked(record: AccessRecord, deadline: LoadDeadline) -> Iterator[None]:
    """Let one load of a token at a time ask the API. Raises what `LoadDeadline.check` raises."""
    while not record.lock.acquire(timeout=_BLINK_SECONDS):
        deadline.check()
    try:
        yield
    finally:
        record.lock.release()
