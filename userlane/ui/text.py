"""Text on screen: foreign text is escaped, states and sources are described in words."""

import re
from typing import Any

from userlane.contract import NOUNS, Measured, State
from userlane.formatting import format_age, format_count, isolate
from userlane.saved_json import UNKNOWN

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&@/])")
# Addresses, icons and emoji are recognised in the finished text, where no backslash is left to stop them:
# an invisible joiner between their parts does.
_RECOGNISED = re.compile(r"(?=://)|(?<=www)(?=\.)|(?=@)|(?<=:)(?=[\w+-])", re.IGNORECASE)
_WORD_JOINER = "\u2060"
# Signs that show nothing and could turn the order of the words around them.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\ud800-\udfff\ufeff]")
LONGEST = 1000


def escape_markdown(text: object, longest: int = LONGEST) -> str:
    r"""Return Markdown that shows `text` letter by letter: no link, image, colour, formula or line break.

    What is longer than `longest` characters is cut with a mark.

    >>> escape_markdown("![x](y) *z*"), escape_markdown("abcdef", 4)
    ('\\!\\[x\\]\\(y\\) \\*z\\*', 'abc…')
    """
    words = shorten(_UNSEEN.sub("", " ".join(shorten(str(text), 4 * longest).split())), longest)
    return _MARKDOWN.sub(r"\\\1", _RECOGNISED.sub(_WORD_JOINER, isolate(words)))


def shorten(text: str, longest: int) -> str:
    """Return `text`, cut with a mark if it has more than `longest` characters.

    >>> shorten("abcd", 4), shorten("abcde", 4)
    ('abcd', 'abc…')
    """
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def describe_state(state: State, rows: int) -> str:
    """Return a state in a word or two; one that is not complete stands out."""
    if UNKNOWN in state.reasons:
        return ":orange-badge[from files, completeness unknown]"
    if not state.complete:
        return ":orange-badge[incomplete]"
    if state.stale:
        return f":orange-badge[stale{f', as of {format_age(state.fetched_at)}' if state.fetched_at else ''}]"
    return "complete" if rows else "no data"


def describe_source(measured: Measured[Any], n: int | None = None) -> str:
    """Return where a number comes from: its days, how many records, how complete they are.

    `n` is given where a page counts fewer than all rows. “1 Apr – 30 Apr 2026 · 1 234 answers · complete”
    """
    behind = format_count(measured.rows if n is None else n, *NOUNS[measured.query.dataset])
    parts = [measured.window.describe(), behind, describe_state(measured.state, measured.rows)]
    if measured.query.timezone != "UTC":
        parts.append(measured.query.timezone)
    return " · ".join(parts)
