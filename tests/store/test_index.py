"""Texts are found at the places they have, whatever table they are looked up in."""

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from userlane.store.lexicon.index import Index


class Owner:
    """Somebody who has texts."""


def texts(words: list[str]) -> pa.Array:
    return pa.array(words, pa.string())


Words = st.lists(st.text(max_size=6), unique=True, max_size=30)


@settings(UNHURRIED)
@given(words=Words, stages=st.lists(st.integers(0, 30), max_size=4), asked=st.lists(st.text(max_size=6)))
def test_each_text_is_found_at_its_place_while_more_are_added(
    words: list[str], stages: list[int], asked: list[str]
) -> None:
    index, owner = Index(fewest=0, most=25), Owner()
    for stage in [*sorted(stages), len(words)]:
        known = words[:stage]
        wanted = [*asked, *words]
        expected = [known.index(word) if word in known else None for word in wanted]
        assert index.find(owner, texts(known), texts(wanted)).to_pylist() == expected


def test_owners_who_take_turns_find_their_own() -> None:
    index = Index(fewest=0)
    one, other = Owner(), Owner()
    for _ in range(3):
        assert index.find(one, texts(["a", "b"]), texts(["b"])).to_pylist() == [1]
        assert index.find(other, texts(["b", "a"]), texts(["b"])).to_pylist() == [0]


def test_an_owner_with_fewer_texts_than_before_finds_none_that_are_gone() -> None:
    index, owner = Index(fewest=0), Owner()
    assert index.find(owner, texts(["a", "b"]), texts(["b"])).to_pylist() == [1]
    assert index.find(owner, texts(["b"]), texts(["a", "b"])).to_pylist() == [None, 0]


def test_a_new_owner_in_the_place_of_one_that_is_gone_finds_its_own() -> None:
    index = Index(fewest=0)
    index.find(Owner(), texts(["a", "b"]), texts(["b"]))
    assert index.find(Owner(), texts(["b", "a"]), texts(["b"])).to_pylist() == [0]
