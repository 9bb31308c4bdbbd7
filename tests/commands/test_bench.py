"""`bench` where there is nothing to measure with, and what it makes of a report."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import suite
from userlane.__main__ import main
from userlane.commands import bench

WITHOUT = """
import sys
sys.modules[{!r}] = None
from userlane.__main__ import main
sys.exit(main(["bench", "--only", "pages", "--rows", "1000"]))
"""


@pytest.mark.parametrize(
    ("module", "line"),
    [
        (
            "benchmarks",
            "error: The benchmarks are not here. They are in a checkout: run scripts/bench there.",
        ),
        (
            "benchmarks.suite",
            "error: The benchmarks are not here. They are in a checkout: run scripts/bench there.",
        ),
        (
            "playwright",
            "error: The package playwright is missing. Run scripts/bench: it installs what is needed.",
        ),
    ],
)
def test_what_is_not_there_is_said_in_one_line(module: str, line: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(module)],
        check=False,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stdout, ended.stderr.splitlines()) == (5, "", [line])


def test_the_report_is_printed_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []

    def report(*given: object) -> str:
        asked.append(given[:3])
        return "| a table |\n"

    monkeypatch.setattr(suite, "report", report)
    target = tmp_path / "table.md"
    assert main(["bench", "--only", "fetch", "--only", "export", "--runs", "1", "--out", str(target)]) == 0
    assert capsys.readouterr().out == target.read_text() == "| a table |\n"
    assert asked == [(("fetch", "export"), 1_000_000, 1)]


def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(suite, "report", lambda *_: "")
    assert main(["bench", "--out", str(tmp_path / "nowhere" / "table.md")]) == 5
    assert "Choose another --out." in capsys.readouterr().err


def test_the_command_knows_every_part_and_the_full_size() -> None:
    assert set(bench.PARTS) == set(suite.PARTS)
    assert bench.ROWS == suite.FULL
