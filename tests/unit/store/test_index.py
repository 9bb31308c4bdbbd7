"""Texts are found at the places they have, whatever table they are looked up in."""

import gc

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from userlane.store.lexicon import index as module
from userlane.store.lexicon.index import Index


@pytest.fixture(autouse=True)
def _nobody_holds_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_place", module._Place())


def texts(words: list[str]) -> pa.Array:
    return pa.array(words, pa.string())


Words = st.lists(st.text(max_size=6), unique=True, max_size=30)


@settings(UNHURRIED)
@given(words=Words, stages=st.lists(st.integers(0, 30), max_size=4), asked=st.lists(st.text(max_size=6)))
def test_each_text_is_found_at_its_place_while_more_are_added(
    words: list[str], stages: list[int], asked: list[str]
) -> None:
    index = Index(fewest=0, most=25)
    for stage in [*sorted(stages), len(words)]:
        known = words[:stage]
        wanted = [*asked, *words]
        expected = [known.index(word) if word in known else None for word in wanted]
        assert index.find(texts(known), texts(wanted)).to_pylist() == expected


@pytest.mark.parametrize("idle", [0.0, 60.0])
def test_those_who_take_turns_find_their_own_and_one_table_is_held(
    idle: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_IDLE", idle)
    one, other = Index(fewest=0), Index(fewest=0)
    for _ in range(3):
        assert one.find(texts(["a", "b"]), texts(["b", "c"])).to_pylist() == [1, None]
        assert other.find(texts(["b", "a"]), texts(["b"])).to_pylist() == [0]
        assert [bool(each._codes) for each in (one, other)] == [idle > 0, idle == 0]


def test_where_there_are_fewer_texts_than_before_none_is_found_that_is_gone() -> None:
    index = Index(fewest=0)
    assert index.find(texts(["a", "b"]), texts(["b"])).to_pylist() == [1]
    assert index.find(texts(["b"]), texts(["a", "b"])).to_pylist() == [None, 0]


def test_nothing_is_held_of_an_index_that_is_released_gone_or_has_grown_too_large() -> None:
    index = Index(fewest=0, most=3)
    index.find(texts(["a", "b"]), texts(["b"]))
    index.release()
    assert not index._codes
    index.find(texts(["a", "b"]), texts(["b"]))
    assert index.find(texts(["a", "b", "c", "d"]), texts(["d"])).to_pylist() == [3]
    assert not index._codes
    del index
    gc.collect()
    assert Index(fewest=0).find(texts(["b", "a"]), texts(["b"])).to_pylist() == [0]
