"""Record by record: what can be used is used, what cannot is counted by reason."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from userlane.contract import COLUMNS
from userlane.decode.fast import finished
from userlane.decode.fields import FIELDS, Field
from userlane.decode.response_schema import Path, Shape, reach
from userlane.decode.values import Refused, comment, day, identity, instant, number, whole, words

Losses = Counter[tuple[str, date | None]]
"""What was left out: how many, by reason and, where it could be read, day."""


def table(
    shape: Shape, records: Iterable[Any], zone: ZoneInfo, survey_id: str | None
) -> tuple[pa.Table, Losses]:
    """The usable records as a table in the canonical columns, and what was left out."""
    paths = dict(shape.fields)
    fields = [(field, paths[field.name]) for field in FIELDS[shape.dataset] if field.name in paths]
    fields.sort(
        key=lambda pair: pair[0].kind not in {"day", "instant"}
    )  # the day is known when the rest is judged
    losses: Losses = Counter()
    rows: list[list[Any]] = []
    for record in records:
        row = _row(record, fields, zone, losses)
        if row is not None:
            rows.append(row)
    schema = COLUMNS[shape.dataset]
    columns = {
        field.name: pa.array([row[position] for row in rows], schema.field(field.name).type)
        for position, (field, _) in enumerate(fields)
    }
    return finished(shape, columns, len(rows), survey_id), losses


def _row(record: Any, fields: list[tuple[Field, Path]], zone: ZoneInfo, losses: Losses) -> list[Any] | None:
    when: date | None = None
    row: list[Any] = []
    if not isinstance(record, dict):
        losses["not a record", None] += 1
        return None
    for field, path in fields:
        try:
            value = _value(field, reach(record, path), zone)
            if value is None and field.required:
                raise Refused(f"{words(field.name)} missing")  # noqa: TRY301  # one place counts both
        except Refused as refused:
            if field.kind in {"share", "count", "text"}:
                losses[f"{refused.reason}: taken as missing", when] += 1
                value = None
            else:
                losses[refused.reason, when] += 1
                return None
        if field.kind == "day":
            when = value
        elif field.kind == "instant" and value is not None:
            when = value.astimezone(zone).date()
        row.append(value)
    return row


def _value(field: Field, raw: Any, zone: ZoneInfo) -> Any:
    match field.kind:
        case "day":
            return day(raw, field.name, zone)
        case "instant":
            return instant(raw, field.name)
        case "identity":
            return identity(raw, field.name)
        case "text":
            return comment(raw)
        case "share":
            return number(raw, field)
        case _:
            return whole(raw, field)
