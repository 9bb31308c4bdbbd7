"""`python -m userlane profile`: copied requests become a profile, and an export with it works."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.responses import document, in_json
from tests.server import Request, Response, Server
from userlane import __main__ as command_line
from userlane.contract import ASSUMED, Auth, Profile

ROOT = Path(__file__).parents[2]
TOKEN = "sentinel-4f2a-9c81"
DATES = "from=2026-04-01&to=2026-05-01"
NPS = f"curl 'https://api.userlane.com/v9/8mkyx/nps?{DATES}&page=0&size=500' -H 'X-Api-Key: {TOKEN}'"
HEART = f"GET /v9/8mkyx/heart?{DATES}&page=0&size=500 HTTP/1.1\nHost: api.userlane.com\nX-Api-Key: {TOKEN}\n"
UNSURE = f"curl 'https://api.userlane.com/v9/8mkyx/nps?{DATES}&x=3&y=7' -H 'X-Api-Key: {TOKEN}'"
Run = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`profile` in a folder of its own, with requests in `nps.txt`, `heart.txt` and `unsure.txt`."""
    for name in [name for name in os.environ if name.startswith("USERLANE_") and name != "USERLANE_STORE"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    for name, code in (("nps", NPS), ("heart", HEART), ("unsure", UNSURE)):
        Path(f"{name}.txt").write_text(code)

    def started(*arguments: str) -> int:
        return command_line.main(["profile", "--property", "8mkyx", *arguments])

    return started


def written(text: str) -> Profile:
    return msgspec.toml.decode(text.encode(), type=Profile)


def test_the_profile_goes_to_standard_output_and_what_was_understood_to_standard_error(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--nps", "nps.txt", "--heart", "heart.txt") == 0
    said = capsys.readouterr()
    profile = written(said.out)
    assert profile.auth == Auth("X-Api-Key", "")
    assert profile.nps.url == "https://api.userlane.com/v9/{property_id}/nps"
    assert profile.heart.url == "https://api.userlane.com/v9/{property_id}/heart"
    assert (profile.tags, profile.surveys) == (ASSUMED.tags, ASSUMED.surveys)
    assert "nps: Page: page = 0 (it is named so)" in said.err.splitlines()
    assert TOKEN not in said.out + said.err


def test_a_request_may_come_from_standard_input(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "userlane", "profile", "--property", "8mkyx", "--nps", "-"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=NPS.encode("utf-16"),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert tomllib.loads(ended.stdout.decode())["nps"]["limit"] == "size"


def test_what_is_unsure_ends_with_the_question_and_how_to_answer_it(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--nps", "unsure.txt") == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "nps: NOT SURE: Page: – (it must be asked)" in said.err
    assert "Possible: x, y." in said.err
    assert "--answer 'nps.page=…'" in said.err
    assert TOKEN not in said.err


def test_answers_settle_what_is_unsure(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--nps", "unsure.txt", "--answer", "nps.page=x", "--answer", "nps.limit=y") == 0
    profile = written(capsys.readouterr().out)
    assert (profile.nps.page, profile.nps.limit) == ("x", "y")


def test_a_mounted_profile_is_completed(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--nps", "nps.txt") == 0
    Path("profile.toml").write_text(capsys.readouterr().out)
    monkeypatch.setenv("USERLANE_API_PROFILE", "profile.toml")
    assert run("--heart", "heart.txt") == 0
    assert {"auth", "heart", "nps"} == tomllib.loads(capsys.readouterr().out).keys()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no request"),
        (("--nps", "-", "--heart", "-"), "standard input"),
        (("--surveys", "nps.txt"), "--survey-id"),
        (("--nps", "nps.txt", "--answer", "page=x"), "does not fit"),
        (("--nps", "nps.txt", "--answer", "heart.page=x"), "does not fit"),
        (("--nps", "nps.txt", "--answer", "nps.colour=x"), "colour"),
        (("--nps", "profile.txt"), "JSON, perhaps an answer"),
        (("--nps", "post.txt"), "--nps: The request is a POST"),
        (("--nps", "foreign.txt"), "evil.example"),
        (("--nps", "two.txt"), "2 requests in one box"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    arguments: tuple[str, ...], words: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("profile.txt").write_text("[]")
    Path("post.txt").write_text(f"{NPS} -X POST")
    Path("foreign.txt").write_text(NPS.replace("api.userlane.com", "evil.example"))
    Path("two.txt").write_text(f"{NPS}\n{NPS}")
    assert run(*arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert words in said.err.splitlines()[-1]
    assert said.err.splitlines()[-1].startswith("error: ")
    assert TOKEN not in said.err


def test_an_id_that_is_none_and_a_file_that_is_not_there_are_told(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["profile", "--property", "../x", "--nps", "nps.txt"]) == 2
    assert "not a property ID" in capsys.readouterr().err
    assert run("--nps", "missing.txt") == 5
    assert "missing.txt cannot be read" in capsys.readouterr().err


def test_hosts_are_those_the_deployment_allows(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("own.txt").write_text(NPS.replace("api.userlane.com", "gateway.example"))
    assert run("--nps", "own.txt") == 2
    monkeypatch.setenv("USERLANE_ALLOWED_HOSTS", "*.userlane.com, gateway.example")
    capsys.readouterr()
    assert run("--nps", "own.txt") == 0
    assert written(capsys.readouterr().out).nps.url.startswith("https://gateway.example/")


ANSWERS = [
    {
        "responseId": f"r{number}",
        "user": {"id": f"u-{number % 7}"},
        "Rating": number % 11,
        "feedback": f"n° {number}",
    }
    | {"submitted_at": datetime(2026, 4, 1 + number % 30, 9, tzinfo=UTC).timestamp() * 1000}
    for number in range(75)
]


def other_shape(request: Request) -> Response:
    """Pages from 0, at most 20 records, epoch dates asked and given, a raw token in a header of its own."""
    if request.headers.get("x-userlane-token") != TOKEN:
        return document(b'{"error": "token"}', 401)
    if request.path != "/rest/8mkyx/nps-feed" or request.parameters.get("format") != "flat":
        return document(b'{"error": "path"}', 404)
    return document(in_json(_page(request.parameters)))


def _page(parameters: Mapping[str, str]) -> dict[str, Any]:
    start, end = int(parameters["von"]) * 1000, int(parameters["bis"]) * 1000
    inside = [record for record in ANSWERS if start <= float(str(record["submitted_at"])) < end]
    page, limit = int(parameters["seite"]), min(int(parameters["menge"]), 20)
    return {"data": {"items": inside[page * limit : (page + 1) * limit]}}


def test_an_api_of_another_shape_is_exported_whole_with_the_profile_alone(tmp_path: Path) -> None:
    """Learned from a copied request, mounted without USERLANE_BASE_URL, all 75 answers arrive."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("USERLANE_") or name == "USERLANE_STORE"
    }
    environment |= {"PYTHONPATH": str(ROOT), "USERLANE_TOKEN": TOKEN, "USERLANE_API_PROFILE": "profile.toml"}

    def python(*arguments: str, **changes: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-m", "userlane", *arguments],
            cwd=tmp_path,
            env=environment | changes,
            capture_output=True,
            timeout=60,
            check=False,
        )

    with Server(other_shape) as server:
        asked = "von=1775001600&bis=1777593600&seite=0&menge=100&format=flat"
        url = f"{server.base_url}/rest/8mkyx/nps-feed?{asked}"
        (tmp_path / "request.txt").write_text(
            f"fetch('{url}', {{headers: {{'X-Userlane-Token': '{TOKEN}'}}}})"
        )
        learned = python("profile", "--property", "8mkyx", "--nps", "request.txt", USERLANE_API_PROFILE="")
        assert learned.returncode == 0, learned.stderr
        assert TOKEN.encode() not in learned.stdout + learned.stderr
        (tmp_path / "profile.toml").write_bytes(learned.stdout)
        days = ("--start", "2026-04-01", "--end", "2026-05-01")
        ended = python("export", "nps", "--property", "8mkyx", *days, "--format", "json", "--out", "-")
    assert ended.returncode == 0, ended.stderr
    file = json.loads(ended.stdout)
    assert file["complete"] is True
    records = {each["response_id"]: each for each in file["records"]}
    assert len(records) == len(ANSWERS) == 75
    assert all(records[each["responseId"]]["score"] == each["Rating"] for each in ANSWERS)
    assert all(records[each["responseId"]]["comment"] == each["feedback"] for each in ANSWERS)
