"""Finds the list of records in a response, and the keys in records."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from userlane.decode.fields import normalise_key
from userlane.errors import EnvelopeUnknown
from userlane.formatting import format_number

Path = tuple[str, ...]

ENVELOPES = (
    *("data", "results", "items", "records", "rows", "content", "responses", "scores"),
    *("result", "response", "payload", "entries", "elements"),
)
"""The keys that may hold the list of records, the likeliest first."""

ERROR_KEYS = ("error", "errors", "success", "ok", "status", "statusCode")
"""The keys beside or above the records under which a response reports that the request failed."""

_FAILED = frozenset({"error", "fail", "failed", "failure"})
_NOTHING_WRONG = frozenset({"", "none", "no", "ok", "false", "null"})

MAX_KEY_PATHS = 10_000
"""Records with more different key paths are not read: time and memory would grow with their square."""

MOST_SHOWN = 20
_DEEPEST = 3
_LONGEST_SHOWN = 60
_NEXT = "Check the API address and the profile."


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
        keys = list_keys(list(document)) or "none"
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
        refuse_too_many(record)
        for key, value in record.items():
            path = (*above, key)
            if isinstance(value, dict) and len(path) < _DEEPEST:
                walk(value, path)
            else:
                paths.add(path)

    for record in records:
        if isinstance(record, dict):
            walk(record, ())
            refuse_too_many(paths)
    return frozenset(paths)


def refuse_too_many(keys: Collection[Any]) -> None:
    if len(keys) > MAX_KEY_PATHS:
        raise EnvelopeUnknown(
            f"The API's records have more than {format_number(MAX_KEY_PATHS)} different keys.", _NEXT
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


def list_keys(keys: Sequence[str], separator: str = ", ") -> str:
    """Write the first keys for a sentence; a long key is cut."""
    cut = (key if len(key) <= _LONGEST_SHOWN else f"{key[:_LONGEST_SHOWN]}…" for key in keys[:MOST_SHOWN])
    return separator.join(cut)
