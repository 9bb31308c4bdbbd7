"""An API of any tolerated variant, learned from copied requests, gives the rows of the default contract."""

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from tests.system.variants.requests import code
from tests.system.variants.server import Variants
from tests.system.variants.truth import APRIL, PROPERTY_ID, SURVEY_ID, TOKEN, expected
from tests.system.variants.variant import (
    AUTHS,
    ENVELOPES,
    PAGES,
    PATHS,
    SPANS,
    STYLES,
    Declares,
    Numbers,
    PageZero,
    Time,
    Variant,
    draw_variants,
)
from tests.unit.request_import.rendering import LANGUAGES
from userlane.__main__ import main
from userlane.contract import DATASETS, DatasetName, DateFormat

ROOT = Path(__file__).parents[3]
AMOUNT, SEED = int(os.environ.get("VARIANTS", "48")), int(os.environ.get("VARIANTS_SEED", "0"))
VARIANTS = list(itertools.islice(draw_variants(SEED), AMOUNT))
CERTIFICATES = httpx.create_ssl_context()
DAYS = ("--start", APRIL.start.isoformat(), "--end", APRIL.end.isoformat())


@pytest.fixture(scope="module")
def variants() -> Iterator[Variants]:
    with Variants(VARIANTS) as server:
        yield server


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A folder of its own, the token, and no other setting. Certificates, which loopback does not need, are
    read once and not for every export.
    """
    monkeypatch.setattr(httpx, "create_ssl_context", lambda: CERTIFICATES)
    for name in [name for name in os.environ if name.startswith("USERLANE_") and name != "USERLANE_STORE"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("USERLANE_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def requests_as_files(variant: Variant, origin: str) -> list[str]:
    """The copied requests in files, and the arguments that name them."""
    arguments = ["--property", PROPERTY_ID, "--survey-id", SURVEY_ID]
    for dataset in DATASETS:
        Path(f"{dataset}.txt").write_text(code(variant, dataset, origin), encoding="utf-8")
        arguments += [f"--{dataset}", f"{dataset}.txt"]
    return arguments


def export_of(dataset: DatasetName) -> list[str]:
    survey = ["--survey-id", SURVEY_ID] if dataset == "surveys" else []
    return ["export", dataset, "--property", PROPERTY_ID, *survey, *DAYS, "--format", "json"]


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ids = ("timestamp", "date", "response_id", "tag_id", "user_id")
    return sorted(rows, key=lambda row: [str(row.get(name)) for name in ids])


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: str(variant.number))
def test_profile_and_export_give_the_rows_of_the_default_contract(
    variant: Variant, variants: Variants, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["profile", *requests_as_files(variant, variants.base_url)]) == 0, capfd.readouterr().err
    learned = capfd.readouterr()
    assert TOKEN not in learned.out + learned.err
    Path("profile.toml").write_text(learned.out, encoding="utf-8")
    monkeypatch.setenv("USERLANE_API_PROFILE", "profile.toml")
    for dataset in DATASETS:
        ended = main([*export_of(dataset), "--out", "out.json"])
        told = capfd.readouterr().err
        assert ended == 0, f"{dataset}: {told}\n{variant}\n{learned.out}"
        written = json.loads(Path("out.json").read_bytes())
        assert in_order(written["records"]) == in_order(expected(dataset)), f"{dataset}: {told}\n{variant}"
        assert (written["complete"], written["refused_rows"]) == (True, 0)


@pytest.mark.parametrize("variant", VARIANTS[:2], ids=lambda variant: str(variant.number))
def test_the_same_in_processes_of_their_own(variant: Variant, variants: Variants) -> None:
    def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "userlane", *arguments],
            env=dict(os.environ) | {"PYTHONPATH": str(ROOT)} | settings,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    learned = run("profile", *requests_as_files(variant, variants.base_url))
    assert learned.returncode == 0, learned.stderr
    Path("profile.toml").write_text(learned.stdout, encoding="utf-8")
    ended = run(*export_of("nps"), "--out", "-", USERLANE_API_PROFILE="profile.toml")
    assert ended.returncode == 0, ended.stderr
    assert in_order(json.loads(ended.stdout)["records"]) == in_order(expected("nps"))


def test_every_value_of_every_axis_is_among_the_variants() -> None:
    seen = list(itertools.islice(draw_variants(SEED), 40))
    axes = {
        "style": STYLES,
        "envelope": ENVELOPES,
        "auth": AUTHS,
        "path": PATHS,
        "span": SPANS,
        "paging": PAGES,
        "page_zero": get_args(PageZero),
        "declares": get_args(Declares),
        "time": get_args(Time),
        "numbers": get_args(Numbers),
        "dates": get_args(DateFormat),
        "language": range(len(LANGUAGES)),
    }
    for axis, values in axes.items():
        assert {getattr(variant, axis) for variant in seen} == set(values), axis
