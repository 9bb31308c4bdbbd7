"""An object storage that speaks as much S3 as a store of rows needs: `python -m tests.s3_server PORT`.

Objects are in memory. As S3 promises, a listing shows every object that was written before it began. Who asks
is known by the key in the `Authorization` header; its signature is not checked.

It stands in for moto's server, whose packages refuse a package of the app (botocore wants python-dateutil
below 3). The tests run against that one, too, or any other, if its host and port are in USERLANE_TEST_S3.
"""

import email.utils
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

KEY = "made-up-key"
_XML = {"Content-Type": "application/xml"}


@dataclass(frozen=True)
class Stored:
    content: bytes
    modified: float

    @property
    def tag(self) -> str:
        return f'"{md5(self.content, usedforsecurity=False).hexdigest()}"'


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] | None = None


def error(status: int, code: str) -> Answer:
    text = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>No.</Message></Error>'
    return Answer(status, text.encode(), _XML)


class Buckets:
    """What is stored, and the answers to requests about it."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[str, Stored]] = {}
        self._lock = threading.Lock()

    def put(self, bucket: str, key: str, content: bytes) -> Answer:
        with self._lock:
            if not key:
                self._objects.setdefault(bucket, {})
                return Answer(200)
            if bucket not in self._objects:
                return error(404, "NoSuchBucket")
            stored = self._objects[bucket][key] = Stored(content, time.time())
            return Answer(200, b"", {"ETag": stored.tag})

    def get(self, bucket: str, key: str, span: str | None) -> Answer:
        with self._lock:
            if bucket not in self._objects:
                return error(404, "NoSuchBucket")
            stored = self._objects[bucket].get(key)
        if stored is None:
            return error(404, "NoSuchKey")
        headers = {
            "ETag": stored.tag,
            "Last-Modified": email.utils.formatdate(stored.modified, usegmt=True),
            "Content-Type": "application/octet-stream",
        }
        if found := re.fullmatch(r"bytes=(\d+)-(\d*)", span or ""):
            first, size = int(found[1]), len(stored.content)
            last = min(int(found[2] or size), size - 1)
            if first >= size:
                return error(416, "InvalidRange")
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
            return Answer(206, stored.content[first : last + 1], headers)
        return Answer(200, stored.content, headers)

    def delete(self, bucket: str, key: str) -> Answer:
        with self._lock:
            self._objects.get(bucket, {}).pop(key, None)
            return Answer(204)

    def listing(self, bucket: str, asked: Mapping[str, str]) -> Answer:
        prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter", "")
        most, after = int(asked.get("max-keys", "1000")), asked.get("continuation-token", "")
        with self._lock:
            if bucket not in self._objects:
                return error(404, "NoSuchBucket")
            every = sorted(self._objects[bucket].items())
        lines: dict[str, str] = {}
        for key, stored in every:
            if not key.startswith(prefix):
                continue
            inner, slash, _ = key.removeprefix(prefix).partition(delimiter or "\0")
            if slash:
                folder = f"{prefix}{inner}{delimiter}"
                lines[folder] = f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>"
            else:
                at = datetime.fromtimestamp(stored.modified, UTC).isoformat(timespec="milliseconds")
                at = at.replace("+00:00", "Z")
                lines[key] = (
                    f"<Contents><Key>{escape(key)}</Key><LastModified>{at}</LastModified>"
                    f"<ETag>{escape(stored.tag)}</ETag><Size>{len(stored.content)}</Size></Contents>"
                )
        names = [name for name in sorted(lines) if name > after]
        shown, rest = names[:most], names[most:]
        more = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if rest else ""
        body = (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{escape(bucket)}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(shown)}</KeyCount>"
            f"<MaxKeys>{most}</MaxKeys><IsTruncated>{'true' if rest else 'false'}</IsTruncated>{more}"
            f"{''.join(lines[name] for name in shown)}</ListBucketResult>"
        )
        return Answer(200, body.encode(), _XML)


def body_of(handler: BaseHTTPRequestHandler, *, plain: bool) -> bytes:
    """What a request carries; `plain` without the chunks that the signature is about."""
    if handler.headers.get("Transfer-Encoding", "") == "chunked":
        sent = _joined(handler.rfile.readline, handler.rfile.read)
    else:
        sent = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    if not plain or "aws-chunked" not in handler.headers.get("Content-Encoding", ""):
        return sent
    head, _, rest = sent.partition(b"\r\n")
    content = b""
    while size := int(head.partition(b";")[0], 16):
        content += rest[:size]
        head, _, rest = rest[size + 2 :].partition(b"\r\n")
    return content


def _joined(line: Callable[[], bytes], read: Callable[[int], bytes]) -> bytes:
    chunks = []
    while size := int(line(), 16):
        chunks.append(read(size))
        line()
    line()
    return b"".join(chunks)


def serve(port: int) -> None:
    """Serve until the process ends."""
    buckets = Buckets()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answered(self) -> None:
            url = urlsplit(self.path)
            bucket, _, key = unquote(url.path).lstrip("/").partition("/")
            asked = {name: values[0] for name, values in parse_qs(url.query).items()}
            sent = body_of(self, plain=True)
            signed = self.headers.get("Authorization")
            if signed and f"Credential={KEY}/" not in signed:
                answer = error(403, "InvalidAccessKeyId")
            elif self.command == "PUT":
                answer = buckets.put(bucket, key, sent)
            elif self.command == "DELETE":
                answer = buckets.delete(bucket, key)
            elif key or not bucket:
                answer = buckets.get(bucket, key, self.headers.get("Range"))
            else:
                answer = buckets.listing(bucket, asked)
            self.send_response_only(answer.status)
            for name, value in (answer.headers or {}).items():
                self.send_header(name, value)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_PUT = do_HEAD = do_DELETE = answered  # noqa: N815 - the library's names

    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer.request_queue_size = 64
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
