"""From a dataset to what expressions read; the only part that knows where tag records are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Literal
from weakref import WeakKeyDictionary

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from cachetools import cached

from userlane.contract import CODES, Dataset, Source
from userlane.engine import get_engine, run
from userlane.engine import table as table_of_files

Step = Literal["day", "week"]

_MOST_KEPT = 3_000_000
"""Records of chosen tags kept in memory: 48 MB."""

_chosen: WeakKeyDictionary[Dataset, tuple[tuple[str, ...], "Records"]] = WeakKeyDictionary()
_usage: WeakKeyDictionary[Dataset, pd.DataFrame] = WeakKeyDictionary()
_seen: WeakKeyDictionary[Dataset, int] = WeakKeyDictionary()
_lock = Lock()


def clear_caches() -> None:
    """Drop the records that are kept and all that was counted of them."""
    with _lock:
        for cache in (_chosen, _usage, _seen):
            cache.clear()


@dataclass(frozen=True, eq=False, slots=True)
class Records:
    """Tag records as an Ibis table of `contract.CODES`: `date`, `tag`, `user`, `interactions`.

    `tags` and `users` are the IDs in the order of their codes; `all_used` says that each record has an
    interaction.
    """

    table: ibis.Table
    tags: pa.ChunkedArray
    users: pa.ChunkedArray
    all_used: bool

    def filter_tags(self, tag_ids: Sequence[str] | None) -> "Records":
        """Those of these tags; of all, if none are given."""
        if tag_ids is None:
            return self
        codes = pc.index_in(pa.array(list(tag_ids), pa.string()), value_set=self.tags).drop_null()
        return replace(self, table=self.table.filter(self.table.tag.isin(codes.to_pylist())))

    def filter_used(self) -> "Records":
        """Those with at least one interaction."""
        if self.all_used:
            return self
        return replace(self, table=self.table.filter(self.table.interactions > 0), all_used=True)

    def count_users(self) -> int:
        """The number of different users."""
        users = get_engine().distinct(self.table.user, len(self.users))
        return int(run(users.name("users"))["users"].iloc[0])

    def name_tags(self, found: pd.DataFrame) -> pd.DataFrame:
        """A frame with the tag IDs, as its first column `tag_id`, in place of the codes in `tag`."""
        named = found.drop(columns="tag")
        named.insert(0, "tag_id", _name(found["tag"], self.tags))
        return named

    def name_users(self, codes: pd.Series) -> pd.Series:
        """The user IDs of these codes."""
        return _name(codes, self.users)


def _name(codes: pd.Series, ids: pa.ChunkedArray) -> pd.Series:
    return pd.Series(ids.take(pa.array(codes, pa.int64())).to_pylist(), dtype="str")


def records(dataset: Dataset) -> Records:
    """All records of a tag dataset. Nothing is read, copied or decoded before an expression asks for it."""
    coded = dataset.encode()
    tables = [_table(source) for source in coded.sources]
    table = ibis.union(*tables) if tables else ibis.memtable(CODES.empty_table())
    return Records(table, coded.tags, coded.users, coded.all_used)


def _table(source: Source) -> ibis.Table:
    table = ibis.memtable(source.table) if source.table is not None else table_of_files(source.paths, CODES)
    if source.window is not None:
        table = table.filter((table.date >= source.window.start) & (table.date < source.window.end))
    for name, codes in (("tag", source.tags), ("user", source.users)):
        if codes is not None:
            table = _translate(table, name, codes)
    return table


def _translate(table: ibis.Table, name: str, codes: pa.Array) -> ibis.Table:
    """Replace the codes of another ID dictionary by those that count for all records."""
    numbers = pa.array(range(len(codes)), pa.int32())
    pairs = ibis.memtable(pa.table({"theirs": numbers, "ours": codes}))
    joined = table.join(pairs, table[name] == pairs.theirs)
    return joined.mutate(**{name: joined.ours}).select(CODES.names)


def uses(dataset: Dataset, tag_ids: Sequence[str] | None = None) -> Records:
    """The records with at least one interaction, of the given tags or of all."""
    return records(dataset).filter_used().filter_tags(tag_ids)


def cached_uses(dataset: Dataset, tag_ids: Sequence[str]) -> Records:
    """`uses` of a few tags, for several questions: those of the latest choice are kept in memory, where they
    are not too many, with the IDs of their codes, which another look may number otherwise.
    """
    chosen = tuple(tag_ids)
    with _lock:
        kept = _chosen.get(dataset)
    if kept is not None and kept[0] == chosen:
        return kept[1]
    used = uses(dataset, chosen)
    rows = get_engine().fetch_if_small(used.table, _MOST_KEPT)
    found = used if rows is None else replace(used, table=ibis.memtable(rows))
    with _lock:
        _chosen.clear()  # of all datasets, so that what is kept is bounded
        _chosen[dataset] = chosen, found
    return found


@cached(_usage, key=lambda dataset: dataset, lock=_lock)
def usage_by_tag(dataset: Dataset) -> pd.DataFrame:
    """What was used of each tag; counted once. Not to be changed: it is shared.

    Columns: `tag_id`, in no order; `users`; `interactions`; `first_day` and `last_day` of use; and in
    `everyone` how many different users used any tag, the same in each row.
    """
    used = records(dataset).filter_used()
    together = _count_together(used)
    if together is not None:
        found = run(together).rename(columns={"different": "users", "altogether": "everyone"})
    else:
        users = get_engine().distinct(used.table.user, len(used.users), len(used.tags))
        found = run(used.table.group_by("tag").agg(users=users, **_totals(used.table)))
        found["everyone"] = used.count_users() if len(found) else 0
    columns = ["tag_id", "users", "interactions", "first_day", "last_day", "everyone"]
    return used.name_tags(found)[columns]


@cached(_seen, key=lambda dataset: dataset, lock=_lock)
def seen_users(dataset: Dataset) -> int:
    """How many different users the tag records are of: a denominator for adoption; counted once.

    Records of 0 interactions count too. Who appears in no record is not in it, so the share of everyone is
    lower.

    Ann and Bob used tags, and Cid has a record of 0 interactions: 3.
    """
    everything = records(dataset)
    # Where every record is a use, whoever was seen used something: then both are counted in one look.
    if everything.all_used and _count_together(everything) is not None:
        everyone = usage_by_tag(dataset)["everyone"]
        return int(everyone.max()) if len(everyone) else 0
    return everything.count_users()


def _count_together(used: Records) -> ibis.Table | None:
    """Users of each tag and of all tags in one look; None where the engine needs two."""
    table, sizes = used.table, (len(used.users), len(used.tags))
    return get_engine().distinct_by(table, "tag", "user", sizes[0], groups=sizes[1], **_totals(table))


def _totals(table: ibis.Table) -> dict[str, ibis.Value]:
    return {
        "interactions": table.interactions.sum(),
        "first_day": table.date.min(),
        "last_day": table.date.max(),
    }


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
    periods = pd.DataFrame({"cut": grouped.size() < (1 if by == "day" else 7), "missing": grouped.any()})
    return periods.reset_index()
