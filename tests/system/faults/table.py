"""The table at the end of a run: each fault, its requests, the time it took, the state that was shown."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

import pytest

from tests.system.faults.rows import ELSEWHERE, ROWS, faults

PROPERTY = "fault"
MOST_SECONDS = 180
"""What all faults may take by the clock. It is told and not judged: a machine may be busy otherwise."""
_F = TypeVar("_F", bound=Callable[..., Any])


@dataclass
class Line:
    """What one test saw of one fault: how often it was tried, at which pages, what came of it, and by how
    much memory grew where that was measured.
    """

    fault: str
    cases: int = 0
    pages: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    megabytes: int = 0
    began: float = 0.0
    seconds: float = 0.0
    passed: bool = False

    def add(self, requests: int, state: str, page: int | None = None) -> None:
        """One case, judged."""
        self.cases += 1
        self.requests.append(requests)
        if state not in self.states:
            self.states.append(state)
        if page is not None:
            self.pages.append(page)


def covers(*names: str) -> Callable[[_F], _F]:
    """Says which faults a test tries."""
    unknown = set(names) - set(faults())
    assert not unknown, unknown

    def marked(test: _F) -> _F:
        test.__dict__["covered"] = names
        return test

    return marked


class Notes:
    """Takes down lines for the test that is running."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    @contextmanager
    def line(self, fault: str) -> Iterator[Line]:
        """A line about one fault; it has failed if this block raises."""
        line = Line(fault, began=time.time())
        began = time.monotonic()
        try:
            yield line
            line.passed = True
        finally:
            line.seconds = time.monotonic() - began
            # As plain values, which travel from the processes that run tests to the one that prints.
            self._item.user_properties.append((PROPERTY, asdict(line)))


def lines_of(reports: Sequence[Any]) -> list[Line]:
    """The lines of these test reports. A test that passes and then is found to have leaked has failed."""
    broken = {report.nodeid for report in reports if getattr(report, "outcome", "") == "failed"}
    lines: list[Line] = []
    for report in reports:
        if getattr(report, "when", None) == "call":
            for name, value in report.user_properties:
                if name == PROPERTY:
                    line = Line(**value)
                    line.passed &= report.nodeid not in broken
                    lines.append(line)
    return lines


def outcomes_of(reports: Sequence[Any]) -> dict[str, tuple[int, int]]:
    """For each module of tests, as a path within `tests/`: how many of its tests ran, and how many failed."""
    failed = {report.nodeid for report in reports if report.outcome == "failed"}
    ran = {report.nodeid for report in reports if report.when == "call"} | failed
    counted: dict[str, tuple[int, int]] = {}
    for node in ran:
        module = node.partition("::")[0].removeprefix("tests/")
        tests, failures = counted.get(module, (0, 0))
        counted[module] = tests + 1, failures + (node in failed)
    return counted


def printed(lines: Sequence[Line], outcomes: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    """The table, a line for each fault, then one for each row that other tests try, and one that sums it up,
    with the seconds of all the faults.

    `outcomes` are those of all tests that ran; see `outcomes_of`.
    """
    by_fault: dict[str, list[Line]] = {}
    for line in lines:
        by_fault.setdefault(line.fault, []).append(line)
    widths = "{:<40}{:>6}  {:<8}{:>9}{:>9}  {:<46}  {}"
    yield widths.format("case", "cases", "at page", "requests", "seconds", "state shown", "")
    section = ""
    missing = 0
    elsewhere: set[str] = set()
    failed = sum(not line.passed for line in lines)
    cases = sum(line.cases for line in lines)
    for row in ROWS:
        if row.section != section:
            section = row.section
            yield section
        yield f"  {row.title}"
        for fault in row.faults:
            found = by_fault.get(fault)
            if not found:
                missing += 1
                yield f"    {fault:<36}not part of this run"
                continue
            pages = sorted({page for line in found for page in line.pages})
            requests = sorted({number for line in found for number in line.requests})
            states = list(dict.fromkeys(state for line in found for state in line.states))
            if grown := max(line.megabytes for line in found):
                states.append(f"at most {grown} MB more")
            yield widths.format(
                f"    {fault}",
                sum(line.cases for line in found),
                f"n={_span(pages)}" if pages else "",
                _span(requests) if requests else "",
                f"{sum(line.seconds for line in found):.1f}",
                " · ".join(states),
                "pass" if all(line.passed for line in found) else "FAIL",
            )
    for other in ELSEWHERE:
        if other.section != section:
            section = other.section
            yield section
        ran = [outcomes[module] for module in other.modules if module in outcomes]
        if len(ran) < len(other.modules):
            missing += 1
            yield f"  {other.title:<42}not part of this run"
            continue
        tests, failures = (sum(each) for each in zip(*ran, strict=True))
        elsewhere.update(other.modules)
        verdict = "FAIL" if failures else "pass"
        yield f"  {other.title:<42}{tests:>4}  {', '.join(other.modules):<79}{verdict}"
    cases += sum(outcomes[module][0] for module in elsewhere)
    failed += sum(outcomes[module][1] for module in elsewhere)
    told = f"every row of the list: {cases:,} cases" if not missing else f"{missing} not run: {cases:,} cases"
    work, clock = sum(line.seconds for line in lines), _by_the_clock(lines)
    kept = "within" if clock <= MOST_SECONDS else "more than"
    yield (
        f"{told}, {failed} failed; all faults together took {work:.0f} s, "
        f"{clock:.0f} s by the clock: {kept} three minutes"
    )


def _by_the_clock(lines: Sequence[Line]) -> float:
    """The seconds in which any fault was tried: several processes try some at the same time."""
    seconds = until = 0.0
    for line in sorted(lines, key=lambda line: line.began):
        ended = line.began + line.seconds
        seconds += max(0.0, ended - max(until, line.began))
        until = max(until, ended)
    return seconds


def _span(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"
