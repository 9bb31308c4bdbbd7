"""One page of one query."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from urllib.parse import urlencode

import httpx

from userlane.client import bodies
from userlane.client.deadline import LoadDeadline
from userlane.client.faults import translate_transport_error
from userlane.client.http_pool import HttpPool
from userlane.client.kept import Kept
from userlane.client.responses import decipher, http_date
from userlane.client.retries import Retries
from userlane.client.transport import RequestDeadline, limit_request
from userlane.contract import PAGE_LIMIT, Connection, Query, format_window
from userlane.errors import (
    ApiFailed,
    NotData,
    RequestRefused,
    ResponseTooLarge,
    ServerFailed,
    Throttled,
    TooSlow,
)

Notice = Callable[[datetime, str], None]
"""Told when a request has to wait: until when, and why."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that was answered: the status, the seconds until the answer was whole, and by how many
    seconds the API's clock is ahead of this machine's (its `Date` has whole ones), None if it is not shown.
    """

    status: int
    seconds: float
    clock_ahead: float | None


Listener = Callable[[Exchange], None]
"""Told of every request that was answered, whatever the answer."""

_PUSHED_BACK = frozenset({429, 503})
_ERROR_BYTES = 2**20
_QUESTIONS = 4
"""Besides those of windows that are walked side by side."""


@dataclass(frozen=True, eq=False)
class _Question:
    """What the requests for the pages of one query have in common: a request to take them from, which is
    never sent, and the address before the page number and after it.
    """

    request: httpx.Request
    before: str
    after: str


class Client:
    """Asks for pages with one token, on behalf of one load."""

    def __init__(
        self,
        connection: Connection,
        http: HttpPool,
        deadline: LoadDeadline,
        *,
        in_flight: int = 4,
        notice: Notice | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._connection = connection
        self._http = http
        self._deadline = deadline
        self._limiter = http.limiter(connection, in_flight)
        self._notice = notice or (lambda _until, _why: None)
        self._listener = listener
        self._questions: Kept[tuple[Query, int], _Question] = Kept(2 * in_flight + _QUESTIONS)
        self._count = 0
        self._lock = Lock()

    @property
    def requests(self) -> int:
        """How many requests were sent, every try counted."""
        return self._count

    def page(self, query: Query, page: int, limit: int = PAGE_LIMIT) -> bytes:
        """The body of one page, asked for again where that can help: at most `Limits.tries` times, with a
        random pause that doubles, or as long as the API asks to wait.

        Raises what `decipher` raises, `Unreachable`, `Untrusted`, `TooSlow`, `ResponseTooLarge`,
        `LoadStopped`.
        """
        request = self._request(query, page, limit)
        tries = Retries(
            self._deadline,
            self._http.budget(request.url, self._connection),
            self._tell,
            host=request.url.host,
            dataset=query.dataset,
            api_page=page,
        )
        return tries.of(lambda: self._ask(request, query, tries))

    def _ask(self, request: httpx.Request, query: Query, tries: Retries) -> bytes:
        tries.status = None
        wait = "The API asked to wait."
        with self._limiter.enter(self._deadline, lambda seconds: self._tell(seconds, wait)) as begun:
            with self._lock:
                self._count += 1
            try:
                body = self._answer(request, query, tries)
            except TooSlow:
                if self._deadline.remaining > 0:  # it is the page that is slow, and not the load's time over
                    self._limiter.pushed_back(begun)
                raise
            except (Throttled, ServerFailed) as error:
                if tries.status in _PUSHED_BACK:
                    self._limiter.pushed_back(begun)
                if error.retry_after is not None:  # closed before the place is free for another request
                    self._limiter.close_for(error.retry_after)
                raise
            self._limiter.answered(begun)
            return body

    def _answer(self, request: httpx.Request, query: Query, tries: Retries) -> bytes:
        began, clock = datetime.now(UTC), time.monotonic()
        with limit_request(self._deadline) as watch:
            status, headers, body = self._receive(request, watch, tries)
        if self._listener:
            self._listener(_exchange(status, headers, began, time.monotonic() - clock))
        return decipher(status, headers, body, query, now=datetime.now(UTC))

    def _receive(
        self, request: httpx.Request, watch: RequestDeadline, tries: Retries
    ) -> tuple[int, httpx.Headers, bytes]:
        try:
            response = self._http.ask(request)
            tries.status = response.status_code
            try:
                return response.status_code, response.headers, self._body(response, watch)
            finally:
                response.close()
        except httpx.TransportError as error:
            # Without the original: its text and its request can hold the token.
            raise translate_transport_error(error, request.url.host) from None

    def _body(self, response: httpx.Response, watch: RequestDeadline) -> bytes:
        cap = watch.load.limits.page_bytes
        if response.is_success:
            return bodies.body(response, watch, cap, self._http.large)
        try:
            return bodies.body(response, watch, min(cap, _ERROR_BYTES), self._http.large)
        except (httpx.TransportError, ApiFailed, ResponseTooLarge, NotData):
            return b""  # the status says enough

    def _request(self, query: Query, page: int, limit: int) -> httpx.Request:
        try:
            asked = self._questions.of((query, limit), lambda: self._question(query, limit))
            first = asked.request
            return httpx.Request(
                first.method,
                f"{asked.before}{page}{asked.after}",
                headers=first.headers,
                extensions=dict(first.extensions),
            )
        except httpx.InvalidURL:
            raise RequestRefused(
                "The API address is not a web address.", "Check USERLANE_BASE_URL and the API profile."
            ) from None

    def _question(self, query: Query, limit: int) -> _Question:
        profile = self._connection.profile
        route = profile.route(query.dataset)
        url = route.url
        for name, value in (
            ("{base_url}", self._connection.base_url),
            ("{property_id}", query.property_id),
            ("{survey_id}", query.survey_id or ""),
        ):
            url = url.replace(name, value)
        start, end = format_window(query, route.dates)
        parameters = urlencode({route.start: start, route.end: end, route.page: ""})
        before = f"{url}{'&' if '?' in url else '?'}{parameters}"
        request = self._http.build_request(
            "GET",
            httpx.URL(before),
            headers={profile.auth.header: self._connection.token.header(profile.auth.scheme)},
            timeout=httpx.Timeout(
                self._deadline.limits.page_seconds, connect=self._deadline.limits.connect_seconds
            ),
        )
        return _Question(request, before, f"&{urlencode({route.limit: limit})}")

    def _tell(self, seconds: float, why: str) -> None:
        self._notice(datetime.now(UTC) + timedelta(seconds=seconds), why)


def _exchange(status: int, headers: httpx.Headers, began: datetime, seconds: float) -> Exchange:
    shown = http_date(headers.get("date", ""))
    middle = began + timedelta(seconds=seconds / 2)
    return Exchange(status, seconds, (shown - middle).total_seconds() if shown else None)
