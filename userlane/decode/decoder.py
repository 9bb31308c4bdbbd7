"""Decodes the pages of one query: the first page that has records gives the schema, later ones are fast."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from userlane.contract import COLUMNS, Query
from userlane.contract.pagination import NO_INFO, PaginationInfo
from userlane.decode import fast, tolerant
from userlane.decode.envelope import Path, collect_key_paths, find_records, get_value
from userlane.decode.pagination_info import PaginationKey, find_pagination_keys, read_pagination
from userlane.decode.response_schema import ResponseSchema, recognise_fields
from userlane.errors import EnvelopeUnknown, NotData, ResponseTooLarge
from userlane.formatting import format_number

_KEY = re.compile(rb'"([^"\\]{1,64})"\s*:')
_NO_FIELDS: Mapping[str, str] = {}
_MOST_VALUES = 1_000_000
"""Hundreds of times the values of a page of 1,000 records; less than 100 MB when parsed."""


@dataclass(frozen=True, eq=False, slots=True)
class Page:
    """One decoded page.

    Attributes:
        table: The usable records in the canonical columns.
        records: The number of records that were sent.
        refused: The number of rejected records and values by reason and day (None where the day is unknown).
        declared: What the response says about all pages together.
    """

    table: pa.Table
    records: int
    refused: Mapping[tuple[str, date | None], int] = field(default_factory=dict)
    declared: PaginationInfo = NO_INFO

    def same(self, other: "Page") -> bool:
        """Whether both pages have the same records in the same order."""
        return (
            self.records == other.records
            and self.table.num_rows > 0
            and self.refused == other.refused
            and self.table.equals(other.table)
        )


class Decoder:
    """Decodes the pages of one query, in any order and from several threads.

    The first page that has records gives the `ResponseSchema`. A key in `fields` (canonical name → key)
    replaces the recognised one. An optional field may appear on a later page: then the schema is extended.
    """

    def __init__(self, query: Query, fields: Mapping[str, str] = _NO_FIELDS) -> None:
        self._dataset = query.dataset
        self._survey_id = query.survey_id
        self._zone = ZoneInfo(query.timezone)
        self._overrides = fields
        self._keys: frozenset[bytes] = frozenset()
        self._lock = Lock()
        self.schema: ResponseSchema | None = None

    def decode(self, body: bytes) -> Page:
        """Decode one response body.

        Raises:
            ResponseTooLarge: The body has more values than a page can have.
            NotData: The body is not JSON.
            EnvelopeUnknown: The body has no list of records, or reports an error.
            FieldsMissing: No key was found for a required field.
            FieldsAmbiguous: Several keys with different values were found for one field.
        """
        # Parsed values take thirty times the memory of the body, so a small body can still be too large.
        if len(body) > _MOST_VALUES and sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
            raise ResponseTooLarge(
                f"One page holds more than {format_number(_MOST_VALUES)} values.",
                "That is no page of 1,000 records: check the address.",
            )
        schema = self.schema
        if schema is not None and (schema.has_all_fields or self._keys.issuperset(_KEY.findall(body))):
            page = self._decode_fast(schema, body)
            if page is not None:
                return page
        return self._decode_tolerant(body)

    def _decode_fast(self, schema: ResponseSchema, body: bytes) -> Page | None:
        """Decode a regular page at once; None if it must be decoded record by record."""
        try:
            table, pagination = fast.read_table(schema, body, self._zone, self._survey_id)
        except fast.FallBack:
            return None
        return Page(table, table.num_rows, declared=read_pagination(pagination, table.num_rows))

    def _decode_tolerant(self, body: bytes) -> Page:
        document = _parse(body)
        envelope, records = find_records(document)
        pagination_keys = find_pagination_keys(document, envelope)
        pagination = read_pagination(
            ((role, get_value(document, path)) for role, path in pagination_keys), len(records)
        )
        if not records:
            return Page(COLUMNS[self._dataset].empty_table(), 0, declared=pagination)
        if not any(isinstance(record, dict) for record in records):
            raise EnvelopeUnknown("The API's answer is a list, but not of records.", "Check the API profile.")
        schema, new = self._learn_schema(envelope, records, pagination_keys, body)
        page = self._decode_fast(schema, body) if new else None
        if page is not None:
            return page
        table, rejections = tolerant.read_table(schema, records, self._zone, self._survey_id)
        return Page(table, len(records), rejections, pagination)

    def _learn_schema(
        self, envelope: Path, records: list[Any], pagination_keys: tuple[PaginationKey, ...], body: bytes
    ) -> tuple[ResponseSchema, bool]:
        key_paths = collect_key_paths(records)
        with self._lock:
            known = self.schema
            if known is not None and known.envelope == envelope:
                pagination_keys = tuple(dict.fromkeys((*known.pagination_keys, *pagination_keys)))
                if key_paths <= known.key_paths and pagination_keys == known.pagination_keys:
                    self._keys |= frozenset(_KEY.findall(body))
                    return known, False
            self.schema = recognise_fields(
                self._dataset, envelope, records, self._overrides, known, pagination_keys=pagination_keys
            )
            self._keys |= frozenset(_KEY.findall(body))
            return self.schema, True


def _parse(body: bytes) -> Any:
    """Parse with the standard library, which accepts what msgspec rejects: NaN and broken characters."""
    try:
        return json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise NotData(
            "The API's answer is not JSON.", "Check the API address: is a login or a proxy in the way?"
        ) from None
