"""Whatever happens to the disk or the process: files are whole or not there, and answers are had without."""

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from tests.unit.store.given import FETCHED, SOON, S, april, fetched_window, find, query
from tests.unit.store.read_only import told
from userlane.contract import DATASETS, DatasetName
from userlane.store import FetchedWindow, FolderStore, atomic_files

WRITER = """
import sys
from datetime import timedelta
from pathlib import Path
import time_machine
from tests.unit.store.given import *
from userlane.store import FolderStore

time_machine.travel(SOON).start()
store, name, number = FolderStore(Path(sys.argv[1])), sys.argv[2], 0
print("ready", flush=True)
while True:
    number += 1
    first = 1 + number % 9
    fetched_at = FETCHED + timedelta(microseconds=number)
    asked = query("tags", april(first, first + 9))
    store.write(S, fetched_window(asked, f"{name}-{number}", fetched_at))
"""


@pytest.fixture(autouse=True)
def _soon() -> object:
    with time_machine.travel(SOON):
        yield


def stored(folder: Path) -> list[Path]:
    """The files of windows that no newer one has taken the place of."""
    replaced = {path.name for path in folder.rglob("*.replaced")}
    return sorted(path for path in folder.rglob("*_*.parquet") if f"{path.name}.replaced" not in replaced)


def sealed(file: Path) -> None:
    """Give a changed file the name that goes with its content, so that its checksum is no reason."""
    checksum = f"{zlib.crc32(file.read_bytes()):08x}"
    file.rename(file.with_name(f"{atomic_files.strip_checksum(file.name)}.{checksum}.parquet"))


