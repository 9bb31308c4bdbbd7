"""What is kept comes back to its owner only, while it is fresh, cut to the window, uncopied."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, product

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_in import APRIL, UNHURRIED, connection
from userlane.contract import COLUMNS, DATASETS, DatasetName, Query, Window
from userlane.store import SMALL_SCORES, MemoryStore, Piece, dataset

FETCHED = datetime(2026, 4, 20, 12, tzinfo=UTC)
SOON = FETCHED + timedelta(minutes=5)


def table(name: DatasetName, window: Window, user: str = "u") -> pa.Table:
    """One row a day, sorted."""
    days = [window.start + timedelta(days=number) for number in range(window.days)]
    rows = [
        {
            "date": day,
            "overall": 70.0,
            "tag_id": "4711",
            "user_id": user,
            "interactions": 1,
            "survey_id": "512",
            "response_id": f"{user}-{day}",
            "score": 5,
            "bucket": "detractor",
            "timestamp": datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
        }
        for day in days
    ]
    schema = COLUMNS[name]
    return pa.Table.from_pylist([{key: row.get(key) for key in schema.names} for row in rows], schema)


def query(name: DatasetName = "nps", window: Window = APRIL, property_id: str = "demo") -> Query:
    return Query(name, property_id, window, "512" if name == "surveys" else None)


def piece(asked: Query, user: str = "u", fetched_at: datetime = FETCHED) -> Piece:
    return Piece(asked, table(asked.dataset, asked.window, user), fetched_at)


def april(first: int, last: int) -> Window:
    return Window.through(date(2026, 4, first), date(2026, 4, last))


# Whose rows

OWNERS = {name: connection(token=name).scope for name in ("anna", "ben")}
QUERIES = [
    replace(query(name, window, property_id), timezone=zone)
    for name, property_id, zone, window in product(
        DATASETS, ("demo", "other"), ("UTC", "Europe/Berlin"), (april(1, 10), april(5, 15))
    )
]
steps = st.tuples(
    st.sampled_from(["keep", "find", "forget"]), st.sampled_from(sorted(OWNERS)), st.sampled_from(QUERIES)
)


def owners_of(found: tuple[Piece, ...]) -> set[str]:
    return {
        text.split("/")[0]
        for each in found
        for column in ("user_id",)
        if column in each.table.column_names
        for text in each.table[column].to_pylist()
    }


@UNHURRIED
@given(st.lists(steps, max_size=30))
def test_rows_never_come_out_under_another_token_property_survey_or_zone(
    actions: list[tuple[str, str, Query]],
) -> None:
    store = MemoryStore(max_bytes=40_000)
    fetched: dict[str, tuple[str, Query]] = {}
    for action, owner, asked in actions:
        if action == "keep":
            new = piece(asked, user=f"{owner}/{asked.dataset}")
            fetched[new.id] = (owner, asked)
            store.keep(OWNERS[owner], new)
        elif action == "forget":
            store.forget(OWNERS[owner])
            assert store.find(OWNERS[owner], asked, None) == ()
        found = store.find(OWNERS[owner], asked, SOON)
        assert owners_of(found) <= {owner}
        for each in found:
            whose, origin = fetched[each.id]
            assert whose == owner
            assert origin.over(APRIL) == asked.over(APRIL)
            assert asked.window.start <= each.window.start < each.window.end <= asked.window.end
            assert each.table.num_rows == each.window.days
        assert all(one.window.end <= other.window.start for one, other in pairwise(found))


def test_two_tokens_with_equal_questions_get_their_own_rows_in_any_order() -> None:
    for asked, order in product(QUERIES, (("anna", "ben"), ("ben", "anna"))):
        store = MemoryStore()
        for owner in order:
            store.keep(OWNERS[owner], piece(asked, user=owner))
        for owner in order:
            (found,) = store.find(OWNERS[owner], asked, SOON)
            if "user_id" in found.table.column_names:
                assert set(found.table["user_id"].to_pylist()) == {owner}
        assert store.find(connection(token="eve").scope, asked, None) == ()


# How long


@pytest.mark.parametrize(
    ("age", "window", "fresh"),
    [
        (timedelta(minutes=15), april(1, 20), april(1, 20)),
        (timedelta(minutes=16), april(1, 20), april(1, 16)),
        (timedelta(minutes=16), april(1, 16), april(1, 16)),
        (timedelta(minutes=16), april(17, 20), None),
        (timedelta(hours=24), april(1, 20), april(1, 16)),
        (timedelta(hours=25), april(1, 16), None),
    ],
)
def test_settled_days_keep_for_a_day_and_the_last_ones_for_a_quarter_of_an_hour(
    age: timedelta, window: Window, fresh: Window | None
) -> None:
    assert piece(query(window=window)).fresh(FETCHED + age) == fresh


def test_today_is_the_querys_today() -> None:
    late = datetime(2026, 4, 20, 23, tzinfo=UTC)
    over_the_border = replace(query(window=april(1, 20)), timezone="Europe/Berlin")
    assert piece(over_the_border, fetched_at=late).fresh(late + timedelta(hours=1)) == april(1, 17)


def test_only_what_is_fresh_is_found_unless_any_age_will_do() -> None:
    store = MemoryStore()
    store.keep("s", piece(query(window=april(1, 20))))
    later = FETCHED + timedelta(hours=2)
    assert [each.window for each in store.find("s", query(), later)] == [april(1, 16)]
    assert [each.window for each in store.find("s", query(), None)] == [april(1, 20)]


def test_a_newer_piece_takes_the_place_of_what_older_ones_held_of_its_window() -> None:
    store = MemoryStore()
    old, new = piece(query(window=april(1, 20)), "old"), piece(query(window=april(8, 12)), "new", SOON)
    store.keep("s", old)
    store.keep("s", new)
    found = store.find("s", query(), SOON)
    assert [(each.window, each.id) for each in found] == [
        (april(1, 7), old.id),
        (april(8, 12), new.id),
        (april(13, 20), old.id),
    ]
    answer = dataset("s", query(window=april(1, 20)), found)
    assert answer.table["user_id"].to_pylist() == ["old"] * 7 + ["new"] * 5 + ["old"] * 8


# Cuts


@pytest.mark.parametrize("name", DATASETS)
def test_a_narrower_window_is_a_slice_of_the_same_memory(name: DatasetName) -> None:
    whole = piece(query(name))
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
    both = Piece(asked, pa.Table.from_pylist(rows, COLUMNS["nps"]), FETCHED)
    assert both.over(april(1, 1)).table["response_id"].to_pylist() == ["3"]
    assert both.over(april(2, 2)).table["response_id"].to_pylist() == ["4"]


def test_refusals_go_with_their_day_and_those_of_no_day_with_every_cut() -> None:
    refused = {
        ("score missing", date(2026, 4, 3)): 2,
        ("score missing", date(2026, 4, 20)): 1,
        ("x", None): 5,
    }
    whole = replace(piece(query()), refused=refused)
    assert dataset("s", query(), [whole]).state.refused == {"score missing": 3, "x": 5}
    part = whole.over(april(1, 5))
    assert dataset("s", query(window=april(1, 5)), [part]).state.refused == {"score missing": 2, "x": 5}


def test_an_empty_piece_can_be_cut() -> None:
    empty = Piece(query(), COLUMNS["nps"].empty_table(), FETCHED)
    assert empty.over(april(1, 5)).table.num_rows == 0


# Bounds


def test_the_least_recently_used_goes_first_when_there_is_too_much() -> None:
    pieces = [piece(query(property_id=f"p{number}")) for number in range(4)]
    store = MemoryStore(max_bytes=3 * pieces[0].table.nbytes)
    for each in pieces[:3]:
        store.keep("s", each)
    store.find("s", pieces[0].query, SOON)
    store.keep("s", pieces[3])
    left = [bool(store.find("s", each.query, SOON)) for each in pieces]
    assert left == [True, False, True, True]
    assert store.nbytes <= 3 * pieces[0].table.nbytes


def test_a_piece_heavier_than_the_store_is_not_kept_and_pushes_nothing_out() -> None:
    light, heavy = piece(query(window=april(1, 2))), piece(query(property_id="other"))
    store = MemoryStore(max_bytes=light.table.nbytes)
    store.keep("s", light)
    store.keep("s", heavy)
    assert store.find("s", heavy.query, SOON) == ()
    assert len(store.find("s", light.query, SOON)) == 1


# One answer


def test_a_fingerprint_names_scope_window_and_fetch() -> None:
    whole = piece(query())
    first = dataset("s", query(), [whole])
    assert dataset("s", query(), [whole]).fingerprint == first.fingerprint
    others = [
        dataset("t", query(), [whole]),
        dataset("s", query(window=april(1, 5)), [whole.over(april(1, 5))]),
        dataset("s", query(), [piece(query())]),
        dataset("s", query(), [whole], reasons=["slow"]),
        dataset("s", query(), [whole], stale=True),
        dataset("s", query(property_id="other"), [whole]),
    ]
    assert len({first.fingerprint, *(other.fingerprint for other in others)}) == 7


def test_pieces_coded_apart_are_coded_alike_in_one_answer() -> None:
    early, late = piece(query("tags", april(1, 2)), "a"), piece(query("tags", april(3, 4)), "b")
    answer = dataset("s", query("tags", april(1, 4)), [late, early])
    assert answer.table["user_id"].to_pylist() == ["a", "a", "b", "b"]
    assert answer.table.schema == COLUMNS["tags"]
    dictionaries = [chunk.dictionary.to_pylist() for chunk in answer.table["user_id"].chunks]
    assert dictionaries[0] == dictionaries[1]


def test_the_state_sums_what_the_pieces_lost_and_is_as_old_as_the_oldest() -> None:
    early = replace(piece(query(window=april(1, 5))), duplicates=1, outside=2)
    late = replace(piece(query(window=april(6, 9)), fetched_at=SOON), duplicates=4, outside=8)
    gap = april(10, 30)
    state = dataset("s", query(), [early, late], reasons=["slow", "slow"], missing=[gap]).state
    assert (state.duplicates, state.outside, state.fetched_at) == (5, 10, FETCHED)
    assert (state.reasons, state.missing) == (("slow",), (gap,))


@pytest.mark.parametrize(
    ("overall", "happiness", "noted"),
    [(0.7, 0.4, True), (1.0, None, True), (0.7, 40.0, False), (0.0, 0.0, False), (None, None, False)],
)
def test_heart_scores_of_at_most_one_are_said_and_not_rescaled(
    overall: float | None, happiness: float | None, *, noted: bool
) -> None:
    asked = query("heart", april(1, 3))
    rows = [{"date": date(2026, 4, 1), "overall": overall, "happiness": happiness}]
    answer = dataset("s", asked, [Piece(asked, pa.Table.from_pylist(rows, COLUMNS["heart"]), FETCHED)])
    assert answer.state.notes == ((SMALL_SCORES,) if noted else ())
    assert answer.table["overall"].to_pylist() == [overall]
    assert answer.state.complete
    assert answer.state.merged(answer.state).notes == answer.state.notes


@pytest.mark.parametrize("name", DATASETS)
def test_no_pieces_are_an_empty_answer(name: DatasetName) -> None:
    answer = dataset("s", query(name), [])
    assert (answer.rows, answer.table.schema) == (0, COLUMNS[name])
