"""From one click to a file: what is shown, chosen, named and taken away is the sandbox's own truth."""

import csv
import io
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests import truth
from tests.outside.browser.conftest import ROOT, Begin, link
from tests.outside.browser.visit import TITLES, Visit
from userlane.contract import SCORES, DatasetName, Window
from userlane.sandbox import SURVEYS, TOKEN, Record, SampleData, Sandbox, tag_names_csv

PAGES: dict[DatasetName, str] = {"heart": "HEART", "nps": "NPS", "surveys": "Surveys", "tags": "Tags"}
SURVEY = "513"
NASTY = '![x](https://tracker.example/a.png) <img src="https://tracker.example/b.png">'


def shown(visit: Visit) -> Window:
    """The days in the address bar."""
    return Window.through(*map(date.fromisoformat, visit.link["range"]))


def rows(content: bytes) -> list[dict[str, str]]:
    """A CSV file as a spreadsheet would read it."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_one_click_gives_every_page_its_numbers_and_files(sample_dashboard: str, begin: Begin) -> None:
    """Sample data, all pages, another period, another property; what is downloaded is what the API has."""
    visit = begin(sample_dashboard).open_sample()
    for title in TITLES:
        visit.go(title)
        assert visit.sideways() == []

    visit.go("NPS").choose("Period", "Last 90 days")
    window = shown(visit)
    assert window.days == 90
    assert window.describe() in visit.text
    data = SampleData(window.end)

    def records(dataset: DatasetName, property_id: str = "demo") -> list[Record]:
        return data.records(property_id, dataset, *truth.instants(window))

    split = truth.split(truth.latest_per_user(records("nps")))
    counts = {row["bucket"]: row["count"] for row in visit.table("split")["records"]}
    assert list(counts.values()) == list(split)
    assert f"{split.score:.1f}" in visit.text

    period = {row["score"]: row for row in visit.go("HEART").table("period-table")["records"]}
    for letter in SCORES:
        measured = truth.measured(records("heart"), letter)
        assert period[letter]["mean"] == pytest.approx(truth.mean(measured))
        assert period[letter]["days"] == len(measured)

    users = truth.tag_users(records("tags"))
    named = {row["Tag ID"]: row["Tag name"] for row in rows(tag_names_csv("demo"))}
    name, content = visit.go("Tags").download("csv", "adoption")
    assert name.startswith(f"userlane-tags-demo-{window.start}_{window.end}-adoption-")
    adoption = rows(content)
    assert {row["tag_id"]: int(row["users"]) for row in adoption} == {
        tag_id: len(who) for tag_id, who in users.items()
    }
    assert all(row["tag"] == named.get(row["tag_id"], f"Tag {row['tag_id']}") for row in adoption)
    unnamed = sum(tag_id not in named for tag_id in users)
    assert f"{len(users) - unnamed} of {len(users)} tags named; {unnamed} without a name" in visit.text

    visit.go("NPS").choose("Property", "Small: Pilot team")
    assert visit.link["property"] == ["small"]
    counts = {row["bucket"]: row["count"] for row in visit.table("split")["records"]}
    assert list(counts.values()) == list(truth.split(truth.latest_per_user(records("nps", "small"))))


@pytest.fixture(scope="module")
def names(sandbox: Sandbox, month: Window, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Portal's CSV; somebody has given the most used feature a name that calls foreign hosts."""
    users = truth.tag_users(truth.records(sandbox, "tags", month))
    favourite = max(users, key=lambda tag_id: len(users[tag_id]))
    lines = rows(tag_names_csv("demo"))
    file = tmp_path_factory.mktemp("names") / "Tag Analytics.csv"
    with file.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.DictWriter(sink, lines[0])
        writer.writeheader()
        writer.writerows(
            line | {"Tag name": NASTY} if line["Tag ID"] == favourite else line for line in lines
        )
    return file


