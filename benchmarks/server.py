"""The one API that all loads are measured against: a year of tag records, in a process of its own.

It shares the machine with what is measured, so a page costs it as little as can be: every record takes the
same number of bytes, a day's records lie one after another in memory, and a page is a slice of them that goes
to the socket as it is. There are only a few different days; a day is one of these with its own date written
over, so ten million records need no more memory than their largest days.

Records of a day are alike, and spread evenly over the 365 days of `YEAR`: no user, tag and day occur twice.
`/count` tells what was served so far.
"""

import argparse
import heapq
import json
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from types import FrameType

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).parent.parent
PATH = "/v1/properties/bench/tags"
YEAR = (date(2025, 1, 1), date(2026, 1, 1))
"""The days that hold records, the second not included; long enough ago for every answer to have settled."""

DAYS = 365
TEMPLATES = 14
TAGS = 500
TAGS_EACH = 4
RECORD = (
    b'{"date":"2025-01-01","tagId":20000,"userId":"user.0000000.of.department.00@service-desk.example.org",'
    b'"interactions":1},'
)
"""One record and its comma: 119 bytes. User IDs are given by the customer; addresses are usual."""

_FIRST_TAG = 20_000
_DATE, _TAG, _USER, _DEPARTMENT, _INTERACTIONS = (
    RECORD.index(mark) + len(mark) for mark in (b'date":"', b'tagId":', b"user.", b"ment.", b'ons":')
)
_OPENING, _CLOSING = b'{"data":[', b"]}"
_ASKED = {
    name: re.compile(rb"[?&]" + name + rb"=([0-9-]+)")
    for name in (b"startDate", b"endDate", b"page", b"limit")
}
_END = b"\r\n\r\n"

Bytes = npt.NDArray[np.uint8]


class Records:
    """The records of the year, by number."""

    def __init__(self, rows: int) -> None:
        self.starts = [rows * day // DAYS for day in range(DAYS + 1)]
        """For each day, and the day after the last, how many records came before."""
        most = max(np.diff(self.starts))
        self._templates = [_template(int(most), number) for number in range(TEMPLATES)]
        self._day = lru_cache(maxsize=8)(self._dated)

    def between(self, start: date, end: date) -> range:
        """The numbers of the records of a window."""
        first, last = (min(max((day - YEAR[0]).days, 0), DAYS) for day in (start, end))
        return range(self.starts[first], self.starts[last])

    def page(self, numbers: range) -> list[memoryview]:
        """The records with these numbers, as they lie in memory, the last comma left out."""
        parts: list[memoryview] = []
        number = numbers.start
        while number < numbers.stop:
            day = int(np.searchsorted(self.starts, number, "right")) - 1
            stop = min(numbers.stop, self.starts[day + 1])
            first, last = number - self.starts[day], stop - self.starts[day]
            parts.append(self._day(day)[first * len(RECORD) : last * len(RECORD)])
            number = stop
        if parts:
            parts[-1] = parts[-1][:-1]
        return parts

    def _dated(self, day: int) -> memoryview:
        records = self._templates[day % TEMPLATES].copy()
        written = (YEAR[0] + timedelta(days=day)).isoformat().encode()
        records[:, _DATE : _DATE + len(written)] = np.frombuffer(written, np.uint8)
        return memoryview(records.tobytes())


def _template(rows: int, number: int) -> Bytes:
    """The records of one day but for its date: each user has `TAGS_EACH` tags that differ modulo that."""
    records = np.tile(np.frombuffer(RECORD, np.uint8), (rows, 1))
    visitor, turn = np.divmod(np.arange(rows), TAGS_EACH)
    user = visitor * TEMPLATES + number
    chance = np.random.default_rng(number).random((2, rows))
    tag = _FIRST_TAG + (TAGS // TAGS_EACH * chance[0] ** 2.5).astype(np.int64) * TAGS_EACH + turn
    for place, digits, values in (
        (_TAG, 5, tag),
        (_USER, 7, user),
        (_DEPARTMENT, 2, user % 40),
        (_INTERACTIONS, 1, 1 + (8 * chance[1] ** 3).astype(np.int64)),
    ):
        for digit in range(digits):
            records[:, place + digit] = ord("0") + values // 10 ** (digits - 1 - digit) % 10
    return records


@dataclass(slots=True)
class _Caller:
    """One connection: what has come of the next request, what is still to be sent."""

    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    sending: list[memoryview] = field(default_factory=list)
    in_flight: bool = False


class Server:
    """Serves pages, each after `latency` seconds; more than `in_flight` at once get a 429."""

    def __init__(self, rows: int, latency: float, in_flight: int | None) -> None:
        self._records = Records(rows)
        self._latency = latency
        self._most = in_flight
        self._busy = 0
        self._counts = {"requests": 0, "records": 0, "refused": 0, "most_in_flight": 0}
        self._selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int, _Caller, list[memoryview]]] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self.port: int = self._listener.getsockname()[1]

    def run(self) -> None:
        """Serve until the process ends."""
        while True:
            wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
            for key, _ in self._selector.select(wait):
                if key.data is None:
                    self._accept()
                else:
                    self._serve(key.data)
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                _, _, caller, answer = heapq.heappop(self._due)
                self._send(caller, answer)

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A whole page fits, so that this process need not come back for the rest of it.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)
            self._selector.register(connection, selectors.EVENT_READ, _Caller(connection))

    def _serve(self, caller: _Caller) -> None:
        if caller.sending:
            self._send(caller, caller.sending)
            return
        try:
            received = caller.socket.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._drop(caller)
            return
        caller.received += received
        self._next(caller)

    def _next(self, caller: _Caller) -> None:
        """Answer the request that has come whole, if one has; one at a time for each connection."""
        if caller.in_flight or (end := caller.received.find(_END)) < 0:
            return
        head = bytes(caller.received[: caller.received.find(b"\r\n")])
        del caller.received[: end + len(_END)]
        caller.in_flight = True
        self._busy += 1
        if b"/count" in head:
            self._send(caller, _answer(b"200 OK", [memoryview(json.dumps(self._counts).encode())]))
            return
        self._counts["requests"] += 1
        self._counts["most_in_flight"] = max(self._counts["most_in_flight"], self._busy)
        if self._most is not None and self._busy > self._most:
            self._counts["refused"] += 1
            self._send(
                caller, _answer(b"429 Too Many Requests", [memoryview(b'{"message":"Too many at once."}')])
            )
            return
        answer = self._page(head)
        if self._latency:
            due = time.monotonic() + self._latency
            heapq.heappush(self._due, (due, self._counts["requests"], caller, answer))
        else:
            self._send(caller, answer)

    def _page(self, head: bytes) -> list[memoryview]:
        found = {name: asked.search(head) for name, asked in _ASKED.items()}
        said = {name: match[1].decode() for name, match in found.items() if match}
        if len(said) < len(found):
            return _answer(b"400 Bad Request", [memoryview(b'{"message":"A parameter is missing."}')])
        start, end = (date.fromisoformat(said[name][:10]) for name in (b"startDate", b"endDate"))
        page, limit = int(said[b"page"]), int(said[b"limit"])
        numbers = self._records.between(start, end)[(page - 1) * limit : page * limit]
        self._counts["records"] += len(numbers)
        body = [memoryview(_OPENING), *self._records.page(numbers), memoryview(_CLOSING)]
        return _answer(b"200 OK", body)

    def _send(self, caller: _Caller, answer: Sequence[memoryview]) -> None:
        left = list(answer)
        try:
            while left:
                sent = caller.socket.sendmsg(left)
                while left and sent >= len(left[0]):
                    sent -= len(left.pop(0))
                if left:
                    left[0] = left[0][sent:]
        except BlockingIOError:
            caller.sending = left
            self._selector.modify(caller.socket, selectors.EVENT_WRITE, caller)
            return
        except OSError:
            self._drop(caller)
            return
        if caller.sending:
            caller.sending = []
            self._selector.modify(caller.socket, selectors.EVENT_READ, caller)
        caller.in_flight = False
        self._busy -= 1
        self._next(caller)

    def _drop(self, caller: _Caller) -> None:
        if caller.in_flight:
            self._busy -= 1
            caller.in_flight = False
        self._due = [each for each in self._due if each[2] is not caller]
        heapq.heapify(self._due)
        with suppress(KeyError):
            self._selector.unregister(caller.socket)
        caller.socket.close()


