"""What holds for all tests."""

import os

import pytest
from hypothesis import settings

from tests.system.faults.table import lines_of, outcomes_of, printed

# Rows of one test are not another's: nothing is stored beyond the process unless a test says so.
os.environ["USERLANE_STORE"] = "none"

# A run of continuous integration judges the change, so it tries the same examples each time; runs at a desk
# look for new ones.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of what was tried with a server that misbehaves, if it was part of this run."""
    kinds = ("passed", "failed", "error")
    reports = [report for kind in kinds for report in terminalreporter.getreports(kind)]
    lines = lines_of(reports)
    if lines:
        terminalreporter.section("what can go wrong")
        for line in printed(lines, outcomes_of(reports)):
            terminalreporter.write_line(line)
