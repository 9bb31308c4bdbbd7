"""Lines of code are those a reader has to understand, whatever surrounds them."""

from pathlib import Path

import pytest

from benchmarks import lines

CODE = '''"""A docstring
over two lines."""

# a comment
LIMIT = 3  # one
"""What it limits."""

QUERY = """
select 1

from x
"""


def answer(
    first: int,
) -> dict[str, str]:
    """Say it."""

    return {
        "a text alone":
            f"{first} stays"
            f"{LIMIT} a text",
        QUERY: "named",
    }
'''


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small product: one package with one module, a page and the entry."""
    for path, text in {
        "userlane/client/one.py": CODE,
        "pages/nps.py": "x = 1\n\n\ny = 2\n",
        "app.py": "import userlane\n",
        "tests/test_nothing.py": "not counted = \n",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    return tmp_path


def test_only_lines_with_a_name_outside_of_strings_are_code(root: Path) -> None:
    module = lines.read_module(root / "userlane" / "client" / "one.py", root)
    # LIMIT, QUERY, def, first, dict, return, QUERY in the braces
    assert (module.code, module.lines) == (7, CODE.count("\n"))
    assert module.functions == {"answer:15": 5}


def test_brackets_and_texts_over_several_lines_count_among_all_tokens(root: Path) -> None:
    module = lines.read_module(root / "userlane" / "client" / "one.py", root)
    # one of LIMIT, five of the query, three of the head, six of what is returned
    assert module.all_tokens == 15


def test_the_report_has_the_product_alone_by_package(root: Path) -> None:
    report = list(lines.report(list(lines.modules(root))))
    assert report[:2] == [
        "10 lines of code in 3 files (at most 14,000)",
        "18 with lines of brackets or text alone",
    ]
    assert report[2:5] == ["       7  userlane/client", "       2  pages/nps.py", "       1  app.py"]
    assert report[5:] == [
        "modules above 300 lines in all: 0",
        "functions above 30 lines of code: 0",
    ]


@pytest.mark.parametrize(
    ("limit", "value"), [("MOST_LINES", 9), ("LONGEST_MODULE", CODE.count("\n") - 1)], ids=["total", "module"]
)
def test_too_much_code_ends_with_an_error(
    root: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    assert lines.main(root) == 0
    monkeypatch.setattr(lines, limit, value)
    assert lines.main(root) == 1


def test_long_functions_are_listed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONG_FUNCTION", 4)
    report = list(lines.report(list(lines.modules(root))))
    assert report[-2:] == [
        "functions above 4 lines of code: 1",
        "       5  userlane/client/one.py answer:15",
    ]
