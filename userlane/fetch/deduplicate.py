"""The rows of one window, in an order that does not depend on how they arrived, each once."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract import CODED, COLUMNS, Query

_Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Deduplicated:
    """The rows; how many were sent again, and how many from outside the window."""

    table: pa.Table
    duplicates: int
    outside: int


def deduplicate(query: Query, tables: Iterable[pa.Table]) -> Deduplicated:
    """The pages of one window as one table in one chunk, sorted by time and then by IDs.

    Rows of one natural key are one row: HEART one per day; tags one per user, tag and day; responses one
    per response ID, or where there is none one per user and moment (and survey). Of rows that share a key
    and differ the last in order is kept: for a count that grew while paging, the larger.
    """
    pages = [page for page in tables if page.num_rows]
    schema = COLUMNS[query.dataset]
    if not pages:
        return Deduplicated(schema.empty_table(), 0, 0)
    table = pa.concat_tables(pages)
    if query.dataset == "tags":
        table = table.unify_dictionaries()
    within = _within(table, query)
    inside = table if pc.all(within, skip_nulls=False).as_py() else table.filter(within)
    outside = table.num_rows - inside.num_rows
    if not inside.num_rows:
        return Deduplicated(schema.empty_table(), 0, outside)
    tidied = {"tags": _tags, "heart": _heart}.get(query.dataset, _responses)
    once = tidied(inside.combine_chunks())
    return Deduplicated(once.combine_chunks(), inside.num_rows - once.num_rows, outside)


def _within(table: pa.Table, query: Query) -> pa.Array:
    if "timestamp" in table.column_names:
        column, start, end = table["timestamp"], query.start, query.end
        bounds = pa.array([start, end], column.type)
    else:
        column = table["date"]
        bounds = pa.array([query.window.start, query.window.end], column.type)
    return pc.and_(pc.greater_equal(column, bounds[0]), pc.less(column, bounds[1]))


def _responses(table: pa.Table) -> pa.Table:
    names = ["timestamp", *(name for name in table.column_names if name not in {"timestamp", "bucket"})]
    ordered = table.sort_by([(name, "ascending") for name in names])
    keys = [name for name in ("survey_id", "response_id", "user_id", "timestamp") if name in names]
    frame = ordered.select(keys).to_pandas()
    survey = ["survey_id"] if "survey_id" in names else []
    named = frame["response_id"].notna() & _identifies_responses(frame)
    by_id = frame[named].duplicated([*survey, "response_id"], keep="last")
    by_moment = frame[~named & frame["user_id"].notna()].duplicated(
        [*survey, "user_id", "timestamp"], keep="last"
    )
    repeats = pd.concat([by_id, by_moment]).reindex(frame.index, fill_value=False)
    return ordered.filter(pa.array(~repeats))


def _identifies_responses(frame: pd.DataFrame) -> bool:
    """Whether response IDs are what they seem. One ID under several users, or one for all answers, is the ID
    of something else (the NPS, the survey), and answers must not be merged by it.
    """
    named = frame[frame["response_id"].notna()]
    authors = named[["response_id", "user_id"]].drop_duplicates()
    if authors["response_id"].duplicated().any():
        return False
    constant = len(named["response_id"].drop_duplicates()) <= 1
    return not constant or len(named["timestamp"].drop_duplicates()) <= 1


def _heart(table: pa.Table) -> pa.Table:
    ordered = table.sort_by([(name, "ascending") for name in table.column_names])
    repeats = ordered["date"].to_pandas().duplicated(keep="last")
    return ordered.filter(pa.array(~repeats))


def _tags(table: pa.Table) -> pa.Table:
    """Each key becomes one number, so that ten million rows are sorted as numbers and not as text."""
    days = table["date"].chunk(0).cast(pa.int32()).to_numpy().astype("int64")
    tags, tag_ids = _ranked(table["tag_id"].chunk(0))
    users, user_ids = _ranked(table["user_id"].chunk(0))
    counts = table["interactions"].chunk(0).to_numpy()
    keys = (days * len(tag_ids) + tags) * len(user_ids) + users
    order = np.argsort(keys)
    if (np.diff(keys[order]) == 0).any():
        order = np.lexsort((counts, keys))
        order = order[np.append(np.diff(keys[order]) != 0, True)]
    rows = len(order)
    return pa.table(
        {
            "date": pa.array(days[order].astype("int32")).cast(pa.date32()),
            "tag_id": pa.DictionaryArray.from_arrays(tags[order].astype("int32"), tag_ids),
            "tag_name": pa.nulls(rows, CODED),
            "user_id": pa.DictionaryArray.from_arrays(users[order].astype("int32"), user_ids),
            "interactions": pa.array(counts[order]),
        },
        schema=COLUMNS["tags"],
    )


def _ranked(column: pa.DictionaryArray) -> tuple[_Numbers, pa.Array]:
    """Codes whose order is the order of the texts, and the texts, only those in use."""
    codes = column.indices.to_numpy()
    used = np.flatnonzero(np.bincount(codes, minlength=len(column.dictionary)))
    texts = column.dictionary.take(pa.array(used))
    order = pc.array_sort_indices(texts)
    ranks = np.zeros(len(column.dictionary), dtype="int64")
    ranks[used[order.to_numpy()]] = np.arange(len(used))
    return ranks[codes], texts.take(order)
