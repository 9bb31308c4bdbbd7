"""Tag records in files are counted as the same records in memory are, however they were fetched."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from tests.unit.store.given import APRIL, FETCHED, SOON, S, query
from tests.unit.store.uses import Use, answer, kept, on, piece_of, span, table_of, used_by
from userlane.contract import Dataset, State, Window
from userlane.engine import Embedded, embedded
from userlane.export import records_file
from userlane.metrics import tags
from userlane.metrics.tags import records as records_module
from userlane.metrics.tags import trends as trends_module
from userlane.store import FolderStore, MemoryStore, Store
from userlane.store.id_dictionary import IdDictionary
from userlane.store.tag_rows import TagRecords

Fetch = tuple[int, int, int]
SIX_WEEKS = Window(on(-2), on(40))  # from a Monday on

uses_of_six_weeks = st.lists(
    st.builds(
        Use,
        day=st.integers(-2, 39),
        tag_id=st.sampled_from(["7", "07", "ä", "it's"]),
        user_id=st.sampled_from(["ann", "bob", "cid", "007", "NA"]),
        interactions=st.integers(0, 4),
    ),
    max_size=60,
    unique_by=lambda use: use[:3],
)
fetches = st.lists(
    st.tuples(st.integers(-2, 38), st.integers(1, 42), st.integers(0, 1)).map(
        lambda each: (each[0], min(40, each[0] + each[1]), each[2])
    ),
    max_size=5,
)


@pytest.fixture(autouse=True)
def _soon() -> object:
    with time_machine.travel(SOON):
        yield


def in_files(folder: Path, uses: Sequence[Use], fetched: Sequence[Fetch], asked: Window) -> Dataset:
    """Fetched in these windows, one after another, by two processes; what nobody fetched is missing."""
    stores = FolderStore(folder), FolderStore(folder)
    for number, (first, end, whose) in enumerate(fetched):
        kept(stores[whose], piece_of(uses, span(first, end), FETCHED + timedelta(microseconds=number)))
    return answer(stores[0], query("tags", asked))


def dictionaries(stored: Dataset) -> list[IdDictionary]:
    """Those in whose codes its records are."""
    assert isinstance(stored.source, TagRecords)
    return list({id(part.dictionary): part.dictionary for part in stored.source._parts}.values())


def in_memory(uses: Sequence[Use], like: Dataset) -> Dataset:
    """The same records and state in one table."""
    gone = like.state.missing
    there = [
        use
        for use in uses
        if like.query.window.start <= on(use.day) < like.query.window.end
        and not any(window.start <= on(use.day) < window.end for window in gone)
    ]
    return Dataset(like.query, table_of(there), like.state, "in memory")


METRICS: dict[str, Callable[[Dataset], object]] = {
    "totals": tags.totals,
    "seen users": tags.seen_users,
    "adoption": lambda each: tags.adoption(each, 10),
    "change": lambda each: tags.change(each, each, 10, 9),
    "trend by day": lambda each: tags.trend(each, "day"),
    "trend by week": lambda each: tags.trend(each, "week"),
    "trend of some tags by day": lambda each: tags.trend(each, "day", ["ä", "7", "unused"]),
    "trend of some tags by week": lambda each: tags.trend(each, "week", ["ä", "7", "unused"]),
    "sparklines": tags.sparklines,
    "cumulative": lambda each: tags.cumulative(each, ["ä", "7", "unused"]),
    "heaviest": tags.heaviest,
    "heaviest two of some tags": lambda each: tags.heaviest(each, ["ä", "07"], 2),
    "weekly": lambda each: _sorted(tags.weekly(each)),
}


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["period", "tag_id"], ignore_index=True)


def _as_text(found: object) -> object:
    return found.to_json(orient="split", date_format="iso") if isinstance(found, pd.DataFrame) else found


@settings(UNHURRIED, max_examples=12)
@given(
    uses=uses_of_six_weeks,
    fetched=fetches,
    asked=st.sampled_from([SIX_WEEKS, APRIL, span(3, 12), span(0, 1)]),
)
def test_every_metric_of_records_in_files_is_that_of_the_same_records_in_memory(
    tmp_path_factory: pytest.TempPathFactory, uses: list[Use], fetched: list[Fetch], asked: Window
) -> None:
    """Over several files, cut ones, two sets of codes, and days that are missing; asked twice, because sums
    of weeks are kept the first time.
    """
    stored = in_files(tmp_path_factory.mktemp("rows"), uses, fetched, asked)
    plain = in_memory(uses, stored)
    for name, metric in METRICS.items():
        expected = metric(plain)
        for _ in range(2 if "week" in name or name == "sparklines" else 1):
            found = metric(stored)
            assert _as_text(found) == _as_text(expected), name
            if isinstance(found, pd.DataFrame) and isinstance(expected, pd.DataFrame):
                assert found.dtypes.tolist() == expected.dtypes.tolist(), name


@pytest.mark.parametrize(("place", "most"), [(embedded, "_MOST_BITS"), (records_module, "_MOST_KEPT")])
def test_what_is_too_much_for_the_quick_way_is_counted_the_same(
    tmp_path: Path, place: ModuleType, most: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many users for bits; too many records of the chosen tags for memory."""
    uses = [*used_by(["ann", "bob"], 0, "7"), *used_by(["bob", "cid"], 9, "ä"), *used_by(["ann"], 9, "07")]
    fetched = [(-2, 5, 0), (5, 40, 1)]
    expected = [
        _as_text(metric(in_files(tmp_path / "a", uses, fetched, APRIL))) for metric in METRICS.values()
    ]
    monkeypatch.setattr(place, most, 0)
    found = [_as_text(metric(in_files(tmp_path / "b", uses, fetched, APRIL))) for metric in METRICS.values()]
    assert found == expected


