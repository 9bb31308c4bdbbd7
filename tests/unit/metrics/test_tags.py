"""Every number about tags is compared with one counted the slow way, record by record."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from userlane.contract import COLUMNS, Dataset, Query, State, Window
from userlane.inference import benjamini_hochberg, share_change, wilson
from userlane.metrics import tags

START = date(2026, 4, 1)  # a Wednesday
NOT_MEASURED = float("nan")


class Use(NamedTuple):
    day: int
    tag_id: str
    user_id: str
    interactions: int


def coded(texts: Sequence[str], *, turned: bool) -> pa.DictionaryArray:
    """Texts coded with a dictionary of its own order, and one entry nothing points to."""
    values = [*dict.fromkeys(texts), "unused"]
    values = values[::-1] if turned else values
    codes = pa.array([values.index(text) for text in texts], pa.int32())
    return pa.DictionaryArray.from_arrays(codes, pa.array(values, pa.string()))


def dataset(uses: Iterable[Use], days: int = 30, missing: Sequence[Window] = (), rows: int = 4) -> Dataset:
    """A tag dataset whose chunks hold `rows` records each, every chunk coded in another way."""
    every = list(uses)
    batches = []
    for place in range(0, len(every), rows):
        chunk = every[place : place + rows]
        columns = [
            pa.array([START + timedelta(days=use.day) for use in chunk], pa.date32()),
            coded([use.tag_id for use in chunk], turned=place % 2 == 0),
            pa.nulls(len(chunk), COLUMNS["tags"].field("tag_name").type),
            coded([use.user_id for use in chunk], turned=place % 2 == 1),
            pa.array([use.interactions for use in chunk], pa.int32()),
        ]
        batches.append(pa.record_batch(columns, schema=COLUMNS["tags"]))
    state = State(reasons=("stopped",) if missing else (), missing=tuple(missing))
    query = Query("tags", "demo", Window(START, START + timedelta(days=days)))
    return Dataset(query, pa.Table.from_batches(batches, COLUMNS["tags"]), state, "")


def days_of(frame: pd.DataFrame, column: str) -> list[int]:
    return [(day.date() - START).days for day in frame[column]]


# Text that SQL, sorting or number parsing could trip over stands among the IDs.
TAG_IDS = st.sampled_from(["7", "07", "1e5", "9007199254740993", "it's", "ä"])
USES = st.lists(
    st.builds(
        Use,
        day=st.integers(0, 29),
        tag_id=TAG_IDS,
        user_id=st.sampled_from(["ann", "bob", "cid", "007", "7", "NA"]),
        interactions=st.integers(0, 4),
    ),
    max_size=40,
    unique_by=lambda use: (use.day, use.tag_id, use.user_id),  # as stored: one record a user, tag and day
)
few = settings(max_examples=20, deadline=None)


def used(uses: Iterable[Use]) -> list[Use]:
    return [use for use in uses if use.interactions > 0]


def users_of(uses: Iterable[Use], tag_id: str) -> dict[str, int]:
    counted: dict[str, int] = defaultdict(int)
    for use in uses:
        if use.tag_id == tag_id and use.interactions > 0:
            counted[use.user_id] += use.interactions
    return counted


@few
@given(USES)
def test_adoption_counts_users_of_each_tag(uses: list[Use]) -> None:
    """Users, shares, interactions, days and their order are those counted record by record."""
    found = tags.adoption(dataset(uses), 10)
    expected = []
    for tag_id in {use.tag_id for use in used(uses)}:
        users = users_of(uses, tag_id)
        days = [use.day for use in used(uses) if use.tag_id == tag_id]
        expected.append((tag_id, len(users), sum(users.values()), min(days), max(days)))
    expected.sort(key=lambda each: (-each[1], -each[2], each[0]))
    assert list(found[["tag_id", "users", "interactions"]].itertuples(index=False, name=None)) == [
        each[:3] for each in expected
    ]
    for row, (_, count, interactions, first, last) in zip(found.itertuples(), expected, strict=True):
        share = wilson(count, 10)
        assert (row.share, row.share_low, row.share_high) == (share.value, share.low, share.high)
        assert row.per_user == interactions / count
        assert row.first_day == pd.Timestamp(START + timedelta(days=first))
        assert row.last_day == pd.Timestamp(START + timedelta(days=last))


@few
@given(USES, st.sampled_from(["day", "week"]), st.none() | st.lists(TAG_IDS, max_size=3))
def test_trend_counts_every_period_of_every_tag(
    uses: list[Use], by: tags.Step, tag_ids: list[str] | None
) -> None:
    """Each tag has each period of the window once, in order, with users and interactions counted by hand."""
    found = tags.trend(dataset(uses), by, tag_ids)
    first = [(START + timedelta(days=day)) for day in range(30)]
    if by == "week":
        first = [day - timedelta(days=day.weekday()) for day in first]
    chosen = sorted({use.tag_id for use in used(uses)}) if tag_ids is None else list(dict.fromkeys(tag_ids))
    expected = []
    for tag_id in chosen:
        for period in dict.fromkeys(first):
            inside = [use for use in used(uses) if use.tag_id == tag_id and first[use.day] == period]
            users, interactions = {use.user_id for use in inside}, sum(use.interactions for use in inside)
            cut = by == "week" and first.count(period) < 7
            expected.append((tag_id, pd.Timestamp(period), len(users), interactions, cut))
    assert list(found.itertuples(index=False, name=None)) == expected


@few
@given(USES, st.lists(TAG_IDS, max_size=3, unique=True))
def test_cumulative_ends_at_the_users_of_adoption(uses: list[Use], tag_ids: list[str]) -> None:
    """On each day the number is of the different users through that day; the last one is adoption's."""
    found = tags.cumulative(dataset(uses), tag_ids)
    expected = [
        (tag_id, day, len(users_of([use for use in uses if use.day <= day], tag_id)))
        for tag_id in tag_ids
        for day in range(30)
    ]
    assert list(zip(found["tag_id"], days_of(found, "date"), found["users"], strict=True)) == expected
    adopted = tags.adoption(dataset(uses), 10).set_index("tag_id")["users"]
    last = found.groupby("tag_id")["users"].last()
    assert last.to_dict() == {tag_id: adopted.get(tag_id, 0) for tag_id in tag_ids}


