"""`bench` where there is nothing to measure with, and what it makes of a report."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import suite
from userlane.__main__ import main
from userlane.cli import bench

WITHOUT = """
import sys
sys.modules["benchmarks"] = None
from userlane.__main__ import main
sys.exit(main(["bench", "--only", "fetch", "--rows", "10000"]))
"""


def test_where_only_the_app_is_installed_one_line_says_where_the_benchmarks_are() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        check=False,
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
    )
    line = "error: The benchmarks are not here. They are in a checkout: run scripts/bench there."
    assert (ended.returncode, ended.stdout, ended.stderr.splitlines()) == (5, "", [line])


def test_a_package_that_is_missing_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def report(*_: object) -> suite.Report:
        raise ModuleNotFoundError("No module named 'dlt'", name="dlt")

    monkeypatch.setattr(suite, "report", report)
    assert main(["bench"]) == 5
    assert capsys.readouterr().err.splitlines() == [
        "error: The package dlt is missing. Run scripts/bench: it installs what is needed."
    ]


@pytest.mark.parametrize(("code", "whole"), [(0, True), (5, False)])
def test_the_report_is_printed_and_written_and_the_code_says_whether_it_is_whole(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    code: int,
    whole: bool,
) -> None:
    asked: list[object] = []

    def report(*given: object) -> suite.Report:
        asked.append(given[:3])
        return suite.Report("| a table |\n", whole)

    monkeypatch.setattr(suite, "report", report)
    target = tmp_path / "table.md"
    assert main(["bench", "--only", "fetch", "--only", "memory", "--runs", "1", "--out", str(target)]) == code
    assert capsys.readouterr().out == target.read_text() == "| a table |\n"
    assert asked == [(("fetch", "memory"), 1_000_000, 1)]


def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(suite, "report", lambda *_: suite.Report("", whole=True))
    assert main(["bench", "--out", str(tmp_path / "nowhere" / "table.md")]) == 5
    assert "Choose another --out." in capsys.readouterr().err


def test_the_command_knows_every_part_and_the_full_size() -> None:
    assert set(bench.PARTS) == set(suite.PARTS)
    assert bench.ROWS == suite.FULL
