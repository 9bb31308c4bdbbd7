"""What docs/api-profile.md shows is true."""

import re
from datetime import date
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from userlane.contract import (
    ASSUMED,
    COLUMNS,
    DATASETS,
    DateFormat,
    Profile,
    Query,
    Route,
    Window,
    format_window,
)
from userlane.settings import Settings

TEXT = (Path(__file__).parents[3] / "docs" / "api-profile.md").read_text("utf-8")
EXAMPLE = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)


def test_the_example_is_a_profile_that_can_be_mounted(tmp_path: Path) -> None:
    (toml,) = EXAMPLE
    (tmp_path / "profile.toml").write_text(toml)
    settings = Settings.read({"USERLANE_API_PROFILE": str(tmp_path / "profile.toml")})
    assert settings.base_url == "https://api.userlane.com"
    assert settings.profile.nps.fields == {"score": "rating_given", "user_id": "visitor.key"}
    assert settings.profile.heart == ASSUMED.heart


def test_every_key_is_described_and_none_else() -> None:
    keys = TEXT.partition("## Every key")[2]
    described = {
        name
        for cell in re.findall(r"^\| (.+?) \|", keys, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", cell)
    }
    expected = {*Route.__struct_fields__, "header", "scheme"} - {"fields"}
    assert expected <= described
    assert described - expected - {*re.split("-", "-".join(get_args(DateFormat)))} - {"dates"} == set()


@pytest.mark.parametrize("dates", get_args(DateFormat))
def test_each_way_to_write_dates_is_shown_as_it_is(dates: DateFormat) -> None:
    start, _ = format_window(Query("nps", "demo", Window(date(2026, 4, 1), date(2026, 4, 2))), dates)
    row = next(
        line for line in TEXT.splitlines() if line.startswith("| ") and f"`{dates}`" in line.split("|")[1]
    )
    assert f"`{start}`" in row


def test_the_canonical_columns_are_all_named() -> None:
    last = TEXT.rpartition("Canonical columns")[2]
    for dataset in DATASETS:
        assert set(COLUMNS[dataset].names) - {"bucket", "tag_name"} <= set(re.findall(r"\w+", last))


def test_the_refusal_shown_is_the_refusal(tmp_path: Path) -> None:
    (toml,) = EXAMPLE
    (tmp_path / "profile.toml").write_text(toml.replace("limit =", "limits ="))
    shown = re.search(r"profile\.toml, line (\d+): (.*)\n", TEXT)
    assert shown
    with pytest.raises(Exception, match=re.escape(shown[2])) as caught:
        Settings.read({"USERLANE_API_PROFILE": str(tmp_path / "profile.toml")})
    assert f"line {shown[1]}:" in str(caught.value)
    assert msgspec.toml.decode(toml.encode(), type=Profile)
