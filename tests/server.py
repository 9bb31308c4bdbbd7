"""A loopback socket in place of the API, whose responses are bytes: each connection has a thread of its own,
and what is sent, when, and whether anything follows is up to the response alone. `responses` has such bytes.
"""

import contextlib
import socket
import ssl
import struct
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its number among all, its number among those with this target, and when it had arrived.

    `headers` by lower-case name. `page`, `limit`, `start` and `end` (exclusive) are there in requests of the
    assumed contract only.
    """

    number: int
    attempt: int
    target: str
    path: str
    parameters: Mapping[str, str]
    headers: Mapping[str, str]
    at: float

    @property
    def page(self) -> int:
        """The page that is asked for."""
        return int(self.parameters["page"])

    @property
    def limit(self) -> int:
        """The most records it may hold."""
        return int(self.parameters["limit"])

    @property
    def start(self) -> date:
        """The first day."""
        return datetime.fromisoformat(self.parameters["startDate"]).date()

    @property
    def end(self) -> date:
        """The day after the last."""
        return datetime.fromisoformat(self.parameters["endDate"]).date()

    @property
    def token(self) -> str:
        """What came in the Authorization header, without its scheme."""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


class Connection:
    """The server's end of one connection, as responses use it."""

    def __init__(self, connection: socket.socket, closing: Event) -> None:
        self._connection = connection
        self._closing = closing
        self.gone = False
        """Whether no further request can come."""

    def send(self, *pieces: bytes) -> None:
        """Send these bytes."""
        self._connection.sendall(b"".join(pieces))

    def drip(self, piece: bytes, pause: float = 0.02) -> None:
        """Send this again and again until the client hangs up."""
        while not self._closing.wait(pause):
            self._connection.sendall(piece)

    def stream(self, piece: bytes) -> None:
        """Send this again and again, as fast as it goes, until the client hangs up."""
        while not self._closing.is_set():
            self._connection.sendall(piece)

    def wait_for_the_client_to_go(self) -> None:
        """Say nothing more until the client hangs up."""
        self.gone = True
        while self._connection.recv(65536):
            pass

    def close(self) -> None:
        """End the connection politely."""
        self.gone = True
        self._connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """End the connection with a reset."""
        self.gone = True
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # A TLS socket would say goodbye first.
        socket.socket.close(self._connection)


Response = Callable[[Connection], None]
"""Sends one response, or what there is in place of one."""

Respond = Callable[[Request], Response]
"""The response to each request, made in that connection's thread."""

Secured = Callable[[int], ssl.SSLContext]
"""The certificate for the connection that will carry the request of this number."""


class Listener:
    """Listens while it is entered; `serve` has each connection, in a thread of its own, and may simply end.

    `connections` counts all so far, `open` those that neither side has closed yet.
    """

    scheme = "http"

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self.connections = 0
        self._serve = serve
        self._open: set[socket.socket] = set()
        self._changed = Condition()
        self._closing = Event()
        # Never listens: while nobody else does, the port is this one's and connections to it are refused.
        self._place = _bound(0)
        self.port: int = self._place.getsockname()[1]
        self._listener: socket.socket | None = None

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._open)

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self.refuse()
        self._place.close()

    def listen(self) -> None:
        """Accept connections, from now on or again."""
        if self._listener is None:
            self._listener = _bound(self.port)
            self._listener.listen(64)
            Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Refuse connections, and end those there are."""
        with self._changed:
            listener, self._listener = self._listener, None
            if listener is not None:
                with contextlib.suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)
                listener.close()
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def until(self, true: Callable[[], bool], seconds: float = 20) -> bool:
        """Wait until something about requests or connections is true; whether it is."""
        with self._changed:
            return self._changed.wait_for(true, seconds)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with self._changed:
                    self.connections += 1
                    self._open.add(connection)
                Thread(target=self._have_served, args=(connection,), daemon=True).start()

    def _have_served(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._serve(connection)
        except OSError:
            pass  # the client, or this server, has hung up
        finally:
            self._forget(connection)

    def _forget(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()
        with contextlib.suppress(OSError):
            connection.close()


class Server(Listener):
    """Sends what `respond` gives for each request; `requests` are all so far."""

    def __init__(self, respond: Respond, secured: Secured | None = None) -> None:
        super().__init__(self._respond_to_all if secured is None else self._secure)
        self.respond = respond
        self.requests: list[Request] = []
        self._attempts: Counter[str] = Counter()
        if secured is not None:
            self.scheme, self._secured = "https", secured

    def _secure(self, connection: socket.socket) -> None:
        secure = self._secured(len(self.requests) + 1).wrap_socket(connection, server_side=True)
        with self._changed:
            self._open = self._open - {connection} | {secure}
        try:
            self._respond_to_all(secure)
        finally:
            self._forget(secure)

    def _respond_to_all(self, connection: socket.socket) -> None:
        ours = Connection(connection, self._closing)
        while not ours.gone and (head := read_head(connection)):
            self.respond(self._note(head))(ours)

    def _note(self, head: bytes) -> Request:
        first, *others = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        target = first.split(" ")[1]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in others)}
        url = urlsplit(target)
        parameters = dict(parse_qsl(url.query, keep_blank_values=True))
        with self._changed:
            self._attempts[target] += 1
            request = Request(
                len(self.requests) + 1,
                self._attempts[target],
                target,
                url.path,
                parameters,
                headers,
                time.monotonic(),
            )
            self.requests.append(request)
            self._changed.notify_all()
        return request


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def read_head(connection: socket.socket) -> bytes:
    """The next request's head; empty when the client has hung up."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        received = connection.recv(65536)
        if not received:
            return b""
        head += received
    return head
