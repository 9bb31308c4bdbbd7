"""The engine runs expressions, for many threads at once, within its memory."""

import datetime as dt
import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import ibis
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis import _

from tests.stand_in import UNHURRIED
from userlane.contract import COLUMNS
from userlane.engine import Embedded, expressions, get_engine, run
from userlane.errors import UserlaneError


def table(rows: int) -> pa.Table:
    numbers = pa.array(range(rows), pa.int32())
    texts = pa.array([f"u-{number % 97}" for number in range(rows)]).dictionary_encode()
    return pa.table({"number": numbers, "user_id": texts})


def test_result_types_are_those_of_frames() -> None:
    """Text is `str`, days are midnight timestamps, whole numbers are int64, and missing stays missing."""
    days = pa.array([dt.date(2026, 4, 1), dt.date(2026, 4, 2), None])
    texts = pa.array(["a", None, "a"]).dictionary_encode()
    found = run(ibis.memtable(pa.table({"date": days, "text": texts, "n": pa.array([1, 2, 3], pa.int32())})))
    assert str(found["date"].dtype) == "datetime64[us]"
    assert found["date"].isna().tolist() == [False, False, True]
    assert str(found["text"].dtype) == "str"
    assert found["text"].isna().tolist() == [False, True, False]
    summed = run(ibis.memtable(table(10)).number.sum().name("sum"))
    assert summed["sum"].tolist() == [45]
    assert summed["sum"].dtype == "int64"


def test_empty_table_gives_typed_empty_frame() -> None:
    """A table of no rows and no chunks can be grouped; the empty frame keeps its columns' types."""
    tags = ibis.memtable(COLUMNS["tags"].empty_table())
    found = run(tags.group_by("tag_id").agg(users=tags.user_id.nunique(), first=tags.date.min()))
    assert [str(kind) for kind in found.dtypes] == ["str", "int64", "datetime64[us]"]
    assert found.empty


def test_dictionaries_that_differ_by_chunk_read_as_one_text() -> None:
    """One code in two chunks may be two texts, and one text may have two codes: text is what counts."""
    chunks = [pa.array(["a", "b"]).dictionary_encode(), pa.array(["b", "c", "b"]).dictionary_encode()]
    texts = ibis.memtable(pa.table({"text": pa.chunked_array(chunks)}))
    found = run(texts.group_by("text").agg(n=texts.count()).order_by("text"))
    assert found["n"].tolist() == [1, 3, 1]
    assert run(texts.filter(texts.text.isin(["b"])).count().name("n"))["n"].tolist() == [3]


def test_many_threads_get_their_own_answers() -> None:
    """Forty askers at once, each with another table or the same one, all get the right number."""
    shared = ibis.memtable(table(5_000))

    def ask(number: int) -> tuple[int, int]:
        own = ibis.memtable(table(1_000 + number))
        counted = int(run(own.agg(n=_.count()))["n"].iloc[0])
        return counted, int(run(shared.filter(_.number < number).agg(n=_.count()))["n"].iloc[0])

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, range(40)))
    assert answers == [(1_000 + number, number) for number in range(40)]


def test_first_askers_at_once_share_one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many threads ask first, one database is opened."""
    monkeypatch.setattr(expressions, "_engine", None)
    with ThreadPoolExecutor(8) as pool:
        engines = set(pool.map(lambda _number: get_engine(), range(8)))
    assert len(engines) == 1


@settings(UNHURRIED, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=30))
def test_different_codes_of_each_group_and_of_all_are_counted_in_one_look(
    rows: list[tuple[int, int]],
) -> None:
    """As pandas counts them; without rows there is no group."""
    frame = pd.DataFrame(rows, columns=["tag", "user"]).astype("int32")
    held = ibis.memtable(pa.Table.from_pandas(frame, preserve_index=False))
    counted = get_engine().distinct_by(held, "tag", "user", 10, groups=4, records=held.count())
    assert counted is not None
    found = run(counted.order_by("tag"))
    expected = frame.groupby("tag").agg(different=("user", "nunique"), records=("user", "size")).reset_index()
    assert found[["tag", "different", "records"]].to_numpy().tolist() == (
        expected[["tag", "different", "records"]].to_numpy().tolist()
    )
    assert set(found["altogether"]) == ({frame["user"].nunique()} if rows else set())


def test_codes_that_would_take_too_many_bits_are_counted_otherwise() -> None:
    """By themselves each, and there is no one look."""
    held = ibis.memtable(pa.table({"tag": [1, 1, 2], "user": pa.array([7, 7, 2**30], pa.int32())}))
    assert get_engine().distinct_by(held, "tag", "user", 2**31 - 1, groups=2) is None
    assert run(get_engine().distinct(held.user, 2**31 - 1, 2).name("users"))["users"].tolist() == [2]


def test_rows_come_near_unless_there_are_too_many() -> None:
    """All of them or none."""
    few = ibis.memtable(table(5))
    rows = get_engine().fetch_if_small(few, 5)
    assert rows is not None
    assert rows["number"].to_pylist() == [0, 1, 2, 3, 4]
    assert get_engine().fetch_if_small(few, 4) is None


def test_work_larger_than_memory_spills_and_is_right() -> None:
    """Grouping more than the memory limit holds goes through the disk and still counts every row."""
    rows = 400_000
    texts = pa.array([f"user-with-a-long-name-{number}" for number in range(rows)])
    wide = ibis.memtable(pa.table({"user_id": texts}))
    grouped = wide.group_by("user_id").agg(n=wide.count())
    found = Embedded(threads=2, memory_limit="24MB").run(
        grouped.agg(users=grouped.count(), n=grouped.n.sum())
    )
    assert found.to_numpy().tolist() == [[rows, rows]]


def test_too_little_memory_is_said_in_words_and_leaves_the_engine_usable() -> None:
    """What does not fit at all is an error with cause and next step; the next expression runs."""
    small = Embedded(threads=1, memory_limit="1MB")
    texts = pa.array([f"user-{number}" for number in range(200_000)])
    wide = ibis.memtable(pa.table({"user_id": texts}))
    with pytest.raises(UserlaneError) as caught:
        small.run(wide.group_by("user_id").agg(n=wide.count()).order_by("n"))
    assert "memory" in caught.value.cause
    assert caught.value.next_step
    assert small.run(ibis.literal(7).name("n"))["n"].tolist() == [7]


def test_without_a_folder_to_spill_to_it_still_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a read-only file system the engine opens and answers."""

    def refuse(**_options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkdtemp", refuse)
    assert Embedded(threads=1).run(ibis.memtable(table(10)).count().name("n"))["n"].tolist() == [10]


def test_its_folder_goes_with_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was spilled does not outlive the engine."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    short_lived = Embedded(threads=1)
    assert len(list(tmp_path.iterdir())) == 1
    del short_lived
    gc.collect()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "statement",
    [
        "FROM read_csv('{path}')",
        "COPY (SELECT 1) TO '{path}'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ],
)
def test_expressions_reach_no_file_and_no_address(tmp_path: Path, statement: str) -> None:
    """Nothing an expression says can open a file or a connection, or allow itself to."""
    file = tmp_path / "secret.csv"
    file.write_text("a\n1\n")
    with pytest.raises(duckdb.Error, match=r"external access|disabled by configuration"):
        Embedded(threads=1)._connect({}).execute(statement.format(path=file))
    assert file.read_text() == "a\n1\n"
