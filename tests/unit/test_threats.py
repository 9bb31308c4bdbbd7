"""The threat model in `docs/security.md`: each row says what stops it, and names tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def threats() -> list[tuple[str, ...]]:
    """The rows of the table: asset, threat, what stops it, tests."""
    heading, *rows = ROW.findall((ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
    assert heading == ("asset", "threat", "what stops it", "test")
    return rows


THREATS = threats()


def test_the_table_is_read_whole() -> None:
    """As many rows as lines that name a test, so a row of another shape is not passed over."""
    lines = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").splitlines()
    assert len(THREATS) == len([line for line in lines if "`tests/" in line]) > 20


@pytest.mark.parametrize("row", THREATS, ids=lambda row: row[1][:60])
def test_each_threat_names_what_stops_it_and_tests_that_exist(row: tuple[str, ...]) -> None:
    *said, tests = row
    assert all(len(cell.split()) > 0 for cell in said)
    named = [name.strip("` ") for name in tests.split("<br>")]
    assert named
    for name in named:
        file, separator, function = name.partition("::")
        assert separator, f"{name} names no test"
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, name
