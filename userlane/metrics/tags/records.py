"""From a dataset to what expressions read; the only part that knows where tag records are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Literal
from weakref import WeakKeyDictionary

import ibis
import pandas as pd
import pyarrow as pa

from userlane.contract import CODES, Coded, Dataset, Source, Texts
from userlane.engine import distinct, run
from userlane.engine import table as stored_table

Step = Literal["day", "week"]


@dataclass(frozen=True, eq=False, slots=True)
class Records:
    """Tag records as an Ibis table of `contract.CODES`: `date`, `tag`, `user`, `interactions`.

    `tags` and `users` are the texts behind the codes; `all_used` says that each has an interaction.
    """

    table: ibis.Table
    tags: Texts
    users: Texts
    all_used: bool

    def of_tags(self, tag_ids: Sequence[str] | None) -> "Records":
        """Those of these tags; of all, if none are given."""
        if tag_ids is None:
            return self
        return replace(self, table=self.table.filter(self.table.tag.isin(self.tags.codes(tag_ids))))

    def used(self) -> "Records":
        """Those with at least one interaction."""
        if self.all_used:
            return self
        return replace(self, table=self.table.filter(self.table.interactions > 0), all_used=True)

    def different_users(self, *, by_tag: bool = False) -> ibis.Value:
        """How many different users there are, in all or for each tag."""
        groups = self.tags.size if by_tag else 1
        return distinct(self.table.user, self.users.size, groups)

    def named(self, found: pd.DataFrame) -> pd.DataFrame:
        """A frame with the tag IDs, as its first column `tag_id`, in place of the codes in `tag`."""
        named = found.drop(columns="tag")
        named.insert(0, "tag_id", pd.Series(self.tags.of(found["tag"]), dtype="str"))
        return named


def records(dataset: Dataset) -> Records:
    """All records of a tag dataset. Nothing is read, copied or decoded before an expression asks for it."""
    coded = dataset.coded()
    return Records(_united(coded), coded.tags, coded.users, coded.all_used)


def uses(dataset: Dataset, tag_ids: Sequence[str] | None = None) -> Records:
    """The records with at least one interaction, of the given tags or of all."""
    return records(dataset).used().of_tags(tag_ids)


def different_users(dataset: Dataset) -> int:
    """How many different users the records are of, also those without an interaction; counted once."""
    with _lock:
        known = _users.get(dataset)
    if known is None:
        found = run(records(dataset).different_users().name("users"))
        known = _users[dataset] = int(found["users"].iloc[0])
    return known


_users: WeakKeyDictionary[Dataset, int] = WeakKeyDictionary()
_lock = Lock()


def period(table: ibis.Table, by: Step) -> ibis.Value:
    """The first day of each record's period; weeks begin on Monday."""
    return (table.date if by == "day" else table.date.truncate("W")).name("period")


def calendar(dataset: Dataset, by: Step) -> pd.DataFrame:
    """Every period of the window in order, whatever was used in it.

    Columns: `period` its first day; `cut` whether some of its days lie outside the window; `missing` whether
    some of its days inside are not loaded, so that nothing true can be said about it.
    """
    window = dataset.query.window
    days = pd.date_range(window.start, window.last, unit="us")
    missing = pd.Series(False, index=days)
    for gap in dataset.state.missing:
        missing |= (days >= pd.Timestamp(gap.start)) & (days < pd.Timestamp(gap.end))
    first = days if by == "day" else days - pd.to_timedelta(days.day_of_week, unit="D").as_unit("us")
    grouped = missing.groupby(first.rename("period"))
    periods = pd.DataFrame(
        {
            "cut": grouped.size() < (1 if by == "day" else 7),
            "missing": grouped.any(),
        }
    )
    return periods.reset_index()


def _united(coded: Coded) -> ibis.Table:
    tables = [_table(source) for source in coded.sources]
    return ibis.union(*tables) if tables else ibis.memtable(CODES.empty_table())


def _table(source: Source) -> ibis.Table:
    table = ibis.memtable(source.table) if source.table is not None else stored_table(source.paths, CODES)
    if source.window is not None:
        table = table.filter((table.date >= source.window.start) & (table.date < source.window.end))
    for name, codes in (("tag", source.tags), ("user", source.users)):
        if codes is not None:
            table = _translated(table, name, codes)
    return table


def _translated(table: ibis.Table, name: str, codes: pa.Array) -> ibis.Table:
    """Codes of another lexicon become those that go for the whole."""
    numbers = pa.array(range(len(codes)), pa.int32())
    pairs = ibis.memtable(pa.table({"theirs": numbers, "ours": codes}))
    joined = table.join(pairs, table[name] == pairs.theirs)
    return joined.mutate(**{name: joined.ours}).select(CODES.names)
