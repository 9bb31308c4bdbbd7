"""Answers that were saved to files, for example from “Try it”, in place of an API: no token, no network.

Read once, they answer queries like a fetch does, except that nobody can know whether they hold everything:
whatever comes from them is marked so.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import PurePath
from typing import Any
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract import COLUMNS, Dataset, DatasetName, Query, State, Window, identifier
from userlane.decode import Decoder
from userlane.decode.response_schema import find_records
from userlane.errors import EnvelopeUnknown, IdentifierUnusable, NotData, UploadRefused
from userlane.fetch.deduplicate import tidy
from userlane.store import notes

UNKNOWN = "From files, completeness unknown."
"""The reason that marks all that comes from files."""

MAX_BYTES = 64 * 2**20
"""The largest file that is read."""

UNNAMED_SURVEY = "unnamed"
"""The survey of records that do not name theirs, when the reader does not either."""

_SOME_WINDOW = Window(date(2026, 1, 1), date(2026, 1, 2))
_NO_FIELDS: Mapping[str, str] = {}
_EXPECTED = (
    "Expected is what the API answers, as copied from “Try it”: a list of records, bare or in an envelope."
)


@dataclass(frozen=True, eq=False)
class Saved:
    """The records of one dataset from files.

    `table` holds all usable ones as they were read, repeats included; `records` counts all. `window` is the
    days they span in `timezone`, None when there is no usable record. `surveys` are the IDs of the surveys
    found, empty for other datasets. `refused` counts by reason and, where it could be read, day. `digest`
    names this very content, read in this very way.
    """

    dataset: DatasetName
    files: tuple[str, ...]
    table: pa.Table
    records: int
    window: Window | None
    surveys: tuple[str, ...]
    refused: Mapping[tuple[str, date | None], int]
    reasons: tuple[str, ...]
    timezone: str
    digest: str
    _answers: "WeakValueDictionary[Query, Dataset]" = field(default_factory=WeakValueDictionary, repr=False)

    def answer(self, query: Query) -> Dataset:
        """What these files hold for a query of their dataset: the rows of its window (and survey), sorted and
        each once as after a fetch, in a state that is never complete.

        The same query gives the same `Dataset` while it is in use, with all that was computed from it.
        """
        if query.dataset != self.dataset:
            raise ValueError(f"these files hold {self.dataset}, not {query.dataset}")
        known = self._answers.get(query)
        if known is None:
            known = self._answers[query] = self._made(query)
        return known

    def _made(self, query: Query) -> Dataset:
        table, refused = self.table, Counter[str]()
        reasons = self.reasons
        if query.dataset == "surveys":
            table = table.filter(pc.equal(table["survey_id"], query.survey_id))
        for (reason, day), count in self.refused.items():
            if day is None or query.window.start <= day < query.window.end:
                refused[reason] += count
        if len(self.surveys) > 1 and refused:
            # Whose they were is not known, and surveys shown together must not count them several times.
            told = ", ".join(f"{count:,} × {reason}" for reason, count in refused.items())
            reasons, refused = (*reasons, f"Left out of the files, in all surveys: {told}."), Counter()
        tidied = tidy(query, [table])
        state = State(
            reasons=reasons,
            refused=dict(refused),
            duplicates=tidied.duplicates,
            notes=notes(query, [tidied.table]),
        )
        fingerprint = hashlib.sha256(repr((self.digest, query)).encode()).hexdigest()
        return Dataset(query, tidied.table, state, fingerprint)


def read(
    files: Sequence[tuple[str, bytes]],
    dataset: DatasetName,
    *,
    fields: Mapping[str, str] = _NO_FIELDS,
    timezone: str = "UTC",
    survey_id: str | None = None,
) -> Saved:
    """The records in `files`, pairs of name and content, that together are one dataset.

    Each file holds an answer as the API gives it: a bare list of records, an envelope, or several such pages,
    in a list or one after the other; in UTF-8, UTF-16 or Windows-1252. `fields` (canonical name → key) go
    before what is recognised. `survey_id` names the survey of records that do not say theirs.

    >>> page = b'{"data": [{"date": "2026-04-01", "heart": 71.4}]}'
    >>> saved = read([("heart.json", page)], "heart")
    >>> saved.window.words(), saved.answer(Query("heart", "demo", saved.window)).condition
    ('1 Apr 2026', 'incomplete')

    Raises `UploadRefused`, with what was found and what was expected, for what is no answer; `FieldsMissing`
    and `FieldsAmbiguous` as for an answer of the API.
    """
    if not files:
        raise UploadRefused("No file was given.", _EXPECTED)
    decoder = Decoder(
        Query(dataset, "files", _SOME_WINDOW, survey_id or UNNAMED_SURVEY, timezone),
        fields,
    )
    digest = hashlib.sha256(repr((dataset, sorted(fields.items()), timezone, survey_id)).encode())
    tables = [COLUMNS[dataset].empty_table()]
    refused: Counter[tuple[str, date | None]] = Counter()
    records = total = 0
    for name, data in files:
        for body in _bodies(name, data):
            try:
                page = decoder.decode(body)
            except (NotData, EnvelopeUnknown) as error:
                raise _refused(name, f"is no saved answer: {_lowered(error.cause)}") from error
            tables.append(page.table)
            refused.update(page.refused)
            records += page.records
            total = max(total, page.declared.total or 0)
            digest.update(hashlib.sha256(body).digest())
    table = pa.concat_tables(tables).unify_dictionaries()
    if dataset == "surveys":
        table, unusable = _with_usable_surveys(table)
        if unusable:
            refused["survey ID neither letters nor digits", None] += unusable
    short = f"The API declared {total:,} records, the files hold {records:,}."
    return Saved(
        dataset,
        tuple(_base_name(name) for name, _ in files),
        table,
        records,
        _span(table, ZoneInfo(timezone)),
        tuple(sorted(pc.unique(table["survey_id"]).to_pylist())) if dataset == "surveys" else (),
        dict(refused),
        (UNKNOWN, short) if total > records else (UNKNOWN,),
        timezone,
        digest.hexdigest(),
    )


def _bodies(name: str, data: bytes) -> Iterator[bytes]:
    """Each page in a file, as the API would have sent it."""
    if len(data) > MAX_BYTES:
        raise _refused(name, f"is larger than {MAX_BYTES // 2**20} MB")
    for document in _documents(name, _text(name, data)):
        for page in document if _is_pages(document) else [document]:
            try:
                yield json.dumps(page).encode()
            except RecursionError as error:
                raise _refused(name, "is JSON, but no answer") from error


def _is_pages(document: Any) -> bool:
    """Whether a list is one of pages: every element is a list, or holds one of records; no record does."""
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


def _documents(name: str, text: str) -> Iterator[Any]:
    """One JSON document after the other, with nothing but white space and commas between them."""
    decoder = json.JSONDecoder()
    place = 0
    while (place := _past(text, place)) < len(text):
        try:
            document, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, getattr(error, "pos", place)) + 1
            raise _refused(name, f"is not JSON from line {line} on") from error
        if not isinstance(document, dict | list):
            raise _refused(name, "is JSON, but no answer")
        yield document


def _past(text: str, place: int) -> int:
    while place < len(text) and (text[place].isspace() or text[place] in ",\ufeff"):
        place += 1
    return place


def _text(name: str, data: bytes) -> str:
    encoding = json.detect_encoding(data)
    for each in ("utf-8-sig" if encoding == "utf-8" else encoding, "cp1252"):
        try:
            text = data.decode(each)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise _refused(name, "is not JSON in UTF-8, UTF-16 or Windows-1252")
    if not text.strip():
        raise _refused(name, "is empty")
    if text.lstrip()[0] not in "[{":
        raise _refused(name, "is not JSON")
    return text


def _with_usable_surveys(table: pa.Table) -> tuple[pa.Table, int]:
    """Without the rows of surveys that nobody could ask for, and how many those were."""
    usable: list[str] = []
    for survey_id in pc.unique(table["survey_id"]).to_pylist():
        try:
            usable.append(identifier(survey_id, "survey ID"))
        except IdentifierUnusable:
            continue
    kept = table.filter(pc.is_in(table["survey_id"], pa.array(usable, pa.string())))
    return kept, table.num_rows - kept.num_rows


def _span(table: pa.Table, zone: ZoneInfo) -> Window | None:
    if not table.num_rows:
        return None
    if "timestamp" not in table.column_names:
        edges = pc.min_max(table["date"])
        return Window.through(edges["min"].as_py(), edges["max"].as_py())
    edges = pc.min_max(table["timestamp"])
    first, last = (edges[edge].as_py().astimezone(zone).date() for edge in ("min", "max"))
    return Window(first, last + timedelta(days=1))


def _base_name(name: str) -> str:
    base = PurePath(name.replace("\\", "/")).name or "The file"
    return base if len(base) <= 60 else f"{base[:40]}…{base[-15:]}"


def _lowered(sentence: str) -> str:
    return f"{sentence[:1].lower()}{sentence[1:]}".rstrip(".")


def _refused(name: str, reason: str) -> UploadRefused:
    return UploadRefused(f"“{_base_name(name)}” {reason}.", _EXPECTED)
