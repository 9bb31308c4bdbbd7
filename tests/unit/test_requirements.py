"""The locks, and that `requirements.in` names what the app imports: no more and no less."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from itertools import combinations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-bench.txt", "requirements-spark.txt")
PIN = re.compile(r"([a-z0-9-]+)==([^ ;]+) \\")
UNSEEN = {"tzdata", "setuptools"}  # read by zoneinfo, and used by pip; never imported


def asked(file: str) -> set[str]:
    """The packages a file of direct requirements names."""
    lines = (ROOT / file).read_text().splitlines()
    return {
        line.split("#")[0].split("[")[0].strip().split("=")[0].rstrip(">~ ")
        for line in lines
        if line[0].isalpha()
    }


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text()))


def imported(*places: str) -> set[str]:
    """The packages that the Python files of these places import directly."""
    files = [
        file
        for place in places
        for file in ([ROOT / place], (ROOT / place).rglob("*.py"))[(ROOT / place).is_dir()]
    ]
    modules: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.split(".")[0])
    known = packages_distributions()
    foreign = modules - set(sys.stdlib_module_names) - {"userlane", "pages", "benchmarks", "tests", "app"}
    # What only benchmarks need may not be here; its packages are called like its modules.
    return {re.sub(r"[-_.]+", "-", known.get(module, [module])[0]).lower() for module in foreign}


def test_the_app_imports_exactly_what_is_asked_for() -> None:
    known = asked("requirements.in") | asked("requirements-spark.in")
    assert imported("app.py", "pages", "userlane", "scripts/health.py") == known - UNSEEN


def test_the_tests_import_nothing_that_is_not_asked_for() -> None:
    assert imported("tests", "scripts") - asked("requirements.in") - asked("requirements-dev.in") == set()


def test_the_benchmarks_import_what_is_asked_for_no_more_and_no_less() -> None:
    others = asked("requirements.in") | asked("requirements-dev.in")
    assert imported("benchmarks") - others == asked("requirements-bench.in")


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_and_hashes_only(lock: str) -> None:
    lines = [
        line for line in (ROOT / lock).read_text().splitlines() if line and not line.lstrip().startswith("#")
    ]
    unknown = [
        line
        for line in lines
        if not PIN.fullmatch(line) and not re.fullmatch(r" +--hash=sha256:\w{64}( \\)?", line)
    ]
    assert unknown == []


def test_a_lock_names_no_machine_and_no_index() -> None:
    for lock in LOCKS:
        assert "://" not in (ROOT / lock).read_text()


def test_each_lock_covers_what_is_asked_for() -> None:
    assert asked("requirements.in") <= pins("requirements.txt").keys()
    assert asked("requirements-dev.in") <= pins("requirements-dev.txt").keys()
    assert asked("requirements-bench.in") <= pins("requirements-bench.txt").keys()
    assert asked("requirements-spark.in") <= pins("requirements-spark.txt").keys()


@pytest.mark.parametrize(("one", "other"), [*combinations(LOCKS, 2)])
def test_the_locks_agree_where_they_overlap(one: str, other: str) -> None:
    first, second = pins(one), pins(other)
    assert {name: second[name] for name in first.keys() & second.keys()} == {
        name: first[name] for name in first.keys() & second.keys()
    }


def test_only_pyspark_is_built_and_what_builds_it_comes_last_in_its_lock() -> None:
    """`scripts/environment.sh` relies on the order."""
    assert list(pins("requirements-spark.txt"))[-1] == "setuptools"
    assert "--no-binary pyspark" in (ROOT / "scripts/environment.sh").read_text()
