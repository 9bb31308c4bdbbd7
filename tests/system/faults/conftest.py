"""What every fault is tried with: ears for the token, and a place in the table."""

import logging
from collections.abc import Iterator

import pytest

from tests.system.faults.leaks import Ears, silent
from tests.system.faults.table import Notes


@pytest.fixture
def notes(request: pytest.FixtureRequest) -> Notes:
    """Lines of the table, taken down by the test."""
    return Notes(request.node)


@pytest.fixture(autouse=True)
def ears(capfd: pytest.CaptureFixture[str]) -> Iterator[Ears]:
    """Nothing that is logged or printed while a test runs holds the token, or a traceback."""
    ears = Ears()
    root = logging.getLogger()
    level = root.level
    root.addHandler(ears)
    root.setLevel(logging.DEBUG)
    try:
        yield ears
    finally:
        root.setLevel(level)
        root.removeHandler(ears)
    out, error = capfd.readouterr()
    silent(out, error, *ears.lines)
    assert "Traceback" not in out + error
