"""The code of an ID is its place among the IDs, whatever their hashes are."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from userlane.store import id_index
from userlane.store.id_index import IdIndex, join_ids

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


def same_hash(ids: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    return np.full(len(ids), 7, np.uint64)


def few_hashes(ids: pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    lengths = [len(each) for each in ids.to_pylist()]
    return np.array([2**64 - 1 - length // 2 for length in lengths], np.uint64)


@settings(UNHURRIED)
@given(
    ids=st.lists(words, unique=True, max_size=30),
    stages=st.lists(st.integers(0, 30), max_size=4),
    asked=st.lists(words),
    hashes=st.sampled_from([id_index._hash, same_hash, few_hashes]),
)
def test_each_id_is_found_at_its_place_while_more_are_added_also_where_hashes_are_equal(
    ids: list[str],
    stages: list[int],
    asked: list[str],
    hashes: Callable[[pa.Array], npt.NDArray[np.uint64]],
) -> None:
    index = IdIndex()
    wanted = [*asked, *ids]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(id_index, "_hash", hashes)
        patch.setattr(id_index, "_SLICE", 4)
        patch.setattr(id_index, "_MOST_CHUNKS", 8)
        for stage in [0, *sorted(stages), len(ids)]:
            known = ids[:stage]
            index.ids = join_ids(IdIndex().ids, *(pa.array([each]) for each in known))
            expected = [known.index(each) if each in known else -1 for each in wanted]
            assert index.find(pa.array(wanted, pa.string())).tolist() == expected


def test_an_id_that_was_appended_is_found_without_hashing_the_older_ones_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index, hash_ids = IdIndex(), id_index._hash
    hashed: list[str] = []

    def note(ids: pa.Array) -> npt.NDArray[np.uint64]:
        hashed.extend(ids.to_pylist())
        return hash_ids(ids)

    monkeypatch.setattr(id_index, "_hash", note)
    for size in (1, 3, 4):
        index.ids = pa.chunked_array([["a", "b", "c", "d"][:size]])
        assert index.find(pa.array(["d"])).tolist() == [3 if size == 4 else -1]
    assert hashed == ["a", "d", "b", "c", "d", "d", "d"]
