"""Connections whose every read, write and connect ends with the request's deadline or the user's stop.

httpx limits the time of each read, and a read that waits cannot be cancelled. Measured with the transport of
httpx in place of this one, deadline 1 s: a response whose headers drip is still being read after 15 s, and a
stop while the API is silent is not noticed within 15 s; here both end after 1.0 to 1.2 s.
"""

import ssl
import time
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from userlane.client.deadline import LoadDeadline
from userlane.client.threads import DaemonPool
from userlane.errors import TooSlow, UserlaneError

_SLICE_SECONDS = 0.2
"""How long one read waits before the deadline is looked at again."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class RequestDeadline:
    """The end of one try of one page: `at` on the monotonic clock, or the end of its `load`."""

    load: LoadDeadline
    at: float

    def limit(self, timeout: float | None) -> float:
        """Return `timeout`, or the seconds left where these are fewer. Raises what `check` raises."""
        self.check()
        left = self.at - time.monotonic()
        return max(0.001, left if timeout is None else min(timeout, left))

    def check(self) -> None:
        """Raises `LoadStopped` when the load was aborted, `TooSlow` when the page or the load is late."""
        self.load.check(running=True)
        if self.at <= time.monotonic():
            raise TooSlow(
                f"The API took longer than {self.load.limits.page_seconds:.0f} s for one page.",
                "Load again, or choose a shorter range.",
            )


_DEADLINE: ContextVar[RequestDeadline] = ContextVar("deadline")


@contextmanager
def limit_request(load: LoadDeadline) -> Iterator[RequestDeadline]:
    """Within this block, all network access of this thread ends at the page's or the load's deadline.

    Requests can be sent only within such a block.
    """
    seconds = min(load.limits.page_seconds, load.remaining)
    deadline = RequestDeadline(load, time.monotonic() + seconds)
    token = _DEADLINE.set(deadline)
    try:
        yield deadline
    finally:
        _DEADLINE.reset(token)


class _Stream(httpcore.NetworkStream):
    """A connection that reads in short slices and checks the deadline between them."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self.read_since_write = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  # `limit` counts
        self.read_since_write = True
        deadline = _DEADLINE.get()
        while True:
            try:
                return self._stream.read(max_bytes, deadline.limit(_SLICE_SECONDS))
            except httpcore.ReadTimeout:
                continue

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.read_since_write = False
        self._stream.write(buffer, _DEADLINE.get().limit(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        options["timeout"] = _DEADLINE.get().limit(options.get("timeout"))
        return _Stream(self._stream.start_tls(*arguments, **options))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    def connect_tcp(self, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        deadline = _DEADLINE.get()
        options["timeout"] = deadline.limit(options.get("timeout"))
        connect = partial(super().connect_tcp, *arguments, **options)
        # In a thread of its own: looking up a host name has no timeout, and each of its addresses has one.
        with DaemonPool(1, "userlane-connect") as pool:
            return _Stream(_wait_for(pool.submit(connect), deadline))


def _wait_for(
    connecting: Future[httpcore.NetworkStream], deadline: RequestDeadline
) -> httpcore.NetworkStream:
    """The connection. Past the deadline its error is raised, and a connection that comes late is closed."""
    try:
        while not connecting.done():
            wait((connecting,), deadline.limit(_SLICE_SECONDS))
    except UserlaneError:
        connecting.add_done_callback(_close)
        raise
    return connecting.result()


def _close(connecting: Future[httpcore.NetworkStream]) -> None:
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()


def _open_transport(context: ssl.SSLContext, proxy: str | None) -> httpx.HTTPTransport:
    """Make the transport of httpx over this module's connections, directly or through one proxy."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=30.0)
    transport = httpx.HTTPTransport(verify=context, limits=limits, proxy=proxy)
    transport._pool._network_backend = _Backend()  # noqa: SLF001  # httpx has no option for it
    return transport


class InterruptibleTransport(httpx.BaseTransport):
    """Kept-alive HTTP/1.1 connections that heed the deadline of `limit_request`.

    They go through the environment's proxy (`HTTPS_PROXY`, `NO_PROXY`) and trust the environment's
    certificates (`SSL_CERT_FILE`). Loopback never goes through a proxy.
    """

    def __init__(self) -> None:
        context = httpx.create_ssl_context()
        self._proxies = {
            scheme: url for scheme, url in getproxies().items() if url.startswith(("http://", "https://"))
        }
        self._transports = {
            proxy: _open_transport(context, proxy) for proxy in {None, *self._proxies.values()}
        }

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            httpx.TransportError: The connection failed or broke.
            TooSlow: The deadline has passed.
            LoadStopped: The load was aborted.
        """
        response = self._transports[self._proxy(request.url)].handle_request(request)
        if not response.extensions["network_stream"].read_since_write:
            # Response bytes arrived before the request was sent (response desync, possibly another
            # client's): discard the connection.
            response.close()
            raise httpx.RemoteProtocolError("a response came before its request", request=request)
        return response

    def close(self) -> None:
        """Close every connection."""
        for transport in self._transports.values():
            transport.close()

    def _proxy(self, url: httpx.URL) -> str | None:
        if url.host in _LOOPBACK or proxy_bypass(url.host):
            return None
        return self._proxies.get(url.scheme) or self._proxies.get("all")
