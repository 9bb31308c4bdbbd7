"""Words and numbers in figures: each written one way, and foreign text that cannot act.

Plotly reads its texts as a small HTML in which links are live. Names from the API or a CSV go through
`label`, and into hover texts only, never into a template, where `%{…}` would be filled in.
"""

import math
import re
import textwrap

LONGEST = 28
LONGEST_WHOLE = 300
_LINE = 36
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)

NOTHING = "–"
THOUSANDS = "\u202f"


def escape_label(text: object, *, whole: bool = False) -> str:
    """Foreign text as it is shown: on one line, cut after 28 characters, or `whole` over several lines.

    What is called whole is cut after 300 characters, so that a name never covers the figure.

    >>> escape_label("<a href='https://example.com'>Click</a> me & win")
    "&lt;a href='https://example.co…"
    """
    longest = LONGEST_WHOLE if whole else LONGEST
    clean = "".join(each for each in " ".join(str(text)[: 4 * LONGEST_WHOLE].split()) if each.isprintable())
    if len(clean) > longest:
        clean = clean[: longest - 1].rstrip() + "…"
    lines = textwrap.wrap(clean, _LINE) if whole else [clean]
    return "<br>".join(isolate(_escape_html(line)) for line in lines)


def isolate(text: str) -> str:
    """`text`, set apart where it is written from right to left: numbers beside it stay where they are."""
    return f"\u2068{text}\u2069" if _RIGHT_TO_LEFT.search(text) else text


def hover_prefix(name: object) -> str:
    """What the words of each point of something with a foreign name begin with: they stand after the name, or
    under it if that is long.

    >>> hover_prefix("Export") + "3 users"
    'Export: 3 users'
    """
    whole = escape_label(name, whole=True)
    return f"{whole}: " if whole == escape_label(name) else f"{whole}<br>"


def _escape_html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def number(value: float, digits: int = 1) -> str:
    """A number with thousands set apart and a real minus; a dash where there is none.

    >>> number(-12.34)
    '−12.3'
    """
    if math.isnan(value):
        return NOTHING
    return f"{round(value, digits) + 0.0:,.{digits}f}".replace(",", THOUSANDS).replace("-", "−")


def signed(value: float, digits: int = 2) -> str:
    """A change: with its sign, except 0.

    >>> signed(0.344)
    '+0.34'
    """
    return ("+" if round(value, digits) > 0 else "") + number(value, digits)


def share(value: float, digits: int = 1) -> str:
    """A share of 1 as a percentage.

    >>> share(0.4567)
    '45.7 %'
    """
    return NOTHING if math.isnan(value) else f"{number(100 * value, digits)} %"


def counted(n: float, thing: str) -> str:
    """A count and its noun.

    >>> counted(1, "answer"), counted(20, "answer")
    ('1 answer', '20 answers')
    """
    return f"{number(n, 0)} {thing if n == 1 else thing + 's'}"


def sure(low: str, high: str) -> str:
    """A 95 % interval in words.

    >>> sure("13.2", "58.6")
    '95 % sure: 13.2 to 58.6'
    """
    return f"95 % sure: {low} to {high}"
