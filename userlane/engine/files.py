"""Parquet files as tables that any engine can find: the table's name stands for the paths."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock

import ibis
import pyarrow as pa
from ibis.expr import operations as ops

_MOST = 4_096
_known: OrderedDict[str, tuple[str, ...]] = OrderedDict()
_lock = Lock()


def table(paths: Sequence[str], schema: pa.Schema) -> ibis.Table:
    """These files, at least one and all of this schema, as one table to be used in expressions."""
    name = "files_" + hashlib.sha256("\0".join(paths).encode()).hexdigest()[:32]
    with _lock:
        _known[name] = tuple(paths)
        _known.move_to_end(name)
        while len(_known) > _MOST:
            _known.popitem(last=False)
    return ibis.table(ibis.Schema.from_pyarrow(schema), name=name)


def used(expression: ibis.Expr) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and paths of each table of files in an expression."""
    for each in expression.op().find(ops.UnboundTable):
        with _lock:
            if each.name in _known:
                yield each.name, _known[each.name]
