"""The missing windows of one load, walked."""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import itemgetter
from threading import Event, Lock

from userlane.client import Client, DaemonPool, HttpPool, LoadDeadline, Paginator, RowBudget
from userlane.contract import Connection, Query, Window
from userlane.decode import Decoder, Page
from userlane.errors import LoadStopped, UserlaneError
from userlane.fetch.access_check import proves, proves_span
from userlane.fetch.concurrency import Gauge, Walkers
from userlane.fetch.outcome import FINAL, Keeper, Outcome, bare, second
from userlane.fetch.plan import Plan
from userlane.fetch.progress import Progress
from userlane.fetch.window_result import Walked
from userlane.store import Piece, Proof

_LOOK = 0.1
_PAGES_SEEN = 3
_CHANCE = random.SystemRandom()
_CLAIM_AGAIN = (0.1, 0.5)
_LONGEST_CLAIM = 120.0
"""Seconds to wait for somebody else to fetch a window, before it is fetched here too."""


class Run:
    """One load's requests.

    The first window goes alone until the API has answered twice and it is known how long windows may be; then
    as many are walked side by side as are of use. A first request that fails ends the run, and so does any
    error that no other window can escape. A window whose records changed while it was walked is walked once
    more.
    """

    def __init__(
        self,
        connection: Connection,
        http: HttpPool,
        query: Query,
        patience: LoadDeadline,
        *,
        in_flight: int,
        max_rows: int,
    ) -> None:
        self._route = connection.profile.route(query.dataset)
        self._query = query
        self._patience = patience
        self._in_flight = in_flight
        self._room = RowBudget(max_rows)
        self._client = Client(connection, http, patience, in_flight=in_flight, notice=self._wait)
        self._decoder = Decoder(query, self._route.fields)
        # Half as many again as requests may be under way: while one is read, another takes its place.
        self._workers = in_flight + in_flight // 2
        self._gauge = Gauge(self._workers)
        self._walkers = Walkers(self._gauge)
        self._first = self._route.first_page
        self._lock = Lock()
        self._news = Event()
        self._tried = Event()
        self._records = 0
        self._windows: list[Window] = []
        self._waiting: tuple[datetime, str] | None = None
        self._plan = Plan(query, ())
        self._began: float | None = None
        self._met = False
        self._first_at: float | None = None
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
        seconds = time.monotonic() - self._began if self._began else 0.0
        return Progress(
            self._records, self._client.requests, window, until, why, self._plan.expected, seconds
        )

    @property
    def pace(self) -> float | None:
        """Seconds a request has taken, of those after the first, which has a connection to make and perhaps
        somebody to wake; None before there are any.
        """
        others = self._client.requests - 1
        return (time.monotonic() - self._first_at) / others if self._first_at and others > 0 else None

    @property
    def width(self) -> int:
        """How many requests many pages would have under way, as far as this run has shown."""
        return min(self._in_flight, self._gauge.useful)

    def probe(self) -> None:
        """Ask for one record. Raises what `Client.page` and `Decoder.page` raise."""
        first = 1 if self._route.first_page == "auto" else self._route.first_page
        self._read(self._client.page(self._query, first, limit=1))

    def proves(self, proof: Proof) -> bool:
        """As `proof.proves`: of the query's window."""
        return proves(partial(self._page, self._query), proof)

    def proves_span(self, pieces: Sequence[Piece]) -> bool:
        """As `proof.proves_span`: of the window that these make together."""
        query = self._query.over(Window(pieces[0].window.start, pieces[-1].window.end))
        base = 1 if self._route.first_page == "auto" else self._route.first_page
        return proves_span(partial(self._page, query), pieces, base)

    def go(self, plan: Plan, tell: Callable[[Progress], None], keeper: Keeper) -> list[Outcome]:
        """Walk the windows of the plan; `tell` hears of progress in the calling thread.

        Whatever window is whole goes to the `keeper` at once, in the thread that walked it: what breaks off
        later, be it this process, does not take it away.
        """
        self._plan = plan
        self._began = time.monotonic()
        found: list[tuple[Window, list[Outcome]]] = []
        work = partial(self._walk_all, plan, keeper, found)
        try:
            with DaemonPool(self._workers, "userlane-window") as crew:
                jobs = [self._begin(crew, work)]
                while not self._tried.is_set():
                    self._listen(tell)
                while not all(job.done() for job in jobs):
                    wanted = self._walkers.wanted if plan.waiting else 0
                    jobs += [self._begin(crew, work) for _ in range(wanted)]
                    self._listen(tell)
        except BaseException:  # the one who listened has gone
            self._patience.abort()
            raise
        self._patience.finish_in_flight()
        for job in jobs:
            job.result()
        return [outcome for _, outcomes in sorted(found, key=itemgetter(0)) for outcome in outcomes]

    def _begin(self, crew: DaemonPool, work: Callable[[], None]) -> "Future[None]":
        self._walkers.begin()
        job = crew.submit(work)
        job.add_done_callback(lambda _: self._news.set())
        return job

    def _listen(self, tell: Callable[[Progress], None]) -> None:
        self._news.wait(_LOOK)
        self._news.clear()
        tell(self.progress)

    def _walk_all(self, plan: Plan, keeper: Keeper, found: list[tuple[Window, list[Outcome]]]) -> None:
        walks = True
        try:
            while walks := self._walkers.stay():
                window = plan.take()
                if window is None:
                    break
                outcomes = self._fetch(window, keeper)
                found.append((window, outcomes))
                self._tried.set()
        finally:
            if walks:
                self._walkers.end()
            self._tried.set()

    def _fetch(self, window: Window, keeper: Keeper) -> list[Outcome]:
        """What became of a window; nothing, if it is to be cut."""
        query = self._query.over(window)
        with self._lock:
            self._windows.append(window)
        try:
            with ExitStack() as claimed:
                waited = self._claim(query, keeper, claimed)
                if (waited or keeper.news(query)) and (pieces := keeper.found(query)):
                    self._plan.learn(window, 0)  # nothing of it is still to come
                    return [Outcome(piece) for piece in pieces]
                outcome = self._settled(query)
                if outcome is None:
                    return []
                if outcome.complete:
                    outcome = replace(outcome, piece=keeper.keep(outcome.piece))
                    self._patience.extend()
            return [outcome]
        finally:
            with self._lock:
                self._windows.remove(window)

    def _claim(self, query: Query, keeper: Keeper, claimed: ExitStack) -> bool:
        """Make sure that nobody else is fetching the same window, if that can be had before long; whether
        somebody was, or may have been since another load was met on the same way.
        """
        until = time.monotonic() + _LONGEST_CLAIM
        while query.dataset == "tags" and not self._patience.over and time.monotonic() < until:
            claim = keeper.claim(query)
            if claim is not None:
                claimed.enter_context(claim)
                break
            self._met = True
            pause = _CHANCE.uniform(*_CLAIM_AGAIN)
            self._wait(
                datetime.now(UTC) + timedelta(seconds=pause), "Another load is fetching the same days."
            )
            with suppress(LoadStopped):
                self._patience.sleep(pause)
        return self._met

    def _settled(self, query: Query) -> Outcome | None:
        """A window walked, once more where its records changed on the way; None if it is to be cut."""
        first = self._walk(query)
        if first.too_many:
            self._room.release(first.records)
            with self._lock:
                self._records -= first.records
            self._plan.put_back(query.window, max([first.records, *first.totals]), first.until)
            return None
        if not first.broken:
            self._plan.learn(query.window, first.records)
        if not first.moved:
            return Outcome.of(first)
        self._room.release(first.records)
        return second(first, self._walk(query, known=first.records))

    def _walk(self, query: Query, known: int = 0) -> Walked:
        """Walk one window; of its records so many were counted before."""
        walked = Walked(query)
        walk = Paginator(
            partial(self._ask, query),
            self._read,
            first=self._first,
            in_flight=self._in_flight,
            row_budget=self._room,
            share=self._share,
        )
        error: UserlaneError | None = None
        try:
            self._patience.check()
            for number, page in enumerate(walk, 1):
                walked.take(walk.number, page)
                with self._lock:
                    self._records += max(0, min(page.records, walked.records - known))
                self._news.set()
                if walk.base is not None:
                    self._first = walk.base
                if number == 2 and self._plan.known:
                    self._tried.set()
                seen = max(walked.records, page.declared.total or 0)
                if number > _PAGES_SEEN and self._plan.too_many(query.window, seen, walked.until):
                    walked.too_many = True
                    break
        except UserlaneError as caught:
            ended_by_another = isinstance(caught, LoadStopped) and not self._patience.aborted
            error = bare(self._patience.fatal_error or caught if ended_by_another else caught)
            if isinstance(error, FINAL) or not self.answered or self._patience.remaining <= 0:
                self._patience.finish_in_flight()
        finally:
            if walk.ends_load:  # a full room or an ignored page number: no other window fares better
                self._patience.finish_in_flight()
        walked.finish(walk, error)
        return walked

    def _share(self) -> int:
        """How many pages of one window may be under way: windows side by side need fewer pages side by side,
        of which the last ones are past the end.
        """
        return max(1, self._gauge.useful // max(1, len(self._windows)))

    def _page(self, query: Query, number: int) -> Page:
        return self._read(self._ask(query, number))

    def _ask(self, query: Query, number: int) -> bytes:
        return self._gauge.ask(partial(self._client.page, query, number))

    def _read(self, body: bytes) -> Page:
        page = self._gauge.read(partial(self._decoder.decode, body))
        self.answered = True
        self._first_at = self._first_at or time.monotonic()
        return page

    def _wait(self, until: datetime, why: str) -> None:
        self._waiting = (until, why)
        self._news.set()
