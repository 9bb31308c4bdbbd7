"""Converts Arrow columns to the texts of CSV and JSON files."""

from collections.abc import Callable

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from userlane.formulas import AT_START, INSIDE


def simplify(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert `column` to one of the few types that the text formats have: instants become text."""
    kind = column.type
    if pa.types.is_dictionary(kind) and not _is_text(kind.value_type):
        return simplify(column.cast(kind.value_type))
    if pa.types.is_timestamp(kind):
        return _format_instants(column)
    if pa.types.is_floating(kind):
        return pc.if_else(pc.is_finite(column), column, pa.scalar(None, kind))
    if pa.types.is_date64(kind):
        return column.cast(pa.date32())
    if pa.types.is_null(kind) or _is_text(kind):
        return column.cast(pa.string())
    return column


def _format_instants(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert instants to ISO text in UTC; times without a zone become days if all are midnight."""
    # The cast to no time zone keeps the UTC time, so no time zone database is needed.
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


def change_dictionary(column: pa.ChunkedArray, change: Callable[[pa.Array], pa.Array]) -> pa.ChunkedArray:
    """Change the dictionary of a dictionary column, which has far fewer texts than the column has rows."""
    chunks = [
        pa.DictionaryArray.from_arrays(chunk.indices, change(chunk.dictionary.cast(pa.string())))
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.dictionary(column.type.index_type, pa.string()))


def to_csv_cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Convert a plain column for CSV: texts are escaped, lists become JSON."""
    if pa.types.is_dictionary(column.type):
        return change_dictionary(column, _escape_all)
    if _is_text(column.type):
        return _escape_all(column)
    if pa.types.is_nested(column.type):
        return pa.chunked_array([_escape_all(to_json(chunk)) for chunk in column.chunks], pa.string())
    return column


def _escape_all(texts: pa.Array) -> pa.Array:
    """Apply `escape` to all texts without a Python call for each."""
    inside = pc.replace_substring_regex(texts, INSIDE, r"\1'\2")
    return pc.replace_substring_regex(inside, AT_START, r"'\1", max_replacements=1)


def repeat_text(text: str, rows: int) -> pa.ChunkedArray:
    """Make a dictionary column of `rows` times the same text."""
    codes = pc.fill_null(pa.nulls(rows, pa.int32()), 0)
    return pa.chunked_array([pa.DictionaryArray.from_arrays(codes, pa.array([text]))])


def to_json(values: pa.Array) -> pa.Array:
    """Return the JSON of each value, null where missing. Dictionary columns must have JSON texts already."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return values.dictionary_decode()
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return values.cast(pa.string())
    if pa.types.is_date32(kind):
        return pc.binary_join_element_wise('"', values.cast(pa.string()), '"', "")
    dumped = [None if value is None else orjson.dumps(value, default=str) for value in values.to_pylist()]
    return pa.array(dumped, pa.binary()).cast(pa.string())
