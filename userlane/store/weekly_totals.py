"""Sums over unchanging records, kept as files beside them."""

import contextlib
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock

import pyarrow as pa
import pyarrow.compute as pc

from userlane.store import atomic_files
from userlane.store.atomic_files import Unreadable
from userlane.store.backends import DISK, Place, files, written

_KEY = "key"
_NONE = "none"
_MOST_FILES = 8
_MOST_TABLES = 2_000


class FolderShelf:
    """As `contract.Shelf`. Each `put` is a file; many become one. A broken one is dropped: all of it can be
    counted again.
    """

    def __init__(self, folder: Path, at: Place = DISK) -> None:
        self._folder = folder
        self._at = at
        self._tables: dict[str, pa.Table] = {}
        self._read: set[Path] = set()
        self._lock = Lock()

    def get(self, keys: Sequence[str]) -> Mapping[str, pa.Table]:
        """As in `Shelf`."""
        with self._lock:
            if not self._tables.keys() >= set(keys):
                self._catch_up()
            return {key: self._tables[key] for key in keys if key in self._tables}

    def put(self, tables: Mapping[str, pa.Table]) -> None:
        """As in `Shelf`."""
        with self._lock, contextlib.suppress(OSError):
            self._tables |= tables
            for key in list(self._tables)[: max(0, len(self._tables) - _MOST_TABLES)]:
                del self._tables[key]
            there = self._files()
            many = len(there) >= _MOST_FILES
            if many:
                self._catch_up()
            table = _labelled(self._tables if many else tables)
            self._read.add(written(self._at, atomic_files.write(self._folder, uuid.uuid4().hex, table)))
            for path in there if many else ():
                self._at.remove(path)

    def _catch_up(self) -> None:
        with contextlib.suppress(OSError):
            for path in [path for path in self._files() if path not in self._read]:
                self._read.add(path)
                with contextlib.suppress(FileNotFoundError):
                    try:
                        self._at.fetch(path)
                        self._tables = _split(atomic_files.read(path)) | self._tables
                    except Unreadable:
                        self._at.remove(path)

    def _files(self) -> list[Path]:
        return files(self._at, self._folder)


def _labelled(tables: Mapping[str, pa.Table]) -> pa.Table:
    """One below the other, each under its key; of an empty one a row that says that there is none."""
    return pa.concat_tables(
        (table if table.num_rows else _no_row(table.schema))
        .add_column(0, _NONE, pa.array([not table.num_rows] * (table.num_rows or 1)))
        .add_column(0, _KEY, pa.array([key] * (table.num_rows or 1), pa.string()))
        for key, table in tables.items()
    )


def _no_row(schema: pa.Schema) -> pa.Table:
    return pa.table([pa.nulls(1, field.type) for field in schema], schema=schema)


def _split(table: pa.Table) -> dict[str, pa.Table]:
    """Rows of one key lie together. Raises `Unreadable` for a table that was not made here."""
    if table.column_names[:2] != [_KEY, _NONE]:
        raise Unreadable("other columns")
    keys = pc.run_end_encode(table[_KEY].combine_chunks())
    array = keys.chunk(0) if isinstance(keys, pa.ChunkedArray) else keys
    none, rest, start, found = table[_NONE], table.drop_columns([_KEY, _NONE]), 0, {}
    for key, end in zip(array.values.to_pylist(), array.run_ends.to_pylist(), strict=True):
        found[key] = rest.slice(start, 0 if none[start].as_py() else end - start)
        start = end
    return found
