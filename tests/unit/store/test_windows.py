"""What is kept comes back to its scope only, while it is fresh, cut to the window."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.object_storage import running
from tests.stand_in import UNHURRIED
from tests.unit.store.given import APRIL, FETCHED, SOON, S, april, fetched_window, find, query
from userlane.contract import COLUMNS, DATASETS, AggregateCache, DatasetName, Query, Window
from userlane.contract.storage_url import parse_storage_url
from userlane.store import (
    SMALL_SCORES,
    FetchedWindow,
    FolderStore,
    MemoryStore,
    ObjectStore,
    Store,
    StoredWindow,
    assemble,
)
from userlane.store.windows import fresh_part

KINDS = ("memory", "folder", "folder opened anew", "folder that cannot be written")
ALL = (*KINDS, "bucket")


@contextmanager
def made(kind: str, max_bytes: int = 2**29) -> Iterator[Store]:
    """A store of a kind, empty, at the time the windows are of."""
    with TemporaryDirectory() as place, time_machine.travel(SOON, tick=False):
        folder = Path(place) / "rows"
        if kind == "folder that cannot be written":
            folder.write_text("in the way")
        if kind == "memory":
            yield MemoryStore(max_bytes)
        elif kind == "folder opened anew":
            yield Anew(folder)
        elif kind == "bucket":
            there = running()
            with closing(ObjectStore(parse_storage_url(there.url(there.bucket())), folder)) as store:
                yield store
        else:
            yield FolderStore(folder, max_bytes)


class Anew:
    """Each call is another process's."""

    trouble = ""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, scope: str, query: Query) -> tuple[StoredWindow, ...]:
        return FolderStore(self._folder).find(scope, query)

    def prefetch(self, scope: str, usable: Iterable[tuple[StoredWindow, Window]]) -> None:
        FolderStore(self._folder).prefetch(scope, usable)

    def read(self, scope: str, held: StoredWindow) -> FetchedWindow | None:
        return FolderStore(self._folder).read(scope, held)

    @property
    def key(self) -> bytes:
        return FolderStore(self._folder).key

    def write(self, scope: str, fetched_window: FetchedWindow) -> FetchedWindow:
        return FolderStore(self._folder).write(scope, fetched_window)

    def release(self, scope: str, query: Query | None = None) -> None:
        FolderStore(self._folder).release(scope, query)

    def aggregates(self, scope: str, query: Query) -> AggregateCache:
        return FolderStore(self._folder).aggregates(scope, query)

    def acquire_lease(self, scope: str, query: Query) -> AbstractContextManager[object] | None:
        return FolderStore(self._folder).acquire_lease(scope, query)

    def delete(self, property_id: str, api: str | None = None) -> int:
        return FolderStore(self._folder).delete(property_id, api)

    def close(self) -> None:
        """Nothing is open."""


# Of which question

SCOPES = ("one/anna", "one/ben", "two/anna")
QUERIES = [
    replace(query(name, window, property_id), timezone=zone)
    for name, property_id, zone, window in product(
        DATASETS, ("demo", "other"), ("UTC", "Europe/Berlin"), (april(1, 10), april(5, 15))
    )
]
steps = st.tuples(
    st.sampled_from(["keep", "find", "release"]), st.sampled_from(SCOPES), st.sampled_from(QUERIES)
)


@pytest.mark.parametrize("kind", KINDS)
@settings(UNHURRIED, max_examples=30)
@given(actions=st.lists(steps, max_size=30))
def test_rows_never_come_out_under_another_scope_property_survey_or_zone(
    kind: str, actions: list[tuple[str, str, Query]]
) -> None:
    with made(kind, max_bytes=40_000) as store:
        fetched: dict[str, tuple[str, Query]] = {}
        for action, scope, asked in actions:
            if action == "keep":
                new = fetched_window(asked, user=scope)
                fetched[new.id] = (scope, asked)
                store.write(scope, new)
            elif action == "release":
                store.release(scope, asked)
            found = find(store, scope, asked, SOON)
            for each in found:
                whose, origin = fetched[each.id]
                assert whose == scope
                assert origin.over(APRIL) == asked.over(APRIL)
                assert asked.window.start <= each.window.start < each.window.end <= asked.window.end
                assert each.table.num_rows == each.window.days
            assert all(one.window.end <= other.window.start for one, other in pairwise(found))


