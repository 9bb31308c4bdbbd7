"""Nothing is drawn that does not carry its state: pages and what draws for them are held to it."""

import ast
import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pandas as pd
import plotly.graph_objects as go
import pytest
from streamlit.delta_generator import DeltaGenerator

from tests.system.pages.screen import ROOT
from userlane import ui
from userlane.contract import Dataset, Measured

PAGES = sorted((ROOT / "pages").glob("*.py"))
UI = sorted((ROOT / "userlane" / "ui").glob("*.py"))

CONTROLS = {
    "columns",
    "container",
    "info",
    "multiselect",
    "pills",
    "subheader",
    "text_input",
    "toggle",
}
"""What a page may ask Streamlit for by itself: places, controls and headings, none of which shows data."""

DRAWS = {"metric", "plotly_chart", "dataframe", "data_editor", "table", "json", "line_chart", "bar_chart"}
PASSED = (Measured, ui.Loaded, ui.ExportedTable, DeltaGenerator)
NO_DATA = {str, bool, int, type(None)}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call in a file, by the dotted name of what is called."""
    return ((ast.unparse(node.func), node) for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_draws_nothing_itself(page: Path) -> None:
    """Of Streamlit it uses controls and places only, with words that are written in the page."""
    for name, call in calls(page):
        if not name.startswith("st."):
            continue
        assert name.removeprefix("st.") in CONTROLS, f"{name} in line {call.lineno}"
        words = [each for each in call.args[:1] if name in {"st.info", "st.subheader"}]
        assert all(isinstance(each, ast.Constant) for each in words), f"{name} in line {call.lineno}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_never_takes_a_value_out_of_what_was_measured(page: Path) -> None:
    """Nor does it go to the rows past it; and it is no longer than a paragraph."""
    nodes = list(ast.walk(tree(page)))
    attributes = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert not attributes & {"value", "datasets", "current", "rows"}
    imported = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert "shown" not in imported
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 80


@pytest.mark.parametrize("path", UI, ids=lambda path: path.stem)
def test_numbers_are_drawn_in_few_places_only(path: Path) -> None:
    """Where cards are drawn, and where charts and tables are."""
    drawn = {name.removeprefix("st.") for name, _ in calls(path) if name.startswith("st.")} & DRAWS
    assert path.stem == "tables" or "_show_table" not in {name.split(".")[-1] for name, _ in calls(path)}
    allowed = {"cards": {"metric"}, "tables": {"plotly_chart", "dataframe"}, "tag_tables": {"dataframe"}}
    allowed["request_import"] = {"dataframe"}  # of the fields in a pasted request
    assert drawn <= allowed.get(path.stem, set())


def test_what_is_measured_is_made_from_datasets_only() -> None:
    """Nowhere but in its own module is a value declared to be measured on some rows."""
    files = [*PAGES, *(ROOT / "userlane").rglob("*.py")]
    made = {path.name for path in files for name, _ in calls(path) if name.split(".")[-1] == "Measured"}
    assert made == {"measured.py"}


def bare(hint: Any) -> bool:
    """Whether a parameter of this type could be given data without its state."""
    if hint is Any or hint is inspect.Parameter.empty:
        return True
    origin = get_origin(hint) or hint
    if origin in PASSED or origin is Literal or hint in NO_DATA:
        return False
    if isinstance(hint, type) and issubclass(hint, pd.DataFrame | pd.Series | go.Figure | float | Dataset):
        return True
    if origin in {Union, types.UnionType} or get_args(hint):
        return any(bare(each) for each in get_args(hint) if each is not Ellipsis)
    return hint.__module__ not in {"userlane.contract.query", "typing"}


def functions() -> Iterator[tuple[str, Any]]:
    """What `ui` offers the pages."""
    for name in ui.__all__:
        offered = getattr(ui, name)
        if inspect.isfunction(offered):
            yield name, offered


@pytest.mark.parametrize(("name", "function"), list(functions()))
def test_layout_cannot_be_handed_data_without_its_state(name: str, function: Any) -> None:
    """By its signature, which mypy holds every page to."""
    hints = get_type_hints(inspect.unwrap(function))
    hints.pop("return", None)
    assert [each for each, hint in hints.items() if bare(hint)] == [], name


def measured_parameters(function: Any) -> dict[str, Any]:
    hints = get_type_hints(inspect.unwrap(function))
    return {name: hint for name, hint in hints.items() if name != "return" and get_origin(hint) is Measured}


BARE = {"number": 42.0, "table": pd.DataFrame({"n": [1]}), "figure": go.Figure()}
DRAWING = [(name, function) for name, function in functions() if measured_parameters(function)]


@pytest.mark.parametrize(("name", "function"), DRAWING)
@pytest.mark.parametrize(
    "data", [42.0, pd.DataFrame({"n": [1]}), go.Figure()], ids=["number", "table", "figure"]
)
def test_ui_refuses_bare_data(name: str, function: Any, data: Any) -> None:
    """Also where no type checker looks: before anything is on screen, with a `TypeError`."""
    others: dict[str, Any] = {"before": None, "change": None, "names": {}, "alt": "", "key": name}
    others |= {"search": "", "ticked": []}
    signature = inspect.signature(function)
    given = {each: others[each] for each in signature.parameters if each in others}
    given |= dict.fromkeys(measured_parameters(function), data)
    with pytest.raises(TypeError):
        function(**given)


def test_most_of_ui_takes_what_was_measured() -> None:
    """The checks above have something to check."""
    names = {name for name, _ in DRAWING}
    assert names >= {
        "show_chart",
        "show_nps_cards",
        "show_heart_cards",
        "show_survey_cards",
        "show_tag_table",
        "show_comments",
    }


def test_a_file_cannot_be_made_from_a_bare_table() -> None:
    """A download says whether its rows are complete; of a bare table nobody knows."""
    with pytest.raises(TypeError):
        ui.ExportedTable("table", pd.DataFrame({"n": [1]}))  # type: ignore[arg-type]  # what is refused here


def test_the_functions_checked_are_those_that_pages_use() -> None:
    """What pages call is what these checks look at."""
    used = {name.split(".")[1] for page in PAGES for name, _ in calls(page) if name.startswith("ui.")}
    assert {each.split("(")[0] for each in used} <= set(ui.__all__)
