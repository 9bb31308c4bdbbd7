"""Recognises where the list of records is in a response, and which key is which field.

Nothing is guessed: where two readings are possible and differ, an error asks the user.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from zoneinfo import ZoneInfo

from userlane.contract import NAMES, SCORES, DatasetName
from userlane.decode.fields import FIELDS, Field, Kind, normalise_key
from userlane.decode.pagination_info import PaginationKey
from userlane.decode.values import (
    Rejected,
    describe_field,
    parse_comment,
    parse_day,
    parse_id,
    parse_instant,
    parse_number,
)
from userlane.errors import EnvelopeUnknown, FieldsAmbiguous, FieldsMissing

Path = tuple[str, ...]
ValueForm = Literal["epoch", "decimal", "text"]
"""Unusual forms of values: times as numbers, integers with a decimal point, numbers in quotes."""

ENVELOPES = (
    *("data", "results", "items", "records", "rows", "content", "responses", "scores"),
    *("result", "response", "payload", "entries", "elements"),
)
"""The keys that may hold the list of records, the likeliest first."""

ERROR_KEYS = ("error", "errors", "success", "ok", "status", "statusCode")
"""The keys beside or above the records under which a response reports that the request failed."""

_FAILED = frozenset({"error", "fail", "failed", "failure"})
_NOTHING_WRONG = frozenset({"", "none", "no", "ok", "false", "null"})

_ANY_SCORE = "overall"
"""Named as missing where a HEART record has no score at all; no single score is required."""

MAX_KEY_PATHS = 10_000
"""Records with more different key paths are not read: time and memory would grow with their square."""

_DEEPEST = 3
_SHOWN = 20
_LONGEST_SHOWN = 60
_MAX_COMPARED = 1_000_000
"""The most values, of several keys for one field, that are compared."""


@dataclass(frozen=True, slots=True)
class ResponseSchema:
    """The form of one API's responses for one dataset.

    Attributes:
        envelope: The key path from the top of a response to the list of records.
        fields: Each canonical field that was found, with its key path within a record.
        key_paths: All key paths of the records seen so far.
        value_forms: The fields whose values have an unusual form.
        pagination_keys: Where a response gives totals and further pages.
    """

    dataset: DatasetName
    envelope: Path
    fields: tuple[tuple[str, Path], ...]
    key_paths: frozenset[Path]
    value_forms: tuple[tuple[str, ValueForm], ...] = ()
    pagination_keys: tuple[PaginationKey, ...] = ()

    @property
    def has_all_fields(self) -> bool:
        """Whether a key was found for every field, so that no later page can add one."""
        return len(self.fields) == len(FIELDS[self.dataset])


def find_records(document: Any) -> tuple[Path, list[Any]]:
    """Find the list of records in a response, and its key path of at most two keys.

    >>> find_records({"data": {"items": [{"date": "2026-04-01"}]}, "total": 1})
    (('data', 'items'), [{'date': '2026-04-01'}])

    Raises:
        EnvelopeUnknown: There is no list of records, or the response reports a failure. Records beside a
            reported failure are not used, since nobody knows how many of them are missing.
    """
    if isinstance(document, list):
        return (), document
    if not isinstance(document, dict):
        raise EnvelopeUnknown("The API's answer holds no list of records.", _NEXT)
    found = _find_list(document, 2)
    levels = (
        [get_value(document, found[0][:depth]) for depth in range(len(found[0]))] if found else [document]
    )
    if any(reports_error(key, level.get(key)) for level in levels for key in ERROR_KEYS):
        raise EnvelopeUnknown("The API answered with an error in place of records.", _NEXT)
    if found is None:
        keys = _list_keys(list(document)) or "none"
        raise EnvelopeUnknown(f"The API's answer holds no list of records; its keys: {keys}.", _NEXT)
    return found


def reports_error(key: str, value: Any) -> bool:
    """Whether `value`, found under one of the `ERROR_KEYS`, says that the request failed.

    >>> reports_error("error", "no such survey"), reports_error("errors", []), reports_error("success", False)
    (True, False, True)
    """
    match key:
        case "success" | "ok":
            return value is False
        case "status" if isinstance(value, str):
            return value.strip().lower() in _FAILED
        case "status" | "statusCode":
            return isinstance(value, int) and 400 <= value < 600
        case _:
            return bool(value) and not (isinstance(value, str) and value.strip().lower() in _NOTHING_WRONG)


_NEXT = "Check the API address and the profile."


def _find_list(document: dict[Any, Any], depth: int) -> tuple[Path, list[Any]] | None:
    by_name: dict[str, str] = {}
    for key in document:
        by_name.setdefault(normalise_key(key), key)
    keys = [by_name[name] for name in ENVELOPES if name in by_name]
    for key in keys:
        if isinstance(document[key], list):
            return (key,), document[key]
    for key in keys:
        if depth > 1 and isinstance(document[key], dict) and (found := _find_list(document[key], depth - 1)):
            return (key, *found[0]), found[1]
    return None


def collect_key_paths(records: Iterable[Any]) -> frozenset[Path]:
    """Return every key path in these records that leads to a value and not to an object.

    Raises:
        EnvelopeUnknown: There are more than `MAX_KEY_PATHS`.
    """
    paths: set[Path] = set()

    def walk(record: Mapping[str, Any], above: Path) -> None:
        _refuse_too_many(record)
        for key, value in record.items():
            path = (*above, key)
            if isinstance(value, dict) and len(path) < _DEEPEST:
                walk(value, path)
            else:
                paths.add(path)

    for record in records:
        if isinstance(record, dict):
            walk(record, ())
            _refuse_too_many(paths)
    return frozenset(paths)


def _refuse_too_many(keys: Collection[Any]) -> None:
    if len(keys) > MAX_KEY_PATHS:
        raise EnvelopeUnknown(f"The API's records have more than {MAX_KEY_PATHS:,} different keys.", _NEXT)


def recognise_fields(
    dataset: DatasetName,
    envelope: Path,
    records: Sequence[Any],
    overrides: Mapping[str, str],
    known: ResponseSchema | None = None,
    *,
    pagination_keys: tuple[PaginationKey, ...] = (),
) -> ResponseSchema:
    """Recognise which key of these records is which field.

    Where several keys may be one field, the key of the assumed contract is taken; else, if all of them have
    the same values in these records, the one with the most values.

    Args:
        dataset: The dataset of the records.
        envelope: The key path of the list of records.
        records: The records of one page.
        overrides: Canonical name → key. These are taken before any other key.
        known: The schema so far. Its fields are kept, unless a value has become an object.
        pagination_keys: Where the response gives totals and further pages.

    Raises:
        FieldsMissing: No key was found for a required field.
        FieldsAmbiguous: Several keys with different values were found for one field.
        EnvelopeUnknown: There are more than `MAX_KEY_PATHS`, all pages taken together.
    """
    paths = collect_key_paths(records) | (known.key_paths if known else frozenset())
    _refuse_too_many(paths)
    objects = {path[:depth] for path in paths for depth in range(1, len(path))}
    by_name: dict[str, list[Path]] = {}
    for path in sorted(paths):
        by_name.setdefault(_normalise_path(path), []).append(path)
    settled = {name: path for name, path in (known.fields if known else ()) if path not in objects}
    fields: list[tuple[str, Path]] = []
    missing: list[str] = []
    unsure: dict[str, tuple[str, ...]] = {}
    for field in FIELDS[dataset]:
        wanted = (overrides[field.name],) if field.name in overrides else field.keys
        found = [settled[field.name]] if field.name in settled else _find_candidates(wanted, by_name, objects)
        if len(found) > 1:
            found = _tell_apart(field, found, records)
        if len(found) > 1:
            unsure[field.name] = tuple(map(join_path, found))
        elif found:
            fields.append((field.name, found[0]))
        elif field.required:
            missing.append(field.name)
    if dataset == "heart" and not (unsure.keys() | dict(fields).keys()) & set(SCORES):
        missing.append(_ANY_SCORE)
    if missing:
        raise _missing_error(dataset, missing, sorted(map(join_path, paths - objects)))
    if unsure:
        raise _ambiguous_error(dataset, unsure)
    known_forms = dict(known.value_forms if known else ())
    kinds = {field.name: field.kind for field in FIELDS[dataset]}
    value_forms = {
        name: known_forms.get(name) if name in settled else _recognise_form(kinds[name], path, records)
        for name, path in fields
    }
    return ResponseSchema(
        dataset,
        envelope,
        tuple(fields),
        paths,
        tuple((name, form) for name, form in value_forms.items() if form),
        pagination_keys,
    )


def join_path(path: Path) -> str:
    """Write a key path as a profile has it: `user.id`."""
    return ".".join(path)


def get_value(record: Any, path: Path) -> Any:
    """Return the value at a key path; None where a part of the path is missing."""
    for key in path:
        if not isinstance(record, dict):
            return None
        record = record.get(key)
    return record


def _normalise_path(path: Path) -> str:
    return join_path(tuple(map(normalise_key, path)))


def _find_candidates(
    wanted: Sequence[str], by_name: Mapping[str, Sequence[Path]], objects: set[Path]
) -> list[Path]:
    """Find the key paths that may be a field; if the first wanted key is there, it is the only one."""
    names = list(map(normalise_key, wanted))
    found = [path for name in names for path in by_name.get(name, ())]
    # A key with a value in one record and an object in another is probably null in the first: the keys inside
    # the object are preferred.
    found = [path for path in found if path not in objects] or found
    first = [path for path in found if _normalise_path(path) == names[0]]
    return [path for path in first if join_path(path) == wanted[0]][:1] or first or found


def _tell_apart(field: Field, paths: Sequence[Path], records: Sequence[Any]) -> list[Path]:
    """Return the one path that has all values of the others, if there is one; else all paths with values."""
    if len(paths) * len(records) > _MAX_COMPARED:
        return list(paths)
    read = _PARSERS.get(field.kind, partial(parse_number, field=field))
    columns = {path: [_read(read, get_value(record, path)) for record in records] for path in paths}
    saying = [path for path in paths if any(value is not None for value in columns[path])]
    if not saying:
        return [paths[0]]
    fullest = max(saying, key=lambda path: sum(value is not None for value in columns[path]))
    agreed = all(
        value is None or value == most
        for path in saying
        for value, most in zip(columns[path], columns[fullest], strict=True)
    )
    return [fullest] if agreed else saying


_PARSERS: Mapping[Kind, Callable[[Any], Any]] = {
    "day": partial(parse_day, name="", zone=ZoneInfo("UTC")),
    "instant": partial(parse_instant, name=""),
    "identity": partial(parse_id, name=""),
    "text": parse_comment,
}


def _read(read: Callable[[Any], Any], value: Any) -> Any:
    try:
        return read(value)
    except Rejected:
        return repr(value)


def _recognise_form(kind: Kind, path: Path, records: Sequence[Any]) -> ValueForm | None:
    if kind in {"identity", "text"}:
        return None
    kinds = {type(get_value(record, path)) for record in records}
    if kind in {"day", "instant"}:
        return "epoch" if kinds & {int, float} else None
    if str in kinds:
        return "text"
    return "decimal" if float in kinds and kind != "share" else None


def _list_keys(keys: Sequence[str], separator: str = ", ") -> str:
    """Write the first keys for a sentence; a long key is cut."""
    cut = (key if len(key) <= _LONGEST_SHOWN else f"{key[:_LONGEST_SHOWN]}…" for key in keys[:_SHOWN])
    return separator.join(cut)


def _missing_error(dataset: DatasetName, missing: Sequence[str], keys: Sequence[str]) -> FieldsMissing:
    named = ["a score" if name == _ANY_SCORE else describe_field(name) for name in missing]
    shown = _list_keys(keys) + (", …" if len(keys) > _SHOWN else "")
    return FieldsMissing(
        f"The records of {NAMES[dataset]} have no field for {', '.join(named)}; "
        f"their keys: {shown or 'none'}.",
        f"Say which key is which: on Connect, or as {_profile_line(dataset, missing[0])}.",
        dataset=dataset,
        missing=tuple(missing),
        keys=tuple(keys),
    )


def _ambiguous_error(dataset: DatasetName, unsure: Mapping[str, tuple[str, ...]]) -> FieldsAmbiguous:
    told = "; ".join(
        f"{describe_field(name)} may be {_list_keys(keys, ' or ')}" for name, keys in unsure.items()
    )
    return FieldsAmbiguous(
        f"In the records of {NAMES[dataset]} several keys could be one field, and they differ: {told}.",
        f"Say which is meant: on Connect, or as {_profile_line(dataset, next(iter(unsure)))}.",
        dataset=dataset,
        candidates=unsure,
    )


def _profile_line(dataset: DatasetName, name: str) -> str:
    return f'{name} = "…" under [{dataset}.fields] in the API profile'
