"""Files in a bucket of an object storage, through pyarrow's file systems.

Every failure becomes an `OSError` in our own words: those of the libraries may hold URLs, and URLs may hold
passwords.
"""

import contextlib
import errno
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

import pyarrow as pa
from pyarrow import fs

from userlane.contract.storage_url import StorageUrl

_CONNECT_SECONDS = 2.0
_ATTEMPTS = 2
_SILENT_SECONDS = 5.0
"""After a timeout, requests fail at once for so long, since each attempt may take long."""

_LONG = 1.0

_CODES = re.compile(
    r"AWS Error (\w+)(?: \(HTTP status (\d+)\))?(?: during \w+ operation: .*ExceptionName: (\w+))?"
    r"|google::cloud::Status\((\w+):"
    r"|Azure Error: \[(\w*)\] (\d{3}|Fail to get)"
    r"|Azure4Core11Credentials23(AuthenticationException)"
)
"""Where the storages' libraries put the error code. The text around it holds names with any digits and the
words of the server, so only this place is trusted.
"""

_REFUSED = {
    *("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "INVALID_SIGNATURE"),
    *("INVALID_CLIENT_TOKEN_ID", "MISSING_AUTHENTICATION_TOKEN", "UNRECOGNIZED_CLIENT", "REQUEST_EXPIRED"),
    *("ExpiredToken", "InvalidToken", "PERMISSION_DENIED", "UNAUTHENTICATED", "401", "403"),
    "AuthenticationException",
}
_NO_BUCKET = {"NO_SUCH_BUCKET", "NoSuchBucket", "ContainerNotFound"}
_UNHEARD = {"NETWORK_CONNECTION", "REQUEST_TIMEOUT", "UNAVAILABLE", "DEADLINE_EXCEEDED", "Fail to get"}


@dataclass(frozen=True, slots=True)
class Object:
    """A file in a bucket.

    Attributes:
        path: The path below the prefix.
        size: The size in bytes.
        modified: When it was written, in seconds since 1970 by the storage's clock.
    """

    path: str
    size: int
    modified: float

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


class ObjectStorage:
    """A bucket. Thread-safe. Every method raises `OSError`; `FileNotFoundError` where a file is missing."""

    def __init__(self, url: StorageUrl) -> None:
        self.name = url.name
        self._url = url
        self._base = "/".join(filter(None, (url.bucket, url.prefix)))
        self._opened: fs.FileSystem | None = None
        self._silent_until = 0.0
        self._lock = Lock()

    @property
    def address(self) -> str:
        """Identifies this storage among others; holds nothing secret."""
        return f"{self.name}?{sorted(self._url.options.items())}"

    def list(self, folder: str, *, recursive: bool = False) -> Sequence[Object]:
        """The files in a folder, as of now; none where there is no folder."""
        with self._translate_errors() as system:
            selector = fs.FileSelector(f"{self._base}/{folder}", allow_not_found=True, recursive=recursive)
            start = len(self._base) + 1
            return [
                Object(info.path[start:], info.size or 0, (info.mtime_ns or 0) / 1e9)
                for info in system.get_file_info(selector)
                if info.type == fs.FileType.File
            ]

    def get(self, path: str) -> pa.Buffer:
        """Read a whole file."""
        with self.open(path) as source:
            return source.read_buffer()

    @contextmanager
    def open(self, path: str) -> Iterator[pa.NativeFile]:
        """Open a file of which only a part is wanted."""
        with self._translate_errors() as system:
            if self._url.scheme == "abfs":
                # Whatever its library throws here is an error; while a file is opened, it ends the process.
                system.get_file_info(f"{self._base}/{path}")
            with system.open_input_file(f"{self._base}/{path}") as source:
                yield source

    def put(self, path: str, content: bytes | pa.Buffer) -> None:
        """Write a file. Others see all of it or none."""
        try:
            with (
                self._translate_errors() as system,
                system.open_output_stream(f"{self._base}/{path}") as sink,
            ):
                sink.write(content)
        except FileNotFoundError:
            raise OSError(errno.ENODEV, _NOWHERE) from None

    def remove(self, path: str) -> None:
        """Remove a file that may be gone already."""
        with contextlib.suppress(FileNotFoundError), self._translate_errors() as system:
            system.delete_file(f"{self._base}/{path}")

    @contextmanager
    def _translate_errors(self) -> Iterator[fs.FileSystem]:
        if time.monotonic() < self._silent_until:
            raise OSError(errno.EHOSTUNREACH, _SILENCE)
        began = time.monotonic()
        try:
            yield self._open_system()
        except FileNotFoundError:
            raise FileNotFoundError(errno.ENOENT, "No such file in the storage") from None
        except (OSError, pa.ArrowException, ValueError) as error:
            raise self._judge(str(error), time.monotonic() - began) from None

    def _judge(self, said: str, seconds: float) -> OSError:
        found = _CODES.search(said)
        codes = set(found.groups()) if found else set()
        if codes & _NO_BUCKET:
            return OSError(errno.ENODEV, _NOWHERE)
        if codes & _REFUSED:
            return OSError(errno.EACCES, "The storage refuses access")
        if codes & _UNHEARD:
            if seconds > _LONG:
                self._silent_until = time.monotonic() + _SILENT_SECONDS
            return OSError(errno.EHOSTUNREACH, _SILENCE)
        return OSError(errno.EIO, "The storage failed")

    def _open_system(self) -> fs.FileSystem:
        """Opened when it is first used, since even that may ask the network for credentials."""
        with self._lock:
            if self._opened is None:
                self._opened = _open_file_system(self._url)
            return self._opened


_SILENCE = "The storage does not answer"
_NOWHERE = "The storage has no such bucket"


def _open_file_system(url: StorageUrl) -> fs.FileSystem:
    options = dict(url.options)
    if url.scheme == "s3":
        return fs.S3FileSystem(
            access_key=url.user or None,
            secret_key=url.password or None,
            connect_timeout=_CONNECT_SECONDS,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
            background_writes=False,
            allow_delayed_open=True,  # a small file is one request, and whole or not there
            **options,
        )
    if url.scheme == "gs":
        anonymous = options.pop("anonymous", "") == "true"
        limit = timedelta(seconds=_CONNECT_SECONDS * _ATTEMPTS)
        return fs.GcsFileSystem(anonymous=anonymous, retry_time_limit=limit, **options)
    return fs.AzureFileSystem(account_key=url.password or None, **options)
