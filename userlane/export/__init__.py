r"""Writes records and shown tables to files: CSV for spreadsheets and BI tools, JSON, Parquet.

The same rows give the same bytes, on screen and on the command line. All formats have the columns in the
order of the table, days as `2026-04-01`, instants in UTC as `2026-04-01T09:12:33+00:00` (with six more digits
in the whole column if a value needs them), IDs as text, and a mark in the file if its rows are incomplete or
stale.

CSV: UTF-8 with BOM, one header row, `\n` after each line, text in double quotes, numbers without; a missing
value is an empty field, an empty text `""`. Text that a spreadsheet would run is escaped (see `formulas`). An
incomplete or stale file has an additional last column `incomplete` or `stale` with the reasons in each row:
a comment line would break readers, and a last line would be one more record.

JSON: one object, `{"dataset": …, "complete": …, "reasons": […], "rows": …, "records": […]}`, one record on
each line; a missing value is `null`. Parquet: the same object without records is the metadata `userlane` of
the schema.
"""

import hashlib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, BinaryIO, Literal, get_args

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from userlane.contract import COLUMNS, Dataset, Query, State
from userlane.export.columns import change_dictionary, repeat_text, simplify, to_csv_cells, to_json
from userlane.formulas import escape

Format = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}

_Tables = Iterator[pa.Table]
_Description = dict[str, Any]

BATCH_ROWS = 65_536
"""The number of records that are converted to text at a time, so that memory does not grow with the table."""


def records_file(dataset: Dataset, format: Format) -> bytes:  # noqa: A002 - the word screen and command line use
    """Return a file with the records of `dataset` in the canonical columns, and their state."""
    sink = io.BytesIO()
    write_records(dataset, format, sink)
    return sink.getvalue()


def write_records(dataset: Dataset, format: Format, sink: BinaryIO) -> None:  # noqa: A002 - as above
    """Write the file of `records_file` into `sink`, without a second copy of the table in memory."""
    names = COLUMNS[dataset.query.dataset].names
    tables = (batch.select(names) for batch in dataset.batches())
    _WRITERS[format](tables, dataset.state, _describe(dataset.query, dataset.state, dataset.rows), sink)


def view_file(  # noqa: PLR0917 - in the order of a caption: what, of which rows, how shown
    frame: pd.DataFrame,
    query: Query,
    state: State,
    view: str,
    filters: Mapping[str, str],
    format: Format,  # noqa: A002 - as above
) -> bytes:
    """Return a file with a table as shown on screen.

    Args:
        frame: The table, with its columns in the order shown. The index is not written.
        query: The query of the records.
        state: The state of the records behind the table.
        view: The name of the table.
        filters: What the table was limited to, by name. With `surveys` among them, the file has no survey ID.
        format: The format. JSON and Parquet have `view` and `filters`. Lists are JSON text in CSV.
    """
    table = _to_table(frame)
    described = _describe(query, state, table.num_rows) | {"view": view, "filters": dict(filters)}
    if "surveys" in filters:
        described["survey_id"] = None
    sink = io.BytesIO()
    _WRITERS[format](iter([table]), state, described, sink)
    return sink.getvalue()


def file_name(  # noqa: PLR0917 - in the order they stand in the name
    query: Query,
    state: State,
    fingerprint: str,
    format: Format,  # noqa: A002 - as above
    view: str | None = None,
    filters: Mapping[str, str] | None = None,
) -> str:
    """Make a file name that is safe on every system and different for every content.

    `fingerprint` is that of the dataset, or `fingerprint(frame)` of a shown table; `view` and `filters` are
    as for `view_file`. The name ends in `-incomplete` or `-stale` if the rows are so. Its second day is the
    end of the window, which is not included.

    >>> from datetime import date
    >>> from userlane.contract import Window
    >>> april = Query("nps", "demo", Window(date(2026, 4, 1), date(2026, 5, 1)))
    >>> file_name(april, State(), "c0ffee", "csv")
    'userlane-nps-demo-2026-04-01_2026-05-01-83333593.csv'
    """
    content = orjson.dumps([fingerprint, _describe(query, state, 0), view, sorted((filters or {}).items())])
    window = f"{query.window.start.isoformat()}_{query.window.end.isoformat()}"
    slug = re.sub(r"[^a-z0-9]+", "-", (view or "").lower()).strip("-")[:40]
    digest = hashlib.sha256(content).hexdigest()[:8]
    survey_id = None if "surveys" in (filters or {}) else query.survey_id
    parts = ("userlane", query.dataset, query.property_id, survey_id, window, slug, digest, mark(state))
    return "-".join(filter(None, parts)) + f".{format}"


