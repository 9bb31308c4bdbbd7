"""Decodes a whole page at once, if all its records are regular.

msgspec decodes the records into a struct that is defined for the API's own keys. Anything unusual raises
`FallBack`, and `tolerant` decodes the page; so this module rejects no record and counts none.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract import COLUMNS, INSTANT, bucket
from userlane.decode.envelope import ERROR_KEYS, Path, reports_error
from userlane.decode.fields import FIELDS, Field, Kind
from userlane.decode.pagination_info import Role
from userlane.decode.response_schema import ResponseSchema, ValueForm
from userlane.decode.values import LONGEST_ID, MILLISECONDS, Rejected, parse_comment, parse_day

_VISIBLE = re.compile(rb"[!-~]*")
_UNCLEAN = r"^{0}|{0}$|^$|\x00".format(r"[\s\v\x{1c}-\x{1f}\x{85}\p{Z}]")
"""Matches IDs that are empty, that Python's `strip` would change, or that have a NUL."""


class FallBack(Exception):  # not an error of the program
    """The page has something unusual and must be decoded record by record."""


@lru_cache(maxsize=64)
def make_reader(schema: ResponseSchema) -> "Reader | None":
    """Make the reader of a schema; None where two fields have one key, or one field is inside another."""
    paths = {path for _, path in schema.fields}
    if len(paths) < len(schema.fields) or any(
        path[:depth] in paths for path in paths for depth in range(1, len(path))
    ):
        return None
    forms = dict(schema.value_forms)
    by_name = {field.name: field for field in FIELDS[schema.dataset]}
    record, places = _define_struct(
        {
            path: (_type_of(by_name[name], forms.get(name)), by_name[name].required)
            for name, path in schema.fields
        }
    )
    document_type: Any = list[record]  # type: ignore[valid-type]  # made at run time
    # A bare list has nothing above its records: no failure reported there and no pagination keys.
    above: dict[Path, str] = {}
    levels = [schema.envelope[:depth] for depth in range(len(schema.envelope))]
    error_paths: list[Path] = [(*level, key) for level in levels for key in ERROR_KEYS]
    if schema.envelope:
        optional: dict[Path, _Leaf] = dict.fromkeys(
            (*error_paths, *(path for _, path in schema.pagination_keys)), (Any, False)
        )
        document_type, above = _define_struct({**optional, schema.envelope: (document_type, True)})
    inner = attrgetter(above[schema.envelope]) if schema.envelope else None
    pagination = tuple((role, above[path]) for role, path in schema.pagination_keys)
    error_keys = tuple((path[-1], above[path]) for path in error_paths)
    fields = {name: places[path] for name, path in schema.fields}
    return Reader(msgspec.json.Decoder(document_type).decode, inner, fields, pagination, error_keys)


@dataclass(frozen=True, slots=True)
class Reader:
    """Decodes the bytes of a page into structs.

    Attributes:
        decode: Returns the whole document as a struct, or as a list of records where there is no envelope.
        records: Returns the list of records in the document; None where the document is that list.
        fields: Canonical field → attribute of a record, dotted for nested structs.
        pagination: The attributes of the document with pagination information, and what they mean.
        error_keys: The keys under which the response may report a failure, and their attributes.
    """

    decode: Callable[[bytes], Any]
    records: Callable[[Any], list[Any]] | None
    fields: Mapping[str, str]
    pagination: tuple[tuple[Role, str], ...]
    error_keys: tuple[tuple[str, str], ...]


_Leaf = tuple[Any, bool]
"""The type of a value, and whether it is required."""


def _define_struct(leaves: Mapping[Path, _Leaf]) -> tuple[Any, dict[Path, str]]:
    """Define a struct for values at key paths; return it and the dotted attribute of each path."""
    heads: dict[str, dict[Path, _Leaf]] = {}
    for path, leaf in leaves.items():
        heads.setdefault(path[0], {})[path[1:]] = leaf
    members: list[Any] = []
    places: dict[Path, str] = {}
    for number, (key, inner) in enumerate(heads.items()):
        name = f"at{number}"
        if () in inner:
            kind, needed = inner[()]
            places[key,] = name
        else:
            kind, below = _define_struct(inner)
            needed = any(required for _, required in inner.values())
            places |= {(key, *path): f"{name}.{attribute}" for path, attribute in below.items()}
        members.append((name, kind) if needed else (name, kind | None, None))
    members.sort(key=len)
    names = {f"at{number}": key for number, key in enumerate(heads)}
    return msgspec.defstruct("Read", members, rename=names, gc=False), places


def read_table(
    schema: ResponseSchema, body: bytes, zone: ZoneInfo, survey_id: str | None
) -> tuple[pa.Table, list[tuple[Role, Any]]]:
    """Return the page as a table in the canonical columns, and the values under the pagination keys.

    Raises:
        FallBack: The page has something unusual.
    """
    read = make_reader(schema)
    if read is None:
        raise FallBack
    try:
        document = read.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FallBack from error
    records = document if read.records is None else read.records(document)
    if not records or any(
        reports_error(key, _get_attribute(document, place)) for key, place in read.error_keys
    ):
        raise FallBack
    columns: dict[str, Any] = {}
    forms = dict(schema.value_forms)
    try:
        for field in FIELDS[schema.dataset]:
            if field.name in read.fields:
                values = _read_values(records, read.fields[field.name])
                kind = COLUMNS[schema.dataset].field(field.name).type
                columns[field.name] = _convert_column(field, values, zone, forms.get(field.name), kind)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError, Rejected) as error:
        raise FallBack from error
    pagination = [(role, _get_attribute(document, place)) for role, place in read.pagination]
    return fill_columns(schema, columns, len(records), survey_id), pagination


