"""A real spreadsheet opens what people take away: nothing in it runs, nothing in it is lost."""

import csv
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import product
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pyarrow as pa
import pytest

from userlane import export
from userlane.contract import COLUMNS, Dataset, Query, State, Window
from userlane.formulas import unescape

SPREADSHEET = next(filter(None, map(shutil.which, ("soffice", "libreoffice"))), None)
pytestmark = pytest.mark.skipif(
    SPREADSHEET is None and not os.environ.get("CI"), reason="no LibreOffice on this machine"
)
APRIL = Query("nps", "demo", Window(date(2026, 4, 1), date(2026, 5, 1)))
AS_TEXT = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"

FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "＝1+1",
    '=HYPERLINK("http://127.0.0.1:9/"&A1,"open")',
    '=WEBSERVICE("http://127.0.0.1:9/")',
    '=DDE("soffice","/etc/passwd","A1")',
    "=cmd|'/C calc'!A0",
    '=IMPORTXML("http://127.0.0.1:9/","//a")',
)  # fmt: skip
BEFORE = (
    "",
    " ",
    "'",
    "''",
    "\u00a0",
    "\u200b",
    "\t",
    "\n",
    "ok;",
    "ok\n",
    "ok\t",
    "ok; ",
    'say "hi";',
    "ok,",
)
BEHIND = ("", ";", "\nok", '";"ok')
ARSENAL = ["".join(parts) for parts in product(BEFORE, FORMULAS, BEHIND)]


@dataclass(frozen=True)
class Opened:
    """A file as the spreadsheet has it after a double click, taken apart at `delimiter`."""

    path: Path
    profile: Path
    delimiter: str = ","

    @cached_property
    def _cells(self) -> list[list[ET.Element]]:
        tree = ET.parse(self._converted("fods"))  # noqa: S314 - written here just now
        return [list(row.iter(f"{TABLE}table-cell")) for row in tree.iter(f"{TABLE}table-row")]

    @property
    def formulas(self) -> list[str]:
        """What it would run."""
        found = (cell.get(f"{TABLE}formula") for row in self._cells for cell in row)
        return [formula for formula in found if formula]

    @property
    def kinds(self) -> list[list[str | None]]:
        """What it takes each cell for; None where it is empty."""
        return [[cell.get(f"{OFFICE}value-type") for cell in row] for row in self._cells]

    @cached_property
    def texts(self) -> list[list[str]]:
        """What stands in each cell."""
        with self._converted(AS_TEXT).open(encoding="utf-8-sig", newline="") as again:
            return list(csv.reader(again))

    def _converted(self, kind: str) -> Path:
        folder = self.path.parent / "converted"
        options = [
            f"-env:UserInstallation={self.profile.as_uri()}",
            f"--infilter=CSV:{ord(self.delimiter)},34,76,1",
        ]
        subprocess.run(
            [
                *(SPREADSHEET or "soffice", *options, "--headless"),
                *("--convert-to", kind, "--outdir", folder, self.path),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return folder / f"{self.path.stem}.{kind.partition(':')[0]}"


Open = Callable[..., Opened]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Opens the content of a file, with settings that are nobody's."""
    profile = tmp_path_factory.mktemp("profile")

    def opening(content: bytes, delimiter: str = ",") -> Opened:
        path = tmp_path_factory.mktemp("taken") / "taken.csv"
        path.write_bytes(content)
        return Opened(path, profile, delimiter)

    return opening


def comments() -> bytes:
    table = pa.Table.from_pylist(
        [{"response_id": f"r{place}", "score": 0, "comment": text} for place, text in enumerate(ARSENAL)],
        COLUMNS["nps"],
    )
    return export.records_file(Dataset(APRIL, table, State(), "f"), "csv")


def test_the_spreadsheet_would_run_what_is_not_escaped(opened: Open) -> None:
    """Otherwise the tests below would prove nothing."""
    assert opened(b'\xef\xbb\xbf"a","b"\n"=1+1","ok"\n').formulas == ["of:=1+1"]
    inside = b'\xef\xbb\xbf"a","b"\n1,"ok;=2+2;ok"\n1,"ok\n=3+3\nok"\n'
    assert opened(inside, ";").formulas == ["of:=2+2", "of:=3+3"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_comment_runs_whatever_delimiter_the_spreadsheet_takes(opened: Open, delimiter: str) -> None:
    assert opened(comments(), delimiter).formulas == []


def test_every_comment_is_there_as_it_was_written(opened: Open) -> None:
    """But for the apostrophe that the app takes off again; a spreadsheet knows one kind of line break."""
    found = [unescape(line[4]) for line in opened(comments()).texts[1:]]
    assert found == ARSENAL


def test_headers_names_and_words_of_the_state_run_no_more_than_cells(opened: Open) -> None:
    frame = pd.DataFrame({"=1+1": ["=2+2"], "+tag": ["@SUM(1)"], "-a": [1]})
    state = State(reasons=('=HYPERLINK("http://127.0.0.1:9/")',))
    found = opened(export.view_file(frame, APRIL, state, "tags", {}, "csv"))
    assert found.formulas == []
    assert [unescape(name) for name in found.texts[0]] == ["=1+1", "+tag", "-a", "incomplete"]


def test_numbers_are_numbers_and_days_are_days(opened: Open) -> None:
    """Also those below nothing: a minus is no formula where a number stands."""
    frame = pd.DataFrame(
        {
            "change": [-5.0, 12.25, float("nan")],
            "n": [-3, 0, 1_234_567],
            "day": pd.to_datetime(["2026-04-01", "2026-12-31", "2026-02-28"]),
            "verdict": ["-5 points", "up", "+1"],
        }
    )
    found = opened(export.view_file(frame, APRIL, State(), "change", {}, "csv"))
    assert found.kinds[1:] == [
        ["float", "float", "date", "string"],
        ["float", "float", "date", "string"],
        [None, "float", "date", "string"],
    ]
    assert [line[:3] for line in found.texts[1:]] == [
        ["-5", "-3", "2026-04-01"],
        ["12.25", "0", "2026-12-31"],
        ["", "1234567", "2026-02-28"],
    ]
