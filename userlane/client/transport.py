"""Connections that heed a deadline and a stop even while they wait for a byte.

httpx bounds each read, so a server that sends one byte a second is never too slow for it, and a blocked
read cannot be called off. Here every read waits in short slices and looks at its deadline in between;
so does whoever waits for a connection, and nothing is sent after a stop.
"""

import ssl
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from userlane.client.deadline import LoadDeadline, load_stopped
from userlane.client.threads import DaemonPool
from userlane.errors import TooSlow, UserlaneError

_SLICE = 0.2
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class RequestDeadline:
    """The deadline of one try of one page, and the load's stop."""

    load: LoadDeadline
    at: float

    @property
    def left(self) -> float:
        """Seconds to the deadline."""
        return self.at - time.monotonic()

    def within(self, timeout: float | None) -> float:
        """The timeout, or the seconds to the deadline where these are fewer."""
        return max(0.001, self.left if timeout is None else min(timeout, self.left))

    def check(self) -> None:
        """Raises `LoadStopped` or `TooSlow`."""
        if self.load.aborted:
            raise load_stopped()
        if self.load.remaining <= 0:
            raise self.load.load_too_slow()
        if self.left <= 0:
            raise TooSlow(
                f"The API took longer than {self.load.limits.page_seconds:.0f} s for one page.",
                "Load again, or choose a shorter range.",
            )


_WATCH: ContextVar[RequestDeadline | None] = ContextVar("watch", default=None)


@contextmanager
def limit_request(deadline: LoadDeadline) -> Iterator[RequestDeadline]:
    """Within this block, whatever this thread does on the network ends at the page deadline or the load's, or
    when stopped.
    """
    seconds = min(deadline.limits.page_seconds, deadline.remaining)
    watch = RequestDeadline(deadline, time.monotonic() + seconds)
    token = _WATCH.set(watch)
    try:
        yield watch
    finally:
        _WATCH.reset(token)


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self.heard = False
        """Whether anything was read since something was sent."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self.heard = True
        watch = _WATCH.get()
        if watch is None:
            return self._stream.read(max_bytes, timeout)
        while True:
            watch.check()
            try:
                return self._stream.read(max_bytes, watch.within(_SLICE))
            except httpcore.ReadTimeout:
                continue

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.heard = False
        if watch := _WATCH.get():
            watch.check()
            timeout = watch.within(timeout)
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        if watch := _WATCH.get():
            watch.check()
            timeout = watch.within(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        watch = _WATCH.get()
        if watch is None:
            return _Stream(self._backend.connect_tcp(host, port, timeout, local_address, socket_options))
        watch.check()
        # Looking up the host has no timeout, and each of its addresses has one of its own.
        connect = partial(
            self._backend.connect_tcp, host, port, watch.within(timeout), local_address, socket_options
        )
        with DaemonPool(1, "userlane-connect") as pool:
            return _Stream(_awaited(pool.submit(connect), watch))

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._backend.connect_unix_socket(path, timeout, socket_options))


def _awaited(coming: Future[httpcore.NetworkStream], watch: RequestDeadline) -> httpcore.NetworkStream:
    """A connection, unless its time is over before it is there; then it is closed as soon as it is."""
    try:
        while not wait((coming,), watch.within(_SLICE)).done:
            watch.check()
    except UserlaneError:
        coming.add_done_callback(_closed)
        raise
    return coming.result()


def _closed(late: Future[httpcore.NetworkStream]) -> None:
    if not late.cancelled() and late.exception() is None:
        late.result().close()


class _Body(httpx.SyncByteStream):
    def __init__(self, stream: Any, request: httpx.Request) -> None:
        self._stream = stream
        self._request = request

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx(self._request):
            yield from self._stream

    def close(self) -> None:
        with _as_httpx(self._request):
            self._stream.close()


class InterruptibleTransport(httpx.BaseTransport):
    """The network for `httpx.Client`: kept-alive HTTP/1.1 connections, through the environment's proxy
    (`HTTPS_PROXY`, `NO_PROXY`), trusting the environment's certificates (`SSL_CERT_FILE`).
    Loopback never goes through a proxy.
    """

    def __init__(self) -> None:
        self._context = httpx.create_ssl_context()
        self._pools: dict[str | None, httpcore.ConnectionPool] = {}
        self._proxies = {
            scheme: url for scheme, url in getproxies().items() if url.startswith(("http://", "https://"))
        }
        for proxy in {None, *self._proxies.values()}:
            self._pools[proxy] = self._pool(proxy)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises the exceptions of httpx, and those of `RequestDeadline.check`."""
        url = request.url
        with _as_httpx(request):
            answer = self._pools[self._proxy(url)].handle_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
            if not answer.extensions["network_stream"].heard:
                # It lay behind the answer before it: a proxy that lost count, and perhaps somebody else's.
                answer.close()
                raise httpcore.RemoteProtocolError("an answer came before the question")
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer.stream, request))

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            pool.close()

    def _proxy(self, url: httpx.URL) -> str | None:
        if url.host in _LOOPBACK or proxy_bypass(url.host):
            return None
        return self._proxies.get(url.scheme) or self._proxies.get("all")

    def _pool(self, proxy: str | None) -> httpcore.ConnectionPool:
        options: dict[str, Any] = {
            "ssl_context": self._context,
            "max_connections": None,
            "max_keepalive_connections": 20,
            "keepalive_expiry": 30.0,
            "network_backend": _Backend(),
        }
        if proxy is None:
            return httpcore.ConnectionPool(**options)
        through = httpx.Proxy(proxy)
        return httpcore.HTTPProxy(
            str(through.url), proxy_auth=through.raw_auth, proxy_ssl_context=through.ssl_context, **options
        )


@contextmanager
def _as_httpx(request: httpx.Request) -> Iterator[None]:
    """Httpcore's exceptions under the names httpx gives them, so injected transports look the same."""
    try:
        yield
    except (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.ProxyError,
        httpcore.UnsupportedProtocol,
    ) as error:
        kind = getattr(httpx, type(error).__name__, httpx.TransportError)
        raise kind(str(error), request=request) from error
