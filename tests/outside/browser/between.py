"""A server between dashboard and sandbox that passes everything on but what it is told to fail."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx

from userlane.contract import Window


@dataclass(frozen=True)
class Asked:
    """What one request wanted: the path says of which dataset."""

    path: str
    window: Window
    page: int

    @classmethod
    def by(cls, target: str) -> "Asked":
        """Read off a request in the assumed contract."""
        url = urlsplit(target)
        given = {name: values[0] for name, values in parse_qs(url.query).items()}
        return cls(url.path, Window(_day(given["startDate"]), _day(given["endDate"])), int(given["page"]))


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).date()


@dataclass
class Between:
    """The running server: `fails` says which requests get a 500, `asked` has all that came."""

    base_url: str
    fails: Callable[[Asked], bool] = lambda _: False
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def between(base_url: str) -> Iterator[Between]:
    """Stand before the API at `base_url`."""
    passed_on = httpx.Client(base_url=base_url, timeout=60)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = Asked.by(self.path)
            running.asked.append(asked)
            status, body = 500, b'{"message": "Something broke on our side"}'
            if not running.fails(asked):
                headers = {"Authorization": self.headers["Authorization"]}
                answer = passed_on.get(self.path, headers=headers)
                status, body = answer.status_code, answer.content
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    running = Between(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
        passed_on.close()
