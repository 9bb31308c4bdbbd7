"""What is loaded: rows together with how far they can be trusted."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Literal, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract.query import Query, Window
from userlane.contract.tag_codes import Coded, coded

Condition = Literal["complete", "incomplete", "stale", "empty"]


@dataclass(frozen=True, slots=True)
class State:
    """How far the rows of a dataset can be trusted.

    `reasons` and `missing`, the windows still to be had, are empty when everything asked for is here.
    `refused` counts records left out, by reason; `duplicates` counts repeats dropped by natural key;
    `outside` counts records the API sent from outside the window. `stale` is set when a newer fetch failed.
    `notes` are sentences about rows that are all here and yet may not mean what they seem to. `denied` is set
    when something is missing because the API refused it: what was seen before may not be seen any more.
    """

    reasons: tuple[str, ...] = ()
    missing: tuple[Window, ...] = ()
    fetched_at: datetime | None = None
    stale: bool = False
    refused: Mapping[str, int] = field(default_factory=dict)
    duplicates: int = 0
    outside: int = 0
    notes: tuple[str, ...] = ()
    denied: bool = False

    @property
    def complete(self) -> bool:
        """Whether every record of the window is here."""
        return not (self.reasons or self.missing)

    @property
    def causes(self) -> tuple[str, ...]:
        """Why it is not complete, in sentences; empty when it is."""
        return self.reasons or (("Not all days were loaded.",) if self.missing else ())

    def condition(self, rows: int) -> Condition:
        """The state of so many rows in one word: incomplete before stale before empty before complete."""
        if not self.complete:
            return "incomplete"
        if self.stale:
            return "stale"
        return "complete" if rows else "empty"

    @property
    def refused_rows(self) -> int:
        """How many records were left out because they could not be understood."""
        return sum(self.refused.values())

    def merged(self, *others: "State") -> "State":
        """The state of several loads shown as one: the worst of each.

        `fetched_at` is the oldest of them; where some are stale, the oldest of these.
        """
        states = (self, *others)
        refused: Counter[str] = Counter()
        for state in states:
            refused.update(state.refused)
        stale = [state for state in states if state.stale]
        fetched = [state.fetched_at for state in stale or states if state.fetched_at]
        return State(
            reasons=tuple(dict.fromkeys(reason for state in states for reason in state.reasons)),
            missing=tuple(sorted({window for state in states for window in state.missing})),
            fetched_at=min(fetched, default=None),
            stale=bool(stale),
            refused=dict(refused),
            duplicates=sum(state.duplicates for state in states),
            outside=sum(state.outside for state in states),
            notes=tuple(dict.fromkeys(note for state in states for note in state.notes)),
            denied=any(state.denied for state in states),
        )


class Stored(Protocol):
    """Tag records that lie in files or are held in codes, because there may be millions of them."""

    @property
    def num_rows(self) -> int:
        """How many there are."""

    @property
    def days(self) -> tuple[date, date] | None:
        """The days of the first and of the last record."""

    def batches(self) -> Iterator[pa.Table]:
        """All of them in the canonical columns and in order, some ten thousand at a time."""

    def coded(self) -> Coded:
        """All of them in codes."""


@dataclass(frozen=True, eq=False, slots=True)
class _Changed:
    """Stored records, each batch changed when it is read; counted as they are."""

    stored: Stored
    change: Callable[[pa.Table], pa.Table]

    @property
    def num_rows(self) -> int:
        return self.stored.num_rows

    @property
    def days(self) -> tuple[date, date] | None:
        return self.stored.days

    def batches(self) -> Iterator[pa.Table]:
        return map(self.change, self.stored.batches())

    def coded(self) -> Coded:
        return self.stored.coded()


@dataclass(frozen=True, eq=False)
class Dataset:
    """The answer to a `Query`: its records, and its state. `source` is a table in the canonical columns or,
    of tags, what is stored.

    `fingerprint` names this very content: two datasets with one fingerprint hold the same rows, and only who
    was shown to see these rows is ever given it.
    """

    query: Query
    source: pa.Table | Stored
    state: State
    fingerprint: str

    @property
    def rows(self) -> int:
        """How many records are in the window."""
        rows: int = self.source.num_rows
        return rows

    @cached_property
    def table(self) -> pa.Table:
        """All records in the canonical columns, in memory: of stored ones, `batches` is for many of them."""
        if isinstance(self.source, pa.Table):
            return self.source
        return pa.concat_tables(self.source.batches()).unify_dictionaries()

    def batches(self) -> Iterator[pa.Table]:
        """The records in the canonical columns and in order, never all of the stored ones at a time; at least
        one batch, be it empty.
        """
        return iter([self.source]) if isinstance(self.source, pa.Table) else self.source.batches()

    def coded(self) -> Coded:
        """The records of tags in codes."""
        return coded(self.source) if isinstance(self.source, pa.Table) else self.source.coded()

    @property
    def days(self) -> tuple[date, date] | None:
        """The days of the first and of the last record, of responses in UTC; None without records."""
        if not isinstance(self.source, pa.Table):
            return self.source.days
        column = self.source["date" if "date" in self.source.column_names else "timestamp"]
        ends = list(pc.min_max(column).as_py().values())
        if None in ends:
            return None
        first, last = (each.date() if isinstance(each, datetime) else each for each in ends)
        return first, last

    def changed(self, change: Callable[[pa.Table], pa.Table], mark: str) -> "Dataset":
        """The same with each table of records changed, but not their number; `mark` tells changes apart."""
        source = self.source
        changed = change(source) if isinstance(source, pa.Table) else _Changed(source, change)
        return Dataset(self.query, changed, self.state, f"{self.fingerprint} {mark}")

    @property
    def condition(self) -> Condition:
        """The state in one word."""
        return self.state.condition(self.rows)

    @property
    def absent(self) -> bool:
        """Whether nothing of it could be loaded."""
        return not self.rows and self.state.missing == (self.query.window,)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as a frame for metrics: the canonical columns, days as midnight timestamps,
        and for `nps` and `surveys` also `day`, the day of the answer in the query's time zone.

        Not to be changed in place: it is shared.
        """
        frame: pd.DataFrame = self.table.to_pandas(date_as_object=False, strings_to_categorical=False)
        for name in ("response_id", "user_id", "survey_id", "bucket", "comment"):
            if name in frame and self.query.dataset != "tags":
                frame[name] = frame[name].astype("str")
        if "timestamp" in frame:
            local = frame["timestamp"].dt.tz_convert(self.query.timezone)
            frame["day"] = local.dt.tz_localize(None).dt.normalize()
        if "date" in frame:
            frame["date"] = frame["date"].astype("datetime64[us]")
        return frame
