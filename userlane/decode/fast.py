"""A whole page at once, when every record is as regular as it should be.

msgspec builds the records against a struct made for the API's own key names; anything unusual makes the
whole page go to `lenient` instead, so this code needs to know nothing of refusals.
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

from userlane.contract import CODED, COLUMNS, INSTANT, bucket
from userlane.decode.fields import FIELDS, Field, Kind
from userlane.decode.pagination_info import Role
from userlane.decode.response_schema import COMPLAINTS, Form, Path, Shape, complains
from userlane.decode.values import LONGEST_ID, MILLISECONDS, Refused, comment, day

_VISIBLE = re.compile(rb"[!-~]*")
_UNTIDY = r"^{0}|{0}$|^$|\x00".format(r"[\s\v\x{1c}-\x{1f}\x{85}\p{Z}]")
"""IDs that Python's `strip` would change, and empty ones."""


_TYPES: Mapping[Kind, pa.DataType] = {
    "instant": INSTANT,
    "score": pa.int8(),
    "times": pa.int32(),
    "count": pa.int64(),
    "share": pa.float64(),
}


class Doubt(Exception):  # not an error: the page is read record by record
    """The page holds something that only a look at each record can judge."""


@lru_cache(maxsize=64)
def reader(shape: Shape) -> "Reader | None":
    """Reads pages of this shape; None when two fields lie in one key, or one inside the other."""
    paths = {path for _, path in shape.fields}
    if len(paths) < len(shape.fields) or any(
        path[:depth] in paths for path in paths for depth in range(1, len(path))
    ):
        return None
    forms = dict(shape.forms)
    by_name = {field.name: field for field in FIELDS[shape.dataset]}
    record, places = _struct(
        {
            path: (_annotation(by_name[name], forms.get(name)), by_name[name].required)
            for name, path in shape.fields
        }
    )
    whole: Any = list[record]  # type: ignore[valid-type]  # made at run time
    said: tuple[tuple[Role, str], ...] = ()
    complaints: tuple[tuple[str, str], ...] = ()
    inner = None
    if shape.envelope:
        levels = [shape.envelope[:depth] for depth in range(len(shape.envelope))]
        alarms: list[Path] = [(*level, key) for level in levels for key in COMPLAINTS]
        told: dict[Path, _Leaf] = dict.fromkeys(
            (*alarms, *(path for _, path in shape.declared)), (Any, False)
        )
        whole, above = _struct({**told, shape.envelope: (whole, True)})
        inner = attrgetter(above[shape.envelope])
        said = tuple((role, above[path]) for role, path in shape.declared)
        complaints = tuple((path[-1], above[path]) for path in alarms)
    fields = {name: places[path] for name, path in shape.fields}
    return Reader(msgspec.json.Decoder(whole).decode, inner, fields, said, complaints)


@dataclass(frozen=True, slots=True)
class Reader:
    """A page's bytes become structs: `records` finds them in the document; `fields`, `said` and `complaints`
    are the attributes, dotted where structs lie in structs, of each field, each declaration, and each key
    under which the answer may say that it is none.
    """

    decode: Callable[[bytes], Any]
    records: Callable[[Any], list[Any]] | None
    fields: Mapping[str, str]
    said: tuple[tuple[Role, str], ...]
    complaints: tuple[tuple[str, str], ...]


_Leaf = tuple[Any, bool]
"""The type of a value, and whether it must be there."""


def _struct(leaves: Mapping[Path, _Leaf]) -> tuple[Any, dict[Path, str]]:
    """A struct with these values at these key paths, and the dotted attribute that leads to each."""
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
            kind, below = _struct(inner)
            needed = any(required for _, required in inner.values())
            places |= {(key, *path): f"{name}.{attribute}" for path, attribute in below.items()}
        members.append((name, kind) if needed else (name, kind | None, None))
    members.sort(key=len)
    names = {f"at{number}": key for number, key in enumerate(heads)}
    return msgspec.defstruct("Read", members, rename=names, gc=False), places


def table(
    shape: Shape, body: bytes, zone: ZoneInfo, survey_id: str | None
) -> tuple[pa.Table, list[tuple[Role, Any]]]:
    """The page as a table in the canonical columns, and what the answer declares. Raises `Doubt`."""
    read = reader(shape)
    if read is None:
        raise Doubt
    try:
        document = read.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Doubt from error
    records = document if read.records is None else read.records(document)
    if not records or any(complains(key, _attribute(document, place)) for key, place in read.complaints):
        raise Doubt
    columns: dict[str, Any] = {}
    forms = dict(shape.forms)
    try:
        for field in FIELDS[shape.dataset]:
            if field.name in read.fields:
                values = _values(records, read.fields[field.name])
                columns[field.name] = _column(
                    field, values, zone, forms.get(field.name), coded=shape.dataset == "tags"
                )
    except (pa.ArrowException, OverflowError, UnicodeEncodeError, Refused) as error:
        raise Doubt from error
    said = [(role, _attribute(document, place)) for role, place in read.said]
    return finished(shape, columns, len(records), survey_id), said


