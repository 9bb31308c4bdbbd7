"""`python -m userlane doctor`, run against the sandbox."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from userlane.__main__ import main
from userlane.sandbox import LIMITED_TOKEN, Sandbox, serve

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serve() as server:
        yield server


@pytest.fixture(autouse=True)
def configured(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("USERLANE_") and name != "USERLANE_STORE"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("USERLANE_BASE_URL", sandbox.base_url)
    monkeypatch.setenv("USERLANE_TOKEN", sandbox.token)


def test_all_well_is_told_on_standard_output(sandbox: Sandbox) -> None:
    before = sandbox.requests
    ended = subprocess.run(
        [sys.executable, "-m", "userlane", "doctor", "--property", "small"],
        env=dict(os.environ) | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    text = ended.stdout.decode()
    assert text.count("all well") == 4
    assert text.endswith("Result: all well\n")
    assert sandbox.token not in text
    assert sandbox.requests - before <= 12


def test_refused_rights_have_the_code_of_a_refusal(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("USERLANE_TOKEN", LIMITED_TOKEN)
    assert main(["doctor", "--property", "demo", "--survey-id", "512"]) == 4
    out = capfd.readouterr().out
    assert "! The token's owner has no right to read Tags" in out
    assert "→ Ask for the right in the Portal" in out


def test_any_other_problem_has_the_code_of_an_unusable_api(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--property", "demo", "--survey-id", "999"]) == 5
    assert "knows no survey “999”" in capfd.readouterr().out


def test_without_an_option_each_configured_property_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("USERLANE_PROPERTIES", "small=Small,empty=Empty")
    assert main(["doctor"]) == 0
    out = capfd.readouterr().out
    assert out.index("Property small") < out.index("Property empty")


def test_usage_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor"]) == 2
    assert main(["doctor", "--property", "no such thing"]) == 2
    assert main(["doctor", "--property", "demo", "--survey-id", "a b"]) == 2
    monkeypatch.delenv("USERLANE_TOKEN")
    assert main(["doctor", "--property", "demo"]) == 2
    captured = capfd.readouterr()
    assert captured.err.count("\n") == 4
    assert captured.out == ""