@pytest.fixture(scope="module")
def commanded(sandbox: Sandbox, month: Window, names: Path) -> dict[str, bytes]:
    """What the command line writes for the four datasets, in both forms."""
    environment = {**os.environ, "USERLANE_BASE_URL": sandbox.base_url, "USERLANE_TOKEN": TOKEN}

    def export(dataset: DatasetName, kind: str) -> bytes:
        command = [sys.executable, "-m", "userlane", "export", dataset, "--property", "demo"]
        command += ["--start", month.start.isoformat(), "--end", month.end.isoformat()]
        command += ["--survey-id", SURVEY] if dataset == "surveys" else []
        command += ["--tag-names", str(names)] if dataset == "tags" else []
        command += ["--format", kind, "--out", "-"]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True).stdout

    kinds = [(dataset, kind) for dataset in PAGES for kind in ("csv", "json")]
    with ThreadPoolExecutor(2) as pool:
        written = pool.map(lambda each: export(*each), kinds)
    return {f"{dataset}.{kind}": content for (dataset, kind), content in zip(kinds, written, strict=True)}


@pytest.fixture(scope="module")
def downloaded(
    own_dashboard: str, begin_once: Begin, month: Window, names: Path
) -> dict[str, tuple[str, bytes]]:
    """The raw records of the four pages, in both forms, with the names a visitor has uploaded."""
    visit = begin_once(own_dashboard).open(link("/connect", month, "demo", SURVEY)).connect(TOKEN)
    visit.main.locator("input[type=file]").set_input_files(names)
    expect(visit.main.get_by_test_id("stMarkdown").filter(has_text=names.name)).to_be_visible()
    visit.settled()
    return {
        f"{dataset}.{kind}": visit.go(title).download(
            kind, survey_id=SURVEY if dataset == "surveys" else None
        )
        for dataset, title in PAGES.items()
        for kind in ("csv", "json")
    }


@pytest.mark.parametrize("kind", ["csv", "json"])
@pytest.mark.parametrize("dataset", PAGES)
def test_the_page_and_the_command_line_write_the_same_bytes(
    downloaded: dict[str, tuple[str, bytes]], commanded: dict[str, bytes], dataset: str, kind: str
) -> None:
    """Raw records are one file, whoever asks for it; tags bear the names of the same CSV."""
    name, content = downloaded[f"{dataset}.{kind}"]
    assert content == commanded[f"{dataset}.{kind}"]
    assert name.startswith(f"userlane-{dataset}-demo-")
    assert Path(name).suffix == f".{kind}"


def test_the_raw_records_are_those_of_the_api(
    downloaded: dict[str, tuple[str, bytes]], sandbox: Sandbox, month: Window
) -> None:
    """Nothing is lost, doubled or moved on the way from the API to the file."""
    for dataset in PAGES:
        expected = truth.records(sandbox, dataset, month, "demo", SURVEY if dataset == "surveys" else None)
        told = json.loads(downloaded[f"{dataset}.json"][1])
        assert told["complete"] is True
        assert told["reasons"] == []
        assert told["rows"] == len(told["records"]) == len(expected)
        assert (told["start"], told["end"]) == (month.start.isoformat(), month.end.isoformat())
        assert len(rows(downloaded[f"{dataset}.csv"][1])) == len(expected)
        if dataset in {"nps", "surveys"}:
            assert {(row["response_id"], row["score"]) for row in told["records"]} == {
                (str(record["id"]), record["score"]) for record in expected
            }
        if dataset == "tags":
            assert {(row["date"], row["tag_id"], row["user_id"]) for row in told["records"]} == {
                (record["date"], str(record["tagId"]), record["userId"]) for record in expected
            }
            assert sum(row["interactions"] for row in told["records"]) == sum(
                record["interactions"] for record in expected
            )
            assert NASTY in {row["tag_name"] for row in told["records"]}


def test_two_visitors_with_files_of_one_shape_get_their_own(
    own_dashboard: str, begin: Begin, month: Window
) -> None:
    """Files are told apart by their content, not by page and size: another range is another file."""
    earlier = Window(month.start - timedelta(days=1), month.end - timedelta(days=1))
    found = {}
    for window in (month, earlier):
        visit = begin(own_dashboard).open(link("/heart", window)).connect(TOKEN)
        found[window] = visit.download("json")
    assert found[month][0] != found[earlier][0]
    for window, (_, content) in found.items():
        assert json.loads(content)["start"] == window.start.isoformat()


def test_several_surveys_are_files_of_their_own(own_dashboard: str, begin: Begin, month: Window) -> None:
    """Side by side on the page, each with its raw records."""
    visit = begin(own_dashboard).open(link("/surveys", month, "demo", *SURVEYS["demo"])).connect(TOKEN)
    for survey_id in SURVEYS["demo"]:
        content = visit.download("csv", survey_id=survey_id)[1]
        assert {row["survey_id"] for row in rows(content)} == {survey_id}
