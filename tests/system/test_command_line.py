"""The command line, run as people run it, against the sandbox over real HTTP."""

import contextlib
import csv
import io
import json
import os
import select
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from userlane import __main__ as command_line
from userlane import export, formulas
from userlane.cli import console
from userlane.contract import (
    COLUMNS,
    DATASETS,
    SCORES,
    Dataset,
    DatasetName,
    Query,
    State,
    Token,
    Window,
    bucket,
)
from userlane.fetch import Fetcher, Progress
from userlane.lookups.names import read_names
from userlane.sandbox import LIMITED_TOKEN, Record, Sandbox, serve, tag_names_csv
from userlane.settings import Settings

ROOT = Path(__file__).parents[2]
WEEK = Window(date(2026, 4, 6), date(2026, 4, 13))
DAYS = ("--start", WEEK.start.isoformat(), "--end", WEEK.end.isoformat())
Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serve(today=date(2026, 5, 15)) as server:
        yield server


def environment(sandbox: Sandbox, **settings: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("USERLANE_") or name == "USERLANE_STORE"
    }
    given = {"USERLANE_BASE_URL": sandbox.base_url, "USERLANE_TOKEN": sandbox.token, "PYTHONPATH": str(ROOT)}
    return kept | given | settings


@pytest.fixture
def run(sandbox: Sandbox, tmp_path: Path) -> Run:
    """`python -m userlane export …` for one week of the sandbox, in a folder of its own."""

    def started(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            [sys.executable, "-m", "userlane", "export", *arguments, *DAYS],
            cwd=tmp_path,
            env=environment(sandbox, **settings),
            capture_output=True,
            timeout=60,
            check=False,
        )

    return started


