"""The result: one table, readable in a terminal and as Markdown."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

HEADS = ("measured", "figure", "ratio", "target", "met")
_NOT_HERE = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what was measured and what came out; where there is a peer the ratio to it; where there is a
    target what it is, and whether it was met.
    """

    measured: str
    figure: str
    ratio: str = ""
    target: str = ""
    met: bool | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The line's words, in the order of `HEADS`."""
        verdict = "" if self.met is None else "yes" if self.met else "**no**"
        return (self.measured, self.figure, self.ratio, self.target, verdict)


@dataclass(frozen=True, slots=True)
class Section:
    """Rows that were measured together."""

    title: str
    rows: Sequence[Row]


def markdown(first_line: str, sections: Iterable[Section]) -> str:
    """All sections as one Markdown table below a line about the machine."""
    lines = [HEADS, *(cells for section in sections for cells in _cells(section))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS))]
    written = [_line(line, widths) for line in lines]
    written.insert(1, _line(["-" * width for width in widths], widths))
    return "\n".join([first_line, "", *written, ""])


def _cells(section: Section) -> list[tuple[str, ...]]:
    return [(f"**{section.title}**", *("" for _ in HEADS[1:])), *(row.cells for row in section.rows)]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


Figures = Mapping[str, float]
"""What one run measured, by name."""


def middle(runs: Sequence[Figures], name: str) -> float:
    """The median of one figure over the runs."""
    return median(run[name] for run in runs)


def ratio(runs: Sequence[Figures], name: str, peer: str) -> float:
    """The median over the runs of one figure over another of the same run."""
    return median(run[name] / run[peer] for run in runs)


def at_least(value: float, least: float, unit: str = "×") -> tuple[str, bool]:
    """A target's words and whether it was met."""
    return f"≥ {least:g} {unit}", value >= least


def at_most(value: float, most: float, unit: str) -> tuple[str, bool]:
    """The same for what should be small."""
    return f"≤ {most:g} {unit}", value <= most


def counted(rows: int) -> str:
    """A number of records in a few signs: 250k, 1M, 10M."""
    for size, sign in ((1_000_000, "M"), (1_000, "k")):
        if rows >= size:
            return f"{rows / size:.3g}{sign}"
    return str(rows)


Say = Callable[[str], None]
"""Told what is being measured, in words."""