@pytest.mark.parametrize("kind", ALL)
def test_several_pieces_of_one_window_lie_side_by_side_the_latest_fetch_first(kind: str) -> None:
    """A newer one does not take the place of one that has more days."""
    old, new = fetched_window(query(), "old"), fetched_window(query(window=april(1, 9)), "new", SOON)
    with made(kind) as store:
        store.write(S, old)
        store.write(S, new)
        held = store.find(S, query(window=april(3, 4)))
        assert [each.id for each in held] == [new.id, old.id]
        assert [each.query for each in held] == [new.query, old.query]
        taken = [store.read(S, each) for each in held]
        assert [each and set(each.table["user_id"].to_pylist()) for each in taken] == [{"new"}, {"old"}]
        assert store.find("api/other", query()) == store.find(S, query(property_id="other")) == ()
        assert store.find(S, replace(query("surveys"), survey_id="513")) == ()


@pytest.mark.parametrize("kind", ALL)
def test_of_the_pieces_that_may_go_those_go_that_a_new_one_covers(kind: str) -> None:
    with made(kind) as store:
        inside, across, later, others = (
            fetched_window(query(window=window), fetched_at=FETCHED - timedelta(minutes=number))
            for number, window in ((1, april(2, 5)), (2, april(4, 12)), (-1, april(6, 8)), (3, april(2, 5)))
        )
        for each in (inside, across, later):
            store.write(S, each)
        store.write("api/others", others)
        new = fetched_window(query(window=april(1, 10)))
        store.write(S, new)
        assert {held.id for held in store.find(S, query())} == {new.id, across.id, later.id}
        assert [held.id for held in store.find("api/others", query())] == [others.id]


@pytest.mark.parametrize("kind", ALL)
def test_what_is_in_memory_only_goes_when_its_scope_or_query_is_released(kind: str) -> None:
    with made(kind) as store:
        store.write(S, fetched_window(query()))
        store.write(S, fetched_window(query("heart")))
        store.write("api/others", fetched_window(query()))
        store.release(S, query("surveys"))
        assert find(store, S, query(), SOON)
        store.release(S, query())
        assert find(store, S, query("heart"), SOON)
        assert find(store, "api/others", query(), SOON)
        store.release(S)
        assert (
            bool(find(store, S, query("heart"), SOON))
            == bool(find(store, S, query(), SOON))
            == (kind in {"folder", "folder opened anew", "bucket"})
        )


# How long


@pytest.mark.parametrize(
    ("age", "window", "good"),
    [
        (timedelta(minutes=15), april(1, 20), april(1, 20)),
        (timedelta(minutes=16), april(1, 20), april(1, 16)),
        (timedelta(minutes=16), april(1, 16), april(1, 16)),
        (timedelta(minutes=16), april(17, 20), None),
        (timedelta(days=30), april(1, 20), april(1, 16)),
        (timedelta(days=30, seconds=1), april(1, 16), None),
        (timedelta(minutes=-4), april(1, 20), april(1, 20)),
        (timedelta(minutes=-6), april(1, 16), None),  # fetched by a clock that was ahead
    ],
)
def test_settled_days_keep_for_a_month_and_the_last_ones_for_a_quarter_of_an_hour(
    age: timedelta, window: Window, good: Window | None
) -> None:
    assert fresh_part(query(window=window), FETCHED, FETCHED + age) == good


def test_today_is_the_querys_today() -> None:
    late = datetime(2026, 4, 20, 23, tzinfo=UTC)
    over_the_border = replace(query(window=april(1, 20)), timezone="Europe/Berlin")
    assert fresh_part(over_the_border, late, late + timedelta(hours=1)) == april(1, 17)


