r"""Rows become a file to take away: CSV for spreadsheets and BI tools, JSON for programs, Parquet for lakes.

The same rows give the same bytes, on screen and on the command line. What every form has in common:
columns as they are named and ordered in the table, days as `2026-04-01`, instants in UTC as
`2026-04-01T09:12:33+00:00` (with six more digits in the whole column if any of its values needs them),
IDs as text, and a mark in the file itself when its rows are incomplete or stale.

CSV: UTF-8 with BOM, one header row, lines end in `\n`, text in double quotes, numbers bare; missing is an
empty field, an empty text is `""`. Text that a spreadsheet would run is escaped as told in `formulas`, but no
number, also none below zero. CSV has no place for a state. A comment line would break readers before the
first row, and a closing line would be one more record; so an incomplete or stale file gets one more, last
column named `incomplete` or `stale` that holds the reasons in each row: readers by column name pass over it,
readers with a fixed schema stop, nobody sums such a file unmarked. The file name says it too.

JSON: one object, `{"dataset": …, "complete": …, "reasons": […], "rows": …, "records": […]}`, one record a
line; missing is `null`. Parquet: the object without its records is the schema's metadata, key `userlane`.
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
from userlane.formulas import AT_START, INSIDE, escape

Format = Literal["csv", "json", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
}

BATCH_ROWS = 65_536
"""How many records are turned into text at a time: memory stays flat however long the table is."""


def records_file(dataset: Dataset, format: Format) -> bytes:  # noqa: A002 - the word screen and command line use
    """The records of `dataset` as a file of its canonical columns, with its state."""
    sink = io.BytesIO()
    write_records(dataset, format, sink)
    return sink.getvalue()


def write_records(dataset: Dataset, format: Format, sink: BinaryIO) -> None:  # noqa: A002 - as above
    """Like `records_file`, straight into `sink`: for tables too long to be held once more as bytes."""
    names = COLUMNS[dataset.query.dataset].names
    tables = (batch.select(names) for batch in dataset.batches())
    _WRITERS[format](tables, dataset.state, _described(dataset.query, dataset.state, dataset.rows), sink)


def view_file(  # noqa: PLR0917 - in the order of a caption: what, of which rows, how shown
    frame: pd.DataFrame,
    query: Query,
    state: State,
    view: str,
    filters: Mapping[str, str],
    format: Format,  # noqa: A002 - as above
) -> bytes:
    """A table as it is shown, its columns in the order shown, as a file; the index is not part of it.

    Where `filters` name the surveys in the table, it is of no single survey.

    `view` names the table and `filters` what it was narrowed to; JSON and Parquet carry both. A column of
    lists, such as a sparkline's, is JSON text in CSV.
    """
    table = _shown(frame)
    described = _described(query, state, table.num_rows) | {"view": view, "filters": dict(filters)}
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
    """A name that is safe everywhere and differs wherever the content may: two users' files of one shape too.

    `fingerprint` names the rows: a dataset's own, or `fingerprint` of the table that is shown. What was asked
    and the state are part of the name as they are of the file; `view` and `filters` as given to `view_file`.
    A name ends in `-incomplete` or `-stale` if its rows are incomplete or stale. The second day in it is the
    first one outside the window, as everywhere.

    >>> from datetime import date
    >>> from userlane.contract import Window
    >>> april = Query("nps", "demo", Window(date(2026, 4, 1), date(2026, 5, 1)))
    >>> file_name(april, State(), "c0ffee", "csv")
    'userlane-nps-demo-2026-04-01_2026-05-01-83333593.csv'
    """
    content = orjson.dumps([fingerprint, _described(query, state, 0), view, sorted((filters or {}).items())])
    window = f"{query.window.start.isoformat()}_{query.window.end.isoformat()}"
    slug = re.sub(r"[^a-z0-9]+", "-", (view or "").lower()).strip("-")[:40]
    digest = hashlib.sha256(content).hexdigest()[:8]
    survey_id = None if "surveys" in (filters or {}) else query.survey_id
    parts = ("userlane", query.dataset, query.property_id, survey_id, window, slug, digest, mark(state))
    return "-".join(filter(None, parts)) + f".{format}"


def fingerprint(frame: pd.DataFrame) -> str:
    """Names the very content of a table as it is shown, for `file_name`: any other cell, any other name.

    >>> fingerprint(pd.DataFrame({"n": [1]})) == fingerprint(pd.DataFrame({"n": [2]}))
    False
    """
    table = _shown(frame)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return hashlib.sha256(sink.getvalue()).hexdigest()


def mark(state: State) -> Literal["incomplete", "stale"] | None:
    """The word that a file of this state is marked with; None when its rows are all there and current."""
    if not state.complete:
        return "incomplete"
    return "stale" if state.stale else None


def reasons(state: State) -> list[str]:
    """Why the rows cannot be taken for the whole truth, in sentences; empty when they can."""
    found = list(state.reasons)
    if state.missing:
        windows = (f"{window.start.isoformat()} to {window.end.isoformat()}" for window in state.missing)
        found.append(f"Missing days (end not included): {', '.join(windows)}.")
    if state.stale:
        known = f" of {state.fetched_at.isoformat(timespec='seconds')}" if state.fetched_at else ""
        found.append(f"These are the rows{known}: a newer fetch failed.")
    return found


def _shown(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame.rename(columns=str), preserve_index=False)


def _described(query: Query, state: State, rows: int) -> dict[str, Any]:
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


def _write_parquet(
    tables: Iterator[pa.Table], _state: State, described: Mapping[str, Any], sink: BinaryIO
) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415 - the other formats do not pay for it

    first = next(tables)
    schema = first.schema.with_metadata({"userlane": orjson.dumps(described)})
    with pq.ParquetWriter(sink, schema) as writer:
        for table in chain([first], tables):
            writer.write_table(table.replace_schema_metadata(schema.metadata))


def _write_csv(
    tables: Iterator[pa.Table], state: State, _described: Mapping[str, Any], sink: BinaryIO
) -> None:
    options = pacsv.WriteOptions(include_header=False, batch_size=BATCH_ROWS)
    for number, table in enumerate(tables):
        cells = {name: _cells(_plain(table.column(name))) for name in table.column_names}
        if marked := mark(state):
            cells[marked] = _cells(_repeated(" ".join(reasons(state)), table.num_rows))
        if not number:
            # The writer below would put every name in quotes, which line tools then take for part of it.
            header = ",".join(_quoted_if_needed(escape(name)) for name in cells)
            sink.write(f"\ufeff{header}\n".encode())
        pacsv.write_csv(pa.table(cells), sink, options)


def _quoted_if_needed(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""')) if re.search('[",\r\n]', name) else name


def _write_json(
    tables: Iterator[pa.Table], _state: State, described: Mapping[str, Any], sink: BinaryIO
) -> None:
    """Each column becomes JSON texts, coded columns by their dictionary; Arrow joins them into records."""
    sink.write(orjson.dumps(described)[:-1] + b',"records":[')
    first = True
    for batch in chain.from_iterable(map(_json_batches, tables)):
        names = batch.schema.names
        pieces: list[Any] = []
        for position, (name, column) in enumerate(zip(names, batch.columns, strict=True)):
            pieces.append((",{0}:" if position else ",\n{{{0}:").format(orjson.dumps(name).decode()))
            pieces.append(pc.fill_null(_json_texts(column), "null"))
        records = pc.binary_join_element_wise(*pieces, "}", "")
        # The texts of an array just made lie one after another in its last buffer: the file's content.
        text = memoryview(records.buffers()[2])
        sink.write(text[1:] if first else text)
        first = False
    sink.write(b"\n]}\n")


def _json_batches(table: pa.Table) -> list[pa.RecordBatch]:
    plain = {name: _quoted_dictionaries(_plain(table.column(name))) for name in table.column_names}
    batches: list[pa.RecordBatch] = pa.table(plain).to_batches(max_chunksize=BATCH_ROWS)
    return batches


_WRITERS: Mapping[Format, Callable[[Iterator[pa.Table], State, Mapping[str, Any], BinaryIO], None]] = {
    "csv": _write_csv,
    "json": _write_json,
    "parquet": _write_parquet,
}


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """`column` in one of the few types that the text formats know: missing is null, instants are text."""
    kind = column.type
    if pa.types.is_dictionary(kind) and not _is_text(kind.value_type):
        return _plain(column.cast(kind.value_type))
    if pa.types.is_timestamp(kind):
        return _moments(column)
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
    if pa.types.is_date64(kind):
        return column.cast(pa.date32())
    if pa.types.is_null(kind) or _is_text(kind):
        return column.cast(pa.string())
    return column


def _moments(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Instants as ISO text in UTC; times without a zone that are all midnights are days."""
    # Without its zone an instant keeps its UTC reading, and no time zone database is needed to print it.
    clock = column.cast(pa.timestamp("us"))
    if column.type.tz is None:
        days = clock.cast(pa.date32(), safe=False)
        if not pc.any(pc.not_equal(days.cast(pa.timestamp("us")), clock)).as_py():
            return days
    seconds = clock.cast(pa.timestamp("s"), safe=False)
    whole = not pc.any(pc.not_equal(seconds.cast(pa.timestamp("us")), clock)).as_py()
    text = pc.binary_replace_slice((seconds if whole else clock).cast(pa.string()), 10, 11, "T")
    return text if column.type.tz is None else pc.binary_join_element_wise(text, "+00:00", "")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _recoded(column: pa.ChunkedArray, change: Callable[[pa.Array], pa.Array]) -> pa.ChunkedArray:
    """A coded column with its dictionary changed: the work of its few distinct texts, not of its rows."""
    chunks = [
        pa.DictionaryArray.from_arrays(chunk.indices, change(chunk.dictionary.cast(pa.string())))
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.dictionary(column.type.index_type, pa.string()))


