"""All shapes on one loopback port, over real HTTP, each as strict as APIs are: a parameter that is missing or
written in another way is a 400, another token a 401, another ID a 404.
"""

import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.system.variants import truth
from tests.system.variants.asking import address
from tests.system.variants.shape import Shape
from tests.system.variants.writing import answer, record
from userlane.contract import DATASETS, DatasetName, DateFormat

LIMIT = 1000
FORMS: Mapping[DateFormat, str] = {
    "offset": "%Y-%m-%dT%H:%M:%S%z",
    "utc": "%Y-%m-%dT%H:%M:%SZ",
    "utc-milliseconds": "%Y-%m-%dT%H:%M:%S.000Z",
    "plain": "%Y-%m-%dT%H:%M:%S",
    "date": "%Y-%m-%d",
}


class Failure(Exception):
    """An answer that is none."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Variants:
    """A running server for these shapes; a context manager. `requests` counts by shape and API."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        self.requests: Counter[tuple[int, DatasetName]] = Counter()
        self._places = {
            address(shape, dataset)[0]: (shape, dataset) for shape in shapes for dataset in DATASETS
        }
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.variants = self  # type: ignore[attr-defined]  # how a handler finds what to answer
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def answer(self, target: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body for a request target; `headers` by lower-case name."""
        url = urlsplit(target)
        found = self._places.get(url.path)
        if found is None:
            return 404, b'{"message": "not found"}'
        shape, dataset = found
        self.requests[shape.number, dataset] += 1
        try:
            return 200, _page(shape, dataset, dict(parse_qsl(url.query, keep_blank_values=True)), headers)
        except Failure as failure:
            return failure.status, json.dumps({"error": {"detail": failure.message}}).encode()


def _page(shape: Shape, dataset: DatasetName, given: dict[str, str], headers: Mapping[str, str]) -> bytes:
    if headers.get(shape.auth.header.lower()) != f"{shape.auth.scheme} {truth.TOKEN}".strip():
        raise Failure(401, "unauthorized")
    for name, value in address(shape, dataset)[1]:
        if given.pop(name, None) != value:
            raise Failure(404 if "{" in shape.path else 400, f"{name} is wrong")
    start, end = (_moment(shape, given.pop(name, "")) for name in shape.span)
    page, limit = (_number(given.pop(name, ""), name) for name in shape.paging)
    if given or not 1 <= limit <= LIMIT:
        raise Failure(400, f"unexpected: {', '.join(given) or 'limit'}")
    if shape.whole_last_day:
        end += timedelta(days=1) if shape.dates == "date" else timedelta(seconds=1)
    inside = [row for row in truth.rows(dataset) if start <= _at(row) < end]
    if shape.order == "newest first":
        inside.reverse()
    elif shape.order == "any":
        random.Random(shape.number).shuffle(inside)  # noqa: S311 - not for secrets
    place = _place(shape, page)
    size = min(limit, shape.most)
    records = [record(shape, dataset, row) for row in inside[place * size : (place + 1) * size]]
    return answer(shape, records, page, len(inside))


def _place(shape: Shape, page: int) -> int:
    """Which page, from 0, is meant."""
    if page >= shape.base:
        return page - shape.base
    if shape.page_zero in {"400", "404"}:
        raise Failure(int(shape.page_zero), "there is no such page")
    return 0 if shape.page_zero == "as page 1" else 10**6


def _moment(shape: Shape, text: str) -> datetime:
    """A start or an end, in this API's one way of writing it."""
    wrong = Failure(400, f"wrong date format: {text}")
    if shape.dates in {"seconds", "milliseconds"}:
        if not (text.isdigit() and len(text) == (10 if shape.dates == "seconds" else 13)):
            raise wrong
        return datetime.fromtimestamp(int(text[:10]), UTC)
    try:
        found = datetime.strptime(text, FORMS[shape.dates])  # noqa: DTZ007 - one form in five has an offset
    except ValueError:
        raise wrong from None
    return found.replace(tzinfo=UTC)


def _number(text: str, name: str) -> int:
    if not text.isdigit():
        raise Failure(400, f"{name} is not a number")
    return int(text)


def _at(row: truth.Row) -> datetime:
    if "timestamp" in row:
        at: datetime = row["timestamp"]
        return at
    return datetime.combine(row["date"], datetime.min.time(), UTC)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        variants: Variants = self.server.variants  # type: ignore[attr-defined]
        status, body = variants.answer(
            self.path, {name.lower(): value for name, value in self.headers.items()}
        )
        head = (
            f"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        )
        self.wfile.write(f"{head}Date: {self.date_time_string()}\r\n\r\n".encode() + body)

    def log_message(self, *_: Any) -> None:
        """Silent."""
