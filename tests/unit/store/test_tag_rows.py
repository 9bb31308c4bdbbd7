"""Records that stay in their files: whatever was fetched and cut, an answer holds each day's once."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from tests.unit.store.given import FETCHED, SOON, S, query
from tests.unit.store.uses import Use, answer, kept, on, piece_of, rows, span, used_by
from userlane.metrics import tags
from userlane.store import FolderStore, MemoryStore, Store

windows = st.tuples(st.integers(0, 28), st.integers(1, 30)).map(lambda each: (each[0], min(30, sum(each))))
some_uses = st.lists(
    st.builds(
        Use,
        day=st.integers(0, 29),
        tag_id=st.sampled_from(["7", "07", "ä"]),
        user_id=st.sampled_from(["ann", "bob", "cid"]),
        interactions=st.integers(0, 3),
    ),
    max_size=25,
    unique_by=lambda use: use[:3],
)


@pytest.fixture(autouse=True)
def _soon() -> object:
    with time_machine.travel(SOON):
        yield


@settings(UNHURRIED, max_examples=40)
@given(
    uses=some_uses,
    fetches=st.lists(st.tuples(windows, st.integers(0, 1)), max_size=6),
    asked=windows,
    in_folder=st.booleans(),
)
def test_an_answer_holds_the_records_of_each_day_that_was_fetched_once(
    tmp_path_factory: pytest.TempPathFactory,
    uses: list[Use],
    fetches: Sequence[tuple[tuple[int, int], int]],
    asked: tuple[int, int],
    *,
    in_folder: bool,
) -> None:
    """However the fetches overlap, whichever of two processes stored them, and with days without records."""
    stores: list[Store] = [MemoryStore()] * 2
    if in_folder:
        folder = tmp_path_factory.mktemp("rows")
        stores = [FolderStore(folder), FolderStore(folder)]
    had: set[int] = set()
    for number, ((first, end), whose) in enumerate(fetches):
        fetched_window = piece_of(uses, span(first, end), FETCHED + timedelta(microseconds=number))
        stores[whose].write(S, fetched_window)
        had |= {*range(first, end)}
    expected = sorted(use for use in uses if use.day in had and asked[0] <= use.day < asked[1])
    for store in stores:
        found = answer(store, query("tags", span(*asked)))
        assert rows(found) == expected
        assert found.rows == len(expected)
        days = [on(use.day) for use in expected]
        assert found.days == ((min(days), max(days)) if days else None)
        assert [row for batch in found.batches() for row in batch.to_pylist()] == found.table.to_pylist()
        assert tags.totals(found).interactions == sum(use.interactions for use in expected)
        gone = {
            day for window in found.state.missing for day in range(30) if window.start <= on(day) < window.end
        }
        assert gone == {*range(*asked)} - had


def test_two_slices_of_one_file_around_a_newer_piece_are_read_side_by_side(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    old, new = used_by(["old"], 0), used_by(["new"], 0)
    every = [use._replace(day=day) for use in old for day in range(30)]
    middle = [use._replace(day=day) for use in new for day in range(10, 20)]
    kept(store, piece_of(every, span(0, 30)), piece_of(middle, span(10, 20), FETCHED + timedelta(minutes=1)))
    found = answer(store, query("tags"))
    assert [use[2] for use in rows(found)] == ["old"] * 10 + ["new"] * 10 + ["old"] * 10
    assert tags.totals(found) == (2, 30, 1, 30)
    heaviest = tags.heaviest(found).set_index("user_id")["active_days"].to_dict()
    assert heaviest == {"old": 20, "new": 10}


def test_a_part_that_was_cut_is_not_read_beyond_its_days(tmp_path: Path) -> None:
    """Nor taken for whole where the days that were cut off have no records."""
    store = FolderStore(tmp_path)
    kept(store, piece_of([*used_by(["ann"], 5), *used_by(["bob"], 20)], span(0, 30)))
    assert rows(answer(store, query("tags", span(0, 10)))) == used_by(["ann"], 5)
    assert rows(answer(store, query("tags", span(10, 20)))) == []
    assert rows(answer(store, query("tags", span(6, 30)))) == used_by(["bob"], 20)
    sources = answer(store, query("tags", span(1, 29))).encode().sources
    assert [source.window for source in sources] == [None]
    sources = answer(store, query("tags", span(0, 10))).encode().sources
    assert [source.window for source in sources] == [span(0, 10)]


def test_records_that_are_not_stored_join_those_that_are_and_nothing_is_kept_of_their_sums() -> None:
    """As of a window that broke off: its records are shown, and are nobody else's."""
    from userlane.store import assemble  # noqa: PLC0415 - named like what it makes, as in the other tests

    store = MemoryStore()
    stored = store.write(S, piece_of(used_by(["ann"], 3), span(0, 14)))
    broken = piece_of(used_by(["ann", "bob"], 15), span(14, 28))
    aggregates = store.aggregates(S, query("tags"))
    found = assemble(S, query("tags", span(0, 28)), [stored, broken], aggregates=aggregates)
    assert tags.totals(found) == (2, 3, 1, 2)
    assert found.encode().aggregates is None
    assert found.encode().origins == ()
