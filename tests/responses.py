"""What `server` can send: correct responses, and wrong ones of every kind."""

import gzip
import json
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import Any

from tests.server import Connection, Respond, Response

JSON = "Content-Type: application/json"
REASONS = {200: "OK", 204: "No Content", 302: "Found", 401: "Unauthorized", 429: "Too Many Requests"}


def head(status: int, *headers: str) -> bytes:
    """A status line and headers."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Whatever')}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def document(body: bytes, status: int = 200, *headers: str, kind: str = JSON) -> Response:
    """A whole response, as it should be."""
    length = f"Content-Length: {len(body)}"
    return lambda connection: connection.send(head(status, kind, length, *headers), body)


def in_json(value: Any) -> bytes:
    """As JSON, with NaN and Infinity where they are."""
    return json.dumps(value, ensure_ascii=False).encode()


def enveloped(records: Sequence[Any], **beside: Any) -> bytes:
    """Records as the assumed contract wraps them."""
    return in_json({"data": list(records), **beside})


def status(code: int, *headers: str, says: str = "made up") -> Response:
    """A failure that tells its reason."""
    return document(in_json({"message": says}), code, *headers)


def then_close(response: Response) -> Response:
    """The same, on a connection that ends with it."""

    def send(connection: Connection) -> None:
        response(connection)
        connection.close()

    return send


def in_turn(*several: Response) -> Respond:
    """One response after another, the last one for ever."""
    left = list(several)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def at_once(*several: Response) -> Response:
    """Several responses to one request, in one piece."""

    def send(connection: Connection) -> None:
        together = _Together()
        for each in several:
            each(together)
        connection.send(*together.sent)

    return send


class _Together(Connection):
    """Collects what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, *pieces: bytes) -> None:
        """Keep these bytes."""
        self.sent += pieces


def wait_seconds(code: int, seconds: int) -> Response:
    """“Come back in so many seconds.”"""
    return status(code, f"Retry-After: {seconds}")


def wait_until(code: int, seconds: int) -> Response:
    """“Come back at this time”, by a clock that is an hour ahead."""
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    until = format_datetime(now + timedelta(seconds=seconds), usegmt=True)
    return status(code, f"Retry-After: {until}", f"Date: {format_datetime(now, usegmt=True)}")


def hang_up(connection: Connection) -> None:
    """No response, politely."""
    connection.close()


def reset(*before: bytes) -> Response:
    """A reset, after this much."""

    def send(connection: Connection) -> None:
        connection.send(*before)
        connection.reset()

    return send


def cut(*before: bytes) -> Response:
    """The end of the connection, after this much."""

    def send(connection: Connection) -> None:
        connection.send(*before)
        connection.close()

    return send


def reset_mid_body(body: bytes) -> Response:
    """All headers, half the body."""
    return reset(head(200, JSON, f"Content-Length: {len(body)}"), body[: len(body) // 2])


def truncated(body: bytes) -> Response:
    """Half the body, then a polite end."""
    return cut(head(200, JSON, f"Content-Length: {len(body)}"), body[: len(body) // 2])


def length_too_long(body: bytes) -> Response:
    """The whole body, announced as longer."""
    return cut(head(200, JSON, f"Content-Length: {len(body) + 100}"), body)


def length_never_reached(body: bytes) -> Response:
    """The same, on a connection that stays open."""

    def send(connection: Connection) -> None:
        connection.send(head(200, JSON, f"Content-Length: {len(body) + 100}"), body)
        connection.wait_for_the_client_to_go()

    return send


def length_too_short(body: bytes) -> Response:
    """The whole body, announced as half as long."""
    return lambda connection: connection.send(head(200, JSON, f"Content-Length: {len(body) // 2}"), body)


def truncated_chunks(body: bytes) -> Response:
    """One chunk with half the body, and no last one."""
    half = body[: len(body) // 2]
    return cut(head(200, JSON, "Transfer-Encoding: chunked"), f"{len(half):x}\r\n".encode(), half, b"\r\n")


def zipped(body: bytes, *, keep: float = 1.0, end: bytes = b"") -> Response:
    """The body in gzip: its first part, and `end` after that."""
    packed = gzip.compress(body)
    packed = packed[: int(len(packed) * keep)] + end
    return document(packed, 200, "Content-Encoding: gzip")


@cache
def bomb(megabytes: int, repeated: bytes = b" ", first: bytes = b"") -> bytes:
    """So much of the same, as gzip packs it: less than a hundredth of that."""
    packing = zlib.compressobj(1, wbits=31)
    piece = repeated * (2**20 // len(repeated))
    packed = [packing.compress(first), *(packing.compress(piece) for _ in range(megabytes))]
    return b"".join([*packed, packing.flush()])


def gzip_bomb(megabytes: int) -> Response:
    """A small response that unpacks to `megabytes`."""
    return document(bomb(megabytes), 200, "Content-Encoding: gzip")


def endless(connection: Connection) -> None:
    """A body without end, as fast as it goes."""
    connection.send(head(200, JSON, f"Content-Length: {10**12}"))
    connection.stream(b" " * 65536)


def drip_body(connection: Connection) -> None:
    """A body of a byte now and then."""
    connection.send(head(200, JSON, f"Content-Length: {10**6}"))
    connection.drip(b" ")


def drip_headers(connection: Connection) -> None:
    """Headers without end, now and then one."""
    connection.send(b"HTTP/1.1 200 OK\r\n")
    connection.drip(b"X: 1\r\n", 0.05)


def silence(connection: Connection) -> None:
    """Nothing at all, and the connection stays open."""
    connection.wait_for_the_client_to_go()


def not_http(connection: Connection) -> None:
    """Another protocol."""
    connection.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    connection.close()


def redirect(code: int, to: str) -> Response:
    """“It is over there.”"""
    return document(b"", code, f"Location: {to}/v1/login?next=/")


def no_content(connection: Connection) -> None:
    """204, which has no body by itself."""
    connection.send(head(204))


def web_page(title: str = "Sign in") -> Response:
    """A login page, with a good status."""
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body></body></html>"
    return document(page.encode(), kind="Content-Type: text/html; charset=utf-8")
