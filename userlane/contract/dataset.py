"""Loaded records together with their state: complete, incomplete, stale or empty."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Literal, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract.query import Query, Window
from userlane.contract.tag_codes import CodedRecords, encode_records

Condition = Literal["complete", "incomplete", "stale", "empty"]


@dataclass(frozen=True, slots=True)
class State:
    """Whether the records of a dataset are complete and current, and what was left out.

    Attributes:
        reasons: Why the dataset is incomplete, in sentences.
        missing: The windows that could not be loaded. Empty, like `reasons`, for a complete dataset.
        fetched_at: When the records were fetched.
        stale: Whether a newer fetch failed, so that records of an earlier one are used.
        refused: The number of records or values that could not be used, by reason.
        duplicates: The number of records left out because their natural key came before.
        outside: The number of records left out because they are not of the window.
        notes: Sentences about complete records that may not mean what they seem to mean.
        denied: Whether something is missing because the API refused access to it.
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
        """Whether all records of the window were loaded."""
        return not (self.reasons or self.missing)

    @property
    def causes(self) -> tuple[str, ...]:
        """Why the dataset is incomplete, in sentences; empty for a complete one."""
        return self.reasons or (("Not all days were loaded.",) if self.missing else ())

    def condition(self, rows: int) -> Condition:
        """The state of `rows` records in one word: incomplete before stale before empty before complete."""
        if not self.complete:
            return "incomplete"
        if self.stale:
            return "stale"
        return "complete" if rows else "empty"

    @property
    def refused_rows(self) -> int:
        """The number of records and values that could not be used."""
        return sum(self.refused.values())

    def merge(self, *others: "State") -> "State":
        """Merge the states of several loads into the worst of them.

        `fetched_at` is the oldest of all states, or of the stale ones if there are any.
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
    """Tag records in files or in codes, because there may be millions of them."""

    @property
    def num_rows(self) -> int:
        """The number of records."""

    @property
    def days(self) -> tuple[date, date] | None:
        """The days of the first and of the last record."""

    def batches(self) -> Iterator[pa.Table]:
        """All records in the canonical columns and in order, some ten thousand at a time."""

    def encode(self) -> CodedRecords:
        """All of them in codes."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """The records of a `Query` and their state.

    `source` is a table in the canonical columns, or the stored records of tags. Two datasets with the same
    `fingerprint` have the same records; it is given only to users who may see these records. `change` is
    applied to each batch of stored records when it is read.
    """

    query: Query
    source: pa.Table | Stored
    state: State
    fingerprint: str
    change: Callable[[pa.Table], pa.Table] | None = None

    @property
    def rows(self) -> int:
        """The number of records."""
        rows: int = self.source.num_rows
        return rows

    @cached_property
    def table(self) -> pa.Table:
        """All records in the canonical columns, in memory. Use `batches` for many stored records."""
        if isinstance(self.source, pa.Table):
            return self.source
        return pa.concat_tables(self.batches()).unify_dictionaries()

    def batches(self) -> Iterator[pa.Table]:
        """The records in the canonical columns and in order, batch by batch; at least one, perhaps empty."""
        if isinstance(self.source, pa.Table):
            return iter([self.source])
        return map(self.change, self.source.batches()) if self.change else self.source.batches()

    def encode(self) -> CodedRecords:
        """The records of tags in codes."""
        return encode_records(self.source) if isinstance(self.source, pa.Table) else self.source.encode()

    @property
    def days(self) -> tuple[date, date] | None:
        """The days (responses: in UTC) of the first and of the last record; None without records."""
        if not isinstance(self.source, pa.Table):
            return self.source.days
        column = self.source["date" if "date" in self.source.column_names else "timestamp"]
        ends = list(pc.min_max(column).as_py().values())
        if None in ends:
            return None
        first, last = (each.date() if isinstance(each, datetime) else each for each in ends)
        return first, last

    def transform(self, change: Callable[[pa.Table], pa.Table], mark: str) -> "Dataset":
        """Apply `change` to each batch; it must keep the number of rows. `mark` goes into the fingerprint."""
        fingerprint = f"{self.fingerprint} {mark}"
        if isinstance(self.source, pa.Table):
            return replace(self, source=change(self.source), fingerprint=fingerprint)
        # A change of stored records replaces an earlier one: there is only one, the names of the tags.
        return replace(self, change=change, fingerprint=fingerprint)

    @property
    def condition(self) -> Condition:
        """The state in one word."""
        return self.state.condition(self.rows)

    @property
    def absent(self) -> bool:
        """Whether nothing could be loaded."""
        return not self.rows and self.state.missing == (self.query.window,)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The records as a data frame for metrics, shared and therefore not to be changed.

        It has the canonical columns, with days as timestamps of midnight. `nps` and `surveys` also have
        `day`, the day of the response in the query's time zone.
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
