"""Every fault of the list is tried by a test of this package, and every other row by tests that exist."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from tests.system import faults as package
from tests.system.faults.faults import Fault
from tests.system.faults.quirks import Quirk
from tests.system.faults.rows import ELSEWHERE, ROWS, faults
from tests.system.faults.table import Line, printed

TESTS = Path(__file__).parents[2]


def all_tests() -> Iterator[FunctionType]:
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("test_"):
            for name, value in vars(importlib.import_module(f"{package.__name__}.{module.name}")).items():
                if name.startswith("test_") and isinstance(value, FunctionType):
                    yield value


def covered() -> set[str]:
    """What tests say they cover, and the faults they are run with."""
    found: set[str] = set()
    for test in all_tests():
        found.update(getattr(test, "covered", ()))
        marks: list[Any] = getattr(test, "pytestmark", [])
        for mark in marks:
            if mark.name == "parametrize":
                found.update(value.name for value in mark.args[1] if isinstance(value, Fault | Quirk))
    return found


def test_every_fault_of_the_list_is_tried() -> None:
    assert set(faults()) - covered() == set()
    assert covered() - set(faults()) == set()


def test_every_fault_is_in_one_row() -> None:
    names = list(faults())
    assert len(names) == len(set(names))
    assert {row.section for row in ROWS} == {"Token and access", "Transport", "Payload", "Paging"}


@pytest.mark.parametrize("row", ELSEWHERE, ids=lambda row: row.title)
def test_what_is_tried_elsewhere_is_tried_there(row: Any) -> None:
    for module in row.modules:
        assert (TESTS / module).exists(), module


def test_the_table_shows_each_fault_and_a_failed_one_as_failed() -> None:
    lines = [
        Line(name, 2, [1, 3], [4, 5], ["complete"], seconds=0.5, passed=True)
        for name in faults()
        if name != "refused"
    ]
    ran = {module: (3, 0) for row in ELSEWHERE for module in row.modules}
    refused_line = Line("refused", 1, [2], [4], ["exit 5"], seconds=0.1, passed=False)
    table = list(printed([*lines, refused_line], ran))
    assert " 1 failed; " in table[-1]
    assert "every row" in table[-1]
    (refused,) = (line for line in table if line.strip().startswith("refused "))
    assert refused.endswith("FAIL")
    assert all(any(name in line for line in table) for name in faults())
    assert any("test_export.py" in line and line.endswith("pass") for line in table)
    assert "not part of this run" in "\n".join(printed(lines, ran))
    assert "not run" in list(printed([*lines, refused_line], {}))[-1]
    broken = list(printed([*lines, refused_line], ran | {"unit/test_export.py": (3, 2)}))
    assert " 3 failed; " in broken[-1]
    assert any("test_export.py" in line and line.endswith("FAIL") for line in broken)


@pytest.mark.parametrize(
    ("spans", "says"),
    [
        ([(0, 60), (60, 60)], "took 120 s, 120 s by the clock: within three minutes"),
        ([(0, 170), (5, 170), (300, 5)], "took 345 s, 180 s by the clock: within three minutes"),
        ([(0, 100), (10, 20), (100, 81)], "took 201 s, 181 s by the clock: more than three minutes"),
    ],
)
def test_the_last_line_says_how_long_all_faults_took(spans: list[tuple[int, int]], says: str) -> None:
    """What two processes tried at the same time counts once by the clock."""
    lines = [Line("refused", began=1000.0 + began, seconds=seconds) for began, seconds in spans]
    assert list(printed(lines, {}))[-1].endswith(f"; all faults together {says}")
