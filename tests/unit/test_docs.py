"""What README, GLOSSARY and docs/ name is there: files, settings, anchors; and the first pages stay short."""

import re
from pathlib import Path
from typing import Any

import pytest

from userlane import logs
from userlane.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "GLOSSARY.md", *sorted((ROOT / "docs").glob("*.md"))]
TOPS = [{path.name for path in folder.iterdir() if path.is_dir()} for folder in (ROOT, ROOT / "userlane")]
CODE_BLOCK = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
WORDS_OF_CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The anchors that a Markdown page gets from its headings."""
    titles = (re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(text(page)))
    return {title.replace(" ", "-") for title in titles}


def named_paths(page: Path) -> dict[str, Path]:
    """Each path in code spans that begins with a folder of the repository, or of `userlane`."""
    spans = WORDS_OF_CODE.findall(CODE_BLOCK.sub("", text(page)))
    found: dict[str, Path] = {}
    for name in (span.partition("::")[0].split()[0] for span in spans if span.strip()):
        for folder, tops in zip((ROOT, ROOT / "userlane"), TOPS, strict=True):
            if "/" in name and name.split("/")[0] in tops:
                found.setdefault(name, folder / name)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_that_is_named_exists(page: Path) -> None:
    assert [name for name, path in named_paths(page).items() if not path.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_module_that_is_named_without_its_folder_exists(page: Path) -> None:
    tops = ("userlane", "pages", "benchmarks", "tests")
    modules = {path.name for top in tops for path in (ROOT / top).rglob("*.py")} | {"app.py"}
    assert set(re.findall(r"`(\w+\.py)[`:]", CODE_BLOCK.sub("", text(page)))) - modules == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading_of_it(page: Path) -> None:
    targets = {one or other for one, other in LINK.findall(CODE_BLOCK.sub("", text(page)))}
    for target in targets:
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), target


def test_paths_are_found_where_they_are_named() -> None:
    assert "userlane/decode/fields.py" in named_paths(ROOT / "docs" / "api-profile.md")
    assert sum(len(named_paths(page)) for page in PAGES) > 100


def test_the_readme_has_at_most_150_lines() -> None:
    assert len(text(ROOT / "README.md").splitlines()) <= 150


class Environment(dict[str, str]):
    """An environment without variables that records which ones are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return default


def test_the_table_of_settings_has_every_setting_and_none_else() -> None:
    environment = Environment()
    Settings.read(environment)
    table = re.findall(r"^\| `(USERLANE_\w+)` ", text(ROOT / "docs" / "settings.md"), re.MULTILINE)
    assert len(table) > 10
    assert sorted(table) == sorted(environment.read | {logs.SETTING})


def test_the_glossary_has_at_most_40_terms_each_once() -> None:
    terms = re.findall(r"^\| \*\*(.+?)\*\* ", text(ROOT / "GLOSSARY.md"), re.MULTILINE)
    assert 20 <= len(terms) == len(set(terms)) <= 40