def parts(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.part"))


@contextmanager
def writer(folder: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """A process that keeps one window after another, killed at the end if not before."""
    arguments = [sys.executable, "-c", WRITER, str(folder), name]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


def untorn(found: tuple[FetchedWindow, ...]) -> bool:
    """Each window is one writer's and one fetch's, a row for each of its days."""
    return all(
        each.table.num_rows == each.window.days and len(set(each.table["user_id"].to_pylist())) == 1
        for each in found
    )


# What is read is what was written

refusals = st.dictionaries(
    st.tuples(st.text(max_size=20), st.none() | st.dates(date(2026, 4, 1), date(2026, 4, 30))),
    st.integers(1, 2**40),
    max_size=3,
)


@settings(UNHURRIED, max_examples=30)
@given(
    name=st.sampled_from(DATASETS),
    user=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    refused=refusals,
)
def test_a_piece_comes_back_from_its_file_as_it_was(
    tmp_path_factory: pytest.TempPathFactory,
    name: DatasetName,
    user: str,
    refused: dict[tuple[str, date | None], int],
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    kept = replace(fetched_window(query(name), user), refused=refused, duplicates=3, outside=4)
    FolderStore(folder).write(S, kept)
    (found,) = find(FolderStore(folder), S, kept.query, None)
    assert found.table.equals(kept.table)
    for attribute in ("query", "fetched_at", "refused", "duplicates", "outside", "id"):
        assert getattr(found, attribute) == getattr(kept, attribute)


def test_nobody_else_on_the_machine_can_read_the_files(tmp_path: Path) -> None:
    FolderStore(tmp_path / "rows").write(S, fetched_window(query()))
    (file,) = stored(tmp_path)
    assert file.stat().st_mode & 0o077 == 0
    assert (tmp_path / "rows" / "v3").stat().st_mode & 0o077 == 0


# Files that are not what they should be


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def flip(file: Path) -> None:
    """A byte among the rows, which only their checksums can show."""
    held = bytearray(file.read_bytes())
    held[len(held) // 4] ^= 0xFF
    file.write_bytes(held)


def rename(file: Path) -> None:
    """Another window than the one inside."""
    file.rename(file.with_name(file.name.replace("2026-04-01", "2026-04-02")))


def age(file: Path) -> None:
    """Rows of an older version: a column has another type."""
    table = pq.read_table(file)
    metadata = {b"userlane": table.schema.metadata[b"userlane"].replace(b'"version":3', b'"version":2')}
    pq.write_table(table.replace_schema_metadata(metadata), file)
    sealed(file)


def lose_a_row(file: Path) -> None:
    table = pq.read_table(file)
    pq.write_table(table.slice(1), file)
    sealed(file)


@pytest.mark.parametrize("harm", [truncate, empty, flip, rename, age, lose_a_row])
def test_a_file_that_is_not_whole_or_of_another_version_is_dropped(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    FolderStore(tmp_path).write(S, fetched_window(query("tags", april(1, 20))))
    (file,) = stored(tmp_path)
    harm(file)
    store = FolderStore(tmp_path)
    assert find(store, S, query("tags"), None) == ()
    assert stored(tmp_path) == []
    assert store.trouble == ""
    store.write(S, fetched_window(query("tags", april(1, 20))))
    assert len(find(store, S, query("tags"), None)) == 1


def test_what_is_no_piece_is_left_alone(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write(S, fetched_window(query()))
    stranger = stored(tmp_path)[0].with_name("notes.txt")
    stranger.write_text("mine")
    assert len(find(store, S, query(), SOON)) == 1
    assert find(FolderStore(tmp_path), S, query(), SOON)
    assert stranger.read_text() == "mine"


def test_files_past_their_time_are_swept_at_the_start(tmp_path: Path) -> None:
    old, young = FETCHED - timedelta(days=31), FETCHED - timedelta(days=29)
    store = FolderStore(tmp_path)
    store.write(S, fetched_window(query(property_id="old"), fetched_at=old))
    store.write(S, fetched_window(query(property_id="young"), fetched_at=young))
    store = FolderStore(tmp_path)
    assert find(store, S, query(property_id="old"), None) == ()
    assert len(find(store, S, query(property_id="young"), None)) == 1


def test_what_the_version_before_wrote_is_removed_a_day_after_this_one_began_and_not_sooner(
    tmp_path: Path,
) -> None:
    """During an update processes of both may run, and the older one goes on reading and writing."""
    for version in ("v1", "v2"):
        (tmp_path / version / "api").mkdir(parents=True)
        (tmp_path / version / "api" / "rows").write_text("of long ago")
    store = FolderStore(tmp_path)
    assert store.key
    began = datetime.fromtimestamp((tmp_path / "v3" / "key").stat().st_mtime, UTC)
    with time_machine.travel(began + timedelta(hours=23)):
        FolderStore(tmp_path)
        assert {each.name for each in tmp_path.iterdir()} == {"v1", "v2", "v3"}
    with time_machine.travel(began + timedelta(hours=25)):
        key = FolderStore(tmp_path).key
        assert {each.name for each in tmp_path.iterdir()} == {"v3"}
    assert key == store.key


def test_files_dated_ahead_of_the_clock_are_swept_at_the_start(tmp_path: Path) -> None:
    FolderStore(tmp_path).write(S, fetched_window(query(), fetched_at=SOON + timedelta(hours=2)))
    assert FolderStore(tmp_path).find(S, query()) == ()


def test_above_its_size_the_files_opened_least_recently_go_first(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for number in range(4):
        store.write(S, fetched_window(query(property_id=f"p{number}")))
    files = {file.parts[-3].partition(".")[0]: file for file in stored(tmp_path)}
    for number in range(4):
        os.utime(files[f"p{number}"], (number, number))
    assert len(find(store, S, query(property_id="p0"), None)) == 1
    size = max(file.stat().st_size for file in stored(tmp_path))
    store = FolderStore(tmp_path, max_on_disk=2 * size)
    left = [bool(store.find(S, query(property_id=f"p{number}"))) for number in range(4)]
    assert left == [True, False, False, True]


# The key under which tokens are hashed

KEY_READER = """
import sys
from pathlib import Path
from userlane.store import FolderStore

store = FolderStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(store.key.hex(), flush=True)
"""


def test_processes_that_begin_at_the_same_time_get_the_same_key(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", KEY_READER, str(tmp_path)]
    with ExitStack() as ends:
        processes = [
            ends.enter_context(
                subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(4)
        ]
        for process in processes:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin
            process.stdin.write("\n")
            process.stdin.flush()
        keys = {process.stdout.readline() for process in processes if process.stdout}
    assert keys == {f"{FolderStore(tmp_path).key.hex()}\n"}
    assert len(FolderStore(tmp_path).key) == 32


def test_each_store_has_a_key_of_its_own_that_nobody_else_on_the_machine_can_read(tmp_path: Path) -> None:
    one, two = FolderStore(tmp_path / "one"), FolderStore(tmp_path / "two")
    assert one.key != two.key
    assert (tmp_path / "one" / "v3" / "key").stat().st_mode & 0o077 == 0


def test_a_key_that_was_cut_short_is_written_anew_and_one_that_was_removed_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "v3" / "key"
    file.parent.mkdir()
    file.write_bytes(b"short")
    store = FolderStore(tmp_path)
    assert len(store.key) == len(file.read_bytes()) == 32
    shutil.rmtree(file.parent)
    assert store.key == FolderStore(tmp_path).key


def test_where_the_key_cannot_be_written_the_process_has_one_of_its_own(tmp_path: Path) -> None:
    place = tmp_path / "rows"
    place.write_text("a file where the folder should be")
    store, other = FolderStore(place), FolderStore(place)
    assert store.key == store.key != other.key


# A disk that refuses


def test_a_disk_that_fails_while_it_is_swept_stops_no_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_folder: Path) -> list[Path]:
        raise OSError(errno.EIO, "Input/output error")

    FolderStore(tmp_path).write(S, fetched_window(query()))
    monkeypatch.setattr(atomic_files, "remove_orphans", fails)
    assert len(find(FolderStore(tmp_path), S, query(), SOON)) == 1


def test_once_the_disk_takes_rows_again_those_in_memory_do_not_stand_before_newer_ones(
    tmp_path: Path,
) -> None:
    place = tmp_path / "rows"
    place.write_text("a file where the folder should be")
    store = FolderStore(place)
    old, new = fetched_window(query(), "old"), fetched_window(query(), "new", SOON)
    store.write(S, old)
    place.unlink()
    store.write(S, new)
    (found,) = find(store, S, query(), SOON)
    assert found.id == new.id
    assert [held.id for held in store.find(S, query())] == [new.id]


def test_a_disk_that_is_full_leaves_nothing_behind_and_one_notice_and_rows_stay_in_memory(
    tmp_path: Path,
) -> None:
    """The system itself refuses to let a file grow, in the middle of its being written."""
    script = """
import resource, signal, sys
from pathlib import Path
import time_machine
from tests.unit.store.given import *
from userlane.store import FolderStore
time_machine.travel(SOON).start()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = FolderStore(Path(sys.argv[1]))
store.write(S, fetched_window(query("heart")))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
store.write(S, fetched_window(query("nps")))
store.write(S, fetched_window(query("tags")))
assert "cannot be stored" in store.trouble, store.trouble
assert [bool(find(store, S, query(name), SOON)) for name in ("heart", "nps", "tags")] == [True] * 3
print("seen")
"""
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.stdout.endswith("seen\n"), run.stderr
    assert (run.stdout + run.stderr).count("the store cannot be used") == 1
    assert len(stored(tmp_path)) == 1
    assert parts(tmp_path) == []


def test_a_folder_that_cannot_be_written_costs_a_notice_which_goes_when_it_can_be_again(
    tmp_path: Path,
) -> None:
    place = tmp_path / "rows"
    place.write_text("a file where the folder should be")
    store = FolderStore(place)
    store.write(S, fetched_window(query()))
    assert store.trouble
    assert len(find(store, S, query(), SOON)) == 1
    place.unlink()
    store.write(S, fetched_window(query("tags")))
    assert store.trouble == ""
    assert len(find(FolderStore(place), S, query("tags"), SOON)) == 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody who may not write")
def test_a_read_only_folder_is_read_and_not_written(tmp_path: Path) -> None:
    FolderStore(tmp_path).write(S, fetched_window(query()))
    said, errors = told(
        tmp_path,
        """
assert len(find(store, S, query(), SOON)) == 1
store.write(S, fetched_window(query("tags")))
assert "cannot be stored" in store.trouble
assert len(find(store, S, query("tags"), SOON)) == 1
print("seen")
""",
    )
    assert said.endswith("seen\n"), errors


def test_a_folder_that_is_taken_away_is_an_empty_store(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "rows")
    store.write(S, fetched_window(query("tags")))
    shutil.rmtree(tmp_path / "rows")
    assert find(store, S, query("tags"), SOON) == ()
    store.write(S, fetched_window(query("tags")))
    assert len(find(FolderStore(tmp_path / "rows"), S, query("tags"), SOON)) == 1


# A process that is killed


def test_a_kill_at_any_moment_leaves_only_whole_files_and_orphans_are_swept(tmp_path: Path) -> None:
    moments = random.Random(4)  # noqa: S311 - which moments is no secret
    for _ in range(12):
        with writer(tmp_path, "w"):
            time.sleep(moments.uniform(0, 0.1))
        store = FolderStore(tmp_path)
        assert parts(tmp_path) == []
        files_left = len(stored(tmp_path))
        found = find(store, S, query("tags"), None)
        assert untorn(found)
        assert len(stored(tmp_path)) == files_left, "no file was found broken"
    assert found


def test_the_part_of_a_living_process_is_not_swept(tmp_path: Path) -> None:
    with writer(tmp_path, "w") as process:
        living: list[Path] = []
        until = time.monotonic() + 60
        while not living and time.monotonic() < until:
            os.kill(process.pid, signal.SIGCONT)
            time.sleep(0.002)
            os.kill(process.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED)
            living = [part for part in parts(tmp_path) if part.stat().st_size]
        assert living
        FolderStore(tmp_path)
        assert [part for part in parts(tmp_path) if part.stat().st_size] == living
        os.kill(process.pid, signal.SIGCONT)


# Two processes


def test_two_processes_on_one_folder_never_read_half_a_file(tmp_path: Path) -> None:
    store, reads = FolderStore(tmp_path), 0
    with writer(tmp_path, "one"), writer(tmp_path, "two"):
        until = time.monotonic() + 2
        while time.monotonic() < until:
            found = find(store, S, query("tags"), None)
            assert untorn(found)
            reads += len(found)
            assert store.trouble == ""
    assert reads > 10


def test_what_one_process_wrote_or_dropped_the_other_sees_at_once(tmp_path: Path) -> None:
    here, there = FolderStore(tmp_path), FolderStore(tmp_path)
    here.write(S, fetched_window(query(), "here"))
    assert find(there, S, query(), SOON)[0].table["user_id"][0].as_py() == "here"
    there.write(S, fetched_window(query(), "there", SOON))
    assert find(here, S, query(), SOON)[0].table["user_id"][0].as_py() == "there"
    assert len(stored(tmp_path)) == 1
    shutil.rmtree(tmp_path / "v3")
    assert find(here, S, query(), SOON) == ()
