"""ID dictionaries: a code never changes its ID, whoever writes, reads, merges or dies."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from tests.unit.store.given import FETCHED, SOON, S, find, query
from tests.unit.store.uses import Use, answer, kept, piece_of, rows, span, table_of, texts, used_by
from userlane.metrics import tags
from userlane.store import FolderStore, atomic_files
from userlane.store.atomic_files import Unreadable
from userlane.store.id_dictionary import IdDictionaries, IdDictionary

WRITER = """
import sys
from pathlib import Path
import time_machine
from tests.unit.store.given import *
from tests.unit.store.uses import *

time_machine.travel(SOON).start()
store = FolderStore(Path(sys.argv[1]))
for number, users in enumerate(sys.argv[2:]):
    kept(store, piece_of(used_by(users.split(","), number), span(number, number + 1)))
print("kept", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def _soon() -> object:
    with time_machine.travel(SOON):
        yield


@contextmanager
def writer(folder: Path, *days: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has kept a window for each day, with these users, and lives on; killed at the end."""
    arguments = [sys.executable, "-c", WRITER, str(folder), *days]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "kept\n"
        yield process
        process.kill()


def dictionaries(folder: Path) -> list[Path]:
    return sorted(lock.parent for lock in folder.rglob("lock"))


def users_in(found: IdDictionary) -> list[str]:
    ids: list[str] = found.indexes["user"].ids.to_pylist()
    return ids


words = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), max_size=5)


@settings(UNHURRIED, max_examples=40)
@given(batches=st.lists(words, max_size=30), in_folder=st.booleans())
def test_an_id_keeps_its_code_for_ever_also_over_many_files_and_their_merging(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[str]], *, in_folder: bool
) -> None:
    own = IdDictionaries(tmp_path_factory.mktemp("words")).writable() if in_folder else IdDictionary()
    codes: dict[str, int] = {}
    for batch in batches:
        table = table_of(Use(0, text, text, 1) for text in dict.fromkeys(batch))
        coded = own.encode(table)
        assert own.decode(coded).equals(table)
        for text, code in zip(table["user_id"].to_pylist(), coded["user"].to_pylist(), strict=True):
            assert codes.setdefault(text, code) == code
    assert sorted(codes.values()) == list(range(len(codes)))
    assert own.sizes == {"tag": len(codes), "user": len(codes)}
    if own.folder is not None:
        again = IdDictionary(own.folder)
        assert users_in(again) == sorted(codes, key=codes.__getitem__)
        assert len(list(own.folder.glob("user-*"))) <= 16


def test_a_table_of_several_chunks_with_dictionaries_of_their_own_is_coded_as_one(tmp_path: Path) -> None:
    own = IdDictionaries(tmp_path).writable()
    chunks = [table_of(used_by([user])) for user in ("b", "a", "b")]
    assert own.encode(pa.concat_tables(chunks))["user"].to_pylist() == [0, 1, 0]


def test_a_reader_sees_what_the_writer_adds_also_after_files_were_merged(tmp_path: Path) -> None:
    writing = IdDictionaries(tmp_path)
    own, reading = writing.writable(), IdDictionaries(tmp_path)
    for number in range(40):
        own.encode(table_of(used_by(texts(number + 1))))
        found = reading.open(own.id, own.sizes)
        assert users_in(found) == list(texts(number + 1))


def test_two_stores_on_one_folder_write_a_dictionary_each_and_one_answer_over_both_counts_right(
    tmp_path: Path,
) -> None:
    """The same users get other codes in each; an ID is one user all the same."""
    one, two = FolderStore(tmp_path), FolderStore(tmp_path)
    early = [*used_by(["ann", "bob", "cid"], 0, "7"), *used_by(["ann"], 1, "8")]
    late = [*used_by(["dan", "cid", "ann"], 20, "8"), *used_by(["bob"], 21, "9")]
    kept(one, piece_of(early, span(0, 15)))
    kept(two, piece_of(late, span(15, 30)))
    assert len(dictionaries(tmp_path)) == 2
    for store in (one, two, FolderStore(tmp_path)):
        found = answer(store, query("tags"))
        assert rows(found) == sorted([*early, *late])
        assert tags.totals(found) == (4, 8, 3, 4)
        assert tags.seen_users(found) == 4
        by_tag = tags.adoption(found, 10).set_index("tag_id")["users"].to_dict()
        assert by_tag == {"7": 3, "8": 3, "9": 1}


def test_what_another_process_added_after_its_dictionary_was_read_is_read_too(tmp_path: Path) -> None:
    here, there = FolderStore(tmp_path), FolderStore(tmp_path)
    kept(there, piece_of(used_by(["ann"]), span(0, 1)))
    assert rows(answer(here, query("tags", span(0, 1)))) == used_by(["ann"])
    kept(there, piece_of(used_by(["bob", "cid"], 1), span(1, 2)))
    assert rows(answer(here, query("tags", span(0, 2)))) == [*used_by(["ann"]), *used_by(["bob", "cid"], 1)]
    assert tags.totals(answer(here, query("tags", span(0, 2)))).users == 3


def test_a_folder_removed_under_a_living_process_costs_a_fetch_and_no_wrong_id(tmp_path: Path) -> None:
    """The process goes on with a new dictionary: others could not read the IDs it still has in memory."""
    store = FolderStore(tmp_path)
    kept(store, piece_of(used_by(["ann", "bob"]), span(0, 1)))
    (before,) = dictionaries(tmp_path)
    shutil.rmtree(tmp_path / "v3")
    assert answer(store, query("tags")).rows == 0
    kept(store, piece_of(used_by(["bob"]), span(0, 1)))
    (after,) = dictionaries(tmp_path)
    assert after != before
    assert rows(answer(FolderStore(tmp_path), query("tags", span(0, 1)))) == used_by(["bob"])


def test_while_its_writer_lives_nobody_else_writes_a_dictionary_and_afterwards_it_is_gone_on_with(
    tmp_path: Path,
) -> None:
    """Also after a kill: a lock ends with its process. The codes are those it had."""
    with writer(tmp_path, "ann,bob"):
        kept(FolderStore(tmp_path), piece_of(used_by(["cid"], 1), span(1, 2)))
        assert len(dictionaries(tmp_path)) == 2
    store = FolderStore(tmp_path)
    kept(store, piece_of(used_by(["bob", "dan"], 2), span(2, 3)))
    kept(store, piece_of(used_by(["ann"], 3), span(3, 4)))
    assert len(dictionaries(tmp_path)) == 2
    found = answer(FolderStore(tmp_path), query("tags", span(0, 4)))
    assert rows(found) == [
        *used_by(["ann", "bob"]),
        *used_by(["cid"], 1),
        *used_by(["bob", "dan"], 2),
        *used_by(["ann"], 3),
    ]
    assert tags.totals(found).users == 4


def test_a_store_that_is_closed_lets_the_next_one_go_on_with_its_dictionary(tmp_path: Path) -> None:
    first = FolderStore(tmp_path)
    kept(first, piece_of(used_by(["ann"]), span(0, 1)))
    first.close()
    kept(FolderStore(tmp_path), piece_of(used_by(["ann", "bob"], 1), span(1, 2)))
    assert len(dictionaries(tmp_path)) == 1
    assert rows(answer(FolderStore(tmp_path), query("tags", span(0, 2)))) == [
        *used_by(["ann"]),
        *used_by(["ann", "bob"], 1),
    ]


def test_a_killed_writers_half_written_ids_hinder_nobody(tmp_path: Path) -> None:
    """A part that was left behind, and windows whose IDs are all there."""
    with writer(tmp_path, "ann", "bob") as process:
        (place,) = dictionaries(tmp_path)
        (place / f".user-000000000002-000000000003.{process.pid}.part").write_bytes(b"half")
    store = FolderStore(tmp_path)
    assert not list(place.glob(".*.part"))
    kept(store, piece_of(used_by(["cid"], 2), span(2, 3)))
    assert len(dictionaries(tmp_path)) == 1
    assert [use[2] for use in rows(answer(FolderStore(tmp_path), query("tags", span(0, 3))))] == [
        "ann",
        "bob",
        "cid",
    ]


# IDs that are not there any more


def flip(file: Path) -> None:
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 0xFF
    file.write_bytes(held)


def other_columns(file: Path) -> None:
    """A file whose checksum is right and which holds something else."""
    name = atomic_files.strip_checksum(file.name)
    file.unlink()
    atomic_files.write(file.parent, name, pa.table({"words": ["ann"]}))


@pytest.mark.parametrize("harm", [flip, os.unlink, other_columns])
@pytest.mark.parametrize("kind", ["tag", "user"])
def test_without_the_ids_of_its_codes_a_piece_is_dropped_and_fetched_again(
    tmp_path: Path, harm: Callable[[Path], None], kind: str
) -> None:
    first = FolderStore(tmp_path)
    kept(first, piece_of(used_by(["ann"]), span(0, 1)))
    first.close()
    (file,) = tmp_path.rglob(f"{kind}-*.parquet")
    harm(file)
    store = FolderStore(tmp_path)
    assert find(store, S, query("tags"), None) == ()
    assert store.find(S, query("tags")) == ()
    assert store.trouble == ""
    kept(store, piece_of(used_by(["bob"]), span(0, 1)))
    for each in (store, FolderStore(tmp_path)):
        assert rows(answer(each, query("tags", span(0, 1)))) == used_by(["bob"])


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_a_dictionary_that_lacks_a_file_is_gone_on_with_by_nobody(tmp_path: Path, gone: int) -> None:
    """Whoever went on with it would give codes that have an ID already, and old records another user."""
    first = FolderStore(tmp_path)
    users = texts(7)  # in three files, of 4, 2 and 1 of them
    kept(
        first,
        *(piece_of(used_by([user], number), span(number, number + 1)) for number, user in enumerate(users)),
    )
    first.close()
    sorted(tmp_path.rglob("user-*.parquet"))[gone].unlink()
    store = FolderStore(tmp_path)
    newer = [f"new-{number}" for number in range(5)]
    kept(store, piece_of(used_by(newer, 9), span(9, 10), FETCHED + timedelta(minutes=1)))
    for each in (store, FolderStore(tmp_path)):
        for number, user in enumerate(users):
            found = rows(answer(each, query("tags", span(number, number + 1))))
            assert found in ([], used_by([user], number))
        assert rows(answer(each, query("tags", span(9, 10)))) == used_by(newer, 9)


def test_codes_beyond_the_ids_that_are_there_are_refused(tmp_path: Path) -> None:
    own = IdDictionaries(tmp_path).writable()
    own.encode(table_of(used_by(["ann"])))
    with pytest.raises(Unreadable):
        IdDictionaries(tmp_path).open(own.id, {"tag": 1, "user": 2})
    with pytest.raises(Unreadable):
        IdDictionaries(tmp_path).open("0" * 32, {})


def test_a_dictionary_whose_files_come_and_go_meanwhile_keeps_nobody_from_writing(tmp_path: Path) -> None:
    """A file that is listed and gone before it is looked at, as a writer's parts are."""
    others = IdDictionaries(tmp_path).writable()
    assert others.folder
    (others.folder / ".user-000000000000-000000000001.1.part").symlink_to(tmp_path / "gone")
    own = IdDictionaries(tmp_path).writable()
    assert own.id != others.id


def test_a_dictionary_nobody_uses_any_more_is_swept_and_one_in_use_is_not(tmp_path: Path) -> None:
    """In use by a file, or by a living process that has not written one yet."""
    first, second = FolderStore(tmp_path), FolderStore(tmp_path)
    kept(first, piece_of(used_by(["ann"]), span(0, 1)))
    kept(second, piece_of(used_by(["bob"]), span(0, 1), FETCHED + timedelta(minutes=1)))
    first.close()
    FolderStore(tmp_path)
    assert len(dictionaries(tmp_path)) == 2
    (old,) = [path for path in tmp_path.rglob("*_*.parquet") if "T120000" in path.name]
    old.unlink()
    FolderStore(tmp_path)
    (left,) = dictionaries(tmp_path)
    assert rows(answer(FolderStore(tmp_path), query("tags", span(0, 1)))) == used_by(["bob"])
    for path in tmp_path.rglob("*_*.parquet"):
        path.unlink()
    FolderStore(tmp_path)
    assert dictionaries(tmp_path) == [left]


def test_many_processes_that_begin_at_once_write_side_by_side_without_trouble(tmp_path: Path) -> None:
    """Each takes up a dictionary that is free, or begins one; nobody's records are lost."""
    script = """
import sys
from pathlib import Path
import time_machine
from tests.unit.store.given import *
from tests.unit.store.uses import *

number, start = int(sys.argv[2]), time_machine.travel(SOON)
start.start()
sys.stdin.readline()
store = FolderStore(Path(sys.argv[1]))
for day in range(number * 6, number * 6 + 6):
    kept(store, piece_of(used_by([f"u-{day}", f"u-{day - 5}"], day), span(day, day + 1)))
    assert store.trouble == "", store.trouble
print("kept", flush=True)
"""
    arguments = [[sys.executable, "-c", script, str(tmp_path), str(number)] for number in range(4)]
    started = [
        subprocess.Popen(each, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for each in arguments
    ]
    for process in started:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate()[0] for process in started] == ["kept\n"] * 4
    found = rows(answer(FolderStore(tmp_path), query("tags", span(0, 24))))
    assert found == sorted(use for day in range(24) for use in used_by([f"u-{day}", f"u-{day - 5}"], day))
