"""Reads the records in files of saved API responses, in time and memory linear in their length."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract import COLUMNS, DatasetName, Query, Window, check_id
from userlane.decode.decoder import Decoder
from userlane.decode.envelope import find_records
from userlane.errors import EnvelopeUnknown, IdentifierUnusable, NotData, UploadRefused
from userlane.formatting import format_number

UNNAMED_SURVEY = "unnamed"
"""The survey of records that do not name theirs, when the reader does not either."""

MAX_BYTES = 64 * 2**20
MAX_VALUES = 1_000_000
MAX_PAGES = 500
"""The most that one file may hold. A parsed value takes about a hundred bytes, however short its text is."""

MAX_KEY_PATHS = 1_000
"""The most different key paths in the records of all files."""

EXPECTED = (
    "Expected is what the API answers, as copied from “Try it”: a list of records, bare or in an envelope."
)

_SOME_WINDOW = Window(date(2026, 1, 1), date(2026, 1, 2))
_GAP = re.compile(r"[\s,\ufeff]*+")


@dataclass(frozen=True, slots=True)
class SavedRecords:
    """The records of one dataset from files.

    Attributes:
        rows: The usable records in the canonical columns, repeats included, as an Arrow IPC stream.
        records: The number of all records.
        declared: The largest total that a response declares; 0 if none does.
        window: The days that the usable records span; None if there are none.
        surveys: The IDs of the surveys, sorted; empty for other datasets.
        refused: The number of rejected records and values by reason and day (None where it is unknown).
        digest: Tells this content apart from any other.
    """

    rows: bytes
    records: int
    declared: int
    window: Window | None
    surveys: tuple[str, ...]
    refused: dict[tuple[str, date | None], int]
    digest: str


def read_saved_responses(
    files: Sequence[bytes],
    *,
    names: Sequence[str],
    dataset: DatasetName,
    fields: dict[str, str],
    timezone: str,
    survey_id: str | None,
) -> SavedRecords:
    """Read the records in `files`, whose names are `names`; together they are one dataset.

    `fields` (canonical name → key) is taken before what is recognised. `survey_id` is the survey of records
    that do not name theirs. This function can be called in a child process: see `reader_process`.

    Raises:
        UploadRefused: A file is not a saved response, or larger than the limits of this module.
        FieldsMissing: No key was found for a required field.
        FieldsAmbiguous: Several keys with different values were found for one field.
    """
    decoder = Decoder(Query(dataset, "files", _SOME_WINDOW, survey_id or UNNAMED_SURVEY, timezone), fields)
    digest = hashlib.sha256()
    tables = [COLUMNS[dataset].empty_table()]
    refused: Counter[tuple[str, date | None]] = Counter()
    records = declared = 0
    for name, data in zip(names, files, strict=True):
        for number, body in enumerate(_split_pages(name, data)):
            if number == MAX_PAGES:
                raise _refuse(name, f"holds more than {format_number(MAX_PAGES)} pages")
            try:
                page = decoder.decode(body)
            except (NotData, EnvelopeUnknown) as error:
                cause = f"{error.cause[:1].lower()}{error.cause[1:]}".rstrip(".")
                raise _refuse(name, f"is no saved answer: {cause}") from error
            if decoder.schema and len(decoder.schema.key_paths) > MAX_KEY_PATHS:
                raise _refuse(
                    name, f"has records with more than {format_number(MAX_KEY_PATHS)} different keys"
                )
            if page.table.num_rows:
                tables.append(page.table)
            refused.update(page.refused)
            records += page.records
            declared = max(declared, page.declared.total or 0)
            digest.update(hashlib.sha256(body).digest())
    table = pa.concat_tables(tables).unify_dictionaries()
    surveys: list[str] = []
    if dataset == "surveys":
        table, surveys, unusable = _drop_unusable_surveys(table)
        if unusable:
            refused["survey ID neither letters nor digits", None] += unusable
    return SavedRecords(
        _serialise(table),
        records,
        declared,
        _span_days(table, ZoneInfo(timezone)),
        tuple(sorted(surveys)),
        dict(refused),
        digest.hexdigest(),
    )


def _split_pages(name: str, data: bytes) -> Iterator[bytes]:
    """Yield each page in a file as the API sent it.

    Each document in the file is parsed to find its end, and dropped before its text is yielded: only one copy
    of it is parsed at any time.
    """
    if len(data) > MAX_BYTES:
        raise _refuse(name, f"is larger than {MAX_BYTES // 2**20} MB")
    text = _decode_text(name, data)
    if sum(map(text.count, ",[{")) > MAX_VALUES:
        raise _refuse(name, f"holds more than {format_number(MAX_VALUES)} values")
    place = 0
    while (place := _skip_gap(text, place)) < len(text):
        document, end = _parse(name, text, place)
        if not isinstance(document, dict | list):
            raise _refuse(name, "is JSON, but no answer")
        lists_pages = _lists_pages(document)
        del document
        if lists_pages:
            place = _skip_gap(text, place + 1)
            while place < end - 1:
                start, (_, place) = place, _parse(name, text, place)
                yield text[start:place].encode()
                place = _skip_gap(text, place)
        else:
            yield text[place:end].encode()
        place = end


def _parse(name: str, text: str, place: int) -> tuple[Any, int]:
    """Return the JSON value that begins at `place`, and where it ends."""
    try:
        return _JSON.raw_decode(text, place)
    except (ValueError, RecursionError) as error:
        line = text.count("\n", 0, getattr(error, "pos", place)) + 1
        raise _refuse(name, f"is not JSON from line {line} on") from error


_JSON = json.JSONDecoder()


def _skip_gap(text: str, place: int) -> int:
    found = _GAP.match(text, place)
    return found.end() if found else place


def _lists_pages(document: Any) -> bool:
    """Whether a list is one of pages: each element is a list, or an object with a list of records inside."""
    return (
        isinstance(document, list)
        and bool(document)
        and all(
            isinstance(page, list) or (isinstance(page, dict) and _holds_records(page)) for page in document
        )
    )


def _holds_records(document: dict[str, Any]) -> bool:
    try:
        _, records = find_records(document)
    except EnvelopeUnknown:
        return False
    return all(isinstance(record, dict) for record in records)


def _decode_text(name: str, data: bytes) -> str:
    encoding = json.detect_encoding(data)
    for each in ("utf-8-sig" if encoding == "utf-8" else encoding, "cp1252"):
        try:
            text = data.decode(each)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _refuse(name, "is not JSON in UTF-8, UTF-16 or Windows-1252")
    start = next(re.finditer(r"\S", text), None)
    if start is None:
        raise _refuse(name, "is empty")
    if start[0] not in "[{":
        raise _refuse(name, "is not JSON")
    return text


def _drop_unusable_surveys(table: pa.Table) -> tuple[pa.Table, list[str], int]:
    """Return the rows of surveys that can be asked for, these surveys, and the number of rows left out."""
    usable: list[str] = []
    for survey_id in pc.unique(table["survey_id"]).to_pylist():
        try:
            usable.append(check_id(survey_id, "survey ID"))
        except IdentifierUnusable:
            continue
    kept = table.filter(pc.is_in(table["survey_id"], pa.array(usable, pa.string())))
    return kept, usable, table.num_rows - kept.num_rows


def _span_days(table: pa.Table, zone: ZoneInfo) -> Window | None:
    if not table.num_rows:
        return None
    moments = "timestamp" in table.column_names
    edges = pc.min_max(table["timestamp" if moments else "date"])
    try:
        first, last = (edges[edge].as_py() for edge in ("min", "max"))
        if moments:
            first, last = first.astimezone(zone).date(), last.astimezone(zone).date()
        return Window.through(first, last)
    except OverflowError as error:
        raise UploadRefused("The files hold a day at the end of the calendar.", EXPECTED) from error


def _serialise(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    serialised: bytes = sink.getvalue().to_pybytes()
    return serialised


def _refuse(name: str, reason: str) -> UploadRefused:
    return UploadRefused.of_file(name, reason, EXPECTED)
