"""Fetches single pages, with retries."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from urllib.parse import urlencode

import httpx
import structlog

from userlane import errors
from userlane.client.deadline import LoadDeadline
from userlane.client.http_pool import HttpPool
from userlane.client.responses import decipher, http_date, read_body, throttled, translate_transport_error
from userlane.client.retries import choose_pause
from userlane.client.transport import RequestDeadline, limit_request
from userlane.contract import PAGE_LIMIT, Connection, Query, format_window

Notice = Callable[[datetime, str], None]
"""Called when a request has to wait: until when, and why."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that got a response.

    Attributes:
        status: HTTP status.
        seconds: From sending the request until the response was complete.
        clock_ahead: Seconds by which the API's clock is ahead of this machine's (its `Date` has whole
            seconds); None if the response has no date.
    """

    status: int
    seconds: float
    clock_ahead: float | None


Listener = Callable[[Exchange], None]
"""Called for every request that got a response, whatever the response."""

_OVERLOADED = frozenset({429, 503})
_ERROR_BYTES = 2**20
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "userlane-dashboard",
}

_log = structlog.get_logger("userlane.client")


class Client:
    """Fetches pages with one token, for one load."""

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
        self._lock = Lock()
        self.requests = 0
        """Number of requests sent; every try counts."""

    def page(self, query: Query, page: int, limit: int = PAGE_LIMIT) -> bytes:
        """Fetch the body of one page, and try again where that can help.

        The log has the place of each failure (host, dataset, page, try and status), never a token, header,
        body or parameter. An error that no other page can escape (a refused token) ends the load.

        Args:
            query: Dataset, property and window.
            page: Number of the page, as the API counts.
            limit: Records per page.

        Raises:
            UserlaneError: What `decipher` raises; `Unreachable`, `Untrusted`, `TooSlow`, `ResponseTooLarge`,
                `LoadStopped`.
        """
        request = _request(self._connection, query, page, limit, self._deadline)
        budget = self._http.retry_budget(request.url, self._connection)
        log = _log.bind(host=request.url.host, dataset=query.dataset, api_page=page)
        attempt = 1
        while True:
            try:
                body = self._try(request, query)
            except errors.UserlaneError as error:
                log = log.bind(status=error.status, attempt=attempt)
                pause = choose_pause(attempt, error.retry_after, self._deadline) if error.retryable else None
                budget_empty = pause is not None and not budget.spend()
                if pause is None or budget_empty:
                    _log_end(log, error, budget_empty=budget_empty)
                    if isinstance(error, errors.AccessRefused | errors.Untrusted):
                        self._deadline.finish_in_flight(error)
                    raise (_not_retried(error) if budget_empty else error) from None
                _log_retry(log, error, round(pause, 1))
                self._announce(pause, error.cause)
            else:
                budget.record_success(retried=attempt > 1)
                return body
            self._deadline.sleep(pause)
            attempt += 1

    def _try(self, request: httpx.Request, query: Query) -> bytes:
        """Send the request once, when the token's limiter lets it start."""
        begun = self._start()
        try:
            with self._lock:
                self.requests += 1
            body = self._exchange(request, query)
        except errors.UserlaneError as error:
            page_too_slow = isinstance(error, errors.TooSlow) and self._deadline.remaining > 0
            if page_too_slow or (error.retryable and error.status in _OVERLOADED):
                self._limiter.record_overload(begun)
            if error.retry_after is not None:  # before `release` lets another request start
                self._limiter.pause_for(error.retry_after)
            raise
        else:
            self._limiter.record_success(begun)
            return body
        finally:
            self._limiter.release()

    def _start(self) -> int:
        """Wait until the limiter lets a request start. Returns the request's round."""
        while True:
            self._deadline.check()
            seconds = self._limiter.closed_for
            if seconds > self._deadline.remaining:
                raise throttled(seconds)
            if seconds > 0:
                self._announce(seconds, "The API asked to wait.")
                self._deadline.sleep(seconds)
            elif (begun := self._limiter.acquire()) is not None:
                return begun

    def _exchange(self, request: httpx.Request, query: Query) -> bytes:
        status = None
        began, clock = datetime.now(UTC), time.monotonic()
        try:
            with limit_request(self._deadline) as deadline:
                response = self._http.send(request)
                status = response.status_code
                body = self._body(response, deadline)
            if self._listener:
                self._listener(_timed(response, began, time.monotonic() - clock))
            return decipher(status, response.headers, body, query, now=datetime.now(UTC))
        except httpx.TransportError as error:
            translated = translate_transport_error(error, request.url.host)
            translated.status = status
            # Without the original: its text and its request can hold the token.
            raise translated from None
        except errors.UserlaneError as error:
            error.status = status
            raise

    def _body(self, response: httpx.Response, deadline: RequestDeadline) -> bytes:
        cap = self._deadline.limits.page_bytes
        try:
            most = cap if response.is_success else min(cap, _ERROR_BYTES)
            return read_body(response, deadline, most, self._http.large)
        except (httpx.TransportError, errors.ApiFailed, errors.ResponseTooLarge, errors.NotData):
            if response.is_success:
                raise
            return b""  # the status says enough
        finally:
            response.close()

    def _announce(self, seconds: float, why: str) -> None:
        self._notice(datetime.now(UTC) + timedelta(seconds=seconds), why)