@pytest.fixture
def here(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """The same without a process of its own, for what needs no more than `main`."""
    for name, value in environment(sandbox).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield sandbox
    signal.signal(signal.SIGTERM, before)


def of(name: DatasetName) -> tuple[str, ...]:
    return (name, "--property", "demo", *(("--survey-id", "512") if name == "surveys" else ()))


def query(name: DatasetName) -> Query:
    return Query(name, "demo", WEEK, survey_id="512" if name == "surveys" else None)


def truth(sandbox: Sandbox, name: DatasetName) -> list[dict[str, Any]]:
    """What the sandbox holds for the week, in canonical columns."""
    asked = query(name)
    records = sandbox.data.records("demo", name, asked.start, asked.end, asked.survey_id)
    assert len(records) > 5
    return [canonical(name, record) for record in records]


def canonical(name: DatasetName, record: Record) -> dict[str, Any]:
    values: dict[str, Any] = dict(record)
    if name == "heart":
        return {"overall": values.pop("heart"), "task_success": values.pop("taskSuccess")} | values
    if name == "tags":
        tag = {"tag_id": str(values["tagId"]), "tag_name": None, "user_id": values["userId"]}
        return {"date": values["date"], "interactions": values["interactions"]} | tag
    answer = {"response_id": str(values["id"]), "user_id": values["userId"]}
    answer |= {key: values[key] for key in ("score", "comment", "timestamp")}
    own = {"bucket": bucket(values["score"])} if name == "nps" else {"survey_id": str(values["surveyId"])}
    return answer | own


def in_order(records: list[dict[str, Any]]) -> list[str]:
    """Comparable whatever the order; 3 and 3.0 are one number."""
    plain = [
        {key: float(value) if isinstance(value, int) else value for key, value in record.items()}
        for record in records
    ]
    return sorted(json.dumps(record, sort_keys=True) for record in plain)


def one_line(error: bytes) -> str:
    text = error.decode()
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize("name", DATASETS)
def test_json_on_standard_output_is_what_the_api_holds(name: DatasetName, run: Run, sandbox: Sandbox) -> None:
    ended = run(*of(name), "--format", "json", "--out", "-")
    assert ended.returncode == 0, ended.stderr
    file = json.loads(ended.stdout)
    expected = truth(sandbox, name)
    assert in_order(file["records"]) == in_order(expected)
    assert (file["dataset"], file["property_id"], file["complete"]) == (name, "demo", True)
    assert (file["start"], file["end"], file["rows"]) == ("2026-04-06", "2026-04-13", len(expected))
    assert sandbox.token.encode() not in ended.stdout + ended.stderr


@pytest.mark.parametrize("name", DATASETS)
def test_csv_on_standard_output_is_what_the_api_holds(name: DatasetName, run: Run, sandbox: Sandbox) -> None:
    ended = run(*of(name), "--out", "-")
    assert ended.returncode == 0, ended.stderr
    header, *records = csv.reader(io.StringIO(ended.stdout.decode("utf-8-sig"), newline=""))
    assert header == COLUMNS[name].names
    numbers = {"score", "interactions", "users", "sessions", *SCORES}

    def cell(column: str, text: str) -> float | str | None:
        if column in numbers and text:
            return float(text)
        return formulas.unescape(text) or None

    found = [{name: cell(name, text) for name, text in zip(header, each, strict=True)} for each in records]
    assert in_order(found) == in_order(truth(sandbox, name))


@pytest.mark.parametrize("kind", export.FORMATS)
def test_the_file_has_the_bytes_of_a_download(kind: export.Format, run: Run, sandbox: Sandbox) -> None:
    settings = Settings(base_url=sandbox.base_url)
    with contextlib.closing(Fetcher(settings)) as fetcher:
        loaded = fetcher.load(settings.connection(Token(sandbox.token)), query("nps"))
    assert run(*of("nps"), "--format", kind, "--out", "-").stdout == export.records_file(loaded, kind)


def test_tags_are_named_from_the_portals_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tags.csv").write_bytes(tag_names_csv("demo"))
    ended = run(*of("tags"), "--tag-names", "tags.csv", "--format", "json", "--out", "-")
    assert ended.returncode == 0, ended.stderr
    names = read_names(tag_names_csv("demo"), "tags.csv")
    records = json.loads(ended.stdout)["records"]
    assert all(record["tag_name"] == names.entries.get(record["tag_id"]) for record in records)
    assert any(record["tag_name"] for record in records)
    assert b"tags named" in ended.stderr


def test_a_refused_token_ends_after_one_request_with_one_line(
    run: Run, sandbox: Sandbox, tmp_path: Path
) -> None:
    before = sandbox.requests
    ended = run(*of("nps"), USERLANE_TOKEN="not-the-token")
    assert ended.returncode == 4
    assert sandbox.requests == before + 1
    line = one_line(ended.stderr)
    assert "Settings > API Token" in line
    assert "not-the-token" not in line
    assert ended.stdout == b""
    assert list(tmp_path.iterdir()) == []


def test_missing_rights_end_with_the_code_of_a_refusal(run: Run) -> None:
    ended = run(*of("tags"), USERLANE_TOKEN=LIMITED_TOKEN)
    assert ended.returncode == 4
    one_line(ended.stderr)


def test_an_unknown_survey_ends_with_the_code_of_an_unusable_api(run: Run) -> None:
    ended = run("surveys", "--property", "demo", "--survey-id", "999")
    assert ended.returncode == 5
    one_line(ended.stderr)


def test_the_incomplete_is_written_and_marked_and_its_missing_days_are_named(
    run: Run, tmp_path: Path
) -> None:
    ended = run(*of("tags"), USERLANE_MAX_ROWS="1000")
    assert ended.returncode == 3
    assert b"2026-04-06 to 2026-04-13" in ended.stderr
    (file,) = tmp_path.iterdir()
    assert file.name.endswith("-incomplete.csv")
    header, *records = csv.reader(io.StringIO(file.read_text("utf-8-sig"), newline=""))
    assert header[-1] == "incomplete"
    assert len(records) >= 1000
    assert all("USERLANE_MAX_ROWS" in record[-1] for record in records)


def test_without_out_the_file_is_named_after_its_content(run: Run, tmp_path: Path) -> None:
    ended = run(*of("surveys"), "--format", "json")
    assert (ended.returncode, ended.stdout) == (0, b"")
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("userlane-surveys-demo-512-2026-04-06_2026-04-13-")
    assert file.name.encode() in ended.stderr
    assert json.loads(file.read_bytes())["complete"] is True


def test_a_named_file_is_replaced_and_its_ending_says_the_format(run: Run, tmp_path: Path) -> None:
    (tmp_path / "nps.json").write_text("yesterday's")
    assert run(*of("nps"), "--out", "nps.json").returncode == 0
    assert json.loads((tmp_path / "nps.json").read_bytes())["dataset"] == "nps"
    assert [path.name for path in tmp_path.iterdir()] == ["nps.json"]


def test_a_failed_export_leaves_the_named_file_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "nps.csv").write_text("yesterday's")
    assert run(*of("nps"), "--out", "nps.csv", USERLANE_TOKEN="not-the-token").returncode == 4
    assert (tmp_path / "nps.csv").read_text() == "yesterday's"


