"""Recognises which key of the records is which field.

Nothing is guessed: where two readings are possible and differ, an error asks the user.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from userlane.contract import NAMES, SCORES, DatasetName
from userlane.decode.envelope import (
    MOST_SHOWN,
    Path,
    collect_key_paths,
    get_value,
    join_path,
    list_keys,
    refuse_too_many,
)
from userlane.decode.fields import FIELDS, Field, normalise_key
from userlane.decode.pagination_info import PaginationKey
from userlane.decode.values import Rejected, describe_field, parse_value
from userlane.errors import FieldsAmbiguous, FieldsMissing

ValueForm = Literal["epoch", "decimal", "text"]
"""Unusual forms of values: times as numbers, integers with a decimal point, numbers in quotes."""

_ANY_SCORE = "overall"
"""Named as missing where a HEART record has no score at all; no single score is required."""

_ANY_ZONE = ZoneInfo("UTC")

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
    refuse_too_many(paths)
    objects = {path[:depth] for path in paths for depth in range(1, len(path))}
    by_name: dict[str, list[Path]] = {}
    for path in sorted(paths):
        by_name.setdefault(_normalise_path(path), []).append(path)
    matches = {name: [path] for name, path in (known.fields if known else ()) if path not in objects}
    known_forms = {name: form for name, form in (known.value_forms if known else ()) if name in matches}
    unmatched = [field for field in FIELDS[dataset] if field.name not in matches]
    for field in unmatched:
        wanted = (overrides[field.name],) if field.name in overrides else field.keys
        matches[field.name] = _match_field(field, _find_candidates(wanted, by_name, objects), records)
    missing = [field.name for field in unmatched if field.required and not matches[field.name]]
    if dataset == "heart" and not any(matches[score] for score in SCORES):
        missing.append(_ANY_SCORE)
    if missing:
        raise _missing_error(dataset, missing, sorted(map(join_path, paths - objects)))
    ambiguous = {name: tuple(map(join_path, found)) for name, found in matches.items() if len(found) > 1}
    if ambiguous:
        raise _ambiguous_error(dataset, ambiguous)
    fields = tuple((field.name, matches[field.name][0]) for field in FIELDS[dataset] if matches[field.name])
    forms = {
        field.name: _recognise_form(field, matches[field.name], records) for field in unmatched
    } | known_forms
    value_forms = tuple((name, form) for name, _ in fields if (form := forms.get(name)))
    return ResponseSchema(dataset, envelope, fields, paths, value_forms, pagination_keys)


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


def _match_field(field: Field, paths: Sequence[Path], records: Sequence[Any]) -> list[Path]:
    """Return the one path that has all values of the others, if there is one; else all paths with values."""
    if len(paths) < 2 or len(paths) * len(records) > _MAX_COMPARED:
        return list(paths)
    columns = {path: [_read(get_value(record, path), field) for record in records] for path in paths}
    with_values = [path for path in paths if any(value is not None for value in columns[path])]
    if not with_values:
        return [paths[0]]
    longest = max(with_values, key=lambda path: sum(value is not None for value in columns[path]))
    all_agree = all(
        value is None or value == most
        for path in with_values
        for value, most in zip(columns[path], columns[longest], strict=True)
    )
    return [longest] if all_agree else with_values


def _read(value: Any, field: Field) -> Any:
    try:
        return parse_value(value, field, _ANY_ZONE)
    except Rejected:
        return repr(value)


def _recognise_form(field: Field, paths: Sequence[Path], records: Sequence[Any]) -> ValueForm | None:
    if not paths or field.kind in {"identity", "text"}:
        return None
    types = {type(get_value(record, paths[0])) for record in records}
    if field.kind in {"day", "instant"}:
        return "epoch" if types & {int, float} else None
    if str in types:
        return "text"
    return "decimal" if float in types and field.kind != "share" else None


def _missing_error(dataset: DatasetName, missing: Sequence[str], keys: Sequence[str]) -> FieldsMissing:
    named = ["a score" if name == _ANY_SCORE else describe_field(name) for name in missing]
    shown = list_keys(keys) + (", …" if len(keys) > MOST_SHOWN else "")
    return FieldsMissing(
        f"The records of {NAMES[dataset]} have no field for {', '.join(named)}; "
        f"their keys: {shown or 'none'}.",
        f"Say which key is which: on Connect, or as {_profile_line(dataset, missing[0])}.",
        dataset=dataset,
        missing=tuple(missing),
        keys=tuple(keys),
    )


def _ambiguous_error(dataset: DatasetName, ambiguous: Mapping[str, tuple[str, ...]]) -> FieldsAmbiguous:
    choices = "; ".join(
        f"{describe_field(name)} may be {list_keys(keys, ' or ')}" for name, keys in ambiguous.items()
    )
    return FieldsAmbiguous(
        f"In the records of {NAMES[dataset]} several keys could be one field, and they differ: {choices}.",
        f"Say which is meant: on Connect, or as {_profile_line(dataset, next(iter(ambiguous)))}.",
        dataset=dataset,
        candidates=ambiguous,
    )


def _profile_line(dataset: DatasetName, name: str) -> str:
    return f'{name} = "…" under [{dataset}.fields] in the API profile'
