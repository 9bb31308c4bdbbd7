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
from userlane.decode import lenient, typed
from userlane.decode.shape import Path, Shape, paths_in, recognise, records_in
from userlane.errors import EnvelopeUnknown, NotData

_KEY = re.compile(rb'"([^"\\]{1,64})"\s*:')
_NO_FIELDS: Mapping[str, str] = {}


@dataclass(frozen=True, eq=False, slots=True)
class Page:
    """What one body held: `records` as sent, those usable as a `table` in the canonical columns,
    the others counted by reason and, where it could be read, day.
    """

    table: pa.Table
    records: int
    refused: Mapping[tuple[str, date | None], int] = field(default_factory=dict)


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

        Raises `NotData` (not JSON), `EnvelopeUnknown` (no list of records), `FieldsMissing`.
        """
        shape = self.shape
        if shape is not None and (shape.whole or self._keys.issuperset(_KEY.findall(body))):
            try:
                table = typed.table(shape, body, self._zone, self._survey_id)
            except typed.Doubt:
                pass
            else:
                return Page(table, table.num_rows)
        return self._with_care(body)

    def _with_care(self, body: bytes) -> Page:
        envelope, records = records_in(_parsed(body))
        if not records:
            return Page(COLUMNS[self._dataset].empty_table(), 0)
        if not any(isinstance(record, dict) for record in records):
            raise EnvelopeUnknown("The API's answer is a list, but not of records.", "Check the API profile.")
        shape, new = self._learn(envelope, records, body)
        if new:
            try:
                table = typed.table(shape, body, self._zone, self._survey_id)
            except typed.Doubt:
                pass
            else:
                return Page(table, table.num_rows)
        table, losses = lenient.table(shape, records, self._zone, self._survey_id)
        return Page(table, len(records), losses)

    def _learn(self, envelope: Path, records: list[Any], body: bytes) -> tuple[Shape, bool]:
        paths = paths_in(records)
        with self._lock:
            known = self.shape
            if known is not None and known.envelope == envelope and paths <= known.seen:
                self._keys |= frozenset(_KEY.findall(body))
                return known, False
            seen = paths if known is None else paths | known.seen
            self.shape = recognise(self._dataset, envelope, seen, self._overrides, known)
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
