"""Windows that lie side by side become one dataset."""

import hashlib
from collections import Counter
from collections.abc import Iterable, MutableMapping

import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract import COLUMNS, SCORES, AggregateCache, Dataset, Query, State, Stored, Window
from userlane.store.tag_rows import TagRecords, TagRows, encode_rows
from userlane.store.windows import FetchedWindow


def assemble(
    api: str,
    query: Query,
    windows: Iterable[FetchedWindow],
    *,
    reasons: Iterable[str] = (),
    missing: Iterable[Window] = (),
    stale: Iterable[FetchedWindow] = (),
    denied: bool = False,
    known: MutableMapping[str, Dataset] | None = None,
    aggregates: AggregateCache | None = None,
) -> Dataset:
    """Join windows that lie side by side inside the query's window to one dataset.

    Rows are not copied, and tag records are not read; totals of their weeks go to the `aggregates`. Windows
    that should be newer are `stale`, and the dataset is as old as they are. The fingerprint is made of the
    API, the query, the state, and which part of which fetch each window is; a dataset that is `known` by its
    fingerprint is returned again, with all that was computed from it.
    """
    parts = sorted(windows, key=lambda fetched: fetched.window)
    late = list(stale)
    fetches = {fetched.id: fetched for fetched in parts}
    refused: Counter[str] = Counter()
    for fetched in parts:
        for (reason, day), count in fetched.refused.items():
            # Every slice of a fetch counts what was refused without a day.
            refused[reason] += count if day or fetches[fetched.id] is fetched else 0
    state = State(
        reasons=tuple(dict.fromkeys(reasons)),
        missing=tuple(sorted(missing)),
        fetched_at=min((fetched.fetched_at for fetched in late or parts), default=None),
        stale=bool(late),
        refused=dict(refused),
        duplicates=sum(fetched.duplicates for fetched in fetches.values()),
        outside=sum(fetched.outside for fetched in fetches.values()),
        notes=notes(query, [fetched.table for fetched in parts]) if query.dataset == "heart" else (),
        denied=denied,
    )
    origins = [(fetched.id, fetched.window) for fetched in parts]
    fingerprint = hashlib.sha256(repr((api, query, state, origins)).encode()).hexdigest()
    dataset = None if known is None else known.get(fingerprint)
    if dataset is None:
        source = _tags(parts, aggregates) if query.dataset == "tags" else _table(query, parts)
        dataset = Dataset(query, source, state, fingerprint)
        if known is not None:
            known[fingerprint] = dataset
    return dataset


def _table(query: Query, parts: Iterable[FetchedWindow]) -> pa.Table:
    tables = [fetched.table for fetched in parts if fetched.table.num_rows]
    return pa.concat_tables(tables or [COLUMNS[query.dataset].empty_table()])


def _tags(parts: Iterable[FetchedWindow], aggregates: AggregateCache | None) -> Stored:
    """Windows that are not stored, because they are not whole, get codes of their own and no totals."""
    windows = [(fetched.id, fetched.rows, fetched.window) for fetched in parts]
    rows = [each if isinstance(each, TagRows) else encode_rows(each, window) for _, each, window in windows]
    stored = all(isinstance(each, TagRows) for _, each, _ in windows)
    origins = [window_id for window_id, _, _ in windows] if stored else []
    return TagRecords(rows, origins, aggregates if stored else None)


SMALL_SCORES = (
    "Every HEART score in this range is 1 or less: this API may count from 0 to 1, where HEART counts from "
    "0 to 100. The scores are as sent, nothing is rescaled."
)


def notes(query: Query, tables: Iterable[pa.Table]) -> tuple[str, ...]:
    """Sentences that a reader of these rows needs though no single row is wrong."""
    if query.dataset != "heart":
        return ()
    highest = [pc.max(table[score]).as_py() for table in tables for score in SCORES]
    known = [score for score in highest if score is not None]
    return (SMALL_SCORES,) if known and 0 < max(known) <= 1 else ()
