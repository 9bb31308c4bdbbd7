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
from userlane.engine import distinct, distinct_by, fetch_if_small, run
from userlane.engine import table as table_of_files

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

    def different_users(self) -> ibis.Value:
        """How many different users there are."""
        return distinct(self.table.user, self.users.size)

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


def of_few(dataset: Dataset, tag_ids: Sequence[str]) -> Records:
    """`uses` of a few tags, to be asked for more than once: those of the choice made last are kept in memory,
    where they are not too many, with the texts behind their codes, which another look may number otherwise.
    """
    chosen = tuple(tag_ids)
    with _lock:
        kept = _latest.get(dataset)
    if kept is not None and kept[0] == chosen:
        return kept[1]
    used = uses(dataset, chosen)
    rows = fetch_if_small(used.table, _MOST_KEPT)
    found = used if rows is None else replace(used, table=ibis.memtable(rows))
    with _lock:
        _latest.clear()  # of all datasets, so that what is kept is bounded
        _latest[dataset] = chosen, found
    return found


_MOST_KEPT = 3_000_000
"""48 MB."""

_latest: WeakKeyDictionary[Dataset, tuple[tuple[str, ...], Records]] = WeakKeyDictionary()


def of_each_tag(dataset: Dataset) -> pd.DataFrame:
    """What was used of each tag; counted once. Not to be changed: it is shared.

    Columns: `tag_id`, in no order; `users`; `interactions`; `first_day` and `last_day` of use; and in
    `everyone` how many different users used any tag, the same in each row.
    """
    with _lock:
        known = _each_tag.get(dataset)
    if known is None:
        used = records(dataset).used()
        counted = _together(used)
        if counted is None:
            found = used.named(run(_apart(used)))
            everyone = run(used.different_users().name("users"))["users"].iloc[0]
            found["everyone"] = everyone if len(found) else 0
        else:
            found = used.named(run(counted)).rename(columns={"different": "users", "altogether": "everyone"})
        known = found[["tag_id", "users", "interactions", "first_day", "last_day", "everyone"]]
        with _lock:
            _each_tag[dataset] = known
    return known


def different_users(dataset: Dataset) -> int:
    """How many different users the records are of, also those without an interaction; counted once, and where
    it costs no more together with `of_each_tag`.
    """
    with _lock:
        known = _users.get(dataset)
    if known is None:
        everything = records(dataset)
        # Where every record is a use, whoever was seen used something.
        if everything.all_used and _together(everything) is not None:
            found = of_each_tag(dataset)["everyone"]
            known = int(found.max()) if len(found) else 0
        else:
            known = int(run(everything.different_users().name("users"))["users"].iloc[0])
        with _lock:
            _users[dataset] = known
    return known


def forget() -> None:
    """Keep no records and nothing that was counted of them."""
    with _lock:
        for kept in (_latest, _each_tag, _users):
            kept.clear()


_each_tag: WeakKeyDictionary[Dataset, pd.DataFrame] = WeakKeyDictionary()
_users: WeakKeyDictionary[Dataset, int] = WeakKeyDictionary()
_lock = Lock()


def _together(used: Records) -> ibis.Table | None:
    table, sizes = used.table, (used.users.size, used.tags.size)
    return distinct_by(table, "tag", "user", sizes[0], groups=sizes[1], **_of_tag(table))


def _apart(used: Records) -> ibis.Table:
    users = distinct(used.table.user, used.users.size, used.tags.size)
    return used.table.group_by("tag").agg(users=users, **_of_tag(used.table))


def _of_tag(table: ibis.Table) -> dict[str, ibis.Value]:
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
    table = ibis.memtable(source.table) if source.table is not None else table_of_files(source.paths, CODES)
    if source.window is not None:
        table = table.filter((table.date >= source.window.start) & (table.date < source.window.end))
    for name, codes in (("tag", source.tags), ("user", source.users)):
        if codes is not None:
            table = _translated(table, name, codes)
    return table


def _translated(table: ibis.Table, name: str, codes: pa.Array) -> ibis.Table:
    """Codes of another ID dictionary become those that go for the whole."""
    numbers = pa.array(range(len(codes)), pa.int32())
    pairs = ibis.memtable(pa.table({"theirs": numbers, "ours": codes}))
    joined = table.join(pairs, table[name] == pairs.theirs)
    return joined.mutate(**{name: joined.ours}).select(CODES.names)
