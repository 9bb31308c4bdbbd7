"""Tag records in codes: what expressions over millions of them read.

Millions of records hold the same tag and user IDs again and again. So they are counted by a small whole
number in place of each ID, its code, and only the few IDs that are shown are looked up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract.query import Window

CODES: pa.Schema = pa.schema(
    [("date", pa.date32()), ("tag", pa.int32()), ("user", pa.int32()), ("interactions", pa.int32())]
)
"""The columns of coded tag records: the day, the codes of tag and user, and how often."""


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """Some of the records: Parquet files (`paths`) or a `table`, in the columns `CODES`.

    Where `window` is set, only its days count. Where `tags` or `users` is set, the codes are those of another
    ID dictionary, and the array holds, at the place of each, the code that counts for all records.
    """

    paths: tuple[str, ...] = ()
    table: pa.Table | None = None
    window: Window | None = None
    tags: pa.Array | None = None
    users: pa.Array | None = None


class AggregateCache(Protocol):
    """Where aggregates of unchanging records are kept, each under a key that names these records."""

    def get(self, keys: Sequence[str]) -> Mapping[str, pa.Table]:
        """The tables of those of these keys that are known."""

    def put(self, tables: Mapping[str, pa.Table]) -> None:
        """Keep these tables. Never fails: what cannot be kept is counted again another time."""


@dataclass(frozen=True, eq=False, slots=True)
class CodedRecords:
    """Tag records in codes, from several sources with one set of codes.

    Attributes:
        sources: The records.
        tags: The tag IDs in the order of their codes.
        users: The user IDs in the order of their codes.
        all_used: Whether each record has at least one interaction.
        origins: For each part of a fetch, its ID with that of the codes, and its window. Empty where nothing
            is stored.
        aggregates: Where aggregates of whole weeks are kept, if anywhere.
    """

    sources: tuple[Source, ...]
    tags: pa.ChunkedArray
    users: pa.ChunkedArray
    all_used: bool = False
    origins: tuple[tuple[str, Window], ...] = ()
    aggregates: AggregateCache | None = None


def encode_records(table: pa.Table) -> CodedRecords:
    """Encode records in the canonical columns of tags. No ID is copied.

    >>> from userlane.contract import COLUMNS
    >>> len(encode_records(COLUMNS["tags"].empty_table()).tags)
    0
    """
    single = table.unify_dictionaries().combine_chunks()
    tag, tags = _split_dictionary(single["tag_id"])
    user, users = _split_dictionary(single["user_id"])
    columns = pa.table([single["date"], tag, user, single["interactions"]], schema=CODES)
    return CodedRecords((Source(table=columns),), tags, users, all_used=count_unused(table) == 0)


def count_unused(table: pa.Table) -> int:
    """The number of records without an interaction, in a table with or without codes."""
    count: int = pc.sum(pc.equal(table["interactions"], 0)).as_py() or 0
    return count


def _split_dictionary(column: pa.ChunkedArray) -> tuple[pa.Array, pa.ChunkedArray]:
    """The codes of a column and the IDs in the order of their codes."""
    if not column.num_chunks:
        return pa.array([], pa.int32()), pa.chunked_array([], pa.string())
    array = column.chunk(0)
    return array.indices.cast(pa.int32()), pa.chunked_array([array.dictionary.cast(pa.string())])
