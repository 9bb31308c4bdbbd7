"""Journeys are counted by what really runs."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.journeys import ROOT, Journey, Recorder, table
from userlane.errors import LoadStopped


def function_in(file: str, code: str) -> Callable[..., Any]:
    """The function `work` of a made-up file."""
    names: dict[str, Any] = {"threading": threading}
    exec(compile(code, str(ROOT / file), "exec"), names)  # noqa: S102  # our own code, under another name
    work: Callable[..., Any] = names["work"]
    return work


CALL = "def work(value=None): return value"
BEGIN = """
def work(begun):
    thread = threading.Thread(target=begun, name="made-up")
    thread.start()
    thread.join()
"""


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


def entered(files: set[str]) -> list[str]:
    return sorted(file.removeprefix(f"{ROOT}/") for file in files)


def test_files_of_the_product_count_once_and_only_while_it_is_recorded(recorder: Recorder) -> None:
    one, page, before, after = (
        function_in(file, CALL) for file in ("userlane/one.py", "pages/two.py", "app.py", "userlane/late.py")
    )
    with recorder.listening():
        before()
        with recorder.recording():
            one()
            one()
            page()
        after()
    assert entered(recorder.files) == ["pages/two.py", "userlane/one.py"]


@pytest.mark.parametrize("file", ["userlane/sandbox/server.py", "tests/one.py", "benchmarks/one.py"])
def test_what_is_not_the_product_does_not_count(recorder: Recorder, file: str) -> None:
    work, error = function_in(file, CALL), LoadStopped("Stopped.", "Load again.")
    with recorder.listening(), recorder.recording():
        work(error)
    assert (recorder.files, recorder.in_hand) == (set(), set())


def test_threads_of_the_product_are_named_and_the_files_they_enter_count(recorder: Recorder) -> None:
    begin, inside = function_in("userlane/begin.py", BEGIN), function_in("userlane/inside.py", CALL)
    with recorder.listening(), recorder.recording():
        begin(inside)
    assert recorder.threads == ["made-up"]
    assert entered(recorder.files) == ["userlane/begin.py", "userlane/inside.py"]


def test_threads_of_others_are_not_counted_but_the_files_they_enter_are(recorder: Recorder) -> None:
    inside = function_in("userlane/inside.py", CALL)
    with recorder.listening(), recorder.recording():
        function_in("tests/begin.py", BEGIN)(inside)
    assert recorder.threads == []
    assert entered(recorder.files) == ["userlane/inside.py"]


def test_an_error_is_in_hand_where_it_is_taken_returned_or_raised_through(recorder: Recorder) -> None:
    error = LoadStopped("Stopped.", "Load again.")
    takes = function_in("userlane/takes.py", "def work(error): pass")
    returns = function_in("userlane/returns.py", "def work(*errors): return errors[0]")
    raises = function_in("userlane/raises.py", "def work(*errors): raise errors[0]")
    other = function_in("userlane/other.py", "def work(error): return [error, ValueError()]")
    with recorder.listening(), recorder.recording():
        takes(error)
        returns(error)
        with pytest.raises(LoadStopped):
            raises(error)
        other(ValueError())
    assert entered(recorder.in_hand) == ["userlane/raises.py", "userlane/returns.py", "userlane/takes.py"]


def test_a_missed_aim_is_said() -> None:
    missed, met = table([Journey("one", 7, 6, "hand-overs"), Journey("two", 4, 4)])
    assert missed.endswith("7 (at most  6) hand-overs  more than that")
    assert met.endswith("4 (at most  4) files")


def test_what_was_counted_is_listed_on_request() -> None:
    journey = Journey("two", 1, 4, what=("userlane/one.py",))
    assert len(list(table([journey]))) == 1
    assert list(table([journey], whole=True))[1:] == ["    userlane/one.py"]
