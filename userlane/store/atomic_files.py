"""Parquet files that are whole or do not exist.

A table is written to a temporary file, flushed to the disk and renamed, so nobody ever reads half a file,
however the writer ended. The name ends in a checksum of the content, so damage done later is noticed when the
file is read.
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
    """A file is not what its name says: it is damaged, of another version or of another query."""


def write(folder: Path, name: str, table: pa.Table, metadata: Mapping[bytes, bytes] | None = None) -> Path:
    """Write a table into a folder and return its path. Raises `OSError`, and then leaves no file."""
    buffer = pa.BufferOutputStream()
    if metadata is not None:
        table = table.replace_schema_metadata(metadata)
    pq.write_table(table, buffer, compression="zstd", row_group_size=_ROWS_A_GROUP)
    content = buffer.getvalue()
    path = folder / f"{name}.{zlib.crc32(content):08x}.parquet"
    put(path, content)
    return path


def put(path: Path, content: pa.Buffer, *, lasting: bool = True) -> None:
    """Write a file. Only a `lasting` one survives a power cut. Raises `OSError`, and then leaves no file."""
    folder = path.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f".{path.name}.{os.getpid()}.{uuid.uuid4().hex}.part"
    try:
        with os.fdopen(_create_locked(part), "wb") as sink:
            sink.write(content)
            sink.flush()
            if lasting:
                os.fsync(sink.fileno())
            part.replace(path)
        if lasting:
            _sync_folder(folder)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _create_locked(part: Path) -> int:
    """Create a file that is locked until it is closed or its process ends: an unlocked part is an orphan."""
    while True:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # another process took it for an orphan before it was locked


def strip_checksum(name: str) -> str:
    """The name that `write` was given for a file of this name; "" for any other file."""
    found = _NAME.fullmatch(name)
    return found[1] if found else ""


def read_bytes(path: Path) -> pa.Buffer:
    """The content of a file, verified. Raises `Unreadable`, `OSError`."""
    content = pa.py_buffer(path.read_bytes())
    verify(path, content)
    return content


def verify(path: Path, content: pa.Buffer) -> None:
    """Compare a content with the checksum in the file's name. Raises `Unreadable` where they differ."""
    found = _NAME.fullmatch(path.name)
    if found is None or f"{zlib.crc32(content):08x}" != found[2]:
        raise Unreadable("its checksum is another one")


def read(path: Path) -> pa.Table:
    """The table of a file, without its metadata. Raises `Unreadable`, `OSError`."""
    try:
        return pq.ParquetFile(pa.BufferReader(read_bytes(path))).read().replace_schema_metadata(None)
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


def _sync_folder(folder: Path) -> None:
    """Let a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
