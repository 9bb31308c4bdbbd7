"""The command line over the server that misbehaves: exit codes, files, one line on standard error."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.responses import document, gzip_bomb, status, web_page
from tests.server import Request, Response, Server
from tests.system.faults.faults import FAULTS, Fault, redirect
from tests.system.faults.leaks import SENTINEL, silent
from tests.system.faults.loads import named
from tests.system.faults.quirks import QUIRKS, Quirk, copied
from tests.system.faults.records import APRIL, Api, exported, nps, query
from tests.system.faults.table import Notes, covers
from tests.system.faults.test_payload import CAPS, LARGE, held
from userlane import fetch
from userlane.__main__ import main
from userlane.client import Limits
from userlane.contract import DatasetName

CAP = 25
RECORDS = nps(6 * CAP)
ROOT = Path(__file__).parents[3]


class Desk:
    """A folder, an environment, and the command in it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._patch = patch
        self._capfd = capfd

    def export(self, over: Server, limits: Limits, dataset: DatasetName = "nps") -> tuple[int, str, Path]:
        """The exit code, what was said, and the JSON file that was asked for."""
        self._patch.setattr("userlane.fetch.Fetcher", partial(_FETCHER, limits=limits))
        self._patch.setenv("USERLANE_BASE_URL", over.base_url)
        file = self.folder / "out.json"
        file.unlink(missing_ok=True)
        code = main([*words(dataset), "--out", str(file)])
        out, error = self._capfd.readouterr()
        assert out == ""
        assert "Traceback" not in error
        silent(error, file.read_bytes() if file.exists() else b"", *map(str, self.folder.iterdir()))
        assert {path.name for path in self.folder.iterdir()} <= {"out.json"}
        return code, error, file


_FETCHER = fetch.Fetcher


def words(dataset: DatasetName) -> list[str]:
    wanted = query(dataset)
    survey = ["--survey-id", wanted.survey_id] if wanted.survey_id else []
    window = ["--start", wanted.window.start.isoformat(), "--end", wanted.window.end.isoformat()]
    return ["export", dataset, "--property", wanted.property_id, *survey, *window]


def settings() -> dict[str, str]:
    return {"USERLANE_TOKEN": SENTINEL, "USERLANE_MAX_IN_FLIGHT": "1", "USERLANE_STORE": "none"}


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    for name in [name for name in os.environ if name.startswith("USERLANE_")]:
        monkeypatch.delenv(name)
    for name, value in settings().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield Desk(tmp_path, monkeypatch, capfd)
    signal.signal(signal.SIGTERM, before)


def at(page: int, fault: Fault) -> Server:
    def override(request: Request, body: bytes) -> Response | None:
        return fault.sent(body) if request.page == page else None

    return Server(Api(RECORDS, CAP, override))


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_at_the_first_page_ends_with_its_code_and_no_file(
    fault: Fault, desk: Desk, notes: Notes
) -> None:
    with notes.line(fault.name) as line, at(1, fault) as over:
        code, error, file = desk.export(over, fault.brief)
        line.add(len(over.requests), f"exit {code}", 1)
        assert code == fault.error.exit_code
        assert not file.exists()
        assert len(over.requests) == min(fault.brief.tries, fault.tries)
        assert error.rstrip().splitlines()[-1].startswith("error: ")


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_at_any_later_page_ends_with_a_marked_file_that_names_the_days(
    fault: Fault, desk: Desk, notes: Notes
) -> None:
    """Up to the empty page that ends the walk. Where a fault takes its time, it is tried once a page."""
    limits = replace(fault.brief, tries=1) if fault.unhurried else fault.brief
    with notes.line(fault.name) as line:
        for page in range(2, 8):
            with at(page, fault) as over:
                code, error, file = desk.export(over, limits)
            line.add(len(over.requests), f"exit {code}", page)
            assert code == 3
            assert len(over.requests) == page - 1 + min(limits.tries, fault.tries)
            content = json.loads(file.read_bytes())
            assert content["complete"] is False
            assert named(APRIL) in " ".join(content["reasons"])
            assert content["records"] == exported("nps", RECORDS[: (page - 1) * CAP])
            assert named(APRIL) in error
            assert "incomplete" in error


@pytest.mark.parametrize("quirk", QUIRKS, ids=str)
def test_a_quirk_at_the_second_page_ends_well_and_is_told(quirk: Quirk, desk: Desk, notes: Notes) -> None:
    records, cap = held(quirk.dataset), CAPS[quirk.dataset]

    def override(request: Request, _: bytes) -> Response | None:
        if request.page != 2:
            return None
        changed = copied(records[cap : 2 * cap])
        quirk.change(changed)
        return document(quirk.sent(changed))

    rows = exported(quirk.dataset, records)
    overridden = copied(rows[cap : 2 * cap])
    quirk.kept(overridden)
    with notes.line(quirk.name) as line, Server(Api(records, cap, override)) as over:
        code, error, file = desk.export(over, LARGE, quirk.dataset)
        line.add(len(over.requests), f"exit {code}", 2)
        assert code == 0
        content = json.loads(file.read_bytes())
        assert content["complete"] is True
        assert content["records"] == [*rows[:cap], *overridden, *rows[2 * cap :]]
        assert content["refused_rows"] == sum(quirk.refused.values())
        for reason, count in quirk.refused.items():
            assert f"Records left out: {count} ({reason})." in error


Case = tuple[int, Callable[[bytes], Response], int, int]
CASES: dict[str, Case] = {
    "401 at once": (1, lambda _: status(401, says=SENTINEL), 4, 1),
    "web page": (3, lambda _: web_page(SENTINEL), 3, 3),
    "500": (2, lambda _: status(500, says=SENTINEL), 3, 5),
    "redirect 302": (1, redirect("redirect 302", "http://127.0.0.1:9").sent, 5, 1),
    "gzip bomb": (2, lambda _: gzip_bomb(200), 3, 2),
    "403": (1, lambda _: status(403), 4, 1),
}


@covers(*CASES)
@pytest.mark.parametrize("name", CASES)
def test_as_a_process_of_its_own_with_the_usual_limits(name: str, tmp_path: Path, notes: Notes) -> None:
    page, sent, expected, requests = CASES[name]

    def override(request: Request, body: bytes) -> Response | None:
        return sent(body) if request.page == page else None

    kept = {key: value for key, value in os.environ.items() if not key.startswith("USERLANE_")}
    with notes.line(name) as line, Server(Api(RECORDS, CAP, override)) as over:
        ended = subprocess.run(
            [sys.executable, "-m", "userlane", *words("nps"), "--out", "out.csv"],
            cwd=tmp_path,
            env={**kept, **settings(), "USERLANE_BASE_URL": over.base_url, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            timeout=120,
            check=False,
        )
        line.add(len(over.requests), f"exit {ended.returncode}", page)
        assert ended.returncode == expected, ended.stderr
        assert len(over.requests) == requests
        assert b"Traceback" not in ended.stderr
        silent(ended.stdout, ended.stderr)
        if expected != 3:
            assert list(tmp_path.iterdir()) == []
            return
        assert named(APRIL).encode() in ended.stderr
        content = (tmp_path / "out.csv").read_bytes()
        silent(content)
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        assert [row["response_id"] for row in rows] == [str(r["id"]) for r in RECORDS[: (page - 1) * CAP]]
        assert all(named(APRIL) in row["incomplete"] for row in rows)
