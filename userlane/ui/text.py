"""Words and numbers on screen: one way to write each, and no foreign text that acts."""

import math
import re
from datetime import UTC, datetime
from typing import Any

from userlane.charts.text import isolate
from userlane.contract import DatasetName, Measured, State
from userlane.inference import Estimate
from userlane.saved_json import UNKNOWN

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&@/])")
# Addresses, icons and emoji are recognised in the finished text, where no backslash is left to stop them:
# an invisible joiner between their parts does.
_RECOGNISED = re.compile(r"(?=://)|(?<=www)(?=\.)|(?=@)|(?<=:)(?=[\w+-])", re.IGNORECASE)
_WORD_JOINER = "\u2060"
# Signs that show nothing and could turn the order of the words around them.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ud800-\udfff\ufeff]")
LONGEST = 1000
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


def escape_markdown(text: object, longest: int = LONGEST) -> str:
    r"""`text` as Markdown that shows it letter by letter: no link, image, colour, formula or line break.

    What is longer than `longest` characters is cut with a mark.

    >>> escape_markdown("![x](y) *z*"), escape_markdown("abcdef", 4)
    ('\\!\\[x\\]\\(y\\) \\*z\\*', 'abc…')
    """
    words = shorten(_UNSEEN.sub("", " ".join(shorten(str(text), 4 * longest).split())), longest)
    return _MARKDOWN.sub(r"\\\1", _RECOGNISED.sub(_WORD_JOINER, isolate(words)))


def shorten(text: str, longest: int) -> str:
    """`text`, or as much of it as `longest` characters hold, with a mark where it was cut.

    >>> shorten("abcd", 4), shorten("abcde", 4)
    ('abcd', 'abc…')
    """
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


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


def describe_state(state: State, rows: int) -> str:
    """A word or two for a state; what is not whole stands out."""
    if UNKNOWN in state.reasons:
        return ":orange-badge[from files, completeness unknown]"
    if not state.complete:
        return ":orange-badge[incomplete]"
    if state.stale:
        return f":orange-badge[stale{f', as of {format_age(state.fetched_at)}' if state.fetched_at else ''}]"
    return "complete" if rows else "no data"


def format_age(moment: datetime) -> str:
    """How long ago, in whole minutes, hours or days: “3 h ago”."""
    minutes = max(1, int((datetime.now(UTC) - moment).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days ago"


def format_time_left(seconds: float) -> str:
    """How long it will still take, no closer than can be known: “about 3 minutes left”.

    >>> format_time_left(200), format_time_left(20)
    ('about 3 minutes left', 'less than a minute left')
    """
    return (
        f"about {counted(round(seconds / 60), 'minute')} left" if seconds > 50 else "less than a minute left"
    )


def describe_source(measured: Measured[Any], n: int | None = None) -> str:
    """Where a number comes from: its range, how much is behind it, how complete that is.

    `n` is given where a page counts fewer than all rows. “1 Apr – 30 Apr 2026 · 1 234 answers · complete”
    """
    behind = counted(measured.rows if n is None else n, *NOUNS[measured.name])
    parts = [measured.window.describe(), behind, describe_state(measured.state, measured.rows)]
    if measured.timezone != "UTC":
        parts.append(measured.timezone)
    return " · ".join(parts)
