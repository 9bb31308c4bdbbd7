"""A query becomes a dataset."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Lock
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

import structlog

from userlane.client import Limits, LoadDeadline, Transport, open_http_pool
from userlane.contract import Connection, Dataset, DatasetName, Query, Shelf, Window
from userlane.errors import AccessRefused, LoadStopped, LongLoad, TokenRejected, UserlaneError
from userlane.fetch.access import Doors
from userlane.fetch.answer import answer
from userlane.fetch.background import Load
from userlane.fetch.keeping import Asking, Keeping
from userlane.fetch.load_context import LONG, Paces, a_day, expected_a_day, sample
from userlane.fetch.plan import Plan, requests
from userlane.fetch.probe import Probe, words
from userlane.fetch.progress import Progress
from userlane.fetch.window_fetcher import Run
from userlane.settings import Settings
from userlane.store import MemoryStore, Piece, Store, dataset, opened

_PROBE_SECONDS = 20.0
_PROBE_DAYS = 30

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
        self._store: Store = opened(settings) if store is None else store
        self._passing = MemoryStore()
        self._doors = Doors(self._store_of)
        self._limits = limits or Limits()
        self._http = open_http_pool(transport)
        self._lock = Lock()
        self._loads: WeakValueDictionary[tuple[object, ...], Load] = WeakValueDictionary()
        self._datasets: WeakValueDictionary[str, Dataset] = WeakValueDictionary()
        self._paces = Paces()

    def load(
        self,
        connection: Connection,
        query: Query,
        progress: Callable[[Progress], None] | None = None,
        stop: Event | None = None,
    ) -> Dataset:
        """The answer to `query`, with its state. `progress` is told, in this thread, how far it is;
        setting `stop` breaks the load off.

        A window that fails leaves the others usable: the state says why and what is missing, and the next
        load asks for just that. Where rows of an earlier fetch fill the gap, the state is stale instead.
        What is stored is opened only if the API answered this token within the last 15 minutes; if not,
        it is asked first (see `doors`).

        Raises the error of the first request when there is nothing else to show, and always when that error
        is `AccessRefused`; `LoadStopped` when stopped with nothing loaded.
        """
        return self._load(connection, query, progress or _unheard, stop)[0]

    def _load(
        self,
        connection: Connection,
        query: Query,
        progress: Callable[[Progress], None],
        stop: Event | None,
        *,
        since: datetime | None = None,
        at_most: float | None = None,
    ) -> tuple[Dataset, datetime]:
        """The same, and the last moment at which the API let this token see all of it. For `since` and
        `at_most` see `start`.
        """
        began = time.monotonic()
        patience = LoadDeadline(self._limits, stop)
        run = self._run(connection, query, patience)
        asks = Asking(self._run, connection, query, patience)
        keeper = Keeping(self._doors, self._store_of(connection), connection, patience, asks, since)
        found = self._opened(connection, query, patience, asks, since)
        if at_most is not None:
            found = self._agreed(query, found, keeper, progress, at_most)
        proved_at = self._doors.proved_at(connection, query, found)
        gaps = query.window.without(piece.window for piece in found)
        if not gaps:
            return dataset(
                connection.api, query, found, known=self._datasets, shelf=self._shelf(connection, query)
            ), proved_at
        admitted = self._doors.is_open(connection, query)
        plan = Plan(query, gaps, a_day(self._doors, connection, query))
        outcomes = run.go(plan, progress, keeper)
        refusal = next((each.error for each in outcomes if isinstance(each.error, AccessRefused)), None)
        if refusal:
            self._turn_away(connection, query, refusal)
        elif run.answered:
            self._doors.open(connection, query)
        first = outcomes[0].error if outcomes else None
        if first and not run.answered and (refusal or not admitted):
            raise first
        answered = answer(
            connection.api,
            query,
            found,
            outcomes,
            older=partial(self._doors.older, connection),
            stopped=patience.aborted,
            known=self._datasets,
            shelf=self._shelf(connection, query),
        )
        self._paces.learn(connection, run)
        log.info(
            "load ended",
            dataset=query.dataset,
            window=str(query.window.describe()),
            rows=answered.rows,
            requests=run.progress.requests,
            seconds=round(time.monotonic() - began, 1),
            state=answered.condition,
        )
        if first and not run.answered and answered.state.missing == (query.window,):
            raise first
        if self._after is not None and not patience.aborted:
            self._after(answered)
        return answered, proved_at

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
        `at_most`, a load of tags that would take longer than so many seconds ends with `LongLoad`.
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
        run = self._run(connection, recent, LoadDeadline(replace(self._limits, load_seconds=seconds)))
        try:
            run.probe()
        except UserlaneError as error:
            self._turn_away(connection, query, error)
            return Probe(query, ok=False, words=words(error, connection, query), error=error)
        return Probe(query, ok=True, words="works")

    @property
    def trouble(self) -> str:
        """What keeps rows from being stored as they should be, in a sentence; "" when nothing does."""
        return self._store.trouble

    def forget(self, connection: Connection) -> None:
        """Close all doors of this connection; rows in memory go with the last who may open them. Loads that
        are under way for somebody else with the same token go on.
        """
        self._doors.shut(connection)

    def close(self) -> None:
        """Stop every load and close the connections."""
        with self._lock:
            running = list(self._loads.values())
        for load in running:
            load.stop()
        self._http.close()
        self._store.close()

    def _run(self, connection: Connection, query: Query, patience: LoadDeadline) -> Run:
        return Run(
            connection,
            self._http,
            query,
            patience,
            in_flight=self._settings.max_in_flight,
            max_rows=self._settings.max_rows,
        )

    def _opened(
        self,
        connection: Connection,
        query: Query,
        patience: LoadDeadline,
        asks: Asking,
        since: datetime | None,
    ) -> tuple[Piece, ...]:
        try:
            return self._doors.opened(connection, query, patience, asks, since)
        except UserlaneError as error:
            self._turn_away(connection, query, error)
            raise

    def _agreed(
        self,
        query: Query,
        found: tuple[Piece, ...],
        keeper: Keeping,
        progress: Callable[[Progress], None],
        at_most: float,
    ) -> tuple[Piece, ...]:
        """What is found, and a day more where one had to be fetched to see how much there is to come.

        Raises `LongLoad` when that takes longer than `at_most` seconds.
        """
        connection = keeper.connection
        gaps = query.window.without(piece.window for piece in found)
        days = sum(gap.days for gap in gaps)
        if query.dataset != "tags" or days <= LONG:
            return found
        daily, pace = a_day(self._doors, connection, query), self._paces.of(connection)
        if daily is None or pace is None:
            day = sample(max(gaps, key=lambda gap: gap.days))
            run = self._run(connection, query, LoadDeadline(self._limits, keeper.patience.user_stop))
            (outcome, *_) = run.go(Plan(query, [day]), progress, keeper)
            if isinstance(outcome.error, (AccessRefused, LoadStopped)):
                self._turn_away(connection, query, outcome.error)
                raise outcome.error
            if not outcome.complete:
                return found  # the load itself tells what is wrong
            found = (*found, outcome.piece)
            self._paces.learn(connection, run)
            daily = daily or expected_a_day(outcome.piece)
            # A few requests go one after another; many will go side by side.
            one_by_one = run.pace or run.progress.seconds
            pace = self._paces.of(connection) or one_by_one / run.width
        seconds = requests(daily, days) * pace
        if seconds > at_most:
            raise LongLoad(round(daily * days), seconds)
        return found

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
        self._doors.shut(connection)
        return self._store_of(connection).delete(property_id, connection.api)

    def _shelf(self, connection: Connection, query: Query) -> Shelf:
        return self._store_of(connection).shelf(connection.api, query)

    def _store_of(self, connection: Connection) -> Store:
        return self._store if connection.lasting else self._passing

    def _turn_away(self, connection: Connection, query: Query, error: UserlaneError) -> None:
        """After a refusal what is stored stays shut, after a rejected token all of it."""
        if isinstance(error, AccessRefused):
            self._doors.shut(connection, None if isinstance(error, TokenRejected) else query)


def _unheard(_progress: Progress) -> None:
    """For callers who do not care."""
