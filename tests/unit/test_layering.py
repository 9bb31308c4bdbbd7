"""The import contracts of pyproject.toml, held against a tree of empty modules with one import too many."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
MODULES = [module.strip() for layer in CONTRACTS[0]["layers"] for module in layer.split("|")]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

BROKEN_BY = [
    ("userlane/export.py", "import userlane.metrics", "Each module imports from below only"),
    ("userlane/contract.py", "import userlane.settings", "Each module imports from below only"),
    ("userlane/fetch.py", "import pages.nps", "Nothing imports the pages"),
    ("pages/nps.py", "import userlane.client", "Pages load, measure, draw and offer"),
    ("userlane/metrics.py", "import streamlit", "Streamlit is known to the pages"),
    ("userlane/__main__.py", "import userlane.ui", "The command line runs without Streamlit"),
    ("userlane/fetch.py", "import benchmarks", "Benchmarks are no part of the app"),
    ("userlane/lookups.py", "import httpx", "Only the client reaches the network"),
    ("userlane/store.py", "import duckdb", "The engine is known in one place"),
    ("userlane/metrics.py", "import pyspark", "The engine is known in one place"),
    ("userlane/sandbox.py", "import userlane.settings", "Files, joins, decoding and sample data"),
    (
        "userlane/charts.py",
        "import userlane.engine",
        "Figures know of inference nothing but the small-sample rule",
    ),
    ("userlane/store.py", "import userlane.inference", "What brings the data measures nothing"),
    ("userlane/metrics.py", "import userlane.settings", "Metrics see data, never the configuration"),
    ("userlane/inference.py", "import pandas", "Inference is numbers in, numbers out"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The product's modules and a page, all empty but for one rightful import of each guarded library."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for name in ("userlane/__init__", "pages/nps", *(f"userlane/{module}" for module in MODULES)):
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    (tmp_path / "userlane/session.py").write_text("import streamlit\n")
    (tmp_path / "userlane/cli.py").write_text("import benchmarks\n")
    (tmp_path / "userlane/client.py").write_text("import httpx, httpcore\n")
    (tmp_path / "userlane/engine.py").write_text("import duckdb, pyspark\n")
    return tmp_path


def broken(tree: Path) -> list[str]:
    """Names of the contracts that `tree` breaks."""
    linted = subprocess.run(
        [sys.executable, "-c", LINT, "--no-logo", "--no-cache"],
        check=False,
        cwd=tree,
        capture_output=True,
        text=True,
    )
    verdicts = [line.rsplit(maxsplit=1) for line in linted.stdout.splitlines()]
    names = [name for name, verdict in (pair for pair in verdicts if len(pair) == 2) if verdict == "BROKEN"]
    assert linted.returncode == (1 if names else 0), linted.stdout + linted.stderr
    return names


def test_the_empty_tree_breaks_nothing(tree: Path) -> None:
    assert broken(tree) == []


@pytest.mark.parametrize(("module", "line", "contract"), BROKEN_BY)
def test_an_import_too_many_breaks_its_contract(tree: Path, module: str, line: str, contract: str) -> None:
    (tree / module).write_text(f"{line}\n")
    assert [name for name in broken(tree) if name.startswith(contract)]


def test_a_module_without_a_layer_is_refused(tree: Path) -> None:
    (tree / "userlane/sundry.py").touch()
    assert broken(tree) == [CONTRACTS[0]["name"]]


def test_every_contract_has_an_import_that_breaks_it() -> None:
    names = {contract["name"] for contract in CONTRACTS}
    assert {name for name in names if not any(name.startswith(start) for *_, start in BROKEN_BY)} == set()
