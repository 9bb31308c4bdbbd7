"""Decodes a page record by record: unusable records and values are rejected and counted by reason."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from userlane.contract import COLUMNS
from userlane.decode.envelope import Path, get_value
from userlane.decode.fast import fill_columns
from userlane.decode.fields import FIELDS, Field
from userlane.decode.response_schema import ResponseSchema
from userlane.decode.values import Rejected, describe_field, parse_value

Rejections = Counter[tuple[str, date | None]]
"""The number of rejected records and values by reason and day (None where the day is unknown)."""


def read_table(
    schema: ResponseSchema, records: Iterable[Any], zone: ZoneInfo, survey_id: str | None
) -> tuple[pa.Table, Rejections]:
    """Return the usable records as a table in the canonical columns, and the number of rejected ones."""
    paths = dict(schema.fields)
    fields = [(field, paths[field.name]) for field in FIELDS[schema.dataset] if field.name in paths]
    # The day goes first, so that rejections of later fields are counted for their day.
    fields.sort(key=lambda pair: pair[0].kind not in {"day", "instant"})
    rejections: Rejections = Counter()
    rows: list[list[Any]] = []
    for record in records:
        row = _read_row(record, fields, zone, rejections)
        if row is not None:
            rows.append(row)
    canonical = COLUMNS[schema.dataset]
    columns = {
        field.name: pa.array([row[position] for row in rows], canonical.field(field.name).type)
        for position, (field, _) in enumerate(fields)
    }
    return fill_columns(schema, columns, len(rows), survey_id), rejections


def _read_row(
    record: Any, fields: list[tuple[Field, Path]], zone: ZoneInfo, rejections: Rejections
) -> list[Any] | None:
    when: date | None = None
    row: list[Any] = []
    if not isinstance(record, dict):
        rejections["not a record", None] += 1
        return None
    for field, path in fields:
        try:
            value = parse_value(get_value(record, path), field, zone)
            if value is None and field.required:
                raise Rejected(f"{describe_field(field.name)} missing")  # noqa: TRY301  # one place counts both
        except Rejected as refused:
            if field.kind in {"share", "count", "text"}:
                rejections[f"{refused}: taken as missing", when] += 1
                value = None
            else:
                rejections[str(refused), when] += 1
                return None
        if field.kind == "day":
            when = value
        elif field.kind == "instant" and value is not None:
            when = value.astimezone(zone).date()
        row.append(value)
    return row
