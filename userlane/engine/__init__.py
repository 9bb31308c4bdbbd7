"""Where expressions over many rows are run.

Whoever calls builds an Ibis expression over `table`s and gets a small frame back; which engine ran it, nobody
needs to know.

files     files as tables that any engine can find
embedded  DuckDB, inside this process: the default
spark     a Spark cluster, reached over the network
frames    what comes back, as frames
"""

import threading
from collections.abc import Mapping
from typing import Protocol

import ibis
import pandas as pd
import pyarrow as pa

from userlane.engine.embedded import Embedded
from userlane.engine.files import table
from userlane.engine.spark import Spark


class Engine(Protocol):
    """What runs expressions. Thread-safe."""

    def run(self, expression: ibis.Expr) -> pd.DataFrame:
        """As `run` of this package."""

    def distinct(self, codes: ibis.Column, below: int, groups: int) -> ibis.Value:
        """As `distinct` of this package."""

    def distinct_by(
        self,
        table: ibis.Table,
        by: str,
        of: str,
        below: int,
        *,
        groups: int,
        others: Mapping[str, ibis.Value],
    ) -> ibis.Table | None:
        """As `distinct_by` of this package."""

    def near(self, expression: ibis.Table, most: int) -> pa.Table | None:
        """As `near` of this package."""


def run(expression: ibis.Expr) -> pd.DataFrame:
    """The rows of an Ibis expression, as a small frame: text as `str`, days as midnight `datetime64[us]`,
    whole numbers as `int64` (`float64` with NaN where some are missing).

    A scalar or column becomes a frame of one column. Safe to call from many threads.
    Raises `UserlaneError` when the memory set aside does not suffice, or files it reads are gone.

    >>> import pyarrow as pa
    >>> run(ibis.memtable(pa.table({"score": [9, 10]})).score.sum().name("sum"))
       sum
    0   19
    """
    return _engine().run(expression)


def distinct(codes: ibis.Column, below: int, groups: int = 1) -> ibis.Value:
    """How many different codes there are, exactly; each is at least 0 and less than `below`, and none is
    missing. `groups` says about how many groups it is counted for at a time.

    >>> import pyarrow as pa
    >>> codes = ibis.memtable(pa.table({"user": pa.array([0, 2, 2], pa.int32())})).user
    >>> int(run(distinct(codes, below=3).name("users")).users[0])
    2
    """
    return _engine().distinct(codes, below, groups)


def distinct_by(
    table: ibis.Table, by: str, of: str, below: int, *, groups: int, **others: ibis.Value
) -> ibis.Table | None:
    """A row for each value of the column `by`: in `different` how many different codes the column `of` has
    there, in `altogether` how many it has in all rows of the table, the same each time; and the `others`, by
    their names. Codes, `below` and `groups` as in `distinct`. None where that takes more than one look at the
    rows: then what is wanted of it is better asked for by itself.

    >>> import pyarrow as pa
    >>> rows = ibis.memtable(pa.table({"tag": [7, 7, 8], "user": pa.array([0, 2, 2], pa.int32())}))
    >>> counted = distinct_by(rows, "tag", "user", 3, groups=2)
    >>> run(counted.order_by("tag"))
       tag  different  altogether
    0    7          2           2
    1    8          1           2
    """
    return _engine().distinct_by(table, by, of, below, groups=groups, others=others)


def near(expression: ibis.Table, most: int) -> pa.Table | None:
    """The rows of an expression in this process's memory, for several more expressions over them; None where
    there are more than so many, or where the engine is elsewhere and had better keep them. Raises as `run`.

    >>> import pyarrow as pa
    >>> near(ibis.memtable(pa.table({"score": [9, 10]})), most=1)
    """
    return _engine().near(expression, most)


_chosen: Engine | None = None
_lock = threading.Lock()


def use(engine: Engine | None) -> None:
    """Have all expressions run by this engine; None: by the embedded one."""
    global _chosen  # noqa: PLW0603  # the process has one engine
    with _lock:
        _chosen = engine


def choose(setting: str | None) -> None:
    """Have all expressions run where the setting `USERLANE_ENGINE` says; None leaves things as they are.

    Nothing is connected yet. Raises `SettingsUnusable` where packages are missing.
    """
    if setting is not None:
        use(Spark(setting))


def _engine() -> Engine:
    global _chosen  # noqa: PLW0603  # opened when first asked
    with _lock:
        if _chosen is None:
            _chosen = Embedded()
        return _chosen


__all__ = [
    "Embedded",
    "Engine",
    "Spark",
    "choose",
    "distinct",
    "distinct_by",
    "near",
    "run",
    "table",
    "use",
]
