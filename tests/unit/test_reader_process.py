"""What a stranger sends is read in a child process that cannot take the server along."""

import fcntl
import logging
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.unit import readers
from userlane import reader_process
from userlane.contract import Token
from userlane.errors import FieldsMissing, RequestUnusable, UploadRefused
from userlane.reader_process import FILE, PASTE, run_reader

MIB = 2**20
LONG = replace(FILE, seconds=120)
"""These tests are not about time, and the machine may be busy."""


def test_a_result_comes_back_as_it_was_made() -> None:
    found = run_reader(LONG, readers.describe, [b"abc", b"", b"\0d"], "nps", token="made-up-4f2a")
    assert found == readers.describe([b"abc", b"", b"\0d"], "nps", token="made-up-4f2a")
    assert found.token == Token("made-up-4f2a")
    assert found.days == {("nps", date(2026, 4, 1)): 2, ("nps", None): 1}
    assert run_reader(None, readers.describe, [b"abc"], "nps") == run_reader(
        LONG, readers.describe, [b"abc"], "nps"
    )


def test_the_child_is_another_interpreter_in_a_group_of_its_own_without_the_servers_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A paste is read without pyarrow and pandas, whose import alone would take more than its memory."""
    monkeypatch.setenv("USERLANE_TOKEN", "made-up-4f2a")
    pid, session, modules, variables = run_reader(LONG, readers.process, [])
    assert pid == session != os.getpid()
    assert not {"streamlit", "pytest", "pandas", "pyarrow", "numpy"} & {*modules}
    assert not [name for name in variables if name.startswith(("USERLANE", "AWS", "STREAMLIT"))]


def test_what_the_reader_refuses_is_refused_in_its_words() -> None:
    with pytest.raises(FieldsMissing) as caught:
        run_reader(LONG, readers.refuse, [])
    error = caught.value
    assert (error.cause, error.next_step, error.dataset) == ("No score.", "Name it.", "nps")
    assert ([*error.missing], [*error.keys]) == (["score"], ["mark"])


def test_who_takes_too_long_is_ended_with_all_that_was_started(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    limits = replace(PASTE, seconds=0.5)
    while not note.exists():  # until the child has time enough to begin, however busy this machine is
        limits = replace(limits, seconds=limits.seconds * 2)
        with pytest.raises(RequestUnusable, match=rf"takes longer than {limits.seconds:g} seconds"):
            run_reader(limits, readers.sleep, [], str(note))
    for _ in range(200):
        with note.open() as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(0.1)
    pytest.fail("a process of the child is still there")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to a limit of memory")
def test_who_takes_too_much_memory_is_refused() -> None:
    paste = replace(PASTE, seconds=120)
    assert run_reader(paste, readers.take_memory, [], 100 * MIB) == 100 * MIB
    with pytest.raises(RequestUnusable, match="more than 256 MB of memory") as caught:
        run_reader(paste, readers.take_memory, [], 256 * MIB)
    assert caught.value.next_step
    # Files may take 256 MB on top of what their reader's imports have mapped.
    assert run_reader(LONG, readers.take_memory, [], 200 * MIB) == 200 * MIB
    for reader, size in ((readers.take_memory, 300 * MIB), (readers.take_memory_with_arrow, 200 * MIB)):
        with pytest.raises(UploadRefused, match="more than 256 MB of memory"):
            run_reader(LONG, reader, [], size)


@pytest.mark.parametrize("reader", [readers.end, readers.flood])
def test_a_child_that_ends_or_writes_without_a_reply_is_a_refusal(reader: object) -> None:
    with pytest.raises(UploadRefused):
        run_reader(LONG, reader, [])  # type: ignore[arg-type]  # one of two readers


def test_a_reader_that_fails_is_logged_without_the_input(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(UploadRefused, match="has failed") as caught:
        run_reader(LONG, readers.fail, [b"made-up-4f2a"])
    assert "4f2a" not in caplog.text + str(caught.value)
    assert "ValueError" in caplog.text
    assert "readers.py:" in caplog.text


def test_one_input_is_read_at_a_time_and_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: run_reader(LONG, readers.process, [])[0], range(4)))
    assert len({*found}) == 4
    monkeypatch.setattr(reader_process, "WAIT_SECONDS", 0.01)
    with reader_process._READING, pytest.raises(UploadRefused) as caught:
        run_reader(LONG, readers.process, [])
    assert str(caught.value) == "The server is reading somebody else's file. Try again in a moment."
    assert run_reader(LONG, readers.process, [])


def test_input_that_the_child_does_not_wait_for_is_no_error() -> None:
    """A child may end while the server is still writing to it."""
    with pytest.raises(UploadRefused):
        run_reader(replace(LONG, memory=64 * MIB), readers.describe, [bytes(100 * MIB)], "nps")