def test_a_write_broken_off_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "nps.csv"
    target.write_text("yesterday's")

    def break_off() -> None:
        with command_line._open_target(str(target)) as sink:
            sink.write(b"half of to")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert [path.name for path in tmp_path.iterdir()] == ["nps.csv"]
    assert target.read_text() == "yesterday's"


def test_a_link_is_followed_and_the_file_it_names_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("yesterday's")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    with command_line._open_target(str(tmp_path / "link.csv")) as sink:
        sink.write(b"today's")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "today's"


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    with command_line._open_target(str(pipe)) as sink:
        sink.write(b"today's")
    reader.join(timeout=10)
    assert received == [b"today's"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_reader_that_went_away_is_told_in_one_line(sandbox: Sandbox) -> None:
    receiving, sending = os.pipe()
    os.close(receiving)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "userlane", "export", *of("nps"), *DAYS, "--out", "-"],
            env=environment(sandbox),
            stdout=sending,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(sending)
    assert ended.returncode == 5
    assert "standard output" in one_line(ended.stderr)


USAGE = {
    "no dataset": (),
    "an unknown dataset": ("scores", "--property", "demo", *DAYS),
    "no property": ("nps", *DAYS),
    "no dates": ("nps", "--property", "demo"),
    "a property that would leave the path": ("nps", "--property", "../x", *DAYS),
    "a date in another form": ("nps", "--property", "demo", "--start", "1.4.2026", "--end", "2026-05-01"),
    "an end before the start": ("nps", "--property", "demo", "--start", "2026-05-01", "--end", "2026-04-01"),
    "surveys without an ID": ("surveys", "--property", "demo", *DAYS),
    "an ID without surveys": ("nps", "--property", "demo", "--survey-id", "512", *DAYS),
    "tag names without tags": ("nps", "--property", "demo", "--tag-names", "tags.csv", *DAYS),
    "an unknown format": ("nps", "--property", "demo", "--format", "xlsx", *DAYS),
    "an unknown option": ("nps", "--property", "demo", "--token", "secret", *DAYS),
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_usage_is_one_line_and_no_request(
    case: str, here: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    before = here.requests
    assert command_line.main(["export", *USAGE[case]]) == 2
    one_line(capsys.readouterr().err.encode())
    assert here.requests == before


@pytest.mark.parametrize("name", ["USERLANE_TOKEN", "USERLANE_BASE_URL"])
def test_a_missing_setting_is_named_before_any_request(
    name: str, here: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = here.requests
    monkeypatch.delenv(name)
    assert command_line.main(["export", *of("nps"), *DAYS]) == 2
    assert name in one_line(capsys.readouterr().err.encode())
    assert here.requests == before


@pytest.mark.parametrize(
    "arguments", [("--out", "missing/nps.csv"), ("--out", "."), ("--tag-names", "missing.csv")]
)
def test_a_file_that_cannot_be_used_is_told_before_any_request(
    arguments: tuple[str, ...], here: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    before = here.requests
    assert command_line.main(["export", *of("tags"), *DAYS, *arguments]) == 5
    one_line(capsys.readouterr().err.encode())
    assert here.requests == before


def test_a_tag_names_file_of_another_kind_is_refused_before_any_request(
    here: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    before = here.requests
    Path("tags.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    assert command_line.main(["export", *of("tags"), *DAYS, "--tag-names", "tags.csv"]) == 5
    assert "tags.csv" in one_line(capsys.readouterr().err.encode())
    assert here.requests == before


def test_ctrl_c_ends_with_one_line_and_no_file(
    here: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> Dataset:
        raise KeyboardInterrupt

    monkeypatch.setattr(Fetcher, "load", interrupted)
    assert command_line.main(["export", *of("nps"), *DAYS]) == 130
    assert "Nothing was written" in one_line(capsys.readouterr().err.strip().encode() + b"\n")
    assert list(tmp_path.iterdir()) == []
    assert here.base_url


def test_a_defect_shows_where_but_neither_a_traceback_nor_data(
    here: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> Dataset:
        raise ValueError(f"Bearer {here.token}")

    monkeypatch.setattr(Fetcher, "load", broken)
    assert command_line.main(["export", *of("nps"), *DAYS]) == 1
    line = one_line(capsys.readouterr().err.encode())
    assert "ValueError in test_command_line.py" in line
    assert here.token not in line


def test_what_was_left_out_is_told_and_its_words_cannot_steer_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = State(refused={"score \x1b[2J11\n": 2}, duplicates=3, outside=1)
    found = Dataset(query("nps"), COLUMNS["nps"].empty_table(), state, "c0ffee")
    assert command_line._report_state(found) == 0
    assert capsys.readouterr().err == (
        "Records left out: 2 (score [2J11 ).\n"
        "Repeated records left out: 3.\n"
        "Records from outside the period left out: 1.\n"
    )


def test_progress_in_a_log_is_a_line_now_and_then_and_each_wait_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    watch = console.ProgressLine()
    until = datetime(2026, 4, 1, 9, 12, 33, tzinfo=UTC)
    watch(Progress(1000))
    for _ in range(3):
        watch(Progress(2000, waiting="The API asked to wait.", waiting_until=until))
    watch._said_at -= console.PAUSE_IN_LOG
    watch(Progress(1234567))
    watch.done()
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("Records so far: 2 000. The API asked to wait. Next request at ")
    assert said[1:] == ["Records so far: 1 234 567."]


def test_progress_on_a_terminal_stays_in_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    watch = console.ProgressLine()
    watch._said_at -= 1
    watch(Progress(1000))
    watch.done()
    assert "\n" not in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_says_how_to_reach_it_and_ends_when_told(number: signal.Signals) -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "userlane", "sandbox"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # what is read ahead would be lost to `select`
    )
    try:
        said = lines_until(started, "# Ctrl+C")
        settings = dict(line.removeprefix("export ").split("=", 1) for line in said[:2])
        assert any("demo" in line and "512" in line for line in said)
        answer = httpx.get(
            f"{settings['USERLANE_BASE_URL']}/v1/properties/demo/nps",
            params={"startDate": f"{WEEK.start}T00:00:00+00:00", "endDate": f"{WEEK.end}T00:00:00+00:00"}
            | {"page": "1", "limit": "1"},
            headers={"Authorization": f"Bearer {settings['USERLANE_TOKEN']}"},
        )
        assert answer.status_code == 200
        started.send_signal(number)
        _, error = started.communicate(timeout=15)
        assert (started.returncode, error) == (0, b"")
    finally:
        started.kill()
        started.communicate()


def lines_until(process: "subprocess.Popen[bytes]", last: str, seconds: float = 30) -> list[str]:
    assert process.stdout
    found: list[str] = []
    end = time.monotonic() + seconds
    while not (found and found[-1].startswith(last)):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))
        line = process.stdout.readline() if ready else b""
        assert line, f"the sandbox said only {found}"
        found.append(line.decode().rstrip())
    return found


def test_a_port_in_use_is_one_line(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    port = sandbox.base_url.rsplit(":", 1)[1]
    assert command_line.main(["sandbox", "--port", port]) == 2
    assert port in one_line(capsys.readouterr().err.encode())
    for number, handler in before.items():
        signal.signal(number, handler)


def test_help_is_there_at_once_and_names_every_command() -> None:
    """At once: without importing what only an export needs."""
    script = (
        "import sys; from userlane.__main__ import main; code = main(['--help']); "
        "sys.exit(code or any(name in sys.modules for name in ('pandas', 'pyarrow', 'httpx', 'uvicorn')))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    everything = {"bench", "doctor", "export", "profile", "sandbox", "store"}
    assert set(command_line.commands.commands) == everything
    assert all(name in ended.stdout for name in command_line.commands.commands)


def test_the_command_line_knows_every_format() -> None:
    assert command_line.FORMATS == export.FORMATS