def _values(records: list[Any], place: str) -> list[Any]:
    try:
        return list(map(attrgetter(place), records))
    except AttributeError:  # an object is missing in some records
        return [_attribute(record, place) for record in records]


def _attribute(struct: Any, place: str) -> Any:
    for name in place.split("."):
        if struct is None:
            return None
        struct = getattr(struct, name)
    return struct


def finished(shape: Shape, columns: dict[str, Any], rows: int, survey_id: str | None) -> pa.Table:
    """These columns with the ones that follow from them, in canonical order; the others missing."""
    schema = COLUMNS[shape.dataset]
    if "bucket" in schema.names:
        columns["bucket"] = pa.array([bucket(score) for score in columns["score"].to_pylist()], pa.string())
    if "survey_id" in schema.names:
        own = columns.get("survey_id")
        columns["survey_id"] = (
            pa.array([survey_id] * rows, pa.string()) if own is None else own.fill_null(survey_id)
        )
    return pa.table(
        [columns[field.name] if field.name in columns else pa.nulls(rows, field.type) for field in schema],
        schema=schema,
    )


_USUAL: Mapping[Kind, Any] = {"day": str, "instant": datetime, "identity": int | str, "text": str}


def _annotation(field: Field, form: Form | None) -> Any:
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


def _column(field: Field, values: list[Any], zone: ZoneInfo, form: Form | None, *, coded: bool) -> pa.Array:
    match field.kind:
        case "day":
            return _days(values, field.name, zone)
        case "identity":
            codes = _codes(values, required=field.required)
            return codes if coded else codes.dictionary_decode()
        case "text":
            return pa.array([comment(value) for value in values], pa.string())
        case "instant" if form == "epoch":
            return _moments(values)
        case kind if form == "text":
            return _numbers(values, field).cast(_TYPES[kind])
        case kind:
            return pa.array(values, pa.float64() if form == "decimal" else _TYPES[kind]).cast(_TYPES[kind])


def _numbers(texts: list[str | None], field: Field) -> pa.Array:
    """Numbers in quotes; blank is missing."""
    column = pc.utf8_trim_whitespace(pa.array(texts, pa.string()))
    column = pc.if_else(pc.equal(column, ""), None, column)
    if not pc.all(pc.match_substring_regex(column, _DIGITS), min_count=0).as_py():
        raise Doubt
    numbers = column.cast(pa.float64())
    edges = pc.min_max(numbers)
    if numbers.null_count < len(numbers) and not (
        field.lowest <= edges["min"].as_py() and edges["max"].as_py() <= field.highest
    ):
        raise Doubt
    if field.required and numbers.null_count:
        raise Doubt
    return numbers


_DIGITS = r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"


def _moments(epochs: list[int | None]) -> pa.Array:
    """Epoch seconds or milliseconds, told apart by their size as everywhere."""
    column = pa.array(epochs, pa.int64())
    edges = pc.min_max(column)
    if column.null_count < len(column):
        if edges["min"].as_py() < 0 or edges["max"].as_py() >= _LAST_MILLISECOND:
            raise Doubt
        scale = pc.if_else(pc.greater_equal(column, int(MILLISECONDS)), 1_000, 1_000_000)
        column = pc.multiply(column, scale)
    return column.cast(INSTANT)


_LAST_MILLISECOND = 253_402_300_800_000  # the year 10000


def _days(values: list[Any], name: str, zone: ZoneInfo) -> pa.Array:
    """Each distinct one is parsed once: a page of tag rows holds a handful of days."""
    codes = pa.array(values, pa.string() if isinstance(values[0], str) else None).dictionary_encode()
    days = pa.array([day(text, name, zone) for text in codes.dictionary.to_pylist()], pa.date32())
    if days.null_count:
        raise Doubt
    return days.take(codes.indices)


def _codes(values: list[Any], *, required: bool) -> pa.Array:
    """IDs as dictionary-coded text; each distinct one is checked once."""
    try:
        # Told that it is text, Arrow need not look for itself.
        kind = pa.string() if isinstance(values[0], str) else None
        codes = pa.array(values, kind).dictionary_encode()
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):  # numbers and text mixed, or numbers over 2⁶³
        codes = pa.array([value if value is None else str(value) for value in values]).dictionary_encode()
    ids = codes.dictionary.cast(pa.string())
    if not _tidy(ids) or (required and codes.null_count):
        raise Doubt
    return pa.DictionaryArray.from_arrays(codes.indices, ids).cast(CODED)


def _tidy(ids: pa.Array) -> bool:
    """Whether no ID has to be trimmed, is empty, too long or unwritable."""
    lengths = pc.min_max(pc.binary_length(ids)).as_py()
    if lengths["min"] is None:
        return True
    if lengths["min"] > 0 and lengths["max"] <= LONGEST_ID and _VISIBLE.fullmatch(ids.buffers()[2]):
        return True
    untidy = pc.or_(pc.match_substring_regex(ids, _UNTIDY), pc.greater(pc.utf8_length(ids), LONGEST_ID))
    return not pc.any(untidy).as_py()