def fingerprint(frame: pd.DataFrame) -> str:
    """Return a hash of the content of a shown table, for `file_name`.

    >>> fingerprint(pd.DataFrame({"n": [1]})) == fingerprint(pd.DataFrame({"n": [2]}))
    False
    """
    table = _to_table(frame)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return hashlib.sha256(sink.getvalue()).hexdigest()


def mark(state: State) -> Literal["incomplete", "stale"] | None:
    """The mark of a file with this state; None if its rows are complete and current."""
    if not state.complete:
        return "incomplete"
    return "stale" if state.stale else None


def reasons(state: State) -> list[str]:
    """Why rows of this state are incomplete or stale, in sentences; empty if they are neither."""
    found = list(state.reasons)
    if state.missing:
        windows = (f"{window.start.isoformat()} to {window.end.isoformat()}" for window in state.missing)
        found.append(f"Missing days (end not included): {', '.join(windows)}.")
    if state.stale:
        known = f" of {state.fetched_at.isoformat(timespec='seconds')}" if state.fetched_at else ""
        found.append(f"These are the rows{known}: a newer fetch failed.")
    return found


def _to_table(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame.rename(columns=str), preserve_index=False)


def _describe(query: Query, state: State, rows: int) -> _Description:
    return {
        "dataset": query.dataset,
        "property_id": query.property_id,
        "survey_id": query.survey_id,
        "start": query.window.start,
        "end": query.window.end,
        "timezone": query.timezone,
        "complete": mark(state) is None,
        "reasons": reasons(state),
        "rows": rows,
        "refused_rows": state.refused_rows,
        "duplicate_rows": state.duplicates,
        "outside_rows": state.outside,
    }


def _write_parquet(tables: _Tables, _state: State, described: _Description, sink: BinaryIO) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - the other formats do not pay for it

    first = next(tables)
    schema = first.schema.with_metadata({"userlane": orjson.dumps(described)})
    with pq.ParquetWriter(sink, schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table.replace_schema_metadata(schema.metadata))


def _write_csv(tables: _Tables, state: State, _described: _Description, sink: BinaryIO) -> None:
    options = pacsv.WriteOptions(include_header=False, batch_size=BATCH_ROWS)
    for number, table in enumerate(tables):
        cells = {name: to_csv_cells(simplify(table.column(name))) for name in table.column_names}
        if marked := mark(state):
            cells[marked] = to_csv_cells(repeat_text(" ".join(reasons(state)), table.num_rows))
        if not number:
            # The writer below would put every name in quotes, which line tools take for a part of the name.
            header = ",".join(_quote_if_needed(escape(name)) for name in cells)
            sink.write(f"\ufeff{header}\n".encode())
        pacsv.write_csv(pa.table(cells), sink, options)


def _quote_if_needed(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""')) if re.search('[",\r\n]', name) else name


def _write_json(tables: _Tables, _state: State, described: _Description, sink: BinaryIO) -> None:
    """Convert each column to JSON texts; Arrow joins them to records."""
    sink.write(orjson.dumps(described)[:-1] + b',"records":[')
    first = True
    for batch in chain.from_iterable(map(_split_for_json, tables)):
        names = batch.schema.names
        pieces: list[Any] = []
        for position, (name, column) in enumerate(zip(names, batch.columns, strict=True)):
            pieces.append((",{0}:" if position else ",\n{{{0}:").format(orjson.dumps(name).decode()))
            pieces.append(pc.fill_null(to_json(column), "null"))
        records = pc.binary_join_element_wise(*pieces, "}", "")
        # The last buffer of a new array has its texts one after another: this is the content of the file.
        text = memoryview(records.buffers()[2])
        sink.write(text[1:] if first else text)
        first = False
    sink.write(b"\n]}\n")


def _split_for_json(table: pa.Table) -> list[pa.RecordBatch]:
    columns = {name: simplify(table.column(name)) for name in table.column_names}
    quoted = {
        name: change_dictionary(column, to_json) if pa.types.is_dictionary(column.type) else column
        for name, column in columns.items()
    }
    batches: list[pa.RecordBatch] = pa.table(quoted).to_batches(max_chunksize=BATCH_ROWS)
    return batches


_WRITERS: Mapping[Format, Callable[[_Tables, State, _Description, BinaryIO], None]] = {
    "csv": _write_csv,
    "json": _write_json,
    "parquet": _write_parquet,
}
