"""Pages of one dataset: learnt once, then read fast."""

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
from userlane.decode import fast, tolerant
from userlane.decode.pagination_info import NOTHING, Declaration, Declared, declarations, declared
from userlane.decode.response_schema import Path, Shape, paths_in, reach, recognise, records_in
from userlane.errors import EnvelopeUnknown, NotData, ResponseTooLarge

_KEY = re.compile(rb'"([^"\\]{1,64})"\s*:')
_NO_FIELDS: Mapping[str, str] = {}
_MOST_VALUES = 1_000_000
"""Hundreds of times a page of 1,000 records, and less than 100 MB once they are parsed."""


@dataclass(frozen=True, eq=False, slots=True)
class Page:
    """What one body held: `records` as sent, those usable as a `table` in the canonical columns,
    the others counted by reason and, where it could be read, day. `declared` is what the answer said of all
    pages together.
    """

    table: pa.Table
    records: int
    refused: Mapping[tuple[str, date | None], int] = field(default_factory=dict)
    declared: Declared = NOTHING

    def same(self, other: "Page") -> bool:
        """Whether both hold the same records, in the same order."""
        return (
            self.records == other.records
            and self.table.num_rows > 0
            and self.refused == other.refused
            and self.table.equals(other.table)
        )


class Decoder:
    """Reads the pages of one query, in any order and from several threads.

    The first page that holds records tells the `Shape`; `fields` (canonical name → key) go before what is
    recognised. A field that is not required may turn up on a later page: then the shape is extended.
    """

    def __init__(self, query: Query, fields: Mapping[str, str] = _NO_FIELDS) -> None:
        self._dataset = query.dataset
        self._survey_id = query.survey_id
        self._zone = ZoneInfo(query.timezone)
        self._overrides = fields
        self._keys: frozenset[bytes] = frozenset()
        self._lock = Lock()
        self.shape: Shape | None = None

    def page(self, body: bytes) -> Page:
        """One body as a page.

        Raises `ResponseTooLarge` (more values than a page has), `NotData` (not JSON), `EnvelopeUnknown` (no
        list of records), `FieldsMissing` and `FieldsAmbiguous` (which key is which?).
        """
        # Small bodies can hold many values, which weigh thirty times as much once they are parsed.
        if len(body) > _MOST_VALUES and sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
            raise ResponseTooLarge(
                f"One page holds more than {_MOST_VALUES:,} values.",
                "That is no page of 1,000 records: check the address.",
            )
        shape = self.shape
        if shape is not None and (shape.whole or self._keys.issuperset(_KEY.findall(body))):
            try:
                return self._at_once(shape, body)
            except fast.Doubt:
                pass
        return self._with_care(body)

    def _at_once(self, shape: Shape, body: bytes) -> Page:
        table, said = fast.table(shape, body, self._zone, self._survey_id)
        return Page(table, table.num_rows, declared=declared(said, table.num_rows))

    def _with_care(self, body: bytes) -> Page:
        document = _parsed(body)
        envelope, records = records_in(document)
        telling = declarations(document, envelope)
        said = declared(((role, reach(document, path)) for role, path in telling), len(records))
        if not records:
            return Page(COLUMNS[self._dataset].empty_table(), 0, declared=said)
        if not any(isinstance(record, dict) for record in records):
            raise EnvelopeUnknown("The API's answer is a list, but not of records.", "Check the API profile.")
        shape, new = self._learn(envelope, records, telling, body)
        if new:
            try:
                return self._at_once(shape, body)
            except fast.Doubt:
                pass
        table, losses = tolerant.table(shape, records, self._zone, self._survey_id)
        return Page(table, len(records), losses, said)

    def _learn(
        self, envelope: Path, records: list[Any], telling: tuple[Declaration, ...], body: bytes
    ) -> tuple[Shape, bool]:
        paths = paths_in(records)
        with self._lock:
            known = self.shape
            if known is not None and known.envelope == envelope:
                telling = tuple(dict.fromkeys((*known.declared, *telling)))
                if paths <= known.seen and telling == known.declared:
                    self._keys |= frozenset(_KEY.findall(body))
                    return known, False
            self.shape = recognise(self._dataset, envelope, records, self._overrides, known, declared=telling)
            self._keys |= frozenset(_KEY.findall(body))
            return self.shape, True


def _parsed(body: bytes) -> Any:
    """The standard library's parser, because it reads what msgspec rightly refuses: NaN, half characters."""
    try:
        return json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise NotData(
            "The API's answer is not JSON.", "Check the API address: is a login or a proxy in the way?"
        ) from None
