"""Words and numbers on screen."""

import re
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from userlane.contract import COLUMNS, Dataset, Query, State, Window, measure
from userlane.ui import text

APRIL = Window(date(2026, 4, 1), date(2026, 5, 1))


def dataset(rows: int = 0, **state: object) -> Dataset:
    table = pa.Table.from_pylist([{}] * rows, COLUMNS["nps"])
    return Dataset(Query("nps", "demo", APRIL), table, State(**state), "f")  # type: ignore[arg-type]


@given(st.text())
def test_any_text_is_shown_letter_by_letter(raw: str) -> None:
    """Whatever an API or a CSV sends becomes plain text: no link, image, emphasis or HTML."""
    rendered = MarkdownIt("commonmark").parseInline(text.escape_markdown(raw))
    kinds = {token.type for block in rendered for token in block.children or ()}
    assert kinds <= {"text", "text_special"}


@given(st.text(), st.integers(2, 60))
def test_long_text_is_cut_with_a_mark(raw: str, longest: int) -> None:
    """However long a name is, it takes no more room than it was given, and one sees that it goes on."""
    shown = text.escape_markdown(raw, longest).replace("\u2060", "").strip("\u2068\u2069")
    shown = re.sub(r"\\(.)", r"\1", shown)
    assert len(shown) <= longest
    assert text.escape_markdown("x" * 10_000) == "x" * (text.LONGEST - 1) + "…"


def test_what_is_unseen_cannot_turn_the_words_around_it() -> None:
    """Controls and signs that reverse a line are dropped; right-to-left names keep to themselves."""
    assert text.escape_markdown("invoice\u202excod.exe\0\x07\u2066\ufeff") == r"invoicexcod\.exe"
    assert text.escape_markdown("שלום") == "\u2068שלום\u2069"
    assert text.escape_markdown("family 👨\u200d👩\u200d👧") == "family 👨\u200d👩\u200d👧"


@pytest.mark.parametrize("raw", ["![x](http://evil)", "<b>", ":red[x]", "$x$", "# head", "https://a.b"])
def test_markdown_that_acts_is_escaped(raw: str) -> None:
    """Each construct that Streamlit's Markdown would act on loses its power."""
    assert text.escape_markdown(raw) != raw


@pytest.mark.parametrize(
    "raw",
    ["see http://a.b", "HTTPS://a.b/c", "www.a.b", "mail a.b@c.de", ":material/delete:", ":smile:", ":+1:"],
)
def test_addresses_icons_and_emoji_are_not_recognised(raw: str) -> None:
    """What the browser finds in finished text, past all escapes, is parted by an invisible character."""
    shown = re.sub(r"\\(.)", r"\1", text.escape_markdown(raw))
    assert not re.search(r"https?://|www\.|\w@|:[\w+-]", shown, re.IGNORECASE)
    assert shown.replace("\u2060", "") == raw


@pytest.mark.parametrize(
    ("state", "rows", "word"),
    [
        ({}, 3, "complete"),
        ({}, 0, "no data"),
        ({"reasons": ("x",)}, 3, ":orange-badge[incomplete]"),
        ({"stale": True}, 3, ":orange-badge[stale]"),
    ],
)
def test_provenance_names_range_count_and_state(state: dict[str, object], rows: int, word: str) -> None:
    """The line under a number says its days, how many answers are behind it and whether they are complete."""
    line = text.describe_source(measure(lambda *_: rows, dataset(rows, **state)))
    assert line.startswith("1 Apr – 30 Apr 2026 · ")
    assert f"{rows} answer" in line
    assert line.endswith(word)


def test_provenance_of_several_surveys_is_as_bad_as_the_worst() -> None:
    """One incomplete survey makes the line of all of them incomplete."""
    line = text.describe_source(measure(lambda *_: 3, dataset(2), dataset(1, reasons=("the API failed",))))
    assert "3 answers" in line
    assert "incomplete" in line
