"""A Spark cluster, reached through its Connect server and through Ibis.

This process needs no Java and one address: the server plans, its workers read the files where they lie, so
they must see them under the same paths. Only small answers come back.
"""

import contextlib
import logging
import re
import threading
import warnings
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
from ibis.expr import operations as ops

from userlane.engine.expressions import Engine, find_files, to_frame
from userlane.errors import SettingsUnusable, UserlaneError

AT_ONCE = 4
"""How many expressions run at once; others wait their turn."""

_CONFIGURED = {
    "spark.sql.session.timeZone": "UTC",
    # What does not fit a type is an error, as it is in DuckDB, and never another number.
    "spark.sql.ansi.enabled": "true",
    # Files are listed by the server: a job of its own takes longer up to far more files than a year has.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
}
_MOST_VIEWS = 50
_RETRIES = 4
_AWAY = ("UNAVAILABLE", "DEADLINE_EXCEEDED")
_GONE = ("PATH_NOT_FOUND", "FAILED_READ_FILE")
_LOST = ("INVALID_HANDLE", "NO_ACTIVE_SESSION")


class Spark(Engine):
    """A cluster that any number of threads may ask at once. Connects when first asked, and again when the
    server was started anew.
    """

    def __init__(self, address: str) -> None:
        """`address` as in `sc://host:port/;use_ssl=true`. Raises `SettingsUnusable` without the packages."""
        self._address = address
        self._modules = _Modules()
        self._turn = threading.BoundedSemaphore(AT_ONCE)
        self._idle: list[_Session] = []
        self._lock = threading.Lock()

    def run(self, expression: ibis.Expr) -> pd.DataFrame:
        """The rows of `expression`; see `engine.run`."""
        with self._turn:
            try:
                return self._try(expression)
            except self._modules.errors.PySparkException as error:
                raise _translate_error(error) from error

    def close(self) -> None:
        """Let the server forget what it holds for this process."""
        self._close_idle(release=True)

    def _close_idle(self, *, release: bool = False) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for session in idle:
            session.close(release=release)

    def _try(self, expression: ibis.Expr) -> pd.DataFrame:
        with self._lock:
            session = self._idle.pop() if self._idle else None
        if session is not None:
            try:
                return self._ask(session, expression)
            except self._modules.errors.PySparkException as error:
                if not _condition(error).startswith(_LOST):
                    raise
                self._close_idle()  # the server was started anew and knows none of the sessions
        return self._ask(_Session(self._address, self._modules), expression)

    def _ask(self, session: "_Session", expression: ibis.Expr) -> pd.DataFrame:
        try:
            found = session.run(expression)
        except BaseException as error:  # whatever it is in the middle of
            away = isinstance(error, self._modules.errors.PySparkException) and _condition(error) in _AWAY
            # Not waited for: a server that is away is asked again and again before it is given up.
            threading.Thread(target=session.close, kwargs={"release": not away}, daemon=True).start()
            raise
        with self._lock:
            self._idle.append(session)
        return to_frame(found)


class _Modules:
    """What is imported only where this engine is asked for."""

    def __init__(self) -> None:
        try:
            with warnings.catch_warnings():
                # It has not been tried with all that pandas 3 can do, of which nothing is used here.
                warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
                import pyspark.errors  # noqa: PLC0415
                from pyspark.sql.connect import session  # noqa: PLC0415
                from pyspark.sql.connect.client import retries  # noqa: PLC0415

                self.ibis: Any = ibis.pyspark
                from ibis.backends.pyspark import datatypes  # noqa: PLC0415
        except ImportError as error:
            raise SettingsUnusable(
                "USERLANE_ENGINE: the packages for Spark are not installed.",
                "Install those of requirements-spark.txt, or unset USERLANE_ENGINE.",
            ) from error
        # It would print statements and traces beside the log; Spark's own log has both.
        logging.getLogger("SQLQueryContextLogger").disabled = True
        self.errors: Any = pyspark.errors
        self.sessions: Any = session
        self.retries: Any = retries
        self.types: Any = datatypes


class _Session:
    """A session of the server, with its views; for one thread at a time."""

    def __init__(self, address: str, modules: _Modules) -> None:
        builder = modules.sessions.SparkSession.builder.remote(address)
        self._session = builder.create()
        # A page waits a few seconds for a server that is away, not ten minutes.
        few = modules.retries.DefaultPolicy(max_retries=_RETRIES, initial_backoff=100, max_backoff=2_000)
        self._session.client.set_retry_policies([few])
        self._compiled = modules.ibis.compile
        self._describe = modules.types.PySparkSchema.from_ibis
        self._views: OrderedDict[str, None] = OrderedDict()
        self._configured = False

    def run(self, expression: ibis.Expr) -> pa.Table:
        if not self._configured:
            for key, value in _CONFIGURED.items():
                self._session.conf.set(key, value)
            self._configured = True
        table = expression.as_table()
        for name, paths in find_files(table):
            self._create_view(name, paths, table)
        held = {each.name: each for each in table.op().find(ops.InMemoryTable)}
        for each in held.values():
            rows = each.data.to_pyarrow(each.schema).cast(each.schema.to_pyarrow())
            described = self._describe(each.schema)
            self._session.createDataFrame(rows, described).createOrReplaceTempView(each.name)
        found = self._session.sql(self._compiled(table)).toArrow()
        self._drop_views(held)
        # Spark has its own types for some results, such as a moment for the first day of a week.
        return found.cast(table.schema().to_pyarrow())

    def _create_view(self, name: str, paths: Sequence[str], table: ibis.Table) -> None:
        """Views of files stay, since a page asks of the same ones again and again."""
        if name not in self._views:
            schema = next(each.schema for each in table.op().find(ops.UnboundTable) if each.name == name)
            reader = self._session.read.schema(self._describe(schema))
            reader.parquet(*map(_quote_path, paths)).createOrReplaceTempView(name)
            self._views[name] = None
        self._views.move_to_end(name)
        self._drop_views(list(self._views)[: max(0, len(self._views) - _MOST_VIEWS)])

    def _drop_views(self, names: Iterable[str]) -> None:
        for name in names:
            self._session.catalog.dropTempView(name)
            self._views.pop(name, None)

    def close(self, *, release: bool) -> None:
        """Close the connection; with `release`, the server forgets at once instead of after an hour."""
        client = self._session.client
        with contextlib.suppress(Exception):
            if release:
                client.release_session()
        with contextlib.suppress(Exception):
            client.close()


def _quote_path(path: str) -> str:
    """A path for Hadoop's file systems, in which some characters stand for others."""
    return "file:" + re.sub(r"([\\{}\[\]*?])", r"\\\1", path)


def _condition(error: Any) -> str:
    """Spark's own name for what went wrong, such as `PATH_NOT_FOUND`; gRPC's if Spark did not get to say."""
    status = getattr(error, "getGrpcStatusCode", lambda: None)()
    return str(error.getCondition() or getattr(status, "name", ""))


def _translate_error(error: Any) -> UserlaneError:
    condition = _condition(error)
    if condition.startswith(_GONE):
        return UserlaneError("Stored records were removed while they were read.", "Load the page again.")
    if condition in _AWAY:
        return UserlaneError(
            "The Spark server that counts tag records cannot be reached.",
            "Try again in a minute; if that does not help, ask whoever runs this dashboard to look at "
            "USERLANE_ENGINE and at the server.",
        )
    return UserlaneError(
        f"Spark could not count this ({condition or type(error).__name__}).",
        "Choose a shorter range. If that does not help, Spark's own log has the reason.",
    )
