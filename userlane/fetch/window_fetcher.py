"""Fetches the missing windows of one load."""

import random
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event, Lock

from userlane.client import Client, DaemonPool, HttpPool, Paginator, RowBudget
from userlane.contract import Query, Window
from userlane.decode import Decoder, Page
from userlane.errors import LoadStopped, UserlaneError
from userlane.fetch.background import Progress, Tell
from userlane.fetch.plan import Plan
from userlane.fetch.window_result import FINAL, WindowFetch, WindowResult, WindowSink
from userlane.settings import Settings

_POLL_SECONDS = 0.1
_PAGES_SEEN = 3
_RANDOM = random.SystemRandom()
_LEASE_PAUSES = (0.1, 0.5)
"""Seconds between two tries to acquire a lock."""

_LONGEST_LEASE_WAIT = 120.0
"""Seconds to wait for somebody else to fetch a window, before it is fetched here too."""


class WindowFetcher:
    """Makes one load's requests.

    The first window goes alone until the API has answered twice and it is known how long windows may be; then
    half as many again are fetched side by side as requests may be in flight: while one page is decoded, the
    next of another window is requested. A first request that fails ends the run, and so does any error that
    no other window can escape. A window whose records changed while it was fetched is fetched once more.

    Measured against a number that follows the time of a page (Little's law): 1.0 × its time at 50 ms a page
    with 8 in flight (7.3 × as fast as a plain loop; with only 8 windows 1.1 ×), 1.06 × its time and 1.2 × its
    memory without latency.
    """

    def __init__(self, sink: WindowSink, http: HttpPool, plan: Plan, settings: Settings) -> None:
        route = sink.connection.profile.route(plan.query.dataset)
        self._sink = sink
        self._plan = plan
        self._deadline = sink.deadline
        self._in_flight = settings.max_in_flight
        self._workers = self._in_flight + self._in_flight // 2
        self._row_budget = RowBudget(settings.max_rows)
        self._client = Client(
            sink.connection, http, sink.deadline, in_flight=self._in_flight, notice=self._note_wait
        )
        self._decoder = Decoder(plan.query, route.fields)
        self._first_page = route.first_page
        self._lock = Lock()
        self._changed = Event()
        self._others_may_start = Event()
        self._records = 0
        self._windows: list[Window] = []
        self._results: list[WindowResult] = []
        self._waiting: tuple[datetime, str] | None = None
        self._began = time.monotonic()
        self.responded_at: float | None = None
        """When the API gave its first usable response, on the monotonic clock."""
        self._other_load = False
        """Whether another load held the lock of a window during this run."""

    @property
    def progress(self) -> Progress:
        """How far it is."""
        until, why = self._waiting or (None, "")
        if until is not None and until <= datetime.now(UTC):
            until, why = None, ""
        with self._lock:
            window = min(self._windows, default=None)
        seconds = time.monotonic() - self._began
        return Progress(
            self._records, self._client.requests, window, until, why, self._plan.expected, seconds
        )

    @property
    def seconds_a_request(self) -> float | None:
        """Seconds that a request has taken, without the first, which has a connection to make and perhaps
        a server to wake; None before there are others.
        """
        others = self._client.requests - 1
        return (time.monotonic() - self.responded_at) / others if self.responded_at and others > 0 else None

    def fetch_all(self, tell: Tell) -> list[WindowResult]:
        """Fetch the windows of the plan, and call `tell` with the progress in the calling thread.

        A complete window goes to the sink at once, in the thread that fetched it: whatever breaks off later,
        even this process, does not take it away.

        Returns:
            What became of each window, in order.
        """
        try:
            with DaemonPool(self._workers, "userlane-window") as pool:
                jobs = [self._start_worker(pool)]
                while not self._others_may_start.is_set():
                    self._tell_change(tell)
                while running := sum(not job.done() for job in jobs):
                    idle = self._workers - running if self._plan.waiting else 0
                    jobs += [self._start_worker(pool) for _ in range(idle)]
                    self._tell_change(tell)
        except BaseException:  # whoever listened has gone
            self._deadline.abort()
            raise
        self._deadline.finish_in_flight()
        for job in jobs:
            job.result()
        return sorted(self._results, key=lambda result: result.fetched.window)

    def _start_worker(self, pool: DaemonPool) -> "Future[None]":
        job = pool.submit(self._fetch_windows)
        job.add_done_callback(lambda _: self._changed.set())
        return job

    def _tell_change(self, tell: Tell) -> None:
        """Tell the progress when something has changed, or after 0.1 s."""
        self._changed.wait(_POLL_SECONDS)
        self._changed.clear()
        tell(self.progress)

    def _fetch_windows(self) -> None:
        """Fetch one window of the plan after another, until none is left."""
        try:
            while (window := self._plan.next_window()) is not None:
                self._results.extend(self._fetch(window))
                self._others_may_start.set()
        finally:
            self._others_may_start.set()

    def _fetch(self, window: Window) -> Sequence[WindowResult]:
        """Fetch a window, unless another load does. Returns nothing for a window that is to be cut."""
        query = self._plan.query.over(window)
        with self._lock:
            self._windows.append(window)
        try:
            with ExitStack() as leases:
                self._acquire_lease(query, leases)
                if (self._other_load or self._sink.has_new(query)) and (stored := self._sink.find(query)):
                    self._plan.learn(window, 0)  # nothing of it is still to come
                    return [WindowResult(fetched) for fetched in stored]
                result = self._fetch_unchanged(query)
                if result is None:
                    return ()
                if result.complete:
                    result = replace(result, fetched=self._sink.write(result.fetched))
                    self._deadline.extend()
            return [result]
        finally:
            with self._lock:
                self._windows.remove(window)

    def _acquire_lease(self, query: Query, leases: ExitStack) -> None:
        """Acquire the window's lock (wait at most 120 s), and note whether another load held one: that load
        may have stored later windows, too.
        """
        until = time.monotonic() + _LONGEST_LEASE_WAIT
        while not self._deadline.over and time.monotonic() < until:
            lease = self._sink.acquire_lease(query)
            if lease is not None:
                leases.enter_context(lease)
                return
            self._other_load = True
            pause = _RANDOM.uniform(*_LEASE_PAUSES)
            ends_at = datetime.now(UTC) + timedelta(seconds=pause)
            self._note_wait(ends_at, "Another load is fetching the same days.")
            with suppress(LoadStopped):
                self._deadline.sleep(pause)

    def _fetch_unchanged(self, query: Query) -> WindowResult | None:
        """Fetch a window, and once more where its records changed meanwhile; None if it is to be cut."""
        first = self._fetch_pages(query)
        if first.too_many:
            self._row_budget.release(first.records)
            with self._lock:
                self._records -= first.records
            self._plan.put_back(query.window, max([first.records, *first.totals]), first.until)
            return None
        if not first.broken:
            self._plan.learn(query.window, first.records)
        if not first.moved:
            return first.result
        self._row_budget.release(first.records)
        return first.followed_by(self._fetch_pages(query, known=first.records))

    def _fetch_pages(self, query: Query, known: int = 0) -> WindowFetch:
        """Fetch the pages of one window; `known` of its records were counted before."""
        fetch = WindowFetch(query)
        paginator = Paginator(
            partial(self._client.page, query),
            self._decode,
            first=self._first_page,
            in_flight=self._in_flight,
            row_budget=self._row_budget,
            share=self._share,
        )
        try:
            self._deadline.check()
            for number, page in enumerate(paginator, 1):
                fetch.add(page)
                with self._lock:
                    self._records += max(0, min(page.records, fetch.records - known))
                self._changed.set()
                if paginator.base is not None:
                    self._first_page = paginator.base
                if number == 2 and self._plan.known:
                    self._others_may_start.set()
                seen = max(fetch.records, page.declared.total or 0)
                fetch.too_many = number > _PAGES_SEEN and self._plan.too_many(query.window, seen, fetch.until)
                if fetch.too_many:
                    break
        except UserlaneError as caught:
            fetch.error = self._end_with(caught)
        if paginator.ends_load:  # a full row budget or an ignored page number: no other window fares better
            self._deadline.finish_in_flight()
        fetch.finish(paginator)
        return fetch

    def _end_with(self, caught: UserlaneError) -> UserlaneError:
        """Return the error that ended a window: another window's, if that ended the whole load. Ends the load
        where no other window can fare better.
        """
        ended_by_another = isinstance(caught, LoadStopped) and not self._deadline.aborted
        error = _without_frames(self._deadline.fatal_error or caught if ended_by_another else caught)
        if isinstance(error, FINAL) or self.responded_at is None or self._deadline.remaining <= 0:
            self._deadline.finish_in_flight()
        return error

    def _share(self) -> int:
        """Return how many pages of one window may be in flight: windows fetched side by side need fewer, and
        the last pages of each are past its end.
        """
        return max(1, self._workers // max(1, len(self._windows)))

    def _decode(self, body: bytes) -> Page:
        page = self._decoder.decode(body)
        self.responded_at = self.responded_at or time.monotonic()
        return page

    def _note_wait(self, until: datetime, why: str) -> None:
        self._waiting = (until, why)
        self._changed.set()


def _without_frames(error: UserlaneError) -> UserlaneError:
    """The error without the frames it passed, which hold whole pages: it lasts as long as the dataset."""
    error.__context__ = None
    return error.with_traceback(None)
