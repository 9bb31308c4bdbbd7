"""What others do to a store while somebody reads it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine

from tests.unit.store.given import FETCHED, SOON, S, april, fetched_window, find, query
from tests.unit.store.read_only import told
from tests.unit.store.uses import answer, kept, piece_of, rows, span, used_by
from userlane.contract import DATASETS
from userlane.errors import UserlaneError
from userlane.export import FORMATS, records_file
from userlane.metrics import tags
from userlane.store import FolderStore, MemoryStore, Store
from userlane.store.backends import DISK

CLAIMER = """
import sys
from pathlib import Path
from tests.unit.store.given import *
from userlane.store import FolderStore

claim = FolderStore(Path(sys.argv[1])).acquire_lease(S, query("tags"))
print("had" if claim else "taken", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(SOON) as travelling:
        yield travelling


@pytest.fixture(autouse=True)
def _soon(clock: time_machine.Traveller) -> None:
    """All of it happens soon after the fetch."""


def marks(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.replaced"))


def windows(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*_*.parquet"))


# A newer window has come


def test_an_answer_can_be_read_for_an_hour_after_a_newer_piece_came_and_then_file_and_mark_go(
    tmp_path: Path, clock: time_machine.Traveller
) -> None:
    store = FolderStore(tmp_path)
    old = piece_of(used_by(["old"], 3))
    kept(store, old)
    opened = answer(store, query("tags"))
    FolderStore(tmp_path).write(S, piece_of(used_by(["new", "two"], 3), fetched_at=SOON))
    assert tags.totals(answer(store, query("tags"))).users == 2
    (mark,) = marks(tmp_path)
    os.utime(mark, (SOON.timestamp(), SOON.timestamp()))  # no clock of a test reaches the disk's
    clock.shift(timedelta(minutes=59))
    FolderStore(tmp_path)
    assert tags.totals(opened).users == 1
    assert b"old" in records_file(opened, "csv")
    assert (len(windows(tmp_path)), len(marks(tmp_path))) == (2, 1)
    clock.shift(timedelta(minutes=2))
    late = FolderStore(tmp_path)
    assert (len(windows(tmp_path)), len(marks(tmp_path))) == (1, 0)
    assert [use[2] for use in rows(answer(late, query("tags")))] == ["new", "two"]


def test_only_what_a_newer_piece_of_the_same_scope_covers_is_marked(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    inside, beyond, late = (
        piece_of([], span(5, 10)),
        piece_of([], span(5, 12)),
        piece_of([], span(6, 9), SOON + timedelta(minutes=1)),
    )
    others = piece_of([], span(5, 10))
    kept(store, inside, beyond, late)
    store.write("api/another", others)
    store.write(S, piece_of([], span(4, 11), SOON))
    left = {held.id for held in store.find(S, query("tags"))}
    assert inside.id not in left
    assert {beyond.id, late.id} <= left
    assert [held.id for held in store.find("api/another", query("tags"))] == [others.id]


# Somebody deletes


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_all_of_a_property_is_deleted_surveys_too_and_nothing_of_another(tmp_path: Path, kind: str) -> None:
    store: Store = MemoryStore() if kind == "memory" else FolderStore(tmp_path)
    for property_id in ("demo", "demo2", "demo-2", "Demo"):
        for name in DATASETS:
            store.write(S, fetched_window(query(name, property_id=property_id)))
    store.write(S, fetched_window(query("tags", april(1, 3))))
    assert store.delete("demo") == 5
    assert [find(store, S, query(name), None) for name in DATASETS] == [()] * 4
    for property_id in ("demo2", "demo-2", "Demo"):
        assert all(find(store, S, query(name, property_id=property_id), None) for name in DATASETS)
    assert store.delete("demo") == 0
    assert store.delete("nobodys") == 0


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_of_one_api_alone_nothing_of_another_is_deleted(tmp_path: Path, kind: str) -> None:
    store: Store = MemoryStore() if kind == "memory" else FolderStore(tmp_path)
    for scope in ("one/anna", "one/ben", "two/anna"):
        store.write(scope, fetched_window(query("tags")))
    assert store.delete("demo", "one") == 2
    assert find(store, "one/anna", query("tags"), None) == find(store, "one/ben", query("tags"), None) == ()
    assert len(find(store, "two/anna", query("tags"), None)) == 1
    assert store.delete("demo") == 1


def test_nothing_of_a_deleted_property_is_left_on_the_disk_or_found_by_a_living_process(
    tmp_path: Path,
) -> None:
    """Neither rows nor the texts behind codes nor sums nor marks."""
    store, other = FolderStore(tmp_path), FolderStore(tmp_path)
    old = piece_of(used_by(["ann"], 6))
    kept(store, old)
    store.write(S, piece_of(used_by(["ann"], 6), fetched_at=SOON))
    tags.weekly(answer(store, query("tags")))
    assert answer(other, query("tags")).rows == 1
    assert FolderStore(tmp_path).delete("demo") == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert answer(store, query("tags")).rows == answer(other, query("tags")).rows == 0
    for each in (store, other):
        kept(each, piece_of(used_by(["bob"], 6), fetched_at=SOON))
        assert [use[2] for use in rows(answer(FolderStore(tmp_path), query("tags")))] == ["bob"]


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_a_process_that_deletes_a_property_keeps_no_text_or_sum_of_it(tmp_path: Path, kind: str) -> None:
    store = MemoryStore() if kind == "memory" else FolderStore(tmp_path)
    store.write(S, piece_of(used_by(["ann"], 6)))
    tags.weekly(answer(store, query("tags")))
    aggregates = store.aggregates(S, query("tags"))
    store.delete("demo")
    assert store.aggregates(S, query("tags")) is not aggregates
    dictionaries = store._dictionaries if isinstance(store, MemoryStore) else store._property_folders
    assert dictionaries == {} or isinstance(store, FolderStore)
    if isinstance(store, FolderStore):
        assert all(home.dictionaries._own is None for home in store._property_folders.values())


def test_who_reads_what_is_deleted_is_told_in_words(tmp_path: Path) -> None:
    """Whether it is counted, shown or taken away."""
    store = FolderStore(tmp_path)
    kept(store, piece_of(used_by(["ann"], 6)))
    opened = answer(store, query("tags"))
    store.delete("demo")
    with pytest.raises(UserlaneError, match="removed while they were read"):
        tags.totals(opened)
    for kind in FORMATS:
        with pytest.raises(UserlaneError, match="removed while they were read"):
            records_file(opened, kind)
    with pytest.raises(UserlaneError, match="removed while they were read"):
        _ = opened.table


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody who may not write")
def test_what_could_not_be_deleted_is_not_called_deleted(tmp_path: Path) -> None:
    kept(FolderStore(tmp_path), fetched_window(query("nps")))
    said, errors = told(
        tmp_path,
        """
try:
    print(store.delete("demo"))
except UserlaneError as error:
    print("told:", error)
""",
    )
    assert said.startswith("told: "), (said, errors)
    assert len(windows(tmp_path)) == 1


def test_one_file_that_cannot_be_deleted_does_not_keep_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FolderStore(tmp_path)
    kept(store, fetched_window(query("nps")), fetched_window(query("heart")))
    stays, goes = windows(tmp_path)
    remove = DISK.remove

    def remove_all_but_one(path: Path) -> None:
        if path == stays:
            raise PermissionError(13, "Permission denied")
        remove(path)

    monkeypatch.setattr(DISK, "remove", remove_all_but_one)
    with pytest.raises(UserlaneError):
        store.delete("demo")
    assert not goes.exists()
    assert stays.exists()


# What an operator reads


def test_every_stored_piece_is_listed_as_its_file_says_and_broken_or_replaced_ones_are_not(
    tmp_path: Path,
) -> None:
    store = FolderStore(tmp_path)
    old = piece_of(used_by(["ann", "bob"], 3), span(0, 10))
    kept(store, old)
    store.write(S, piece_of(used_by(["ann"], 3), span(0, 10), SOON))
    kept(
        store,
        fetched_window(query("surveys", april(1, 4))),
        fetched_window(query("nps", april(1, 2), "other")),
    )
    broken = fetched_window(query("heart"))
    kept(store, broken)
    (file,) = tmp_path.rglob("*/heart/**/*_*.parquet")
    file.write_bytes(file.read_bytes()[:40])
    found = [(each.query.dataset, each.query.property_id, each.rows) for each in store.list_windows()]
    assert sorted(found) == [("nps", "other", 2), ("surveys", "demo", 4), ("tags", "demo", 1)]
    (tagged,) = [each for each in store.list_windows() if each.query.dataset == "tags"]
    assert (tagged.query.window, tagged.fetched_at) == (span(0, 10), SOON)
    assert tagged.size == windows(tmp_path / "v3" / S / "tags")[-1].stat().st_size


# One fetches, the others wait


def free(store: Store) -> bool:
    """Whether the window can be claimed; it is let go at once."""
    lease = store.acquire_lease(S, query("tags"))
    if lease is None:
        return False
    with lease:
        return True


def test_a_window_is_claimed_by_one_process_until_it_is_done_or_dead(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    arguments = [sys.executable, "-c", CLAIMER, str(tmp_path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "had\n"
        assert store.acquire_lease(S, query("tags")) is None
        process.kill()
        process.wait()
    with ExitStack() as claimed:
        lease = store.acquire_lease(S, query("tags"))
        assert lease is not None
        claimed.enter_context(lease)
        second = subprocess.run(arguments, input="\n", capture_output=True, text=True, check=False)
        assert second.stdout == "taken\n", second.stderr
    third = subprocess.run(arguments, input="\n", capture_output=True, text=True, check=False)
    assert third.stdout == "had\n", third.stderr


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_a_claim_is_of_one_window_of_one_question_to_one_api(tmp_path: Path, kind: str) -> None:
    store: Store = MemoryStore() if kind == "memory" else FolderStore(tmp_path)
    with ExitStack() as claimed:
        asked = [
            (S, query("tags")),
            (S, query("tags", april(1, 9))),
            (S, query("tags", property_id="other")),
            (S, query("nps")),
            ("api/another", query("tags")),
        ]
        for api, each in asked:
            lease = store.acquire_lease(api, each)
            assert lease is not None
            claimed.enter_context(lease)
            assert store.acquire_lease(api, each) is None
    assert free(store)


def test_where_nothing_can_be_stored_nobody_waits_for_anybody(tmp_path: Path) -> None:
    place = tmp_path / "rows"
    place.write_text("a file where the folder should be")
    store = FolderStore(place)
    with ExitStack() as claimed:
        for _ in range(2):
            lease = store.acquire_lease(S, query("tags"))
            assert lease is not None
            claimed.enter_context(lease)


def test_a_store_whose_folder_goes_while_it_is_claimed_is_claimed_anew(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with ExitStack() as claimed:
        lease = store.acquire_lease(S, query("tags"))
        assert lease is not None
        claimed.enter_context(lease)
        shutil.rmtree(tmp_path / "v3")
        assert free(store)


def test_fetched_is_the_moment_in_the_name_to_the_microsecond(tmp_path: Path) -> None:
    """So that what is asked for anew is told from what was there."""
    store = FolderStore(tmp_path)
    moment = FETCHED + timedelta(microseconds=123_456)
    kept(store, fetched_window(query("nps"), fetched_at=moment))
    (held,) = FolderStore(tmp_path).find(S, query("nps"))
    assert held.fetched_at == moment
