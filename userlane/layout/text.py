"""Words and numbers on screen: one way to write each, and no foreign text that acts."""

import math
import re

from userlane.contract import Dataset, DatasetName, State
from userlane.inference import Estimate
from userlane.saved import UNKNOWN

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&@/])")
# Addresses, icons and emoji are recognised in the finished text, where no backslash is left to stop them:
# an invisible joiner between their parts does.
_RECOGNISED = re.compile(r"(?=://)|(?<=www)(?=\.)|(?=@)|(?<=:)(?=[\w+-])", re.IGNORECASE)
_WORD_JOINER = "\u2060"
NOTHING = "–"
API_NAMES: dict[DatasetName, str] = {
    "heart": "HEART scores",
    "nps": "NPS responses",
    "surveys": "Survey responses",
    "tags": "Tag interactions",
}
NOUNS: dict[DatasetName, tuple[str, str]] = {
    "heart": ("day", "days"),
    "nps": ("answer", "answers"),
    "surveys": ("answer", "answers"),
    "tags": ("record", "records"),
}


def plain(text: object) -> str:
    r"""`text` as Markdown that shows it letter by letter: no link, image, colour, formula or line break.

    >>> plain("![x](y) *z*")
    '\\!\\[x\\]\\(y\\) \\*z\\*'
    """
    parted = _RECOGNISED.sub(_WORD_JOINER, " ".join(str(text).split()))
    return _MARKDOWN.sub(r"\\\1", parted)


def number(value: float, digits: int = 1) -> str:
    """A number with thousands separated by a thin space and a real minus; a dash where there is none.

    >>> number(-1234.56)
    '−1 234.6'
    """
    if value is None or math.isnan(value):
        return NOTHING
    return f"{value:,.{digits}f}".replace(",", "\u202f").replace("-", "−")


def share(value: float, digits: int = 0) -> str:
    """A share of 1 as a percentage.

    >>> share(0.456)
    '46 %'
    """
    return NOTHING if math.isnan(value) else f"{number(100 * value, digits)} %"


def interval(estimate: Estimate, *, scale: float = 1, digits: int = 0, unit: str = "") -> str:
    """The 95 % interval in words, or nothing when there is none.

    >>> interval(Estimate(value=15, low=-0.7, high=29.82, n=100))
    '95 % sure: −1 to 30'
    """
    if math.isnan(estimate.low):
        return ""
    low, high = number(scale * estimate.low, digits), number(scale * estimate.high, digits)
    return f"95 % sure: {low} to {high}{unit}"


def counted(n: int, thing: str, things: str = "") -> str:
    """A count and its noun: “1 answer”, “1 234 answers”."""
    return f"{number(n, 0)} {thing if n == 1 else things or thing + 's'}"


def standing(state: State, rows: int) -> str:
    """A word or two for a state; what is not whole stands out."""
    if UNKNOWN in state.reasons:
        return ":orange-badge[from files, completeness unknown]"
    if not state.complete:
        return ":orange-badge[incomplete]"
    if state.stale:
        return ":orange-badge[stale]"
    return "complete" if rows else "no data"


def provenance(datasets: tuple[Dataset, ...], n: int | None = None) -> str:
    """Where a number comes from: its range, how much is behind it, how complete that is.

    `n` is given where a page counts fewer than all rows. “1 Apr – 30 Apr 2026 · 1 234 answers · complete”
    """
    if not datasets:
        return "nothing loaded"
    query = datasets[0].query
    state = datasets[0].state.merged(*(dataset.state for dataset in datasets[1:]))
    rows = sum(dataset.rows for dataset in datasets)
    behind = counted(rows if n is None else n, *NOUNS[query.dataset])
    parts = [query.window.words(), behind, standing(state, rows)]
    if query.timezone != "UTC":
        parts.append(query.timezone)
    return " · ".join(parts)