def _read_values(records: list[Any], place: str) -> list[Any]:
    try:
        return list(map(attrgetter(place), records))
    except AttributeError:  # an object is missing in some records
        return [_get_attribute(record, place) for record in records]


def _get_attribute(struct: Any, place: str) -> Any:
    for name in place.split("."):
        if struct is None:
            return None
        struct = getattr(struct, name)
    return struct


def fill_columns(
    schema: ResponseSchema, columns: dict[str, Any], rows: int, survey_id: str | None
) -> pa.Table:
    """Return a table in the canonical columns: `columns`, those derived from them, else nulls."""
    canonical = COLUMNS[schema.dataset]
    if "bucket" in canonical.names:
        columns["bucket"] = pa.array([bucket(score) for score in columns["score"].to_pylist()], pa.string())
    if "survey_id" in canonical.names:
        own = columns.get("survey_id")
        columns["survey_id"] = (
            pa.array([survey_id] * rows, pa.string()) if own is None else own.fill_null(survey_id)
        )
    return pa.table(
        [columns.get(field.name, pa.nulls(rows, field.type)) for field in canonical], schema=canonical
    )


_USUAL: Mapping[Kind, Any] = {"day": str, "instant": datetime, "identity": int | str, "text": str}


def _type_of(field: Field, form: ValueForm | None) -> Any:
    if form == "text":
        return str
    if form == "epoch":
        return int
    if field.kind in _USUAL:
        return _USUAL[field.kind]
    inside = msgspec.Meta(ge=field.lowest, le=field.highest)
    if field.kind == "share" or form == "decimal":
        return Annotated[float, inside]
    return Annotated[int, inside]


def _convert_column(
    field: Field, values: list[Any], zone: ZoneInfo, form: ValueForm | None, kind: pa.DataType
) -> pa.Array:
    match field.kind:
        case "day":
            return _parse_days(values, field.name, zone)
        case "identity":
            return _encode_ids(values, required=field.required).cast(kind)
        case "text":
            return pa.array([parse_comment(value) for value in values], pa.string())
        case "instant" if form == "epoch":
            return _parse_epochs(values)
        case _ if form == "text":
            return _parse_number_texts(values, field).cast(kind)
        case _:
            return pa.array(values, pa.float64() if form == "decimal" else kind).cast(kind)


def _parse_number_texts(texts: list[str | None], field: Field) -> pa.Array:
    """Parse numbers in quotes; blank text is missing."""
    column = pc.utf8_trim_whitespace(pa.array(texts, pa.string()))
    column = pc.if_else(pc.equal(column, ""), None, column)
    if not pc.all(pc.match_substring_regex(column, _DIGITS), min_count=0).as_py():
        raise FallBack
    numbers = column.cast(pa.float64())
    edges = pc.min_max(numbers)
    if numbers.null_count < len(numbers) and not (
        field.lowest <= edges["min"].as_py() and edges["max"].as_py() <= field.highest
    ):
        raise FallBack
    if field.required and numbers.null_count:
        raise FallBack
    return numbers


_DIGITS = r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"


def _parse_epochs(epochs: list[int | None]) -> pa.Array:
    """Parse epoch seconds or milliseconds, distinguished by their size."""
    column = pa.array(epochs, pa.int64())
    edges = pc.min_max(column)
    if column.null_count < len(column):
        if edges["min"].as_py() < 0 or edges["max"].as_py() >= _LAST_MILLISECOND:
            raise FallBack
        scale = pc.if_else(pc.greater_equal(column, int(MILLISECONDS)), 1_000, 1_000_000)
        column = pc.multiply(column, scale)
    return column.cast(INSTANT)


_LAST_MILLISECOND = 253_402_300_800_000  # the year 10000


def _parse_days(values: list[Any], name: str, zone: ZoneInfo) -> pa.Array:
    """Parse each distinct day once, since a page of tag records has only a few days."""
    codes = pa.array(values, pa.string() if isinstance(values[0], str) else None).dictionary_encode()
    days = pa.array([parse_day(text, name, zone) for text in codes.dictionary.to_pylist()], pa.date32())
    if days.null_count:
        raise FallBack
    return days.take(codes.indices)


def _encode_ids(values: list[Any], *, required: bool) -> pa.Array:
    """Return IDs as dictionary-encoded text; each distinct ID is checked once."""
    try:
        # With the type given, Arrow does not have to infer it.
        kind = pa.string() if isinstance(values[0], str) else None
        codes = pa.array(values, kind).dictionary_encode()
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):  # numbers and text mixed, or numbers over 2⁶³
        codes = pa.array([value if value is None else str(value) for value in values]).dictionary_encode()
    ids = codes.dictionary.cast(pa.string())
    if not _are_clean(ids) or (required and codes.null_count):
        raise FallBack
    return pa.DictionaryArray.from_arrays(codes.indices, ids)


def _are_clean(ids: pa.Array) -> bool:
    """Whether no ID is empty or too long, and none would have to be changed."""
    lengths = pc.min_max(pc.binary_length(ids)).as_py()
    if lengths["min"] is None:
        return True
    if lengths["min"] > 0 and lengths["max"] <= LONGEST_ID and _VISIBLE.fullmatch(ids.buffers()[2]):
        return True
    unclean = pc.or_(pc.match_substring_regex(ids, _UNCLEAN), pc.greater(pc.utf8_length(ids), LONGEST_ID))
    return not pc.any(unclean).as_py()
