"""DuckDB, inside this process, reached through Ibis.

Files are read where they lie, only the columns and days that an expression names. Beyond the folders of these
files no expression can reach anything: neither another file nor an address.
"""

import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
from ibis.backends.duckdb import Backend

from userlane.engine.expressions import Engine, find_files, to_frame
from userlane.errors import UserlaneError

THREADS = min(4, os.cpu_count() or 1)
"""Threads one expression is spread over, and how many expressions run at once; others wait their turn."""

MEMORY_LIMIT = "512MB"
"""What all running expressions may take together; beyond it they spill to disk. The rows themselves are not
counted: they are read where Arrow or files hold them."""

_MOST_BITS = 1024 * 2**20
"""128 MB, over all threads."""


class Embedded(Engine):
    """An embedded DuckDB that any number of threads may ask at once.

    Each run has a connection of its own to the one database, because a DuckDB connection serves one thread
    at a time; memory and worker threads are shared, so many askers cost no more than a few.
    """

    def __init__(self, threads: int = THREADS, memory_limit: str = MEMORY_LIMIT) -> None:
        """Open the database. Raises `duckdb.Error` for a memory limit that is not a size."""
        self._spill = _make_spill_folder()
        weakref.finalize(self, shutil.rmtree, self._spill, ignore_errors=True)
        self._threads = threads
        self._memory_limit = memory_limit
        self._folders: frozenset[str] = frozenset()
        self._database = self._open()
        self._turn = threading.BoundedSemaphore(threads)
        self._opening = threading.Lock()

    def run(self, expression: ibis.Expr) -> pd.DataFrame:
        """The rows of `expression`; see `engine.run`."""
        return to_frame(self._rows(expression))

    def fetch_if_small(self, expression: ibis.Table, most: int) -> pa.Table | None:
        """The rows of `expression` if there are at most `most`; see `Engine.fetch_if_small`."""
        rows = self._rows(expression.limit(most + 1))
        return rows if rows.num_rows <= most else None

    def _rows(self, expression: ibis.Expr) -> pa.Table:
        tables = dict(find_files(expression))
        with self._turn, self._connect(tables) as connection:
            try:
                for name, paths in tables.items():
                    listed = ", ".join(_quote(path) for path in paths)
                    connection.execute(f"CREATE TEMP VIEW {name} AS FROM read_parquet([{listed}])")
                return Backend.from_connection(connection).to_pyarrow(expression.as_table())
            except duckdb.OutOfMemoryException as error:
                raise UserlaneError(
                    "There is not enough memory to count this many records.", "Choose a shorter range."
                ) from error
            except duckdb.IOException as error:
                raise UserlaneError(
                    "Stored records were removed while they were read.", "Load the page again."
                ) from error

    def distinct(self, codes: ibis.Column, below: int, groups: int = 1) -> ibis.Value:
        """The number of different codes; see `Engine.distinct`.

        A bit for each possible code is several times as fast as a list of those seen, as long as the bits of
        all groups fit into little memory.
        """
        if not self._fit(below, groups):
            return codes.nunique()
        return _count_bits(_collect_bits(codes, 0, below - 1)).fill_null(0)  # without rows there are no bits

    def distinct_by(
        self, table: ibis.Table, by: str, of: str, below: int, *, groups: int, **others: ibis.Value
    ) -> ibis.Table | None:
        """Different codes in each group and in all; see `Engine.distinct_by`. The bits of all groups together
        are those of the whole, so nothing is read twice.
        """
        if not self._fit(below, groups):
            return None
        bits = _collect_bits(table[of], 0, below - 1)
        grouped = table.group_by(by).agg(different=bits, **others)
        whole = _merge_bits(grouped.different).over(ibis.window())
        return grouped.mutate(different=_count_bits(grouped.different), altogether=_count_bits(whole))

    def _fit(self, below: int, groups: int) -> bool:
        return 0 < below * groups * self._threads <= _MOST_BITS

    def _open(self) -> duckdb.DuckDBPyConnection:
        database = duckdb.connect(
            ":memory:",
            config={
                "threads": self._threads,
                "memory_limit": self._memory_limit,
                "temp_directory": self._spill,
                "autoinstall_known_extensions": False,  # nothing is ever downloaded
                "parquet_metadata_cache": True,  # files never change
            },
        )
        # After the folders are set: from here on no expression can name another file or an address.
        if self._folders:
            listed = ", ".join(map(_quote, sorted(self._folders)))
            database.execute(f"SET allowed_directories = [{listed}]")
        database.execute("SET enable_external_access = false")
        return database

    def _connect(self, tables: Mapping[str, Sequence[str]]) -> duckdb.DuckDBPyConnection:
        folders = {str(Path(path).parent) + "/" for paths in tables.values() for path in paths}
        # The parent connection is shared; taking a cursor of it is the only thing done with it.
        with self._opening:
            if not folders <= self._folders:
                self._folders |= folders
                self._database = self._open()
            return self._database.cursor()


@ibis.udf.agg.builtin(name="bitstring_agg")  # type: ignore[untyped-decorator]  # Ibis ships no types
def _collect_bits(codes: int, lowest: int, highest: int) -> str:
    """A text of bits, one for each possible code."""
    raise NotImplementedError("DuckDB has it")


@ibis.udf.agg.builtin(name="bit_or")  # type: ignore[untyped-decorator]
def _merge_bits(bits: str) -> str:
    """The bits that are set in any of several texts of bits."""
    raise NotImplementedError("DuckDB has it")


@ibis.udf.scalar.builtin(name="bit_count")  # type: ignore[untyped-decorator]  # Ibis ships no types
def _count_bits(bits: str) -> int:
    """How many of them are set."""
    raise NotImplementedError("DuckDB has it")


def _quote(path: str) -> str:
    return "'" + path.replace("'", "''") + "'"


def _make_spill_folder() -> str:
    try:
        return tempfile.mkdtemp(prefix="userlane-engine-")
    except OSError:
        return ""  # a read-only file system: expressions then have to fit into memory
