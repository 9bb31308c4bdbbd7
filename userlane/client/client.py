"""One page of one query."""

import logging
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from threading import Lock
from urllib.parse import urlencode
from weakref import finalize

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from userlane.client.answers import decipher, http_date
from userlane.client.faults import translate
from userlane.client.lane import lane
from userlane.client.patience import Patience
from userlane.client.wire import Watch, Wire, watching
from userlane.contract import PAGE_LIMIT, Connection, Query, span
from userlane.errors import (
    AnswerTooLarge,
    ApiFailed,
    NotData,
    RequestRefused,
    Unreachable,
    UserlaneError,
)

# Both write whole URLs and, one level lower, whole headers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

Http = httpx.Client
"""Connections for a whole process, made by `open_http`."""

Transport = httpx.BaseTransport
"""What an `Http` sends its requests through; tests give their own."""

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

_STEP = 2**20
_LONGEST_PAUSE = 8.0


def open_http(transport: Transport | None = None) -> Http:
    """Connections for a whole process: kept alive, without cookies, never redirected.

    They close with the last reference to what is returned, if not before.
    """
    transport = transport or Wire()
    http = httpx.Client(
        transport=transport,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        headers={"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "userlane-dashboard"},
    )
    finalize(http, transport.close)
    return http


class Client:
    """Asks for pages with one token, on behalf of one load."""

    def __init__(
        self,
        connection: Connection,
        http: Http,
        patience: Patience,
        *,
        in_flight: int = 4,
        notice: Notice | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._connection = connection
        self._http = http
        self._patience = patience
        self._lane = lane(connection, in_flight)
        self._notice = notice or (lambda _until, _why: None)
        self._listener = listener
        self._count = 0
        self._lock = Lock()

    @property
    def requests(self) -> int:
        """How many requests were sent, every try counted."""
        return self._count

    def page(self, query: Query, page: int, limit: int = PAGE_LIMIT) -> bytes:
        """The body of one page, asked for again where that can help: at most `Limits.tries` times, with a
        random pause that doubles, or as long as the API asks to wait.

        Raises what `decipher` raises, `Unreachable`, `Untrusted`, `TooSlow`, `AnswerTooLarge`, `LoadStopped`.
        """
        request = self._request(query, page, limit)
        limits = self._patience.limits
        jitter = wait_random_exponential(multiplier=limits.backoff, max=_LONGEST_PAUSE)

        def pause(state: RetryCallState) -> float:
            asked = getattr(_error(state), "retry_after", None)
            return jitter(state) if asked is None else float(asked)

        def enough(state: RetryCallState) -> bool:
            tried = state.attempt_number >= limits.tries
            return tried or state.upcoming_sleep >= self._patience.remaining

        def announce(state: RetryCallState) -> None:
            error = _error(state)
            if getattr(error, "retry_after", None) is not None:
                self._lane.close_for(state.upcoming_sleep)
            if isinstance(error, UserlaneError):
                self._tell(state.upcoming_sleep, error.cause)

        retrying = Retrying(
            stop=enough,
            wait=pause,
            retry=retry_if_exception(lambda error: isinstance(error, UserlaneError) and error.retryable),
            sleep=self._patience.sleep,
            before_sleep=announce,
            reraise=True,
        )
        return retrying(self._ask, request, query)

    def _ask(self, request: httpx.Request, query: Query) -> bytes:
        wait = "The API asked to wait."
        with self._lane.enter(self._patience, lambda seconds: self._tell(seconds, wait)):
            with self._lock:
                self._count += 1
            with watching(self._patience) as watch:
                began, clock = datetime.now(UTC), time.monotonic()
                status, headers, body = self._receive(request, watch)
        if self._listener:
            self._listener(_exchange(status, headers, began, time.monotonic() - clock))
        secret = self._connection.token.header("")
        return decipher(status, headers, body, query, secret=secret, now=datetime.now(UTC))

    def _receive(self, request: httpx.Request, watch: Watch) -> tuple[int, httpx.Headers, bytes]:
        try:
            response = self._http.send(request, stream=True)
            try:
                return response.status_code, response.headers, self._body(response, watch)
            finally:
                response.close()
        except httpx.TransportError as error:
            # Without the original: its text and its request can hold the token.
            raise translate(error, request.url.host) from None

    def _body(self, response: httpx.Response, watch: Watch) -> bytes:
        cap = watch.patience.limits.page_bytes
        if response.is_success:
            return b"".join(_pieces(response, watch, cap))
        try:
            return b"".join(_pieces(response, watch, min(cap, _STEP)))
        except (httpx.TransportError, ApiFailed, AnswerTooLarge, NotData):
            return b""  # the status says enough

    def _request(self, query: Query, page: int, limit: int) -> httpx.Request:
        profile = self._connection.profile
        route = profile.route(query.dataset)
        url = route.url
        for name, value in (
            ("{base_url}", self._connection.base_url),
            ("{property_id}", query.property_id),
            ("{survey_id}", query.survey_id or ""),
        ):
            url = url.replace(name, value)
        start, end = span(query, route.dates)
        parameters = urlencode({route.start: start, route.end: end, route.page: page, route.limit: limit})
        try:
            return self._http.build_request(
                "GET",
                f"{url}{'&' if '?' in url else '?'}{parameters}",
                headers={profile.auth.header: self._connection.token.header(profile.auth.scheme)},
                timeout=httpx.Timeout(
                    self._patience.limits.page_seconds, connect=self._patience.limits.connect_seconds
                ),
            )
        except httpx.InvalidURL:
            raise RequestRefused(
                "The API address is not a web address.", "Check USERLANE_BASE_URL and the API profile."
            ) from None

    def _tell(self, seconds: float, why: str) -> None:
        self._notice(datetime.now(UTC) + timedelta(seconds=seconds), why)


def _exchange(status: int, headers: httpx.Headers, began: datetime, seconds: float) -> Exchange:
    shown = http_date(headers.get("date", ""))
    middle = began + timedelta(seconds=seconds / 2)
    return Exchange(status, seconds, (shown - middle).total_seconds() if shown else None)


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _pieces(response: httpx.Response, watch: Watch, cap: int) -> Iterator[bytes]:
    """The body, unpacked in bounded steps: a megabyte of gzip can hold a gigabyte."""
    total = 0
    for piece in _unpacked(response):
        watch.check()
        total += len(piece)
        if total > cap:
            raise AnswerTooLarge(
                f"One page is larger than {cap / 2**20:.0f} MB.",
                "That is no page of 1,000 records: check the address.",
            )
        yield piece


def _unpacked(response: httpx.Response) -> Iterator[bytes]:
    if response.is_stream_consumed:  # an injected transport answered with a body already read
        yield response.content
        return
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing == "identity":
        yield from response.iter_raw()
        return
    if packing not in {"gzip", "x-gzip"}:
        raise NotData(
            "The answer is packed in a way that was not asked for.", "Check for a proxy in between."
        )
    unzip = zlib.decompressobj(wbits=31)
    packed = b""
    try:
        for packed in response.iter_raw():
            rest = packed
            while rest:
                yield unzip.decompress(rest, _STEP)
                rest = unzip.unconsumed_tail
        while packed and not unzip.eof and (piece := unzip.decompress(b"", _STEP)):
            yield piece
    except zlib.error:
        raise Unreachable("The answer could not be unpacked.", "Load again.") from None
    if packed and not unzip.eof:
        raise Unreachable("The answer broke off before it was whole.", "Load again.")
