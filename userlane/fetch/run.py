"""The missing windows of one load, walked."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from threading import Event, Lock

import pyarrow as pa

from userlane.client import Client, Crew, Http, Patience, Room, Walk
from userlane.contract import Connection, Query, Window
from userlane.decode import Decoder, Page
from userlane.errors import (
    AccessRefused,
    LoadStopped,
    NotFound,
    Throttled,
    Unreachable,
    Untrusted,
    UserlaneError,
)
from userlane.fetch.tidy import tidy
from userlane.store import Piece

_FINAL = (AccessRefused, LoadStopped, NotFound, Throttled, Unreachable, Untrusted)
"""After these no other window can fare better."""

_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a load is: records so far, requests sent, the window being fetched.

    `waiting_until` is set, with the reason in `waiting`, while a request has to wait.
    """

    records: int = 0
    requests: int = 0
    window: Window | None = None
    waiting_until: datetime | None = None
    waiting: str = ""

    @property
    def notice(self) -> str:
        """The wait in one line: “The API asks to wait 60 s. Next request in 12 s.”; "" when there is none."""
        if self.waiting_until is None:
            return ""
        seconds = max(0.0, (self.waiting_until - datetime.now(UTC)).total_seconds())
        return f"{self.waiting} Next request in {seconds:.0f} s."


@dataclass(frozen=True, slots=True)
class Outcome:
    """One window walked: the rows that arrived, and why they are not all there, if they are not."""

    piece: Piece
    reason: str | None = None
    error: UserlaneError | None = None

    @property
    def complete(self) -> bool:
        """Whether the window can be kept as it is."""
        return self.reason is None


class Run:
    """One load's requests.

    The first window goes alone until the API has answered twice; then as many windows are walked side by side
    as requests may be in flight. A first request that fails ends the run, and so does any error that no other
    window can escape.
    """

    def __init__(
        self,
        connection: Connection,
        http: Http,
        query: Query,
        patience: Patience,
        *,
        in_flight: int,
        max_rows: int,
    ) -> None:
        self._route = connection.profile.route(query.dataset)
        self._query = query
        self._patience = patience
        self._in_flight = in_flight
        self._room = Room(max_rows)
        self._client = Client(connection, http, patience, in_flight=in_flight, notice=self._wait)
        self._decoder = Decoder(query, self._route.fields)
        self._first = self._route.first_page
        self._lock = Lock()
        self._news = Event()
        self._tried = Event()
        self._records = 0
        self._windows: list[Window] = []
        self._waiting: tuple[datetime, str] | None = None
        self.answered = False
        """Whether the API gave at least one usable answer."""

    @property
    def progress(self) -> Progress:
        """How far it is."""
        until, why = self._waiting or (None, "")
        if until is not None and until <= datetime.now(UTC):
            until, why = None, ""
        with self._lock:
            window = min(self._windows, default=None)
        return Progress(self._records, self._client.requests, window, until, why)

    def probe(self) -> None:
        """Ask for one record. Raises what `Client.page` and `Decoder.page` raise."""
        first = 1 if self._route.first_page == "auto" else self._route.first_page
        self._read(self._client.page(self._query, first, limit=1))

    def go(self, windows: Sequence[Window], tell: Callable[[Progress], None]) -> list[Outcome]:
        """Walk the windows; `tell` hears of progress in the calling thread."""
        try:
            with Crew(self._in_flight, "userlane-window") as crew:
                jobs = [self._begin(crew, windows[0])]
                self._follow(tell, self._tried.is_set)
                jobs += [self._begin(crew, window) for window in windows[1:]]
                self._follow(tell, lambda: all(job.done() for job in jobs))
        except BaseException:  # the one who listened has gone
            self._patience.abort()
            raise
        self._patience.end()
        return [job.result() for job in jobs]

    def _begin(self, crew: Crew, window: Window) -> "Future[Outcome]":
        job = crew.submit(partial(self._walk, window))
        job.add_done_callback(lambda _: self._news.set())
        return job

    def _follow(self, tell: Callable[[Progress], None], until: Callable[[], bool]) -> None:
        while not until():
            self._news.wait(_LOOK)
            self._news.clear()
            tell(self.progress)

    def _walk(self, window: Window) -> Outcome:
        query = self._query.over(window)
        fetched_at = datetime.now(UTC)
        walk = Walk(
            partial(self._client.page, query),
            self._read,
            first=self._first,
            in_flight=self._in_flight,
            room=self._room,
        )
        tables: list[pa.Table] = []
        refused: Counter[tuple[str, date | None]] = Counter()
        error: UserlaneError | None = None
        with self._lock:
            self._windows.append(window)
        try:
            self._patience.check()
            for number, page in enumerate(walk, 1):
                tables.append(page.table)
                refused.update(page.refused)
                with self._lock:
                    self._records += page.records
                self._news.set()
                if walk.base is not None:
                    self._first = walk.base
                if number == 2:
                    self._tried.set()
        except UserlaneError as caught:
            error = caught
            if isinstance(error, _FINAL) or not self.answered or self._patience.remaining <= 0:
                self._patience.end()
        finally:
            if walk.barred:  # a full room or an ignored page number: no other window fares better
                self._patience.end()
            with self._lock:
                self._windows.remove(window)
            self._tried.set()
        tidied = tidy(query, tables)
        piece = Piece(query, tidied.table, fetched_at, dict(refused), tidied.duplicates, tidied.outside)
        return Outcome(piece, error.cause if error else walk.reason, error)

    def _read(self, body: bytes) -> Page:
        page = self._decoder.page(body)
        self.answered = True
        return page

    def _wait(self, until: datetime, why: str) -> None:
        self._waiting = (until, why)
        self._news.set()
