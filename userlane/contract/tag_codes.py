"""Tag records in codes: what expressions over millions of them read.

A tag or user ID is a text. Millions of records hold each of them again and again, so they are counted by a
small whole number in its place, and the text comes back at the edge, for the few that are shown.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract.query import Window

CODES: pa.Schema = pa.schema(
    [("date", pa.date32()), ("tag", pa.int32()), ("user", pa.int32()), ("interactions", pa.int32())]
)
"""The columns of coded tag records: the day, the codes of tag and user, and how often."""


class Texts:
    """Texts by code: the text of code 0, 1, … `size` − 1, which are had from `load` when first asked for."""

    def __init__(self, size: int, load: Callable[[], pa.Array]) -> None:
        self.size = size
        self._load = load

    @cached_property
    def array(self) -> pa.Array:
        """All of them, in the order of their codes."""
        return self._load().slice(0, self.size)

    def of(self, codes: Iterable[int]) -> list[str]:
        """The texts of these codes."""
        texts: list[str] = self.array.take(pa.array(list(codes), pa.int64())).to_pylist()
        return texts

    def codes(self, texts: Sequence[str]) -> list[int]:
        """The codes of these texts; what has none is left out."""
        found = pc.index_in(pa.array(list(texts), pa.string()), value_set=self.array)
        return [code for code in found.to_pylist() if code is not None]


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """Some of the records: Parquet files (`paths`) or a `table`, in the columns `CODES`.

    Where `window` is set, only its days count. Where `tags` or `users` is set, its place for a code holds the
    code that goes for the whole.
    """

    paths: tuple[str, ...] = ()
    table: pa.Table | None = None
    window: Window | None = None
    tags: pa.Array | None = None
    users: pa.Array | None = None


class Shelf(Protocol):
    """Where sums over unchanging records are kept, each under a key that names these records."""

    def get(self, keys: Sequence[str]) -> Mapping[str, pa.Table]:
        """What there is under these keys."""

    def put(self, tables: Mapping[str, pa.Table]) -> None:
        """Keep these. Never fails: what cannot be kept is counted again another time."""


class MemoryShelf:
    """A shelf that lasts as long as the process; the oldest go above `most` tables."""

    def __init__(self, most: int = 2_000) -> None:
        self._most = most
        self._tables: dict[str, pa.Table] = {}
        self._lock = Lock()

    def get(self, keys: Sequence[str]) -> Mapping[str, pa.Table]:
        """As in `Shelf`."""
        with self._lock:
            return {key: self._tables[key] for key in keys if key in self._tables}

    def put(self, tables: Mapping[str, pa.Table]) -> None:
        """As in `Shelf`."""
        with self._lock:
            self._tables |= tables
            for key in list(self._tables)[: max(0, len(self._tables) - self._most)]:
                del self._tables[key]


@dataclass(frozen=True, eq=False, slots=True)
class Coded:
    """Tag records in codes, from several sources with one set of codes: `tags` and `users` are their texts.

    `all_used` says that each record has an interaction at least. `origins` tells which part of which fetch,
    and in whose codes, the records of which days are; with a `shelf`, sums over whole weeks of them can be
    kept. Both are empty where nothing is stored.
    """

    sources: tuple[Source, ...]
    tags: Texts
    users: Texts
    all_used: bool = False
    origins: tuple[tuple[str, Window], ...] = ()
    shelf: Shelf | None = None


def coded(table: pa.Table) -> Coded:
    """Records in the canonical columns of tags as coded ones. No text is copied.

    >>> from userlane.contract import COLUMNS
    >>> coded(COLUMNS["tags"].empty_table()).tags.size
    0
    """
    single = table.unify_dictionaries().combine_chunks()
    tag, tags = _codes(single["tag_id"])
    user, users = _codes(single["user_id"])
    columns = pa.table([single["date"], tag, user, single["interactions"]], schema=CODES)
    return Coded((Source(table=columns),), tags, users, all_used=unused(table) == 0)


def unused(table: pa.Table) -> int:
    """How many records of a table, coded or not, have no interaction."""
    count: int = pc.sum(pc.equal(table["interactions"], 0)).as_py() or 0
    return count


def _codes(column: pa.ChunkedArray) -> tuple[pa.Array, Texts]:
    if not column.num_chunks:
        return pa.array([], pa.int32()), Texts(0, lambda: pa.array([], pa.string()))
    array = column.chunk(0)
    texts = array.dictionary.cast(pa.string())
    return array.indices.cast(pa.int32()), Texts(len(texts), lambda: texts)
