"""All measurements, in turn, as one table."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from benchmarks import exporting, fetching, machine, sessions, storing
from benchmarks.table import Row, Say, Section, counted, markdown

FULL = 1_000_000
"""Records of a load; every other size follows from it."""


STEP = 10_000


def _fetch(rows: int, runs: int, say: Say) -> list[Section]:
    return [fetching.without_latency(rows, runs, say)]


def _latency(rows: int, runs: int, say: Say) -> list[Section]:
    return [fetching.with_latency(rows, runs, say)]


def _memory(rows: int, runs: int, say: Say) -> list[Section]:
    return [fetching.memory(rows, runs, say)]


def _store(rows: int, runs: int, say: Say) -> list[Section]:
    return storing.stores(rows, runs, say)


def _pages(rows: int, runs: int, say: Say) -> list[Section]:
    from benchmarks import pages  # noqa: PLC0415  # a browser is needed for this part only

    return pages.views(10 * rows, runs, say)


def _sessions(rows: int, runs: int, say: Say) -> list[Section]:
    # A trial has fewer visitors as well, for a shorter time.
    share = min(1.0, max(0.1, rows / FULL))
    count, seconds = round(sessions.SESSIONS * share), sessions.SECONDS * max(0.5, share)
    tag_rows = max(STEP, rows // 10 // STEP * STEP)
    return [sessions.crowds(tag_rows, runs, say, count=count, seconds=seconds)]


def _export(rows: int, runs: int, say: Say) -> list[Section]:
    return [exporting.exports(rows, runs, say)]


PARTS: Mapping[str, Callable[[int, int, Say], list[Section]]] = {
    "fetch": _fetch,
    "latency": _latency,
    "memory": _memory,
    "store": _store,
    "pages": _pages,
    "sessions": _sessions,
    "export": _export,
}
"""Every part by its name; each takes rows, runs, and whom to tell."""


class Report(NamedTuple):
    """The table, and whether every part came to its end."""

    text: str
    whole: bool


def report(only: Collection[str], rows: int, runs: int, say: Say) -> Report:
    """The table of these parts, of all if none is named: the machine in the first line.

    A part that breaks off is a line that says why. `rows` is rounded down to 10,000s, which is what the
    sandbox's large property is made of.
    """
    rows = max(STEP, rows // STEP * STEP)
    sections: list[Section] = []
    whole = True
    for name, part in PARTS.items():
        if only and name not in only:
            continue
        try:
            sections += part(rows, runs, say)
        except (RuntimeError, OSError) as error:  # what the others took so long to measure is not lost
            whole = False
            say(f"{name} broke off: {error}")
            sections.append(Section(name, [Row("broke off", " ".join(str(error).split()), met=False)]))
    day = datetime.now(UTC).date().isoformat()
    scaled = (
        ""
        if rows == FULL
        else f"; **scaled down**: {counted(rows)} records, and the targets are for {counted(FULL)}"
    )
    first = f"{machine.described()}; {day}; medians of {runs} run{'s' if runs != 1 else ''}{scaled}."
    return Report(markdown(first, sections), whole)
