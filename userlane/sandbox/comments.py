"""Made-up comments on NPS and surveys, on themes that a product manager knows.

A comment is a sentence of a theme and a mood, sometimes with a second one, an opener or a closer, and with
small typing habits. The comments that look like markup or formulas test that every screen and file shows them
as text. The texts are in `comments.json`.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar, get_args

Mood = Literal["praise", "mixed", "complaint"]
Theme = Literal["search", "speed", "onboarding", "mobile", "reporting", "navigation", "support", "general"]
THEMES: tuple[Theme, ...] = get_args(Theme)

_TEXTS = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
_ENGLISH: Mapping[Theme, Mapping[Mood, Sequence[str]]] = _TEXTS["english"]
_GERMAN: Mapping[Mood, Mapping[Theme, Sequence[str]]] = _TEXTS["german"]
_OPENERS: Mapping[Mood, Sequence[str]] = _TEXTS["openers"]
_CLOSERS: Mapping[Mood, Sequence[str]] = _TEXTS["closers"]
INERT: Sequence[str] = _TEXTS["inert"]
"""Comments that look like markup, links or formulas, or have characters that break careless files."""

Choice = TypeVar("Choice", str, Theme)


def write_comment(mood: Mood, theme: Theme, draws: tuple[float, ...], *, german: bool = False) -> str:
    """Write one comment, chosen by eight numbers between 0 and 1.

    >>> write_comment("praise", "speed", (0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0))
    'It got noticeably faster.'
    """
    which, joined, opened, closed, second, extra, lower, bare = draws
    if german:
        texts = _GERMAN[mood].get(theme) or _GERMAN[mood]["general"]
        return _add_typing_habits(_pick(texts, which), lower, bare)
    parts = [_pick(_ENGLISH[theme][mood], which)]
    if joined < 0.18:
        other = _pick(_ENGLISH[_pick(THEMES, second)][mood], extra)
        if other not in parts:
            parts.append(other)
    if opened < 0.16:
        parts.insert(0, _pick(_OPENERS[mood], extra))
    if closed < 0.2:
        parts.append(_pick(_CLOSERS[mood], second))
    return _add_typing_habits(" ".join(parts), lower, bare)


def _pick(options: Sequence[Choice], draw: float) -> Choice:
    return options[min(int(draw * len(options)), len(options) - 1)]


def _add_typing_habits(text: str, lower: float, bare: float) -> str:
    if lower < 0.14:
        text = text[0].lower() + text[1:]
    return text.removesuffix(".") if bare < 0.25 else text
