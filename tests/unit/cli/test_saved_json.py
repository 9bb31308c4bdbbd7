"""`export --from-file` writes what saved answers hold, without any API, and marks it."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.stand_in import APRIL, nps_records, tag_records
from userlane.__main__ import main

ROOT = Path(__file__).parents[3]
NPS = nps_records(APRIL, 2)


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of its own and no setting at all: neither an address nor a token."""
    for name in [name for name in os.environ if name.startswith("USERLANE_") and name != "USERLANE_STORE"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(name: str, document: Any) -> str:
    Path(name).write_text(json.dumps(document), encoding="utf-8")
    return name


def exported(*arguments: str) -> dict[str, Any]:
    """The JSON that an export wrote; always with the exit code of the incomplete."""
    assert main(["export", *arguments, "--format", "json", "--out", "out.json"]) == 3
    written: dict[str, Any] = json.loads(Path("out.json").read_bytes())
    return written


def test_one_file_gives_its_records_over_the_days_they_span() -> None:
    found = exported("nps", "--property", "demo", "--from-file", save("nps.json", {"data": NPS}))
    assert (found["property_id"], found["start"], found["end"]) == ("demo", "2026-04-01", "2026-05-01")
    assert (found["rows"], found["complete"]) == (60, False)
    assert found["reasons"] == ["From files, completeness unknown."]
    assert {row["response_id"] for row in found["records"]} == {str(record["id"]) for record in NPS}


def test_several_files_are_one_dataset_and_days_can_be_chosen() -> None:
    files = [save("1.json", NPS[:30]), save("2.json", {"results": NPS[25:]})]
    days = ("--start", "2026-04-10", "--end", "2026-04-20")
    found = exported("nps", "--from-file", files[0], "--from-file", files[1], *days)
    assert (found["start"], found["end"], found["rows"]) == ("2026-04-10", "2026-04-20", 20)
    assert exported("nps", "--from-file", files[0], "--start", "2026-04-10")["end"] == "2026-04-16"


def test_it_runs_without_any_setting_and_marks_each_row_of_a_csv(tmp_path: Path) -> None:
    save("tags.json", tag_records(APRIL, 2))
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("USERLANE_") or name == "USERLANE_STORE"
    }
    ended = subprocess.run(
        [sys.executable, "-m", "userlane", "export", "tags", "--from-file", "tags.json"],
        cwd=tmp_path,
        env=kept | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (3, b"")
    assert b"From files, completeness unknown." in ended.stderr
    (file,) = tmp_path.glob("*.csv")
    assert file.name.endswith("-incomplete.csv")
    header, *rows = csv.reader(io.StringIO(file.read_text("utf-8-sig"), newline=""))
    assert header[-1] == "incomplete"
    assert {row[-1] for row in rows} == {"From files, completeness unknown."}
    assert len(rows) == 60


def survey(survey_id: int | None, number: int) -> dict[str, Any]:
    return {**NPS[number], "score": 1 + number % 5, **({"surveyId": survey_id} if survey_id else {})}


def test_the_only_survey_needs_no_choice_and_one_of_several_does(capfd: pytest.CaptureFixture[str]) -> None:
    one = save("one.json", [survey(512, i) for i in range(4)])
    two = save("two.json", [survey(513, i) for i in range(6)])
    assert exported("surveys", "--from-file", one)["survey_id"] == "512"
    assert exported("surveys", "--from-file", one, "--from-file", two, "--survey-id", "513")["rows"] == 6
    capfd.readouterr()
    assert main(["export", "surveys", "--from-file", one, "--from-file", two]) == 2
    assert "surveys 512, 513: choose with --survey-id" in capfd.readouterr().err
    unnamed = save("unnamed.json", [survey(None, i) for i in range(3)])
    assert exported("surveys", "--from-file", unnamed, "--survey-id", "7")["rows"] == 3


def test_a_mounted_profile_names_the_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    route = 'url = "{base_url}/nps"'
    Path("profile.toml").write_text(f'[nps]\n{route}\n[nps.fields]\nscore = "mark"\n', encoding="utf-8")
    monkeypatch.setenv("USERLANE_API_PROFILE", "profile.toml")
    file = save("nps.json", [{"mark": 9, "timestamp": "2026-04-01T00:00:00Z"}])
    assert exported("nps", "--from-file", file)["records"][0]["score"] == 9


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        ('{"message": "Unauthorized"}', 5, "no list of records"),
        ("GET /nps HTTP/1.1", 5, "is not JSON"),
        ('[{"what": 1}]', 5, "no field for score, timestamp"),
        ('[{"rating": 1, "value": 2, "timestamp": "2026-04-01"}]', 5, "rating or value"),
        ("[]", 2, "--start and --end are needed"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_line_and_nothing_is_written(
    content: str, code: int, said: str, alone: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("wrong.json").write_text(content, encoding="utf-8")
    assert main(["export", "nps", "--from-file", "wrong.json"]) == code
    error = capfd.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert [path.name for path in alone.iterdir()] == ["wrong.json"]


def test_no_records_in_days_that_are_named_are_an_empty_marked_file() -> None:
    days = ("--start", "2026-04-10", "--end", "2026-04-20")
    found = exported("nps", "--from-file", save("nps.json", {"data": []}), *days)
    assert (found["rows"], found["complete"]) == (0, False)


def test_a_file_that_is_not_there_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "nps", "--from-file", "nowhere.json"]) == 5
    assert "nowhere.json cannot be read" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [
        (["--property", "demo", "--start", "2026-04-01"], "--end"),
        (["--start", "2026-04-01", "--end", "2026-05-01"], "--property"),
    ],
)
def test_without_files_property_and_days_are_needed(
    arguments: list[str], missing: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "nps", *arguments]) == 2
    assert f"Missing option '{missing}'" in capfd.readouterr().err
