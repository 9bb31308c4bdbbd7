"""A whole page at once, when every record is as regular as it should be.

msgspec builds the records against a struct made for the API's own key names; anything unusual makes the
whole page go to `lenient` instead, so this code needs to know nothing of refusals.
"""

from collections.abc import Callable, Mapping
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
from userlane.decode.shape import Path, Shape
from userlane.decode.values import Refused, comment, day

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
def reader(shape: Shape) -> Callable[[bytes], list[Any]] | None:
    """Reads pages of this shape into structs; None when fields lie in nested objects, or two in one key."""
    paths = [path for _, path in shape.fields]
    if any(len(path) != 1 for path in paths) or len(set(paths)) < len(paths):
        return None
    by_name = {field.name: field for field in FIELDS[shape.dataset]}
    members: list[Any] = []
    for name, _ in shape.fields:
        kind = _annotation(by_name[name])
        members.append((name, kind) if by_name[name].required else (name, kind | None, None))
    members.sort(key=len)
    record = msgspec.defstruct(
        "Record", members, rename={name: path[0] for name, path in shape.fields}, gc=False
    )
    whole: Any = list[record]  # type: ignore[valid-type]  # made at run time
    for key in reversed(shape.envelope):
        whole = msgspec.defstruct("Envelope", [("inner", whole)], rename={"inner": key})
    decode = msgspec.json.Decoder(whole).decode
    envelope: Path = shape.envelope

    def read(body: bytes) -> list[Any]:
        document = decode(body)
        for _ in envelope:
            document = document.inner
        records: list[Any] = document
        return records

    return read


def table(shape: Shape, body: bytes, zone: ZoneInfo, survey_id: str | None) -> pa.Table:
    """The page as a table in the canonical columns. Raises `Doubt`."""
    read = reader(shape)
    if read is None:
        raise Doubt
    try:
        records = read(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Doubt from error
    if not records:
        raise Doubt
    found = {name for name, _ in shape.fields}
    columns: dict[str, Any] = {}
    try:
        for field in FIELDS[shape.dataset]:
            if field.name in found:
                values = list(map(attrgetter(field.name), records))
                columns[field.name] = _column(field, values, zone, coded=shape.dataset == "tags")
    except (pa.ArrowException, OverflowError, UnicodeEncodeError, Refused) as error:
        raise Doubt from error
    return finished(shape, columns, len(records), survey_id)


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


def _annotation(field: Field) -> Any:
    match field.kind:
        case "day":
            return str
        case "instant":
            return datetime
        case "identity":
            return int | str
        case "share":
            return Annotated[float, msgspec.Meta(ge=field.lowest, le=field.highest)]
        case "text":
            return str
        case _:
            return Annotated[int, msgspec.Meta(ge=field.lowest, le=field.highest)]


def _column(field: Field, values: list[Any], zone: ZoneInfo, *, coded: bool) -> pa.Array:
    match field.kind:
        case "day":
            return _days(values, field.name, zone)
        case "identity":
            codes = _codes(values, required=field.required)
            return codes if coded else codes.dictionary_decode()
        case "text":
            return pa.array([comment(value) for value in values], pa.string())
        case kind:
            return pa.array(values, _TYPES[kind])


def _days(values: list[str], name: str, zone: ZoneInfo) -> pa.Array:
    """Each distinct text is parsed once: a page of tag rows holds a handful of days."""
    codes = pa.array(values, pa.string()).dictionary_encode()
    days = pa.array([day(text, name, zone) for text in codes.dictionary.to_pylist()], pa.date32())
    if days.null_count:
        raise Doubt
    return days.take(codes.indices)


def _codes(values: list[Any], *, required: bool) -> pa.Array:
    """IDs as dictionary-coded text; each distinct one is checked once."""
    try:
        codes = pa.array(values).dictionary_encode()
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):  # numbers and text mixed, or numbers over 2⁶³
        codes = pa.array([value if value is None else str(value) for value in values]).dictionary_encode()
    ids = codes.dictionary.cast(pa.string())
    untidy = pc.match_substring_regex(ids, _UNTIDY)
    if pc.any(untidy).as_py() or (required and codes.null_count):
        raise Doubt
    return pa.DictionaryArray.from_arrays(codes.indices, ids).cast(CODED)
