"""What is stored, listed and deleted on the command line."""

import csv
import io
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.store.given import S, april, fetched_window, query
from tests.unit.store.uses import piece_of, span, used_by
from userlane.store import FolderStore

ROOT = Path(__file__).parents[2]
NOW = datetime.now(UTC).replace(microsecond=0)


def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """`python -m userlane store …`"""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("USERLANE_")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "userlane", "store", *arguments],
        env=kept | {"PYTHONPATH": str(ROOT)} | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two windows of one property, of a survey and of tags, and one of another."""
    store = FolderStore(tmp_path)
    store.write(S, piece_of(used_by(["ann", "bob"]), span(0, 7), NOW))
    store.write(S, fetched_window(query("surveys", april(1, 3)), fetched_at=NOW))
    store.write(S, fetched_window(query("nps", april(1, 2), "other"), fetched_at=NOW))
    store.close()
    return tmp_path


def listed(folder: Path, *arguments: str, **settings: str) -> list[dict[str, str]]:
    answered = run("list", *arguments, USERLANE_STORE=str(folder), **settings)
    assert (answered.returncode, answered.stderr) == (0, "")
    return list(csv.DictReader(io.StringIO(answered.stdout)))


def test_each_stored_window_is_a_line_that_says_what_it_holds(folder: Path) -> None:
    found = {line["dataset"]: line for line in listed(folder)}
    assert set(found) == {"tags", "surveys", "nps"}
    size = found["tags"].pop("bytes")
    assert any(path.stat().st_size == int(size) for path in folder.rglob("*_*.parquet"))
    assert found["tags"] == {
        "dataset": "tags",
        "property_id": "demo",
        "survey_id": "",
        "start": "2026-04-01",
        "end": "2026-04-08",
        "timezone": "UTC",
        "records": "2",
        "fetched_at": NOW.isoformat(),
    }
    assert (found["surveys"]["survey_id"], found["surveys"]["records"]) == ("512", "3")


def test_the_windows_of_one_property_can_be_listed_alone(folder: Path) -> None:
    assert [line["dataset"] for line in listed(folder, "--property", "other")] == ["nps"]
    assert listed(folder, "--property", "nobodys") == []


def test_looking_removes_nothing_that_the_settings_keep(tmp_path: Path) -> None:
    """A store that is kept for a year is not swept as one that is kept for a month."""
    year = timedelta(days=365)
    FolderStore(tmp_path, kept=year).write(
        S, fetched_window(query("nps"), fetched_at=NOW - timedelta(days=100))
    )
    assert len(listed(tmp_path, USERLANE_STORE_DAYS="365")) == 1
    deleted = run("delete", "--property", "other", USERLANE_STORE=str(tmp_path), USERLANE_STORE_DAYS="365")
    assert deleted.returncode == 0
    assert len(listed(tmp_path, USERLANE_STORE_DAYS="365")) == 1


def test_one_property_is_deleted_and_the_others_stay(folder: Path) -> None:
    answered = run("delete", "--property", "demo", USERLANE_STORE=str(folder))
    assert (answered.returncode, answered.stdout) == (0, "")
    assert "Stored windows deleted: 2." in answered.stderr
    assert [line["property_id"] for line in listed(folder)] == ["other"]
    again = run("delete", "--property", "demo", USERLANE_STORE=str(folder))
    assert "Stored windows deleted: 0." in again.stderr


@pytest.mark.parametrize("wrong", ["../other", "*", "", "o*"])
def test_what_can_be_no_property_deletes_nothing(folder: Path, wrong: str) -> None:
    answered = run("delete", "--property", wrong, USERLANE_STORE=str(folder))
    assert answered.returncode != 0
    assert "property ID" in answered.stderr
    assert len(listed(folder)) == 3


def test_without_a_property_nothing_is_deleted(folder: Path) -> None:
    assert run("delete", USERLANE_STORE=str(folder)).returncode == 2
    assert len(listed(folder)) == 3


@pytest.mark.parametrize("arguments", [["list"], ["delete", "--property", "demo"]])
def test_where_nothing_is_stored_that_is_said(arguments: list[str]) -> None:
    answered = run(*arguments, USERLANE_STORE="none")
    assert answered.returncode == 2
    assert "USERLANE_STORE=none" in answered.stderr
    assert "Traceback" not in answered.stderr
