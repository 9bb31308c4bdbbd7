"""Expressions over many rows: tables of files go in, small frames come out, and one engine runs them all."""

import hashlib
import threading
from collections.abc import Iterator, Sequence

import ibis
import pandas as pd
import pyarrow as pa
from cachetools import LRUCache
from ibis.expr import operations as ops

_files: LRUCache[str, tuple[str, ...]] = LRUCache(4_096)
_lock = threading.Lock()


def table(paths: Sequence[str], schema: pa.Schema) -> ibis.Table:
    """Parquet files, at least one and all of this schema, as one table to be used in expressions."""
    # The name stands for the paths, so that any engine finds them.
    name = "files_" + hashlib.sha256("\0".join(paths).encode()).hexdigest()[:32]
    with _lock:
        _files[name] = tuple(paths)
    return ibis.table(ibis.Schema.from_pyarrow(schema), name=name)


def find_files(expression: ibis.Expr) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and paths of each table of files in an expression."""
    for each in expression.op().find(ops.UnboundTable):
        with _lock:
            paths = _files.get(each.name)
        if paths is not None:
            yield each.name, paths


def to_frame(rows: pa.Table) -> pd.DataFrame:
    """Rows as a frame of the types that `run` promises."""
    frame: pd.DataFrame = rows.to_pandas(date_as_object=False)
    for field in rows.schema:
        if pa.types.is_date(field.type):
            frame[field.name] = frame[field.name].astype("datetime64[us]")
    return frame


class Engine:
    """What runs expressions. Thread-safe. Each engine has its `run`, and its own way of the rest where it has
    a faster one.
    """

    def run(self, expression: ibis.Expr) -> pd.DataFrame:
        """See `engine.run`."""
        raise NotImplementedError

    def distinct(self, codes: ibis.Column, below: int, groups: int = 1) -> ibis.Value:  # noqa: ARG002
        """The exact number of different codes. Each code is at least 0 and less than `below`; none is
        missing. `groups` is the approximate number of groups in which they are counted at a time.

        >>> import pyarrow as pa
        >>> codes = ibis.memtable(pa.table({"user": pa.array([0, 2, 2], pa.int32())})).user
        >>> int(run(get_engine().distinct(codes, below=3).name("users")).users[0])
        2
        """
        return codes.nunique()

    def distinct_by(
        self, table: ibis.Table, by: str, of: str, below: int, *, groups: int, **others: ibis.Value
    ) -> ibis.Table | None:
        """The number of different codes for each value of a column and altogether, in one look at the rows.

        Returns a row for each value of the column `by`, with the columns `by`; `different`, how many
        different codes the column `of` has there; `altogether`, how many it has in all rows of the table, the
        same in each row; and the `others`, by their names. Codes, `below` and `groups` are those of
        `distinct`. None where the engine needs more than one look at the rows: then ask for each part by
        itself.

        >>> import pyarrow as pa
        >>> rows = ibis.memtable(pa.table({"tag": [7, 7, 8], "user": pa.array([0, 2, 2], pa.int32())}))
        >>> counted = get_engine().distinct_by(rows, "tag", "user", 3, groups=2)
        >>> run(counted.order_by("tag"))
           tag  different  altogether
        0    7          2           2
        1    8          1           2
        """

    def fetch_if_small(self, expression: ibis.Table, most: int) -> pa.Table | None:
        """Bring the rows of an expression into this process's memory, for several more expressions over them.

        None where there are more than `most` rows, or where the engine is elsewhere and had better keep them.
        Raises as `run`.

        >>> import pyarrow as pa
        >>> get_engine().fetch_if_small(ibis.memtable(pa.table({"score": [9, 10]})), most=1)
        """


_engine: Engine | None = None


def set_engine(engine: Engine | None) -> None:
    """Have all expressions run by this engine; None stands for the embedded one."""
    global _engine  # noqa: PLW0603  # the process has one engine
    with _lock:
        _engine = engine


def get_engine() -> Engine:
    """The engine that runs all expressions of this process."""
    global _engine  # noqa: PLW0603  # opened when first asked
    with _lock:
        if _engine is None:
            from userlane.engine.embedded import Embedded  # noqa: PLC0415  # it imports this module

            _engine = Embedded()
        return _engine


def run(expression: ibis.Expr) -> pd.DataFrame:
    """Compute an Ibis expression. Safe to call from many threads.

    Returns the rows as a small frame: text as `str`, days as midnight `datetime64[us]`, whole numbers as
    `int64` (`float64` with NaN where some are missing). A scalar or a column becomes a frame of one column.
    Raises `UserlaneError` when the memory set aside does not suffice, or files it reads are gone.

    >>> import pyarrow as pa
    >>> run(ibis.memtable(pa.table({"score": [9, 10]})).score.sum().name("sum"))
       sum
    0   19
    """
    return get_engine().run(expression)