@few
@given(USES)
def test_totals_count_everybody_once(uses: list[Use]) -> None:
    """A user of two tags on a day is one user of the window."""
    assert tags.totals(dataset(uses)) == tags.Totals(
        users=len({use.user_id for use in used(uses)}),
        interactions=sum(use.interactions for use in uses),
        tags=len({use.tag_id for use in used(uses)}),
        days=len({use.day for use in used(uses)}),
    )


@few
@given(USES, st.none() | st.lists(TAG_IDS, max_size=3), st.integers(1, 4))
def test_heaviest_ranks_users_by_interactions(uses: list[Use], tag_ids: list[str] | None, limit: int) -> None:
    """Interactions, active days, tags and the share of all interactions are of the chosen tags only."""
    found = tags.heaviest(dataset(uses), tag_ids, limit)
    chosen = [use for use in used(uses) if tag_ids is None or use.tag_id in tag_ids]
    total = sum(use.interactions for use in chosen)
    expected = []
    for user_id in {use.user_id for use in chosen}:
        own = [use for use in chosen if use.user_id == user_id]
        theirs = sum(use.interactions for use in own)
        active = len({use.day for use in own})
        expected.append((user_id, theirs, active, len({use.tag_id for use in own}), theirs / total))
    expected.sort(key=lambda each: (-each[1], each[0]))
    assert list(found.itertuples(index=False, name=None)) == expected[:limit]


@few
@given(USES)
def test_seen_users_are_counted_once_each(uses: list[Use]) -> None:
    """A user of several records counts once, also where none has an interaction."""
    assert tags.seen_users(dataset(uses)) == len({use.user_id for use in uses})


@few
@given(USES, USES, st.integers(6, 60), st.integers(6, 60))
def test_change_compares_each_tags_shares(
    now: list[Use], was: list[Use], seen: int, seen_before: int
) -> None:
    """Every tag of either period is there once; difference and p are those of the two shares."""
    found = tags.change(dataset(now), dataset(was), seen, seen_before)
    by_hand = {}
    for tag_id in {use.tag_id for use in used(now + was)}:
        users, before = len(users_of(now, tag_id)), len(users_of(was, tag_id))
        by_hand[tag_id] = (users, before, share_change((before, seen_before), (users, seen)))
    assert set(found["tag_id"]) == set(by_hand)
    assert len(found) == len(by_hand)
    for row in found.itertuples():
        users, before, compared = by_hand[str(row.tag_id)]
        assert (row.users, row.users_before, row.share) == (users, before, users / seen)
        assert row.share_before == before / seen_before
        assert (row.difference, row.p) == (compared.difference, compared.p)
    sizes = found["difference"].abs().tolist()
    assert sizes == sorted(sizes, reverse=True)
    stands = benjamini_hochberg(found["p"].tolist())
    firm = min(seen, seen_before) >= 30
    assert found["real"].tolist() == [each and firm for each in stands]