def _request(
    connection: Connection, query: Query, page: int, limit: int, deadline: LoadDeadline
) -> httpx.Request:
    """The request for one page. Raises `RequestRefused` if its address is none."""
    auth, route = connection.profile.auth, connection.profile.route(query.dataset)
    url = route.url
    for name, value in (
        ("{base_url}", connection.base_url),
        ("{property_id}", query.property_id),
        ("{survey_id}", query.survey_id or ""),
    ):
        url = url.replace(name, value)
    start, end = format_window(query, route.dates)
    parameters = urlencode({route.start: start, route.end: end, route.page: page, route.limit: limit})
    timeout = httpx.Timeout(deadline.limits.page_seconds, connect=deadline.limits.connect_seconds)
    try:
        return httpx.Request(
            "GET",
            f"{url}{'&' if '?' in url else '?'}{parameters}",
            headers={**_HEADERS, auth.header: connection.token.header(auth.scheme)},
            extensions={"timeout": timeout.as_dict()},
        )
    except httpx.InvalidURL:
        raise errors.RequestRefused(
            "The API address is not a web address.", "Check USERLANE_BASE_URL and the API profile."
        ) from None


def _timed(response: httpx.Response, began: datetime, seconds: float) -> Exchange:
    date = http_date(response.headers.get("date", ""))
    middle = began + timedelta(seconds=seconds / 2)
    return Exchange(response.status_code, seconds, (date - middle).total_seconds() if date else None)


def _log_retry(log: structlog.stdlib.BoundLogger, error: errors.UserlaneError, seconds: float) -> None:
    if isinstance(error, errors.Throttled):
        log.warning("request is retried: the API gets too many", seconds=seconds)
    else:
        log.info("request is retried", error=type(error).__name__, seconds=seconds)


def _log_end(log: structlog.stdlib.BoundLogger, error: errors.UserlaneError, *, budget_empty: bool) -> None:
    log = log.bind(error=type(error).__name__)
    if isinstance(error, errors.LoadStopped):
        return
    if budget_empty:
        log.error("page failed: the retry budget is used up")
    elif error.retryable:
        log.warning("page failed")
    elif isinstance(error, errors.RequestRefused) and error.status is not None and error.status < 400:
        log.warning("redirect is not followed")
    elif isinstance(error, errors.ResponseUnusable):
        log.warning("response is unusable")
    else:
        log.info("request is refused")


def _not_retried(error: errors.UserlaneError) -> errors.UserlaneError:
    not_retried = type(error)(
        f"The API fails often at the moment, so nothing is asked for twice. {error.cause}",
        "Load again in a few minutes.",
    )
    not_retried.status = error.status
    return not_retried