def test_texts_that_come_meanwhile_do_not_get_the_place_of_those_that_are_kept(tmp_path: Path) -> None:
    """Two processes have written, so there are two sets of codes; more people come into one of them between
    two questions about the same tags.
    """
    uses = [*used_by(["ann", "bob"], 0), *used_by(["eve"], 9), *used_by(["eve"], 10, "search")]
    stored = in_files(tmp_path, uses, [(-2, 5, 0), (5, 40, 1)], APRIL)
    chosen = ["4711", "search"]
    before = [_as_text(tags.heaviest(stored, chosen)), _as_text(tags.trend(stored, "day", chosen))]
    for dictionary in dictionaries(stored):
        dictionary.encode(table_of(used_by(["zoe", "yan"], 0, "delete")))
    again = [_as_text(tags.heaviest(stored, chosen)), _as_text(tags.trend(stored, "day", chosen))]
    assert again == before
    tags.clear_caches()
    assert [_as_text(tags.heaviest(stored, chosen)), _as_text(tags.trend(stored, "day", chosen))] == before


@settings(UNHURRIED, max_examples=15)
@given(uses=uses_of_six_weeks, fetched=fetches)
def test_files_of_stored_records_are_those_of_the_same_records_in_memory(
    tmp_path_factory: pytest.TempPathFactory, uses: list[Use], fetched: list[Fetch]
) -> None:
    """Byte for byte as CSV and JSON; as Parquet the same table."""
    stored = in_files(tmp_path_factory.mktemp("rows"), uses, fetched, APRIL)
    plain = in_memory(uses, stored)
    for kind in ("csv", "json"):
        assert records_file(stored, kind) == records_file(plain, kind)
    one, other = (pq.read_table(pa.BufferReader(records_file(each, "parquet"))) for each in (stored, plain))
    assert one.schema.equals(other.schema, check_metadata=True)
    assert one.to_pylist() == other.to_pylist()