def people(count: int, tag_id: str = "7", day: int = 0) -> list[Use]:
    return [Use(day, tag_id, f"u-{number}", 1) for number in range(count)]


def test_change_golden() -> None:
    """20 of 100 before and 40 now is real; 20 and 22 is not; with 29 users seen none is called real."""
    now = dataset(people(40) + people(22, "8"), rows=20)
    was = dataset(people(20) + people(20, "8"), rows=20)
    found = tags.change(now, was, 100, 100)
    assert found["tag_id"].tolist() == ["7", "8"]
    assert found["difference"].tolist() == pytest.approx([0.2, 0.02])
    assert found["p"].iloc[0] == pytest.approx(0.00204, abs=1e-4)
    assert found["real"].tolist() == [True, False]
    few_seen, enough_seen = (
        tags.change(dataset(people(25)), dataset(people(2)), seen, 30)["real"].tolist() for seen in (29, 30)
    )
    assert (few_seen, enough_seen) == ([False], [True])


def test_change_with_an_empty_period_is_not_measured() -> None:
    """Where nobody was seen before there is no share, no difference and nothing real."""
    found = tags.change(dataset(people(40)), dataset([]), 100, 0)
    assert found["users"].tolist() == [40]
    assert found["share"].tolist() == [0.4]
    assert found[["share_before", "difference", "p"]].isna().all(axis=None)
    assert found["real"].tolist() == [False]


def test_adoption_golden() -> None:
    """The worked example: 2 of 10 users, share .2 from .057 to .510, 6 interactions, 3 a user."""
    rows = dataset([Use(0, "7", "ann", 2), Use(1, "7", "bob", 3), Use(2, "7", "bob", 1)])
    row = tags.adoption(rows, 10).iloc[0]
    assert (row["users"], row["share"], row["interactions"], row["per_user"]) == (2, 0.2, 6, 3.0)
    assert (row["share_low"], row["share_high"]) == pytest.approx((0.0567, 0.5098), abs=1e-4)
    assert (row["first_day"].day, row["last_day"].day) == (1, 3)


def test_adoption_order() -> None:
    """Most users first; of equally many, most interactions; then by ID."""
    uses = [Use(0, "1", "ann", 1), Use(0, "3", "ann", 2), Use(0, "2", "ann", 2), *people(2, "4")]
    assert tags.adoption(dataset(uses), 3)["tag_id"].tolist() == ["4", "2", "3", "1"]


def test_adoption_refuses_impossible_denominators() -> None:
    """There cannot be more users than were seen; nobody seen has no share."""
    with pytest.raises(ValueError, match="2 of 1"):
        tags.adoption(dataset(people(2)), 1)
    assert tags.adoption(dataset([]), 0).empty


def test_one_record() -> None:
    """One row is enough for every number."""
    one = dataset([Use(2, "7", "ann", 3)], days=7)
    assert tags.totals(one) == (1, 3, 1, 1)
    assert tags.seen_users(one) == 1
    assert tags.adoption(one, 1)["share"].tolist() == [1.0]
    assert tags.trend(one, "day")["users"].tolist() == [0, 0, 1, 0, 0, 0, 0]
    assert tags.cumulative(one, ["7"])["users"].tolist() == [0, 0, 1, 1, 1, 1, 1]
    assert tags.sparklines(one)["trend"].tolist() == [[0, 0, 1, 0, 0, 0, 0]]
    assert tags.heaviest(one)["share"].tolist() == [1.0]


