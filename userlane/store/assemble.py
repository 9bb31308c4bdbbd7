"""Pieces that lie side by side become one answer."""

import hashlib
from collections import Counter
from collections.abc import Iterable, MutableMapping

import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract import COLUMNS, SCORES, AggregateCache, Dataset, Query, State, Stored, Window
from userlane.store.tag_rows import TagRecords, TagRows, encode_rows
from userlane.store.windows import Piece


def dataset(
    api: str,
    query: Query,
    pieces: Iterable[Piece],
    *,
    reasons: Iterable[str] = (),
    missing: Iterable[Window] = (),
    stale: Iterable[Piece] = (),
    denied: bool = False,
    known: MutableMapping[str, Dataset] | None = None,
    aggregates: AggregateCache | None = None,
) -> Dataset:
    """The pieces, which lie side by side inside the query's window, as one answer.

    Rows are not copied, and tag records not even read; totals of their weeks go to the `aggregates`.
    Those of them that should be newer are `stale`, and the answer is as old as these.
    The fingerprint is made of the API, the query, the state, and which part of which fetch each piece is;
    an answer that is `known` by it is given again, with all that was computed from it.
    """
    parts = sorted(pieces, key=lambda piece: piece.window)
    late = list(stale)
    fetches = {piece.id: piece for piece in parts}
    refused: Counter[str] = Counter()
    for piece in parts:
        for (reason, day), count in piece.refused.items():
            # What was refused without a day, every slice of its fetch knows of.
            refused[reason] += count if day or fetches[piece.id] is piece else 0
    state = State(
        reasons=tuple(dict.fromkeys(reasons)),
        missing=tuple(sorted(missing)),
        fetched_at=min((piece.fetched_at for piece in late or parts), default=None),
        stale=bool(late),
        refused=dict(refused),
        duplicates=sum(piece.duplicates for piece in fetches.values()),
        outside=sum(piece.outside for piece in fetches.values()),
        notes=notes(query, [piece.table for piece in parts]) if query.dataset == "heart" else (),
        denied=denied,
    )
    origins = [(piece.id, piece.window) for piece in parts]
    fingerprint = hashlib.sha256(repr((api, query, state, origins)).encode()).hexdigest()
    answer = None if known is None else known.get(fingerprint)
    if answer is None:
        source = _tags(parts, aggregates) if query.dataset == "tags" else _table(query, parts)
        answer = Dataset(query, source, state, fingerprint)
        if known is not None:
            known[fingerprint] = answer
    return answer


def _table(query: Query, parts: Iterable[Piece]) -> pa.Table:
    tables = [piece.table for piece in parts if piece.table.num_rows]
    return pa.concat_tables(tables or [COLUMNS[query.dataset].empty_table()])


def _tags(parts: Iterable[Piece], aggregates: AggregateCache | None) -> Stored:
    """What was not stored, because it is not whole, is held in codes of its own; nothing is kept of it."""
    pieces = [(piece.id, piece.rows, piece.window) for piece in parts]
    rows = [each if isinstance(each, TagRows) else encode_rows(each, window) for _, each, window in pieces]
    stored = all(isinstance(each, TagRows) for _, each, _ in pieces)
    origins = [piece_id for piece_id, _, _ in pieces] if stored else []
    return TagRecords(rows, origins, aggregates if stored else None)


SMALL_SCORES = (
    "Every HEART score in this range is 1 or less: this API may count from 0 to 1, where HEART counts from "
    "0 to 100. The scores are as sent, nothing is rescaled."
)


def notes(query: Query, tables: Iterable[pa.Table]) -> tuple[str, ...]:
    """What has to be said about these rows of an answer though nothing is wrong with any one of them."""
    if query.dataset != "heart":
        return ()
    highest = [pc.max(table[score]).as_py() for table in tables for score in SCORES]
    known = [score for score in highest if score is not None]
    return (SMALL_SCORES,) if known and 0 < max(known) <= 1 else ()
