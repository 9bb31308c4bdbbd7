"""Tag records of one fetch in codes, and several of them as one answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from userlane.contract import COLUMNS, CodedRecords, Shelf, Source, Window, count_unused
from userlane.errors import UserlaneError
from userlane.store.id_dictionary import IdDictionary


@dataclass(frozen=True, eq=False)
class Part:
    """Records of the days in `window`, sorted by day, in the codes of a dictionary: in a file, or `held`.

    `counts` says how many each day has, also of the days in the file that lie outside the window; `unused`
    how many records, at most, have no interaction.
    """

    dictionary: IdDictionary
    counts: Mapping[date, int]
    window: Window
    path: Path | None = None
    held: pa.Table | None = field(default=None, repr=False)
    unused: int = 0

    @cached_property
    def num_rows(self) -> int:
        """How many records the window's days have."""
        return sum(count for day, count in self.counts.items() if self._inside(day))

    @property
    def nbytes(self) -> int:
        """How much memory the records take."""
        return self.held.nbytes if self.held is not None else 0

    @property
    def cut(self) -> bool:
        """Whether there are days outside the window."""
        return not all(map(self._inside, self.counts))

    def over(self, window: Window) -> "Part":
        """Those of a part of the window."""
        return replace(self, window=window)

    def coded(self) -> pa.Table:
        """The window's records in codes. Raises `UserlaneError` when their file is gone or broken."""
        try:
            table = self.held if self.held is not None else pq.ParquetFile(self.path).read()
        except (OSError, pa.ArrowException) as error:
            raise UserlaneError(
                "Stored records were removed while they were read.", "Load the page again."
            ) from error
        before = sum(count for day, count in self.counts.items() if day < self.window.start)
        return table.replace_schema_metadata(None).slice(before, self.num_rows)

    def table(self) -> pa.Table:
        """The window's records in the canonical columns."""
        return self.dictionary.decode(self.coded())

    def _inside(self, day: date) -> bool:
        return self.window.start <= day < self.window.end


def days_of(table: pa.Table) -> dict[date, int]:
    """How many records each day of a table has, in order of the days."""
    counted = table["date"].value_counts().to_pylist()
    return dict(sorted((each["values"], each["counts"]) for each in counted))


def held(table: pa.Table, window: Window, dictionary: IdDictionary | None = None) -> Part:
    """A table in the canonical columns as a part in memory; with codes of its own, unless told whose."""
    dictionary = dictionary or IdDictionary()
    return Part(dictionary, days_of(table), window, None, dictionary.encode(table), count_unused(table))


class TagRecords:
    """Parts that lie side by side, as `contract.Stored`. `origins` name the fetch each of them is of."""

    def __init__(
        self, parts: Sequence[Part], origins: Sequence[str] = (), shelf: Shelf | None = None
    ) -> None:
        self._parts = [part for part in parts if part.num_rows]
        ids = dict(zip(map(id, parts), origins, strict=False))
        self._origins = tuple(
            (f"{ids[id(part)]} {part.dictionary.id}", part.window) for part in parts if id(part) in ids
        )
        self._shelf = shelf
        self.num_rows = sum(part.num_rows for part in self._parts)

    @property
    def days(self) -> tuple[date, date] | None:
        """As in `Stored`."""
        days = [
            day for part in self._parts for day in part.counts if part.window.start <= day < part.window.end
        ]
        return (min(days), max(days)) if days else None

    def batches(self) -> Iterator[pa.Table]:
        """As in `Stored`: a part at a time."""
        if not self._parts:
            yield COLUMNS["tags"].empty_table()
        for part in self._parts:
            yield part.table()

    def encode(self) -> CodedRecords:
        """As in `Stored`. The codes of whichever dictionary has most records go for all."""
        if not self._parts:
            nothing = pa.array([], pa.string())
            return CodedRecords((), nothing, nothing)
        by_dictionary: dict[IdDictionary, list[Part]] = {}
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
        return CodedRecords(tuple(sources), tags, users, all_used, self._origins, self._shelf)


def _sources(parts: Sequence[Part]) -> list[Source]:
    entire = tuple(str(part.path) for part in parts if part.path and not part.cut)
    sources = [Source(paths=entire)] if entire else []
    sources += [
        Source(paths=(str(part.path),), window=part.window) for part in parts if part.path and part.cut
    ]
    kept = [part.coded() for part in parts if part.held is not None]
    return [*sources, Source(table=pa.concat_tables(kept))] if kept else sources


def _join(ids: pa.Array, more: pa.Array) -> tuple[pa.Array, pa.Array]:
    """All IDs, with the first ones at their places, and for each of the others its place among all."""
    codes = pc.fill_null(pc.index_in(more, value_set=ids), -1).to_numpy().copy()
    new = np.flatnonzero(codes < 0)
    codes[new] = np.arange(len(ids), len(ids) + len(new))
    return pa.concat_arrays([ids, more.take(pa.array(new))]), pa.array(codes, pa.int32())
