"""Tag records in codes: the rows of one fetched window, and several of them as one dataset."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from userlane.contract import COLUMNS, AggregateCache, CodedRecords, Source, Window, count_unused
from userlane.errors import UserlaneError
from userlane.store.id_dictionary import IdDictionary


@dataclass(frozen=True, eq=False)
class TagRows:
    """The tag records of the days in `window`, sorted by day, in codes: in a file, or in memory.

    Attributes:
        dictionary: The ID dictionary of the codes.
        counts: The number of records by day, also of days in the file that lie outside the window.
        window: The days that count.
        path: The Parquet file of the records, in the columns `CODES`.
        memory: The records, in the columns `CODES`, where there is no file.
        unused: The number, at most, of records without an interaction.
    """

    dictionary: IdDictionary
    counts: Mapping[date, int]
    window: Window
    path: Path | None = None
    memory: pa.Table | None = field(default=None, repr=False)
    unused: int = 0

    @cached_property
    def num_rows(self) -> int:
        """The number of records of the window's days."""
        return sum(count for day, count in self.counts.items() if self._inside(day))

    @property
    def nbytes(self) -> int:
        """The memory that the records take, in bytes."""
        return self.memory.nbytes if self.memory is not None else 0

    @property
    def is_cut(self) -> bool:
        """Whether the file has days outside the window."""
        return not all(map(self._inside, self.counts))

    def over(self, window: Window) -> "TagRows":
        """The records of a part of the window."""
        return replace(self, window=window)

    def read(self) -> pa.Table:
        """The window's records in codes. Raises `UserlaneError` when their file is gone or broken."""
        try:
            table = self.memory if self.memory is not None else pq.ParquetFile(self.path).read()
        except (OSError, pa.ArrowException) as error:
            raise UserlaneError(
                "Stored records were removed while they were read.", "Load the page again."
            ) from error
        before = sum(count for day, count in self.counts.items() if day < self.window.start)
        return table.replace_schema_metadata(None).slice(before, self.num_rows)

    def decode(self) -> pa.Table:
        """The window's records in the canonical columns."""
        return self.dictionary.decode(self.read())

    def _inside(self, day: date) -> bool:
        return self.window.start <= day < self.window.end


def count_by_day(table: pa.Table) -> dict[date, int]:
    """The number of records by day, in order of the days."""
    counted = table["date"].value_counts().to_pylist()
    return dict(sorted((each["values"], each["counts"]) for each in counted))


def encode_rows(table: pa.Table, window: Window, dictionary: IdDictionary | None = None) -> TagRows:
    """Encode a table in the canonical columns, in memory; without a dictionary, with one of its own."""
    dictionary = dictionary or IdDictionary()
    return TagRows(
        dictionary, count_by_day(table), window, None, dictionary.encode(table), count_unused(table)
    )


class TagRecords:
    """The rows of windows side by side, as `contract.Stored`. `origins` are the IDs of their fetches."""

    def __init__(
        self, parts: Sequence[TagRows], origins: Sequence[str] = (), aggregates: AggregateCache | None = None
    ) -> None:
        self._parts = [part for part in parts if part.num_rows]
        ids = dict(zip(map(id, parts), origins, strict=False))
        self._origins = tuple(
            (f"{ids[id(part)]} {part.dictionary.id}", part.window) for part in parts if id(part) in ids
        )
        self._aggregates = aggregates
        self.num_rows = sum(part.num_rows for part in self._parts)

    @property
    def days(self) -> tuple[date, date] | None:
        """As in `Stored`."""
        days = [
            day for part in self._parts for day in part.counts if part.window.start <= day < part.window.end
        ]
        return (min(days), max(days)) if days else None

    def batches(self) -> Iterator[pa.Table]:
        """As in `Stored`: a window at a time."""
        if not self._parts:
            yield COLUMNS["tags"].empty_table()
        for part in self._parts:
            yield part.decode()

    def encode(self) -> CodedRecords:
        """As in `Stored`. The codes of the dictionary with most records count for all."""
        if not self._parts:
            nothing = pa.chunked_array([], pa.string())
            return CodedRecords((), nothing, nothing)
        by_dictionary: dict[IdDictionary, list[TagRows]] = {}
        for part in self._parts:
            by_dictionary.setdefault(part.dictionary, []).append(part)
        rows = {each: sum(part.num_rows for part in parts) for each, parts in by_dictionary.items()}
        main, *others = sorted(rows, key=rows.__getitem__, reverse=True)
        tags, users = main.indexes["tag"].ids, main.indexes["user"].ids
        sources = _sources(by_dictionary[main])
        for other in others:
            tags, tag_codes = _join(tags, other.indexes["tag"].ids)
            users, user_codes = _join(users, other.indexes["user"].ids)
            found = _sources(by_dictionary[other])
            sources += [replace(each, tags=tag_codes, users=user_codes) for each in found]
        all_used = not any(part.unused for part in self._parts)
        return CodedRecords(tuple(sources), tags, users, all_used, self._origins, self._aggregates)


def _sources(parts: Sequence[TagRows]) -> list[Source]:
    entire = tuple(str(part.path) for part in parts if part.path and not part.is_cut)
    sources = [Source(paths=entire)] if entire else []
    sources += [
        Source(paths=(str(part.path),), window=part.window) for part in parts if part.path and part.is_cut
    ]
    kept = [part.read() for part in parts if part.memory is not None]
    return [*sources, Source(table=pa.concat_tables(kept))] if kept else sources


def _join(ids: pa.ChunkedArray, more: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.Array]:
    """All IDs, with the first ones at their places, and for each of the others its place among all."""
    codes = pc.index_in(more, value_set=ids).fill_null(-1).to_numpy().copy()
    new = np.flatnonzero(codes < 0)
    codes[new] = np.arange(len(ids), len(ids) + len(new))
    every = pa.chunked_array([*ids.chunks, *more.take(pa.array(new)).chunks], pa.string())
    return every, pa.array(codes, pa.int32())
