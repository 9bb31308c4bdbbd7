"""The colours, dashes and markers of every figure: one meaning each, legible on the light and the dark theme.

A figure is drawn once and shown on either background, so every colour keeps a contrast of at least 3:1 to
both (WCAG 2.2, 1.4.11); within a group the colours stay apart for the three kinds of colour-blindness
(Machado, Oliveira, Fernandes 2009). Promoter, passive and detractor colours are used for nothing else. The
series are for surveys and tags, which never share a figure with the letters.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from userlane.contract import Bucket

INDIGO = "#4A63D0"
TEAL = "#30A093"
PLUM = "#9A4C8A"
MUSTARD = "#A88F14"
LAVENDER = "#9F7DEB"
OLIVE = "#4F7205"
CRIMSON = "#CE3459"
TAUPE = "#88735F"
NEUTRAL = "#8A8F98"

ACCENT = INDIGO
"""For the one measure of a figure."""


class Style(NamedTuple):
    """How a line is told from the others, with colour and without."""

    colour: str
    dash: str
    symbol: str


BUCKET_COLOURS: Mapping[Bucket, str] = {"promoter": "#0077B6", "passive": NEUTRAL, "detractor": "#D55E00"}

SCORE_STYLES: Mapping[str, Style] = {
    "overall": Style(INDIGO, "solid", "circle"),
    "happiness": Style(MUSTARD, "dash", "diamond"),
    "engagement": Style(PLUM, "dot", "square"),
    "adoption": Style(TEAL, "dashdot", "triangle-up"),
    "retention": Style(LAVENDER, "longdash", "triangle-down"),
    "task_success": Style(OLIVE, "longdashdot", "x"),
}

TRAFFIC_STYLES: Mapping[str, Style] = {
    "users": Style("#66707C", "solid", "circle"),
    "sessions": Style(NEUTRAL, "dot", "diamond"),
}

SERIES: tuple[str, ...] = (INDIGO, TEAL, PLUM, MUSTARD, LAVENDER, OLIVE, CRIMSON, TAUPE)
"""For surveys and tags, in order; also `chartCategoricalColors` of the theme."""

PATTERNS: tuple[str, ...] = ("", "/", ".", "x", "\\", "-", "|", "+")
"""What fills the bars of each series besides its colour."""

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
_BLACK_READS_BETTER_FROM = 0.179
"""The luminance to which white and black have the same contrast: (1.05 × 0.05) ** 0.5 − 0.05."""

_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "triangle-down", "star", "cross")


def series_styles(ids: Iterable[str]) -> dict[str, Style]:
    """Return a style for each of the `ids`, by their order.

    After eight the colours begin again with other dashes.

    >>> series_styles(["512", "513"])["513"].symbol
    'square'
    """
    return {
        each: Style(SERIES[i % len(SERIES)], _DASHES[i % len(_DASHES)], _SYMBOLS[i % len(_SYMBOLS)])
        for i, each in enumerate(dict.fromkeys(ids))
    }


def luminance(colour: str) -> float:
    """Return the relative luminance of a `#RRGGBB` colour, 0 to 1 (WCAG 2.2).

    >>> round(luminance("#FFFFFF"), 3)
    1.0
    """
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def text_colour(colour: str) -> str:
    """Return black or white, whichever has the higher contrast to a bar of this colour.

    >>> text_colour("#0077B6")
    '#FFFFFF'
    """
    return "#FFFFFF" if luminance(colour) < _BLACK_READS_BETTER_FROM else "#000000"
