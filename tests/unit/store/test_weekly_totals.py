"""Sums come back under the names they were kept by, and nothing wrong comes back."""

import zlib
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from userlane.contract import AggregateCache
from userlane.store import atomic_files
from userlane.store.weekly_totals import FolderAggregateCache, MemoryAggregateCache

numbers = st.lists(st.integers(0, 9), max_size=3)


def sums(*found: int) -> pa.Table:
    return pa.table({"users": pa.array(found, pa.int64())})


def to_lists(found: Mapping[str, pa.Table]) -> dict[str, list[int]]:
    return {key: table["users"].to_pylist() for key, table in found.items()}


@settings(UNHURRIED, max_examples=40)
@given(puts=st.lists(st.dictionaries(st.sampled_from("abcdefgh"), numbers, min_size=1), max_size=24))
def test_what_was_kept_is_found_by_its_key_also_after_many_files_became_one(
    tmp_path_factory: pytest.TempPathFactory, puts: list[dict[str, list[int]]]
) -> None:
    """In the process that kept it, in another one, and in one that begins later. A key is only ever given
    the same sums.
    """
    folder = tmp_path_factory.mktemp("sums")
    here, there = FolderAggregateCache(folder), FolderAggregateCache(folder)
    known: dict[str, list[int]] = {}
    for put in puts:
        for key, found in put.items():
            known.setdefault(key, found)
        (here if len(put) % 2 else there).put({key: sums(*known[key]) for key in put})
    for aggregates in (here, there, FolderAggregateCache(folder)):
        assert to_lists(aggregates.get([*"abcdefgh"])) == known
    assert len(list(folder.iterdir()) if folder.exists() else []) <= 8


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_a_key_that_nothing_was_kept_by_is_not_found(tmp_path: Path, kind: str) -> None:
    aggregates: AggregateCache = (
        MemoryAggregateCache() if kind == "memory" else FolderAggregateCache(tmp_path / "sums")
    )
    assert to_lists(aggregates.get(["a"])) == {}
    aggregates.put({"a": sums(1)})
    assert to_lists(aggregates.get(["b"])) == {}
    assert to_lists(aggregates.get(["a", "b"])) == {"a": [1]}


def test_a_broken_file_is_dropped_and_the_others_are_read(tmp_path: Path) -> None:
    FolderAggregateCache(tmp_path).put({"a": sums(1)})
    FolderAggregateCache(tmp_path).put({"b": sums(2)})
    broken = min(tmp_path.iterdir())
    broken.write_bytes(broken.read_bytes()[:-1])
    left = to_lists(FolderAggregateCache(tmp_path).get(["a", "b"]))
    assert left in ({"a": [1]}, {"b": [2]})
    assert not broken.exists()


def test_a_file_of_other_columns_is_dropped(tmp_path: Path) -> None:
    atomic_files.write(tmp_path, "other", sums(1))
    empty = tmp_path / f"empty.{zlib.crc32(b''):08x}.parquet"
    empty.write_bytes(b"")
    aggregates = FolderAggregateCache(tmp_path)
    assert to_lists(aggregates.get(["a"])) == {}
    assert not list(tmp_path.iterdir())
    aggregates.put({"a": sums(1)})
    assert to_lists(FolderAggregateCache(tmp_path).get(["a"])) == {"a": [1]}


def test_where_nothing_can_be_written_sums_last_as_long_as_the_process(tmp_path: Path) -> None:
    place = tmp_path / "sums"
    place.write_text("a file where the folder should be")
    aggregates = FolderAggregateCache(place)
    aggregates.put({"a": sums(1)})
    assert to_lists(aggregates.get(["a", "b"])) == {"a": [1]}


def test_the_oldest_sums_in_memory_go_first() -> None:
    aggregates = MemoryAggregateCache(most=2)
    for number, key in enumerate("abc"):
        aggregates.put({key: sums(number)})
    assert to_lists(aggregates.get(["a", "b", "c"])) == {"b": [1], "c": [2]}
