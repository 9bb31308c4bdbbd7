"""A query becomes a dataset."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Lock
from typing import Any
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

import structlog
from cachetools import LRUCache

from userlane.client import HttpPool, Limits, LoadDeadline, Transport
from userlane.contract import Connection, Dataset, DatasetName, Query, Window
from userlane.errors import AccessRefused, ConsentNeeded, LoadStopped, UserlaneError
from userlane.fetch.access import AccessPolicy, Windows
from userlane.fetch.background import Load, Progress, Tell
from userlane.fetch.plan import LONG_DAYS, SAMPLE_FACTOR, Plan, count_requests, records_a_day, sample_day
from userlane.fetch.probe import Probe, describe_error, ping
from userlane.fetch.window_fetcher import WindowFetcher
from userlane.fetch.window_result import WindowSink, merge
from userlane.settings import Settings
from userlane.store import FetchedWindow, MemoryStore, Store, assemble, open_store

_PROBE_SECONDS = 20.0
_PROBE_DAYS = 30
_MOST_DURATIONS = 1_000
_ENOUGH_REQUESTS = 10
"""A load of more requests than these shows how many seconds each of them takes."""

log = structlog.get_logger("userlane.fetch")


class Fetcher:
    """Loads datasets: from the store what is there and fresh, from the API what is missing.

    One for the whole process; every method may be called from any thread. What is made up goes to a store in
    memory of its own. `transport` and `limits` are for tests and for callers with more time than a person.
    `after` is called with what was loaded from the API, in the thread that loaded it.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store | None = None,
        transport: Transport | None = None,
        limits: Limits | None = None,
        after: Callable[[Dataset], None] | None = None,
    ) -> None:
        self._after = after
        self._settings = settings
        self._store: Store = open_store(settings) if store is None else store
        self._passing = MemoryStore()
        self._policy = AccessPolicy(self._store_of, self._ping, self._shares)
        self._limits = limits or Limits()
        self._http = HttpPool(transport)
        self._lock = Lock()
        self._loads: WeakValueDictionary[tuple[object, ...], Load] = WeakValueDictionary()
        self._datasets: WeakValueDictionary[str, Dataset] = WeakValueDictionary()
        self._durations: LRUCache[str, float] = LRUCache(_MOST_DURATIONS)

    def load(
        self,
        connection: Connection,
        query: Query,
        progress: Tell | None = None,
        stop: Event | None = None,
    ) -> Dataset:
        """The dataset of `query`, with its state. `progress` is called, in this thread, with how far it is;
        setting `stop` breaks the load off.

        A window that fails leaves the others usable: the state says why and what is missing, and the next
        load asks for just that. Where rows of an earlier fetch fill the gap, the state is stale instead.
        What is stored is opened only if the API answered this token within the last 15 minutes; if not,
        it is asked first (see `access`).

        Raises the error of the first request when there is nothing else to show, and always when that error
        is `AccessRefused`; `LoadStopped` when stopped with nothing loaded.
        """
        return self._load(connection, query, progress or (lambda _: None), stop)[0]

    def stored(
        self, connection: Connection, query: Query, since: datetime | None = None
    ) -> tuple[Dataset, datetime] | None:
        """The dataset of `query`, if all of it is stored and may be opened without a request; with it the
        last moment at which the API let this token see all of it. Else None. Never waits for the API.
        """
        opened = self._policy.open(connection, query, since, None)
        if query.window.without(fetched.window for fetched in opened.windows):
            return None
        return self._assemble(connection, query, opened.windows), opened.allowed_at

    def _load(
        self,
        connection: Connection,
        query: Query,
        tell: Tell,
        stop: Event | None,
        *,
        since: datetime | None = None,
        at_most: float | None = None,
    ) -> tuple[Dataset, datetime]:
        """As `load`, with the last moment at which the API let this token see all of it. Options: `start`."""
        deadline = LoadDeadline(self._limits, stop)
        sink = WindowSink(self._policy, self._store_of(connection), connection, deadline, since)
        found, allowed_at = self._policy.open(connection, query, since, deadline)
        if at_most is not None:
            found = self._ask_consent(query, found, sink, tell, at_most)
        if query.window.without(fetched.window for fetched in found):
            return self._fetch_missing(query, found, sink, tell), allowed_at
        return self._assemble(connection, query, found), allowed_at

    def _fetch_missing(self, query: Query, found: Windows, sink: WindowSink, tell: Tell) -> Dataset:
        """Fetch what is missing beside the windows that were found. Raises what `load` raises."""
        connection = sink.connection
        allowed = self._policy.allows(connection, query)
        gaps = query.window.without(fetched.window for fetched in found)
        plan = Plan(query, gaps, records_a_day(self._policy, connection, query))
        fetcher = WindowFetcher(sink, self._http, plan, self._settings)
        results = fetcher.fetch_all(tell)
        first = results[0].error if results else None
        refusal = next((each.error for each in results if isinstance(each.error, AccessRefused)), None)
        if refusal:
            self._policy.turn_away(connection, query, refusal)
        elif fetcher.responded_at is not None:
            self._policy.note(connection, query)
        failed = first if fetcher.responded_at is None else None
        if failed and (refusal or not allowed):
            raise failed
        loaded = merge(
            query,
            found,
            results,
            older=partial(self._policy.open_any_age, connection),
            stopped=sink.deadline.aborted,
            assemble=partial(self._assemble, connection, query),
        )
        if loaded.state.complete:
            self._policy.note(connection, query, records=loaded.rows > 0)
        self._learn_duration(connection, fetcher)
        _log_end(loaded, fetcher.progress)
        if failed and loaded.state.missing == (query.window,):
            raise failed
        if self._after is not None and not sink.deadline.aborted:
            self._after(loaded)
        return loaded

    def start(
        self,
        connection: Connection,
        query: Query,
        owner: str = "",
        wanted: Callable[[], bool] | None = None,
        *,
        since: datetime | None = None,
        at_most: float | None = None,
    ) -> Load:
        """The same in the background. Equal questions of one `owner` with one token share one load while it
        runs; what one owner stops goes on for the others. It is stopped when `wanted` keeps saying no.

        With `since`, nothing that was fetched before that moment counts, unless newer cannot be had. With
        `at_most`, a load of tags that would take longer than so many seconds ends with `ConsentNeeded`.
        """
        key = (connection.scope, query, owner, since, at_most)
        work = partial(self._load, connection, query, since=since, at_most=at_most)
        with self._lock:
            load = self._loads.get(key)
            if load is None or load.done or load.stopping:
                load = self._loads[key] = Load(work, wanted)
            return load

    def probe(self, connection: Connection, query: Query) -> Probe:
        """Ask the query's API for one record of the last 30 days. Never raises a `UserlaneError`."""
        today = datetime.now(ZoneInfo(query.timezone)).date()
        recent = query.over(Window.through(today - timedelta(days=_PROBE_DAYS - 1), today))
        seconds = min(_PROBE_SECONDS, self._limits.load_seconds)
        try:
            self._ping(connection, recent, LoadDeadline(replace(self._limits, load_seconds=seconds)))
        except UserlaneError as error:
            self._policy.turn_away(connection, query, error)
            return Probe(query, ok=False, words=describe_error(error, connection, query), error=error)
        return Probe(query, ok=True, words="works")

    @property
    def trouble(self) -> str:
        """What keeps rows from being stored as they should be, in a sentence; "" when nothing does."""
        return self._store.trouble

    def forget(self, connection: Connection) -> None:
        """Open nothing more for this connection without asking the API; its rows in memory are dropped. Loads
        that are under way for somebody else with the same token go on.
        """
        self._policy.revoke(connection)

    def close(self) -> None:
        """Stop every load and close the connections."""
        with self._lock:
            running = list(self._loads.values())
        for load in running:
            load.stop()
        self._http.close()
        self._store.close()

    def _ping(self, connection: Connection, query: Query, deadline: LoadDeadline) -> bool:
        return ping(connection, self._http, query, deadline, self._settings.max_in_flight)

    def _ask_consent(
        self, query: Query, found: Windows, sink: WindowSink, tell: Tell, at_most: float
    ) -> Windows:
        """The stored windows, and a day more where one had to be fetched to see how much there is to come.

        Raises `ConsentNeeded` when what is missing takes longer than `at_most` seconds.
        """
        connection = sink.connection
        gaps = query.window.without(fetched.window for fetched in found)
        days = sum(gap.days for gap in gaps)
        if query.dataset != "tags" or days <= LONG_DAYS:
            return found
        daily = records_a_day(self._policy, connection, query)
        with self._lock:
            duration = self._durations.get(connection.scope)
        if daily is None or duration is None:
            day = sample_day(max(gaps, key=lambda gap: gap.days))
            deadline = LoadDeadline(self._limits, sink.deadline.user_stop)
            sink = replace(sink, deadline=deadline)
            fetcher = WindowFetcher(sink, self._http, Plan(query, [day]), self._settings)
            (result, *_) = fetcher.fetch_all(tell)
            if isinstance(result.error, (AccessRefused, LoadStopped)):
                self._policy.turn_away(connection, query, result.error)
                raise result.error
            if not result.complete:
                return found  # the load itself tells what is wrong
            found = (*found, result.fetched)
            daily = daily or SAMPLE_FACTOR * result.fetched.rows.num_rows
            # A few requests go one after another; many will go side by side.
            one_by_one = fetcher.seconds_a_request or fetcher.progress.seconds
            side_by_side = one_by_one / self._settings.max_in_flight
            duration = self._learn_duration(connection, fetcher) or side_by_side
        seconds = count_requests(daily, days) * duration
        if seconds > at_most:
            raise ConsentNeeded(round(daily * days), seconds)
        return found

    def _learn_duration(self, connection: Connection, fetcher: WindowFetcher) -> float | None:
        """Remember how many seconds a request of this token takes, if the load was long enough to show it.
        Returns what is known by now.
        """
        with self._lock:
            if fetcher.progress.requests > _ENOUGH_REQUESTS and fetcher.seconds_a_request is not None:
                self._durations[connection.scope] = fetcher.seconds_a_request
            duration: float | None = self._durations.get(connection.scope)
        return duration

    def _assemble(
        self, connection: Connection, query: Query, windows: Sequence[FetchedWindow], **state: Any
    ) -> Dataset:
        """As `store.assemble` with the options `state`, and with the datasets and totals in memory."""
        totals = self._store_of(connection).aggregates(self._policy.scope(connection), query)
        return assemble(connection.api, query, windows, known=self._datasets, aggregates=totals, **state)

    def delete(self, connection: Connection, property_id: str) -> int:
        """Remove all that is stored of a property of this API; how many windows that was.

        Whoever may read it may do so: raises what a probe raises, if the API lets this token read nothing.
        """
        day = datetime.now(UTC).date()
        names: tuple[DatasetName, ...] = ("heart", "nps", "tags")
        probes = [
            self.probe(connection, Query(name, property_id, Window.through(day, day))) for name in names
        ]
        if not any(probe.ok for probe in probes):
            raise probes[0].error or LoadStopped("Nothing was deleted.", "Try again.")
        try:
            return self._store_of(connection).delete(property_id, connection.api)
        finally:
            self._policy.revoke(connection)

    def _store_of(self, connection: Connection) -> Store:
        return self._store if connection.lasting else self._passing

    def _shares(self, connection: Connection) -> bool:
        """Whether all tokens share this connection's rows: never with a visitor's own address or profile."""
        settings = self._settings
        ours = (connection.base_url, connection.profile) == (settings.base_url, settings.profile)
        return settings.store_shared and connection.lasting and ours


def _log_end(loaded: Dataset, progress: Progress) -> None:
    log.info(
        "load ended",
        dataset=loaded.query.dataset,
        window=str(loaded.query.window.describe()),
        rows=loaded.rows,
        requests=progress.requests,
        seconds=round(progress.seconds, 1),
        state=loaded.condition,
    )
