"""A query becomes a dataset."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Lock
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

from userlane.client import Limits, Patience, Transport, open_http
from userlane.contract import Connection, Dataset, Query, Window
from userlane.errors import AccessRefused, LoadStopped, TokenRejected, UserlaneError
from userlane.fetch.load import Load
from userlane.fetch.probe import Probe, words
from userlane.fetch.run import Outcome, Progress, Run
from userlane.settings import Settings
from userlane.store import MemoryStore, Piece, Store, dataset

ADMITTED = timedelta(minutes=15)
"""How long after an answer a token may open what is stored without asking."""

_LONGEST_WINDOW = {"tags": 28}
_LONGEST_OTHER = 366
_PROBE_SECONDS = 20.0
_PROBE_DAYS = 30

_Door = tuple[str, str, str, str | None]


class Fetcher:
    """Loads datasets: from the store what is there and fresh, from the API what is missing.

    One for the whole process; every method may be called from any thread. `transport` and `limits` are for
    tests and for callers with more time than a person.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store | None = None,
        transport: Transport | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._settings = settings
        self._store: Store = store if store is not None else MemoryStore()
        self._limits = limits or Limits()
        self._http = open_http(transport)
        self._lock = Lock()
        self._admitted: dict[_Door, datetime] = {}
        self._loads: WeakValueDictionary[tuple[str, Query, str], Load] = WeakValueDictionary()
        self._datasets: WeakValueDictionary[str, Dataset] = WeakValueDictionary()

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
        it is asked for one record first.

        Raises the error of the first request when there is nothing else to show, and always when that error
        is `AccessRefused`; `LoadStopped` when stopped with nothing loaded.
        """
        scope = connection.scope
        found = self._store.find(scope, query, datetime.now(UTC))
        longest = _LONGEST_WINDOW.get(query.dataset, _LONGEST_OTHER)
        gaps = query.window.without(piece.window for piece in found)
        windows = [part for gap in gaps for part in gap.split(longest)]
        admitted = self._is_admitted(_door(scope, query))
        patience = Patience(self._limits, stop)
        run = self._run(connection, query, patience)
        if not windows:
            if not admitted:
                self._knock(connection, query, run)
            return dataset(scope, query, found, known=self._datasets)
        outcomes = run.go(windows, progress or _unheard)
        for outcome in outcomes:
            if outcome.complete:
                self._store.keep(scope, outcome.piece)
        refusal = next((each.error for each in outcomes if isinstance(each.error, AccessRefused)), None)
        if refusal:
            self._turn_away(connection, query, refusal)
        elif run.answered:
            self._admit(_door(scope, query))
        first = outcomes[0].error
        if first and not run.answered and (refusal or not admitted):
            raise first
        answer = self._answer(scope, query, found, outcomes, stopped=patience.aborted)
        if first and not run.answered and answer.state.missing == (query.window,):
            raise first
        return answer

    def start(self, connection: Connection, query: Query, owner: str = "") -> Load:
        """The same in the background. Equal questions of one `owner` with one token share one load while it
        runs; what one owner stops goes on for the others.
        """
        key = (connection.scope, query, owner)
        with self._lock:
            load = self._loads.get(key)
            if load is None or load.done or load.stopping:
                load = self._loads[key] = Load(partial(self.load, connection, query))
            return load

    def probe(self, connection: Connection, query: Query) -> Probe:
        """Ask the query's API for one record of the last 30 days. Never raises a `UserlaneError`."""
        today = datetime.now(ZoneInfo(query.timezone)).date()
        recent = query.over(Window.through(today - timedelta(days=_PROBE_DAYS - 1), today))
        seconds = min(_PROBE_SECONDS, self._limits.load_seconds)
        run = self._run(connection, recent, Patience(replace(self._limits, load_seconds=seconds)))
        try:
            self._knock(connection, query, run)
        except UserlaneError as error:
            return Probe(query, ok=False, words=words(error, connection, query), error=error)
        return Probe(query, ok=True, words="works")

    def forget(self, connection: Connection) -> None:
        """Stop the loads of this connection and drop all its rows."""
        scope = connection.scope
        with self._lock:
            running = [load for (of, _, _), load in self._loads.items() if of == scope]
            self._admitted = {door: at for door, at in self._admitted.items() if door[0] != scope}
        for load in running:
            load.stop()
        self._store.forget(scope)

    def close(self) -> None:
        """Stop every load and close the connections."""
        with self._lock:
            running = list(self._loads.values())
        for load in running:
            load.stop()
        self._http.close()

    def _run(self, connection: Connection, query: Query, patience: Patience) -> Run:
        return Run(
            connection,
            self._http,
            query,
            patience,
            in_flight=self._settings.max_in_flight,
            max_rows=self._settings.max_rows,
        )

    def _knock(self, connection: Connection, query: Query, run: Run) -> None:
        """Let the API say whether this token may see what is stored."""
        try:
            run.probe()
        except UserlaneError as error:
            self._turn_away(connection, query, error)
            raise
        self._admit(_door(connection.scope, query))

    def _admit(self, door: _Door) -> None:
        now = datetime.now(UTC)
        with self._lock:
            self._admitted = {other: at for other, at in self._admitted.items() if now - at < ADMITTED}
            self._admitted[door] = now

    def _is_admitted(self, door: _Door) -> bool:
        with self._lock:
            at = self._admitted.get(door)
        return at is not None and datetime.now(UTC) - at < ADMITTED

    def _turn_away(self, connection: Connection, query: Query, error: UserlaneError) -> None:
        """After a refusal what is stored stays shut; after a rejected token nothing is left to open."""
        if isinstance(error, AccessRefused):
            with self._lock:
                self._admitted.pop(_door(connection.scope, query), None)
        if isinstance(error, TokenRejected):
            self._store.forget(connection.scope)

    def _answer(
        self,
        scope: str,
        query: Query,
        found: Sequence[Piece],
        outcomes: Sequence[Outcome],
        *,
        stopped: bool,
    ) -> Dataset:
        whole = [*found, *(outcome.piece for outcome in outcomes if outcome.complete)]
        failed = [outcome for outcome in outcomes if not outcome.complete]
        refused = any(isinstance(outcome.error, AccessRefused) for outcome in failed)
        parts: list[Piece] = []
        stale = False
        for outcome in failed:
            window = outcome.piece.window
            older = () if refused else self._store.find(scope, query.over(window), None)
            if window.without(piece.window for piece in older):
                parts.append(outcome.piece)
            else:
                whole.extend(older)
                stale = True
        missing = query.window.without(piece.window for piece in whole)
        # Windows given up because of another's error have no reason of their own.
        causes = [o.reason for o in failed if o.reason and (stopped or not isinstance(o.error, LoadStopped))]
        return dataset(
            scope,
            query,
            [*whole, *parts],
            reasons=causes if parts else (),
            missing=missing,
            stale=stale,
            known=self._datasets,
        )


def _door(scope: str, query: Query) -> _Door:
    return scope, query.dataset, query.property_id, query.survey_id


def _unheard(_progress: Progress) -> None:
    """For callers who do not care."""
