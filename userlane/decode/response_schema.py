"""Where the records lie in an answer, and which key is which field: recognised, never guessed silently."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from zoneinfo import ZoneInfo

from userlane.contract import SCORES, DatasetName
from userlane.decode.fields import FIELDS, Field, Kind, plain
from userlane.decode.pagination_info import Declaration
from userlane.decode.values import Refused, comment, day, identity, instant, number, words
from userlane.errors import EnvelopeUnknown, FieldsAmbiguous, FieldsMissing

Path = tuple[str, ...]
Form = Literal["epoch", "decimal", "text"]
"""How values may be written where another form is usual: times as numbers, whole numbers with a point,
numbers in quotes.
"""

ENVELOPES = (
    *("data", "results", "items", "records", "rows", "content", "responses", "scores"),
    *("result", "response", "payload", "entries", "elements"),
)
"""The keys that records may lie under, the likeliest first."""

COMPLAINTS = ("error", "errors", "success", "ok", "status", "statusCode")
"""The keys beside the records, or above them, under which an answer says that it is none."""

_FAILED = frozenset({"error", "fail", "failed", "failure"})
_NOTHING_WRONG = frozenset({"", "none", "no", "ok", "false", "null"})

_ANY_SCORE = "overall"
"""Stands for all scores of HEART, none of which is required for itself."""

_DEEPEST = 3
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Shape:
    """How one API answers for one dataset.

    `envelope` leads from the top of an answer to the list of records; `fields` pairs each canonical field
    that was found with its keys within a record, and `forms` those written in an unusual form; `declared` is
    where it tells of totals and further pages; `seen` are all key paths seen so far.
    """

    dataset: DatasetName
    envelope: Path
    fields: tuple[tuple[str, Path], ...]
    seen: frozenset[Path]
    forms: tuple[tuple[str, Form], ...] = ()
    declared: tuple[Declaration, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every field was found, so that no later page can bring a new one."""
        return len(self.fields) == len(FIELDS[self.dataset])


def records_in(document: Any) -> tuple[Path, list[Any]]:
    """The list of records in an answer, and the keys that lead to it; at most two.

    >>> records_in({"data": {"items": [{"date": "2026-04-01"}]}, "total": 1})
    (('data', 'items'), [{'date': '2026-04-01'}])

    Raises `EnvelopeUnknown`; a failure reported inside an answer is one, too, whatever else is in it: nobody
    knows which records are missing then.
    """
    if isinstance(document, list):
        return (), document
    if not isinstance(document, dict):
        raise EnvelopeUnknown("The API's answer holds no list of records.", _NEXT)
    found = _list_in(document, 2)
    levels = [reach(document, found[0][:depth]) for depth in range(len(found[0]))] if found else [document]
    if any(complains(key, level.get(key)) for level in levels for key in COMPLAINTS):
        raise EnvelopeUnknown("The API answered with an error in place of records.", _NEXT)
    if found is None:
        keys = ", ".join(map(str, list(document)[:_SHOWN])) or "none"
        raise EnvelopeUnknown(f"The API's answer holds no list of records; its keys: {keys}.", _NEXT)
    return found