# Weeks are counted once


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many weeks were counted, each time some were."""
    numbers: list[int] = []
    count = trends_module._counted

    def counting(dataset: Dataset, weeks: list[object]) -> object:
        numbers.append(len(weeks))
        return count(dataset, weeks)  # type: ignore[arg-type]

    monkeypatch.setattr(trends_module, "_counted", counting)
    return numbers


def daily(user: str = "ann") -> list[Use]:
    return [use for day in range(-2, 40) for use in used_by([user], day)]


def test_weeks_are_counted_once_also_by_another_process_and_for_another_range(
    tmp_path: Path, counted: list[int]
) -> None:
    store = FolderStore(tmp_path)
    kept(store, piece_of(daily(), span(-2, 40)))
    first = tags.weekly(answer(store, query("tags", SIX_WEEKS)))
    again = tags.weekly(answer(store, query("tags", SIX_WEEKS)))
    later = tags.weekly(answer(FolderStore(tmp_path), query("tags", SIX_WEEKS)))
    part = tags.weekly(answer(FolderStore(tmp_path), query("tags", span(0, 33))))
    assert counted == [6, 0, 0, 0]
    assert first.equals(again)
    assert first.equals(later)
    assert part["period"].nunique() == 4
    assert first["users"].tolist() == [1] * 6
    assert first["interactions"].tolist() == [7] * 6


def test_weeks_without_any_use_are_not_counted_again_either(tmp_path: Path, counted: list[int]) -> None:
    kept(store := FolderStore(tmp_path), piece_of(used_by(["ann"], 20), span(-2, 40)))
    for each in (store, FolderStore(tmp_path)):
        assert tags.weekly(answer(each, query("tags", SIX_WEEKS)))["users"].tolist() == [1]
    assert counted == [6, 0]


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_a_week_is_counted_anew_when_some_of_its_days_were_fetched_anew_and_no_other_is(
    tmp_path: Path, counted: list[int], kind: str
) -> None:
    store: Store = MemoryStore() if kind == "memory" else FolderStore(tmp_path)
    old = piece_of(daily(), span(-2, 40))
    store.write(S, old)
    tags.weekly(answer(store, query("tags", SIX_WEEKS)))
    newer = [*daily(), *used_by(["bob"], 13)]
    store.write(S, piece_of(newer, span(13, 14), FETCHED + timedelta(minutes=1)))
    found = tags.weekly(answer(store, query("tags", SIX_WEEKS)))
    assert counted == [6, 1]
    assert found["users"].tolist() == [1, 1, 2, 1, 1, 1]


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_weeks_of_a_window_that_was_fetched_anew_are_counted_anew(
    tmp_path: Path, counted: list[int], kind: str
) -> None:
    """Though the window is the same one: it is the fetch that sums are kept of."""
    store: Store = MemoryStore() if kind == "memory" else FolderStore(tmp_path)
    store.write(S, piece_of(daily(), span(-2, 40)))
    tags.weekly(answer(store, query("tags", SIX_WEEKS)))
    store.write(S, piece_of(daily("bob"), span(-2, 40), FETCHED + timedelta(minutes=1)))
    late = [*daily("bob"), *used_by(["ann"], 38)]
    store.write(S, piece_of(late, span(-2, 40), FETCHED + timedelta(minutes=2)))
    found = tags.weekly(answer(store, query("tags", SIX_WEEKS)))
    assert counted == [6, 6]
    assert found["users"].tolist() == [1, 1, 1, 1, 1, 2]


def test_records_that_went_from_a_week_are_not_counted_any_more(tmp_path: Path, counted: list[int]) -> None:
    """Also where a file of no records took the place of some."""
    store = FolderStore(tmp_path)
    kept(store, piece_of(daily(), span(-2, 40)))
    assert tags.weekly(answer(store, query("tags", SIX_WEEKS)))["interactions"].tolist() == [7] * 6
    kept(store, piece_of([], span(12, 19), FETCHED + timedelta(minutes=1)))
    found = tags.weekly(answer(store, query("tags", SIX_WEEKS)))
    assert found["interactions"].tolist() == [7, 7, 7, 7, 7]
    kept(store, piece_of([], span(20, 23), FETCHED + timedelta(minutes=1)))
    found = tags.weekly(answer(store, query("tags", SIX_WEEKS)))
    assert found["interactions"].tolist() == [7, 7, 4, 7, 7]
    assert counted[0] == 6
    assert max(counted[1:]) == 1


def test_sums_of_a_property_are_never_taken_for_anothers(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for property_id, users in (("one", ["ann"]), ("two", ["ann", "bob"])):
        asked = query("tags", span(-2, 5), property_id)
        fetched_window = piece_of(used_by(users), span(-2, 5))
        store.write(S, type(fetched_window)(asked, fetched_window.rows, fetched_window.fetched_at))
    found = [
        tags.weekly(answer(store, query("tags", span(-2, 5), property_id)))["users"].tolist()
        for property_id in ("one", "two", "one", "two")
    ]
    assert found == [[1], [2], [1], [2]]


def test_a_week_that_lacks_a_day_is_not_kept_as_a_whole_one(tmp_path: Path, counted: list[int]) -> None:
    store = FolderStore(tmp_path)
    kept(store, piece_of(daily(), span(-2, 4)))
    assert tags.weekly(answer(store, query("tags", span(-2, 5)))).empty
    kept(store, piece_of(daily(), span(4, 5)))
    assert tags.weekly(answer(store, query("tags", span(-2, 5))))["interactions"].tolist() == [7]
    assert counted == [0, 1]


# Different codes


@settings(UNHURRIED, max_examples=40)
@given(
    codes=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 200)), max_size=60),
    below=st.integers(201, 5_000_000_000),
    groups=st.integers(1, 10_000),
)
def test_different_codes_are_counted_exactly_whatever_their_number_and_groups(
    codes: list[tuple[int, int]], below: int, groups: int
) -> None:
    """As a set would count them: by bits, and where these would take too much memory in another way."""
    below = min(below, 2**31)
    schema = pa.schema([("group", pa.int32()), ("user", pa.int32())])
    table = ibis.memtable(
        pa.table([[group for group, _ in codes], [code for _, code in codes]], schema=schema)
    )
    engine = Embedded(threads=1)
    counting = engine.distinct(table.user, below, groups)
    assert engine.run(counting.name("n"))["n"].tolist() == [len({code for _, code in codes})]
    by_group = engine.run(table.group_by("group").agg(n=counting)).set_index("group")["n"].to_dict()
    assert by_group == {group: len({code for other, code in codes if other == group}) for group, _ in codes}


def test_different_users_of_no_records_are_none() -> None:
    """Though texts may be known, as of a range cut from a longer one."""
    empty = Dataset(query("tags"), table_of(used_by(["ann"])).slice(0, 0), State(), "")
    assert tags.seen_users(empty) == 0
    assert tags.totals(empty) == (0, 0, 0, 0)
