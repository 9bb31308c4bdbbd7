"""Where the records lie in an answer, and which key is which field: recognised, never guessed silently."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from userlane.contract import SCORES, DatasetName
from userlane.decode.fields import FIELDS, plain
from userlane.errors import EnvelopeUnknown, FieldsMissing

Path = tuple[str, ...]

ENVELOPES = ("data", "results", "items", "records", "rows", "content", "responses", "scores")
_DEEPEST = 3
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Shape:
    """How one API answers for one dataset.

    `envelope` leads from the top of an answer to the list of records; `fields` pairs each canonical field
    that was found with its keys within a record; `seen` are all key paths seen so far.
    """

    dataset: DatasetName
    envelope: Path
    fields: tuple[tuple[str, Path], ...]
    seen: frozenset[Path]

    @property
    def whole(self) -> bool:
        """Whether every field was found, so that no later page can bring a new one."""
        return len(self.fields) == len(FIELDS[self.dataset])


def records_in(document: Any) -> tuple[Path, list[Any]]:
    """The list of records in an answer, and the keys that lead to it; at most two.

    >>> records_in({"data": {"items": [{"date": "2026-04-01"}]}, "total": 1})
    (('data', 'items'), [{'date': '2026-04-01'}])

    Raises `EnvelopeUnknown`; a failure reported inside an answer is one, too.
    """
    if isinstance(document, list):
        return (), document
    if not isinstance(document, dict):
        raise EnvelopeUnknown("The API's answer holds no list of records.", _NEXT)
    found = _list_in(document, 2)
    complaint = next((document[key] for key in ("error", "errors") if document.get(key)), None)
    if complaint is not None and not (found and found[1]):
        raise EnvelopeUnknown("The API answered with an error in place of records.", _NEXT)
    if found is None:
        keys = ", ".join(map(str, list(document)[:_SHOWN])) or "none"
        raise EnvelopeUnknown(f"The API's answer holds no list of records; its keys: {keys}.", _NEXT)
    return found


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
    paths: frozenset[Path],
    overrides: Mapping[str, str],
    known: Shape | None = None,
) -> Shape:
    """Which of these key paths is which field. `overrides` (canonical name → key) go before all else;
    what was `known` stays as it was, unless a value has turned out to be an object.

    Raises `FieldsMissing` when a field that cannot be done without has no key, listing the keys seen.
    """
    objects = {path[:depth] for path in paths for depth in range(1, len(path))}
    by_name: dict[str, Path] = {}
    # Where a key holds a value in one record and an object in another, it is likelier null in the first
    # than broken in the second: what lies in the object is looked for before.
    for path in (*sorted(paths - objects), *sorted(paths & objects)):
        by_name.setdefault(".".join(map(plain, path)), path)
    settled = {name: path for name, path in (known.fields if known else ()) if path not in objects}
    fields: list[tuple[str, Path]] = []
    missing: list[str] = []
    for field in FIELDS[dataset]:
        candidates = (overrides[field.name],) if field.name in overrides else field.keys
        names = [name for name in map(plain, candidates) if name in by_name]
        names.sort(key=lambda name: by_name[name] in objects)
        found = settled.get(field.name) or next((by_name[name] for name in names), None)
        if found:
            fields.append((field.name, found))
        elif field.required:
            missing.append(field.name)
    if dataset == "heart" and not any(name in SCORES for name, _ in fields):
        missing.append("a score")
    if missing:
        top = sorted({path[0] for path in paths})
        raise FieldsMissing(
            f"The API's {dataset} records have no field for {', '.join(missing)}; "
            f"their keys: {', '.join(top[:_SHOWN]) or 'none'}.",
            "Name the right keys in the API profile.",
            keys=tuple(top),
        )
    return Shape(dataset, envelope, tuple(fields), paths)