def test_empty_dataset_keeps_columns_and_types() -> None:
    """Without rows nothing fails; zeros on loaded days are true, and empty frames keep their types."""
    none = dataset([])
    assert tags.totals(none) == (0, 0, 0, 0)
    assert tags.seen_users(none) == 0
    assert tags.cumulative(none, ["7"])["users"].tolist() == [0.0] * 30
    some = dataset([Use(0, "7", "ann", 1), Use(1, "8", "bob", 2)])
    for empty, filled in (
        (tags.adoption(none, 0), tags.adoption(some, 2)),
        (tags.trend(none, "week"), tags.trend(some, "week")),
        (tags.trend(some, "day", []), tags.trend(some, "day")),
        (tags.sparklines(none), tags.sparklines(some)),
        (tags.cumulative(some, []), tags.cumulative(some, ["7"])),
        (tags.heaviest(none), tags.heaviest(some)),
        (tags.heaviest(some, []), tags.heaviest(some)),
        (tags.change(none, none, 0, 0), tags.change(some, some, 2, 2)),
    ):
        assert empty.empty
        assert empty.dtypes.to_dict() == filled.dtypes.to_dict()


def test_records_of_no_interaction_are_no_use() -> None:
    """A record of 0 interactions makes nobody a user of the tag, but its user was seen."""
    zero = dataset([Use(0, "7", "ann", 0), Use(0, "8", "bob", 1)])
    assert tags.adoption(zero, 2)["tag_id"].tolist() == ["8"]
    assert tags.trend(zero, "day", ["7"])["users"].sum() == 0
    assert tags.totals(zero) == (1, 1, 1, 1)
    assert tags.heaviest(zero)["user_id"].tolist() == ["bob"]
    assert tags.seen_users(zero) == 2


MISSING = Window(START + timedelta(days=3), START + timedelta(days=5))


def test_days_that_are_not_loaded_are_gaps_not_zeros() -> None:
    """A missing day has no number even if some of its records came; the days around it do."""
    rows = dataset([Use(0, "7", "ann", 1), Use(3, "7", "bob", 1), Use(5, "7", "cid", 1)], 7, [MISSING])
    found = tags.trend(rows, "day")
    expected = [1, 0, 0, NOT_MEASURED, NOT_MEASURED, 1, 0]
    assert found["users"].tolist() == pytest.approx(expected, nan_ok=True)
    assert found["interactions"].tolist() == pytest.approx(expected, nan_ok=True)
    assert found["partial"].tolist() == [False] * 3 + [True] * 2 + [False] * 2
    assert tags.sparklines(rows)["trend"].tolist() == [[1, 0, 0, None, None, 1, 0]]
    through = [1, 1, 1, NOT_MEASURED, NOT_MEASURED, 3, 3]
    assert tags.cumulative(rows, ["7"])["users"].tolist() == pytest.approx(through, nan_ok=True)


def test_week_with_a_missing_day_has_no_number() -> None:
    """The users of a week are not those of its loaded days only."""
    rows = dataset([Use(0, "7", "ann", 1), Use(6, "7", "bob", 1)], 19, [MISSING])
    found = tags.trend(rows, "week")
    assert [period.day for period in found["period"]] == [30, 6, 13]
    assert [math.isnan(users) for users in found["users"]] == [True, False, False]
    assert found["partial"].tolist() == [True, False, False]


def test_sparklines_leave_out_weeks_cut_by_the_window() -> None:
    """Beyond 28 days they are weekly, and a week of three days would look like a fall."""
    uses = [Use(day, "7", f"u-{day}", 1) for day in range(40)]
    found = tags.sparklines(dataset(uses, days=40))
    assert found["trend"].tolist() == [[7, 7, 7, 7, 7]]
    assert all(type(number) is int for number in found["trend"].iloc[0])


def test_sparklines_keep_a_missing_week_as_a_gap() -> None:
    """A week that is not loaded is None between its neighbours."""
    gap = Window(START + timedelta(days=12), START + timedelta(days=13))
    uses = [Use(day, "7", "ann", 1) for day in range(40)]
    assert tags.sparklines(dataset(uses, 40, [gap]))["trend"].tolist() == [[1, None, 1, 1, 1]]


def test_trend_keeps_the_order_given_and_zeros_of_unused_tags() -> None:
    """Chosen tags come as chosen, once each, also one that nobody used."""
    found = tags.trend(dataset(people(2), days=2), "day", ["9", "7", "9"])
    assert found["tag_id"].tolist() == ["9", "9", "7", "7"]
    assert found["users"].tolist() == [0, 0, 2, 0]


def test_heaviest_breaks_ties_by_user_id_before_the_limit() -> None:
    """With equal interactions the first IDs stay, whatever order the rows have."""
    uses = [Use(0, "7", user_id, 2) for user_id in ("d", "b", "c", "a")]
    assert tags.heaviest(dataset(uses), limit=2)["user_id"].tolist() == ["a", "b"]
