"""Files that are whole or not there, and say so themselves.

A table is written beside its place, flushed to the disk, then renamed, so whoever reads never meets half a
file, however the writer ended. The name ends in a checksum of the content, so whatever a disk did to it later
is noticed when it is read.
"""

import contextlib
import errno
import fcntl
import os
import re
import uuid
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

_NAME = re.compile(r"(.+)\.([0-9a-f]{8})\.parquet")
_ROWS_A_GROUP = 2**20


class Unreadable(Exception):
    """A file is not what its name says: broken, of another version or another question's."""


def write(folder: Path, name: str, table: pa.Table, metadata: Mapping[bytes, bytes] | None = None) -> Path:
    """Put a table into a folder, whole; the path it has there. Raises `OSError`, and then leaves nothing."""
    buffer = pa.BufferOutputStream()
    if metadata is not None:
        table = table.replace_schema_metadata(metadata)
    pq.write_table(table, buffer, compression="zstd", row_group_size=_ROWS_A_GROUP)
    content = buffer.getvalue()
    path = folder / f"{name}.{zlib.crc32(content):08x}.parquet"
    put(path, content)
    return path


def put(path: Path, content: pa.Buffer, *, lasting: bool = True) -> None:
    """Put bytes into a file, whole; a power cut may take what need not be `lasting`. Raises `OSError`, and
    then leaves nothing.
    """
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f".{path.name}.{os.getpid()}.{uuid.uuid4().hex}.part"
    try:
        with os.fdopen(_held(part), "wb") as sink:
            sink.write(content)
            sink.flush()
            if lasting:
                os.fsync(sink.fileno())
            part.replace(path)
        if lasting:
            _flush(folder)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _held(part: Path) -> int:
    """A new file, held until it is closed, also by a kill: a part that nobody holds is an orphan."""
    while True:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # another process took it for an orphan before it was held


def named(name: str) -> str:
    """The name a file of this name was written under; "" if it was not written here."""
    found = _NAME.fullmatch(name)
    return found[1] if found else ""


def content(path: Path) -> pa.Buffer:
    """What is in a file, checked. Raises `Unreadable`, `OSError`."""
    held = pa.py_buffer(path.read_bytes())
    check(path, held)
    return held


def check(path: Path, held: pa.Buffer) -> None:
    """Whether this is the content that the file's name says. Raises `Unreadable`."""
    found = _NAME.fullmatch(path.name)
    if found is None or f"{zlib.crc32(held):08x}" != found[2]:
        raise Unreadable("its checksum is another one")


def read(path: Path) -> pa.Table:
    """The table of a file, without its metadata. Raises `Unreadable`, `OSError`."""
    try:
        return pq.ParquetFile(pa.BufferReader(content(path))).read().replace_schema_metadata(None)
    except (pa.ArrowException, ValueError) as error:
        raise Unreadable(str(error)) from error


def acquire_lock(path: Path) -> BinaryIO:
    """Lock a file that exists; the open file, which holds the lock until it is closed or this process ends.

    Raises `BlockingIOError` when somebody else has the lock, and other `OSError`s.
    """
    file = path.open("rb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.fstat(file.fileno()).st_nlink:
            raise FileNotFoundError(errno.ENOENT, "The file was removed", str(path))
    except OSError:
        file.close()
        raise
    return file


def remove_orphans(folder: Path) -> None:
    """Remove the parts below `folder` that no living process is writing."""
    for part in folder.rglob(".*.part"):
        with contextlib.suppress(OSError), acquire_lock(part):
            part.unlink()


def _flush(folder: Path) -> None:
    """Let a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
