"""Words and numbers in figures."""

import doctest

from hypothesis import given
from hypothesis import strategies as st

from userlane.charts import palette, text


def test_examples_hold() -> None:
    """What the docstrings show is what comes out."""
    for module in (text, palette):
        result = doctest.testmod(module)
        assert result.attempted
        assert not result.failed


@given(st.text())
def test_no_foreign_text_can_act(foreign: str) -> None:
    """However it is written, no tag or entity of its own survives, and it stays on its lines."""
    for whole in (True, False):
        shown = text.escape_label(foreign, whole=whole)
        words = shown.replace("<br>", "") if whole else shown
        assert "<" not in words
        assert ">" not in words
        bare = words.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
        assert "&" not in bare
        assert words.replace("\u2068", "").replace("\u2069", "").isprintable()


@given(st.text())
def test_a_label_has_a_readable_length(foreign: str) -> None:
    shown = text.escape_label(foreign).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert len(shown.strip("\u2068\u2069")) <= text.LONGEST


def test_a_long_name_is_cut_in_the_label_and_whole_in_the_hover() -> None:
    name = "Invite a colleague to the shared workspace for editing"
    assert text.escape_label(name) == "Invite a colleague to the s…"
    assert text.escape_label(name, whole=True).replace("<br>", " ") == name
    assert text.hover_prefix(name).endswith("<br>")


def test_not_even_a_whole_name_covers_the_figure() -> None:
    shown = text.escape_label("name " * 2_000, whole=True).replace("<br>", " ")
    assert len(shown) == text.LONGEST_WHOLE
    assert shown.endswith("…")


def test_a_name_from_right_to_left_leaves_numbers_where_they_are() -> None:
    assert text.hover_prefix("שלום") == "\u2068שלום\u2069: "


def test_text_that_cannot_be_encoded_is_dropped() -> None:
    """A lone surrogate would break the figure's JSON, a direction mark the words around it."""
    assert text.escape_label("a\ud800b\u202ec") == "abc"