def _answer(status: bytes, body: Sequence[memoryview]) -> list[memoryview]:
    length = sum(len(part) for part in body)
    head = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, length)
    return [memoryview(head), *body]


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that runs in a process of its own."""

    port: int
    rows: int

    @property
    def base_url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def counts(self) -> dict[str, int]:
        """What it served so far: requests and, of them, refused ones; records; most requests at once."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as asking:
            asking.sendall(b"GET /count HTTP/1.1\r\n\r\n")
            received = b""
            while not received.endswith(b"}"):
                received += asking.recv(4096)
        counts: dict[str, int] = json.loads(received.partition(_END)[2])
        return counts


@contextmanager
def serving(rows: int, *, latency: float = 0.0, in_flight: int | None = None) -> Iterator[Serving]:
    """A server with so many records in its year, in a process that ends with the block."""
    command = [sys.executable, "-m", "benchmarks.server", "--rows", str(rows), "--latency", str(latency)]
    if in_flight is not None:
        command += ["--in-flight", str(in_flight)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # our own
        try:
            if process.stdout is None or not (port := process.stdout.readline()):
                raise RuntimeError("the server did not start")
            yield Serving(int(port), rows)
        finally:
            process.terminate()


def _ended(_number: int, _frame: FrameType | None) -> None:
    sys.exit()


def main() -> None:
    """Serve, and print the port once it can be reached."""
    reading = argparse.ArgumentParser()
    reading.add_argument("--rows", type=int, required=True)
    reading.add_argument("--latency", type=float, default=0.0)
    reading.add_argument("--in-flight", type=int, default=None)
    given = reading.parse_args()
    signal.signal(signal.SIGTERM, _ended)
    server = Server(given.rows, given.latency, given.in_flight)
    sys.stdout.write(f"{server.port}\n")
    sys.stdout.flush()
    server.run()


if __name__ == "__main__":
    main()
