"""An object storage on loopback that speaks S3, and somebody in between who can spoil what it answers."""

import atexit
import http.client
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.ports import reserved
from tests.s3_server import KEY, body_of

SECRET = "made-up/secret+7d1e"
_SECONDS_TO_START = 60
_HOPS = {"content-length", "transfer-encoding", "connection", "expect"}
"""Headers that are about one connection."""


@dataclass
class Storage:
    """`address` is host and port."""

    address: str
    process: subprocess.Popen[bytes] | None = None
    buckets: list[str] = field(default_factory=list)

    def url(self, bucket: str, prefix: str = "rows") -> str:
        """What `USERLANE_STORE` would be."""
        options = f"scheme=http&endpoint_override={self.address}&region=us-east-1"
        return f"s3://{KEY}:{SECRET.replace('/', '%2F')}@{bucket}/{prefix}?{options}"

    def bucket(self) -> str:
        """A new, empty one."""
        name = f"rows-{uuid.uuid4().hex[:12]}"
        httpx.put(f"http://{self.address}/{name}", timeout=30).raise_for_status()
        return name


@contextmanager
def storage() -> Iterator[Storage]:
    """A server in a process of its own, so that no test's clock is its clock."""
    if other := os.environ.get("USERLANE_TEST_S3"):
        yield Storage(other)
        return
    with (
        reserved() as port,
        subprocess.Popen(
            [sys.executable, "-m", "tests.s3_server", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            until = time.monotonic() + _SECONDS_TO_START
            while True:
                try:
                    httpx.get(f"http://127.0.0.1:{port}/", timeout=30)
                    break
                except httpx.TransportError:
                    assert process.poll() is None, "the object storage did not start"
                    assert time.monotonic() < until, "the object storage did not start"
                    time.sleep(0.1)
            yield Storage(f"127.0.0.1:{port}", process)
        finally:
            process.kill()


@cache
def running() -> Storage:
    """One that runs until this process ends."""
    kept = ExitStack()
    atexit.register(kept.close)
    return kept.enter_context(storage())


@dataclass(frozen=True)
class Request:
    """What was asked: GET of `/bucket/key`, with the query behind it."""

    method: str
    path: str


Fault = Callable[[Request], "tuple[int, bytes] | Callable[[bytes], bytes] | None"]
"""What is answered instead: a status and a body, or what is made of the real body; None changes nothing."""


@dataclass
class Between(Storage):
    """A storage seen through somebody who counts and may spoil."""

    requests: list[Request] = field(default_factory=list)
    gone: bool = False
    fault: Fault | None = None


@contextmanager
def between(behind: Storage) -> Iterator[Between]:
    """Passes everything on to `behind`, but for its `fault`."""
    spoiled = Between("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            asked = Request(self.command, self.path)
            if spoiled.gone:  # connections outlive the one who listened
                raise ConnectionAbortedError
            spoiled.requests.append(asked)
            sent = body_of(self, plain=False)
            fault = spoiled.fault(asked) if spoiled.fault else None
            if isinstance(fault, tuple):
                self.write(fault[0], fault[1], {"Content-Type": "application/xml"}, len(fault[1]))
                return
            connection = http.client.HTTPConnection(behind.address, timeout=30)
            given = {name: value for name, value in self.headers.items() if name.lower() not in _HOPS}
            connection.request(self.command, self.path, sent, given)
            real = connection.getresponse()
            body, length = real.read(), real.getheader("Content-Length")
            connection.close()
            changed = fault(body) if fault else body
            self.write(real.status, changed, dict(real.getheaders()), int(length or len(body)))

        def write(self, status: int, body: bytes, headers: Mapping[str, str], length: int) -> None:
            self.send_response_only(status)
            for name in headers.keys() - {each for each in headers if each.lower() in _HOPS}:
                self.send_header(name, headers[name])
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
                self.close_connection = len(body) != length

        do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = answer  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Keep the test's output to itself."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Whoever hung up is not missed."""

    with Server(("127.0.0.1", 0), Handler) as server:
        spoiled.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield spoiled
        finally:
            spoiled.gone = True
            server.shutdown()
            thread.join()


def refusal(code: str) -> bytes:
    """The storage's words for an error."""
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>No.</Message></Error>'.encode()
