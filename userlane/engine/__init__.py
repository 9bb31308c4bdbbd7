"""Where expressions over many rows are run.

Metrics build an Ibis expression over `table`s and get a small frame back. Which engine ran it, they need not
know.

expressions  tables of files, and what is asked of an engine
embedded     DuckDB, inside this process: the default
spark        a Spark cluster, reached over the network
"""

from userlane.engine.embedded import Embedded
from userlane.engine.expressions import Engine, get_engine, run, set_engine, table
from userlane.engine.spark import Spark

__all__ = ["Embedded", "Engine", "Spark", "get_engine", "run", "set_engine", "table"]