def complains(key: str, value: Any) -> bool:
    """Whether `value`, under one of the keys in `COMPLAINTS`, says that the request failed after all.

    >>> complains("error", "no such survey"), complains("errors", []), complains("success", False)
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


def _list_in(document: dict[Any, Any], depth: int) -> tuple[Path, list[Any]] | None:
    by_name: dict[str, str] = {}
    for key in document:
        by_name.setdefault(plain(key), key)
    keys = [by_name[name] for name in ENVELOPES if name in by_name]
    for key in keys:
        if isinstance(document[key], list):
            return (key,), document[key]
    for key in keys:
        if depth > 1 and isinstance(document[key], dict) and (found := _list_in(document[key], depth - 1)):
            return (key, *found[0]), found[1]
    return None


def paths_in(records: Iterable[Any]) -> frozenset[Path]:
    """Every key path in these records that leads to a value, not to a further object."""
    paths: set[Path] = set()

    def walk(record: Mapping[str, Any], above: Path) -> None:
        for key, value in record.items():
            path = (*above, key)
            if isinstance(value, dict) and len(path) < _DEEPEST:
                walk(value, path)
            else:
                paths.add(path)

    for record in records:
        if isinstance(record, dict):
            walk(record, ())
    return frozenset(paths)


def recognise(
    dataset: DatasetName,
    envelope: Path,
    records: Sequence[Any],
    overrides: Mapping[str, str],
    known: Shape | None = None,
    *,
    declared: tuple[Declaration, ...] = (),
) -> Shape:
    """Which key of these records is which field. `overrides` (canonical name → key) go before all else;
    what was `known` stays as it was, unless a value has turned out to be an object.

    Several keys for one field are no question if one of them is the assumed contract's own, or if they hold
    the same values here; then the fullest is taken.

    Raises `FieldsMissing` when a field that cannot be done without has no key, `FieldsAmbiguous` when one has
    several and nothing to tell between them.
    """
    paths = paths_in(records) | (known.seen if known else frozenset())
    objects = {path[:depth] for path in paths for depth in range(1, len(path))}
    by_name: dict[str, list[Path]] = {}
    for path in sorted(paths):
        by_name.setdefault(_plain(path), []).append(path)
    settled = {name: path for name, path in (known.fields if known else ()) if path not in objects}
    fields: list[tuple[str, Path]] = []
    missing: list[str] = []
    unsure: dict[str, tuple[str, ...]] = {}
    for field in FIELDS[dataset]:
        wanted = (overrides[field.name],) if field.name in overrides else field.keys
        found = [settled[field.name]] if field.name in settled else _candidates(wanted, by_name, objects)
        if len(found) > 1:
            found = _told_apart(field, found, records)
        if len(found) > 1:
            unsure[field.name] = tuple(map(dotted, found))
        elif found:
            fields.append((field.name, found[0]))
        elif field.required:
            missing.append(field.name)
    if dataset == "heart" and not (unsure.keys() | dict(fields).keys()) & set(SCORES):
        missing.append(_ANY_SCORE)
    if missing:
        raise _missing(dataset, missing, sorted(map(dotted, paths - objects)))
    if unsure:
        raise _ambiguous(dataset, unsure)
    known_forms = dict(known.forms if known else ())
    kinds = {field.name: field.kind for field in FIELDS[dataset]}
    forms = {
        name: known_forms.get(name) if name in settled else _form(kinds[name], path, records)
        for name, path in fields
    }
    return Shape(
        dataset,
        envelope,
        tuple(fields),
        paths,
        tuple((name, form) for name, form in forms.items() if form),
        declared,
    )


def dotted(path: Path) -> str:
    """A key path as it is written in a profile: `user.id`."""
    return ".".join(path)


def reach(record: Any, path: Path) -> Any:
    """What lies at the end of a key path, None where it does not lead that far."""
    for key in path:
        if not isinstance(record, dict):
            return None
        record = record.get(key)
    return record


def _plain(path: Path) -> str:
    return dotted(tuple(map(plain, path)))


def _candidates(
    wanted: Sequence[str], by_name: Mapping[str, Sequence[Path]], objects: set[Path]
) -> list[Path]:
    """The keys a field may have: the wanted one that stands first alone, if it is there."""
    names = list(map(plain, wanted))
    found = [path for name in names for path in by_name.get(name, ())]
    # Where a key holds a value in one record and an object in another, it is likelier null in the first
    # than broken in the second: what lies in the object is looked for before.
    found = [path for path in found if path not in objects] or found
    first = [path for path in found if _plain(path) == names[0]]
    return [path for path in first if dotted(path) == wanted[0]][:1] or first or found


def _told_apart(field: Field, paths: Sequence[Path], records: Sequence[Any]) -> list[Path]:
    """The path that says all the others say, if there is one; else those that say anything."""
    read = _READERS.get(field.kind, partial(number, field=field))
    columns = {path: [_read(read, reach(record, path)) for record in records] for path in paths}
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


_READERS: Mapping[Kind, Callable[[Any], Any]] = {
    "day": partial(day, name="", zone=ZoneInfo("UTC")),
    "instant": partial(instant, name=""),
    "identity": partial(identity, name=""),
    "text": comment,
}


def _read(read: Callable[[Any], Any], value: Any) -> Any:
    try:
        return read(value)
    except Refused:
        return repr(value)


def _form(kind: Kind, path: Path, records: Sequence[Any]) -> Form | None:
    if kind in {"identity", "text"}:
        return None
    kinds = {type(reach(record, path)) for record in records}
    if kind in {"day", "instant"}:
        return "epoch" if kinds & {int, float} else None
    if str in kinds:
        return "text"
    return "decimal" if float in kinds and kind != "share" else None


def _missing(dataset: DatasetName, missing: Sequence[str], keys: Sequence[str]) -> FieldsMissing:
    named = ["a score" if name == _ANY_SCORE else words(name) for name in missing]
    shown = ", ".join(keys[:_SHOWN]) + (", …" if len(keys) > _SHOWN else "")
    return FieldsMissing(
        f"The {_NAMES[dataset]} records have no field for {', '.join(named)}; their keys: {shown or 'none'}.",
        f"Say which key is which: on Connect, or as {_example(dataset, missing[0])}.",
        dataset=dataset,
        missing=tuple(missing),
        keys=tuple(keys),
    )


def _ambiguous(dataset: DatasetName, unsure: Mapping[str, tuple[str, ...]]) -> FieldsAmbiguous:
    told = "; ".join(f"{words(name)} may be {' or '.join(keys)}" for name, keys in unsure.items())
    return FieldsAmbiguous(
        f"In the {_NAMES[dataset]} records several keys could be one field, and they differ: {told}.",
        f"Say which is meant: on Connect, or as {_example(dataset, next(iter(unsure)))}.",
        dataset=dataset,
        candidates=unsure,
    )


_NAMES: Mapping[DatasetName, str] = {"heart": "HEART", "nps": "NPS", "surveys": "survey", "tags": "Tags"}


def _example(dataset: DatasetName, name: str) -> str:
    return f'{name} = "…" under [{dataset}.fields] in the API profile'