@pytest.mark.parametrize("kind", ALL)
def test_only_what_is_fresh_is_found_unless_any_age_will_do(kind: str) -> None:
    with made(kind) as store:
        store.write(S, fetched_window(query(window=april(1, 20))))
        later = FETCHED + timedelta(hours=2)
        assert [each.window for each in find(store, S, query(), later)] == [april(1, 16)]
        assert [each.window for each in find(store, S, query(), None)] == [april(1, 20)]


@pytest.mark.parametrize("kind", ALL)
def test_a_newer_piece_takes_the_place_of_what_older_ones_held_of_its_window(kind: str) -> None:
    old, new = (
        fetched_window(query(window=april(1, 20)), "old"),
        fetched_window(query(window=april(8, 12)), "new", SOON),
    )
    with made(kind) as store:
        store.write(S, old)
        store.write(S, new)
        found = find(store, S, query(), SOON)
    assert [(each.window, each.id) for each in found] == [
        (april(1, 7), old.id),
        (april(8, 12), new.id),
        (april(13, 20), old.id),
    ]
    answer = assemble(S, query(window=april(1, 20)), found)
    assert answer.table["user_id"].to_pylist() == ["old"] * 7 + ["new"] * 5 + ["old"] * 8


# Cuts


@pytest.mark.parametrize("name", DATASETS)
def test_a_narrower_window_is_a_slice_of_the_same_memory(name: DatasetName) -> None:
    whole = fetched_window(query(name))
    part = whole.over(april(10, 12))
    assert part.table.num_rows == 3
    for column in part.table.column_names:
        ours, theirs = part.table[column].chunk(0), whole.table[column].chunk(0)
        assert [b and b.address for b in ours.buffers()] == [b and b.address for b in theirs.buffers()]
    assert whole.over(whole.window) is whole


def test_answers_are_cut_at_local_midnight() -> None:
    asked = Query("nps", "demo", april(1, 2), None, "America/New_York")
    rows = [
        {"response_id": str(hour), "timestamp": datetime(2026, 4, 2, hour, tzinfo=UTC)} for hour in (3, 4)
    ]
    both = FetchedWindow(asked, pa.Table.from_pylist(rows, COLUMNS["nps"]), FETCHED)
    assert both.over(april(1, 1)).table["response_id"].to_pylist() == ["3"]
    assert both.over(april(2, 2)).table["response_id"].to_pylist() == ["4"]


def test_refusals_go_with_their_day_and_those_of_no_day_with_every_cut() -> None:
    refused = {
        ("score missing", date(2026, 4, 3)): 2,
        ("score missing", date(2026, 4, 20)): 1,
        ("x", None): 5,
    }
    whole = replace(fetched_window(query()), refused=refused)
    assert assemble(S, query(), [whole]).state.refused == {"score missing": 3, "x": 5}
    part = whole.over(april(1, 5))
    assert assemble(S, query(window=april(1, 5)), [part]).state.refused == {"score missing": 2, "x": 5}


def test_an_empty_piece_can_be_cut() -> None:
    empty = FetchedWindow(query(), COLUMNS["nps"].empty_table(), FETCHED)
    assert empty.over(april(1, 5)).table.num_rows == 0


# Bounds


def test_the_least_recently_used_goes_first_when_there_is_too_much() -> None:
    windows = [fetched_window(query(property_id=f"p{number}")) for number in range(4)]
    store = MemoryStore(max_bytes=3 * windows[0].table.nbytes)
    for each in windows[:3]:
        store.write(S, each)
    find(store, S, windows[0].query, SOON)
    store.write(S, windows[3])
    left = [bool(find(store, S, each.query, SOON)) for each in windows]
    assert left == [True, False, True, True]
    assert len(left) == 4