def _cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A plain column as CSV may hold it: texts escaped, lists as JSON."""
    if pa.types.is_dictionary(column.type):
        return _recoded(column, _escaped)
    if _is_text(column.type):
        return _escaped(column)
    if pa.types.is_nested(column.type):
        return pa.chunked_array([_escaped(_json_texts(chunk)) for chunk in column.chunks], pa.string())
    return column


def _escaped(texts: pa.Array) -> pa.Array:
    """`escape` of each text, without a Python call for each."""
    inside = pc.replace_substring_regex(texts, INSIDE, r"\1'\2")
    return pc.replace_substring_regex(inside, AT_START, r"'\1", max_replacements=1)


def _repeated(text: str, rows: int) -> pa.ChunkedArray:
    codes = pc.fill_null(pa.nulls(rows, pa.int32()), 0)
    return pa.chunked_array([pa.DictionaryArray.from_arrays(codes, pa.array([text]))])


def _quoted_dictionaries(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return _recoded(column, _json_texts) if pa.types.is_dictionary(column.type) else column


def _json_texts(values: pa.Array) -> pa.Array:
    """The JSON of each value; null where missing. Coded columns are taken as already quoted."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return values.dictionary_decode()
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return values.cast(pa.string())
    if pa.types.is_date32(kind):
        return pc.binary_join_element_wise('"', values.cast(pa.string()), '"', "")
    dumped = [None if value is None else orjson.dumps(value, default=str) for value in values.to_pylist()]
    return pa.array(dumped, pa.binary()).cast(pa.string())
