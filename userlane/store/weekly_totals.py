"""Aggregates of unchanging records, such as the weekly totals of tags, in memory or in files."""

import contextlib
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

import pyarrow as pa
from cachetools import LRUCache

from userlane.store import atomic_files
from userlane.store.atomic_files import Unreadable
from userlane.store.backends import DISK, Backend

_COLUMNS = pa.schema([("key", pa.string()), ("table", pa.binary())])
_MOST_FILES = 8
_MOST_TABLES = 2_000


class MemoryAggregateCache:
    """A `contract.AggregateCache` in memory; it keeps the `most` tables that were used last."""

    def __init__(self, most: int = _MOST_TABLES) -> None:
        self._tables: LRUCache[str, pa.Table] = LRUCache(most)
        self._lock = Lock()

    def get(self, keys: Sequence[str]) -> Mapping[str, pa.Table]:
        """As in `AggregateCache`."""
        with self._lock:
            return {key: self._tables[key] for key in keys if key in self._tables}

    def put(self, tables: Mapping[str, pa.Table]) -> None:
        """As in `AggregateCache`."""
        with self._lock:
            self._tables.update(tables)


class FolderAggregateCache(MemoryAggregateCache):
    """A `contract.AggregateCache` in a folder. Each `put` writes a file, and several files become one.

    A broken file is removed: all of it can be counted again.
    """

    def __init__(self, folder: Path, backend: Backend = DISK) -> None:
        super().__init__()
        self._folder = folder
        self._backend = backend
        self._read: set[Path] = set()

    def get(self, keys: Sequence[str]) -> Mapping[str, pa.Table]:
        """As in `AggregateCache`."""
        with self._lock:
            if not self._tables.keys() >= set(keys):
                self._catch_up()
        return super().get(keys)

    def put(self, tables: Mapping[str, pa.Table]) -> None:
        """As in `AggregateCache`."""
        super().put(tables)
        with self._lock, contextlib.suppress(OSError):
            there = self._backend.list_tables(self._folder)
            many = len(there) >= _MOST_FILES
            if many:
                self._catch_up()
            table = _join(self._tables if many else tables)
            self._read.add(self._backend.write(self._folder, uuid.uuid4().hex, table))
            for path in there if many else ():
                self._backend.remove(path)

    def _catch_up(self) -> None:
        """Read the files that others have written."""
        with contextlib.suppress(OSError):
            for path in [path for path in self._backend.list_tables(self._folder) if path not in self._read]:
                self._read.add(path)
                with contextlib.suppress(FileNotFoundError):
                    try:
                        self._backend.fetch(path)
                        for key, table in _split(atomic_files.read(path)).items():
                            self._tables.setdefault(key, table)
                    except Unreadable:
                        self._backend.remove(path)


def _join(tables: Mapping[str, pa.Table]) -> pa.Table:
    """All tables in one: a row for each, with its key and its rows as an Arrow stream."""
    return pa.table([list(tables), [_write_stream(table) for table in tables.values()]], schema=_COLUMNS)


def _write_stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _split(table: pa.Table) -> dict[str, pa.Table]:
    """The reverse of `_join`. Raises `Unreadable` for a table that `_join` has not made."""
    if table.schema != _COLUMNS:
        raise Unreadable("other columns")
    rows = zip(table["key"].to_pylist(), table["table"], strict=True)
    return {key: pa.ipc.open_stream(stream.as_buffer()).read_all() for key, stream in rows}
