"""Where expressions over many rows are run: an embedded DuckDB, reached through Ibis.

This is the one place that knows the engine. Whoever calls builds an Ibis expression over `ibis.memtable`s or
tables of the engine and gets a small frame back, so another Ibis backend (Spark, Trino, ClickHouse …) can
take DuckDB's place here and nowhere else.
"""

import os
import shutil
import tempfile
import threading
import weakref

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
from ibis.backends.duckdb import Backend

from userlane.errors import UserlaneError

THREADS = min(4, os.cpu_count() or 1)
"""Threads one expression is spread over, and how many expressions run at once; others wait their turn."""

MEMORY_LIMIT = "512MB"
"""What all running expressions may take together; beyond it they spill to disk. The rows themselves are not
counted: they are read where Arrow holds them."""


class Engine:
    """An embedded DuckDB that any number of threads may ask at once.

    Each run has a connection of its own to the one database, because a DuckDB connection serves one thread
    at a time; memory and worker threads are shared, so many askers cost no more than a few.
    """

    def __init__(self, threads: int = THREADS, memory_limit: str = MEMORY_LIMIT) -> None:
        """Open the database. Raises `duckdb.Error` for a memory limit that is not a size."""
        spill = _spill_folder()
        weakref.finalize(self, shutil.rmtree, spill, ignore_errors=True)
        self._database = duckdb.connect(
            ":memory:",
            config={
                "threads": threads,
                "memory_limit": memory_limit,
                "temp_directory": spill,
                "autoinstall_known_extensions": False,  # nothing is ever downloaded
            },
        )
        # After the folder is set: from here on no expression can name a file or an address.
        self._database.execute("SET enable_external_access = false")
        self._turn = threading.BoundedSemaphore(threads)
        self._opening = threading.Lock()

    def run(self, expression: ibis.Expr) -> pd.DataFrame:
        """The rows of `expression`; see the module's `run`."""
        with self._turn, self._connection() as connection:
            try:
                table = Backend.from_connection(connection).to_pyarrow(expression.as_table())
            except duckdb.OutOfMemoryException as error:
                raise UserlaneError(
                    "There is not enough memory to count this many records.", "Choose a shorter range."
                ) from error
        return _frame(table)

    def _connection(self) -> duckdb.DuckDBPyConnection:
        # The parent connection is shared; taking a cursor of it is the only thing done with it.
        with self._opening:
            return self._database.cursor()


def run(expression: ibis.Expr) -> pd.DataFrame:
    """The rows of an Ibis expression, as a small frame: text as `str`, days as midnight `datetime64[us]`,
    whole numbers as `int64` (`float64` with NaN where some are missing).

    A scalar or column becomes a frame of one column. Safe to call from many threads.
    Raises `UserlaneError` when the memory set aside does not suffice.

    >>> run(ibis.memtable(pa.table({"score": [9, 10]})).score.sum().name("sum"))
       sum
    0   19
    """
    return _default().run(expression)


_default_engine: Engine | None = None
_default_lock = threading.Lock()


def _default() -> Engine:
    global _default_engine  # noqa: PLW0603  # the process has one engine, opened when first asked
    with _default_lock:
        if _default_engine is None:
            _default_engine = Engine()
        return _default_engine


def _spill_folder() -> str:
    try:
        return tempfile.mkdtemp(prefix="userlane-engine-")
    except OSError:
        return ""  # a read-only file system: expressions then have to fit into memory


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(date_as_object=False)
    for field in table.schema:
        if pa.types.is_date(field.type):
            frame[field.name] = frame[field.name].astype("datetime64[us]")
    return frame
