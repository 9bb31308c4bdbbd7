"""Reading a paste takes time and memory that grow with its length, and imports little."""

import re
import re._parser as sre  # type: ignore[import-not-found]  # the only way to look into a pattern
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from types import FrameType
from typing import Any

import msgspec
import pytest

from userlane.request_import import Reading, naming, read, redact, url_parts
from userlane.request_import.parsers import common, curl, openapi, quoted_text, saved_requests, tokens
from userlane.request_import.parsers.common import LONGEST_FILL, Variables

URL = "https://api.userlane.com/v1/8mkyx/nps"
HEAVY = (
    *(" \n", "\t", "\\\n", "^\n", "`\n", "'", '"', "`", "\\", "^", "`\\", '"""', "'''", "(", "[", "{", "$("),
    *("a=a ", "&a=", "a='x';", "key=a1(", "token", "token=", "token.", "token: ", "bearer ", "cookie: "),
    *(
        "https://",
        "://a@",
        "<https://",
        "&amp;",
        "\\u0026",
        "> ",
        "| ",
        "PS ",
        "a@b ",
        "%%a\n",
        "\u200b",
        "“",
    ),
    *(
        "A=$A$A\n",
        "a += a;",
        "$a",
        "{a",
        "\\(",
        "a.",
        "a-",
        "::",
        "1-",
        "++",
        "'a' + ",
        "'a' 'b'\n",
        "x-a: b ",
    ),
    *("name: 'a', value: 'b',", "'a': 'b',", "'a': ['b', ", "/* ", "#", "//", "=> ", "=", "@{", "-H ", "${"),
    *(f"curl {URL} ", "curl -H a:b ", "GET /x\n", f"fetch('{URL}');", "openapi: 3\n", '{"a":', "a1b2c3d4e5 "),
    *('"a"="b"\n', "--next "),
)
TAILS = (
    "",
    f"\ncurl {URL} -H 'Authorization: Bearer made-up'",
    f"\nrequests.get('{URL}', headers={{'X-Key': 't'}})",
)


def count_calls(text: str) -> int:
    """How many functions are called while `text` is read, those written in C included."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        read(text)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("tail", TAILS, ids=["alone", "cURL", "Python"])
@pytest.mark.parametrize("piece", HEAVY)
def test_twice_the_text_takes_no_more_than_about_twice_the_calls(piece: str, tail: str) -> None:
    """Of what grows with the square of the length, it would take four times as many. Pieces are even
    in number, so that no quote is left open.
    """
    once, twice = (count_calls(piece * (size // len(piece) // 2 * 2) + tail) for size in (1_500, 3_000))
    assert twice < 2.5 * once + 250


@pytest.mark.parametrize("piece", HEAVY)
def test_memory_stays_below_a_thousand_times_the_text(piece: str) -> None:
    tracemalloc.start()
    try:
        read((piece * 3_000)[:3_000])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000 * 3_000


PATTERNS = [
    (module.__name__, name, each)
    for module in (
        common,
        curl,
        openapi,
        quoted_text,
        saved_requests,
        tokens,
        naming,
        redact,
        url_parts,
    )
    for name, value in vars(module).items()
    for each in (value.values() if isinstance(value, dict) else [value])
    if isinstance(each, re.Pattern)
]


@pytest.mark.parametrize(("module", "name", "pattern"), PATTERNS, ids=lambda each: str(each)[:40])
def test_no_pattern_repeats_what_is_repeated_within_it(
    module: str, name: str, pattern: re.Pattern[str]
) -> None:
    """A repetition that may give back, within another one: the one thing that takes exponential time."""
    assert not _nested(sre.parse(pattern.pattern, pattern.flags), within=False), f"{module}.{name}"


def _nested(parsed: Any, *, within: bool) -> bool:
    for operation, argument in parsed:
        endless = operation in {sre.MAX_REPEAT, sre.MIN_REPEAT} and argument[1] == sre.MAXREPEAT
        if endless and within:
            return True
        if any(_nested(each, within=within or endless) for each in _parts(operation, argument)):
            return True
    return False


def _parts(operation: Any, argument: Any) -> Iterator[Any]:
    """The patterns within one operation. What is atomic or possessive gives nothing back."""
    if operation in {sre.MAX_REPEAT, sre.MIN_REPEAT}:
        yield argument[2]
    elif operation is sre.SUBPATTERN:
        yield argument[3]
    elif operation is sre.BRANCH:
        yield from argument[1]
    elif operation in {sre.ASSERT, sre.ASSERT_NOT}:
        yield argument[1]


def test_variables_cannot_make_a_long_text_of_a_short_one() -> None:
    variables = Variables()
    variables["a"] = "x" * 1_000
    whole = "".join(variables.fill("a", "") for _ in range(10_000))
    assert whole.count("x") <= LONGEST_FILL


def test_reading_imports_neither_pyarrow_nor_pandas_nor_streamlit() -> None:
    code = (
        "import sys; from userlane.request_import import read; read('curl https://a.example');"
        "print({'pyarrow', 'pandas', 'numpy', 'streamlit', 'duckdb'} & sys.modules.keys())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.strip() == "set()"


@pytest.mark.parametrize("text", [f"curl {URL} -H 'X-Api-Key: made-up-4f2a'", "nothing", ""])
def test_a_reading_travels_as_json(text: str) -> None:
    reading = read(text)
    assert msgspec.json.decode(msgspec.json.encode(reading), type=Reading) == reading
