"""Counts the lines of code of the product: `python -m benchmarks.lines [ROOT]`.

Blank lines, comments and docstrings never count; a docstring is any string that is a statement of its own, so
those below constants are docstrings, too. Of the other lines two counts are given:

code        lines on which a name or a keyword stands outside of strings. This is the count with a limit.
            It gives 15,294 for commit a6cf11d, before names and packages were made plain.
all tokens  also lines of brackets alone and of text alone; a string over several lines counts with all lines

The report has both counts in total, the code of each package, the modules longer than `LONGEST_MODULE` lines
(blanks, comments and docstrings included) and the functions with more than `LONG_FUNCTION` lines of code. The
exit code is 1 if the total is above `MOST_LINES` or a module is too long, else 0.
"""

import ast
import io
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOTS = ("userlane", "pages", "app.py")
MOST_LINES = 14_000
LONGEST_MODULE = 300
LONG_FUNCTION = 30

_NO_CODE = {"ENCODING", "COMMENT", "NL", "NEWLINE", "INDENT", "DEDENT", "ENDMARKER"}


@dataclass(frozen=True, slots=True)
class Module:
    """One file: its path from the root, its lines in all, its two counts, and the code of its functions."""

    path: Path
    lines: int
    code: int
    all_tokens: int
    functions: dict[str, int]

    @property
    def package(self) -> str:
        """The folder two levels deep at most, such as `userlane/client`; a file above that is its own."""
        return "/".join(self.path.parts[:2])


def read_module(path: Path, root: Path) -> Module:
    """Count one file. Raises `SyntaxError` where it is not Python."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text, str(path))
    code, all_tokens = code_lines(text, tree)
    functions = {
        f"{node.name}:{node.lineno}": sum(line in code for line in _lines(node))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    return Module(path.relative_to(root), len(text.splitlines()), len(code), len(all_tokens), functions)


def code_lines(text: str, tree: ast.Module) -> tuple[set[int], set[int]]:
    """The numbers of the lines that hold a name or keyword, and of those that hold any token, from 1."""
    docstrings = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in _lines(node)
    }
    code: set[int] = set()
    all_tokens: set[int] = set()
    within = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        # From Python 3.12 on, what stands in an f-string arrives as tokens of its own: still a string here.
        within += kind.endswith("STRING_START") - kind.endswith("STRING_END")
        if kind not in _NO_CODE:
            all_tokens.update(range(token.start[0], token.end[0] + 1))
        if kind == "NAME" and not within:
            code.add(token.start[0])
    return code - docstrings, all_tokens - docstrings


def _lines(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def modules(root: Path) -> Iterator[Module]:
    """Every Python file of the product below `root`, in the order of their paths."""
    for name in ROOTS:
        place = root / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            yield read_module(path, root)


def long_modules(found: Sequence[Module]) -> list[Module]:
    """The modules with too many lines in all."""
    return [module for module in found if module.lines > LONGEST_MODULE]


def report(found: Sequence[Module]) -> Iterator[str]:
    """What is printed, line by line."""
    total = sum(module.code for module in found)
    yield f"{total:,} lines of code in {len(found)} files (at most {MOST_LINES:,})"
    yield f"{sum(module.all_tokens for module in found):,} with lines of brackets or text alone"
    packages: Counter[str] = Counter()
    for module in found:
        packages[module.package] += module.code
    for package, lines in packages.most_common():
        yield f"  {lines:6,}  {package}"
    yield f"modules above {LONGEST_MODULE} lines in all: {len(long_modules(found))}"
    for module in long_modules(found):
        yield f"  {module.lines:6,}  {module.path}"
    functions = [
        (lines, f"{module.path} {name}")
        for module in found
        for name, lines in module.functions.items()
        if lines > LONG_FUNCTION
    ]
    yield f"functions above {LONG_FUNCTION} lines of code: {len(functions)}"
    for lines, name in sorted(functions, reverse=True):
        yield f"  {lines:6,}  {name}"


def main(root: Path) -> int:
    """Print the report; returns the exit code."""
    found = list(modules(root))
    for line in report(found):
        print(line)  # noqa: T201  # a command prints
    return int(sum(module.code for module in found) > MOST_LINES or bool(long_modules(found)))


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:2])))