def test_a_piece_heavier_than_the_store_is_not_kept_and_pushes_nothing_out() -> None:
    light, heavy = fetched_window(query(window=april(1, 2))), fetched_window(query(property_id="other"))
    store = MemoryStore(max_bytes=light.table.nbytes)
    store.write(S, light)
    store.write(S, heavy)
    assert find(store, S, heavy.query, SOON) == ()
    assert len(find(store, S, light.query, SOON)) == 1


# One answer


def test_a_fingerprint_names_scope_window_and_fetch() -> None:
    whole = fetched_window(query())
    first = assemble(S, query(), [whole])
    assert assemble(S, query(), [whole]).fingerprint == first.fingerprint
    others = [
        assemble("other", query(), [whole]),
        assemble(S, query(window=april(1, 5)), [whole.over(april(1, 5))]),
        assemble(S, query(), [fetched_window(query())]),
        assemble(S, query(), [whole], reasons=["slow"]),
        assemble(S, query(), [whole], stale=[whole]),
        assemble(S, query(property_id="other"), [whole]),
    ]
    assert len({first.fingerprint, *(other.fingerprint for other in others)}) == 7


def test_pieces_coded_apart_are_coded_alike_in_one_answer() -> None:
    early, late = (
        fetched_window(query("tags", april(1, 2)), "a"),
        fetched_window(query("tags", april(3, 4)), "b"),
    )
    answer = assemble(S, query("tags", april(1, 4)), [late, early])
    assert answer.table["user_id"].to_pylist() == ["a", "a", "b", "b"]
    assert answer.table.schema == COLUMNS["tags"]
    dictionaries = [chunk.dictionary.to_pylist() for chunk in answer.table["user_id"].chunks]
    assert dictionaries[0] == dictionaries[1]


def test_the_state_sums_what_the_pieces_lost_and_is_as_old_as_the_oldest() -> None:
    early = replace(fetched_window(query(window=april(1, 5))), duplicates=1, outside=2)
    late = replace(fetched_window(query(window=april(6, 9)), fetched_at=SOON), duplicates=4, outside=8)
    gap = april(10, 30)
    state = assemble(S, query(), [early, late], reasons=["slow", "slow"], missing=[gap]).state
    assert (state.duplicates, state.outside, state.fetched_at) == (5, 10, FETCHED)
    assert (state.reasons, state.missing) == (("slow",), (gap,))


def test_an_answer_is_as_old_as_what_should_be_newer_in_it() -> None:
    settled = fetched_window(query(window=april(1, 5)), fetched_at=FETCHED - timedelta(hours=20))
    late = fetched_window(query(window=april(6, 9)))
    assert assemble(S, query(), [settled, late], stale=[late]).state.fetched_at == FETCHED
    assert assemble(S, query(), [settled, late]).state.fetched_at == settled.fetched_at


@pytest.mark.parametrize(
    ("overall", "happiness", "noted"),
    [(0.7, 0.4, True), (1.0, None, True), (0.7, 40.0, False), (0.0, 0.0, False), (None, None, False)],
)
def test_heart_scores_of_at_most_one_are_said_and_not_rescaled(
    overall: float | None, happiness: float | None, *, noted: bool
) -> None:
    asked = query("heart", april(1, 3))
    rows = [{"date": date(2026, 4, 1), "overall": overall, "happiness": happiness}]
    answer = assemble(S, asked, [FetchedWindow(asked, pa.Table.from_pylist(rows, COLUMNS["heart"]), FETCHED)])
    assert answer.state.notes == ((SMALL_SCORES,) if noted else ())
    assert answer.table["overall"].to_pylist() == [overall]
    assert answer.state.complete
    assert answer.state.merge(answer.state).notes == answer.state.notes


@pytest.mark.parametrize("name", DATASETS)
def test_no_pieces_are_an_empty_answer(name: DatasetName) -> None:
    answer = assemble(S, query(name), [])
    assert (answer.rows, answer.table.schema) == (0, COLUMNS[name])
