"""JavaScript cut into its signs: words, values and marks. (“Token” means something else here.)"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

DEEPEST = 40

_SIGN = re.compile(
    r"""
      (?P<space> \s+ | //[^\n]* | /\*.*?\*/ )
    | (?P<string> "(?:[^"\\\n]|\\.)*"? | '(?:[^'\\\n]|\\.)*'? | `(?:[^`\\]|\\.)*`? )
    | (?P<number> \d[\d_]*(?:\.\d+)?(?![\w]) )
    | (?P<name> (?:[^\W\d]|\$)[\w$]* )
    | (?P<sign> => | \.\.\. | \?\. | \?\? | \|\| | && | [=!]==? | [-+]= | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_PATTERN = re.compile(r"/(?![*/])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Sign:
    """One word, value or mark; `first` says that it begins a line."""

    kind: str
    text: str
    first: bool


Signs = Sequence[Sign]


def signs(code: str) -> list[Sign]:
    """The signs of `code`, without space and comments; none when brackets are nested beyond reason."""
    found: list[Sign] = []
    at = depth = 0
    first = True
    while at < len(code):
        match = _SIGN.match(code, at)
        if match is None:
            break
        if match[0] == "/" and not (found and (found[-1].kind != "sign" or found[-1].text in ")]}")):
            match = _PATTERN.match(code, at) or match
        kind = match.lastgroup or "pattern"
        at = match.end()
        if kind == "space":
            first = first or "\n" in match[0]
            continue
        depth += (match[0] in _CLOSING) - (match[0] in _CLOSING.values())
        if depth > DEEPEST:
            return []
        found.append(Sign(kind, match[0], first))
        first = False
    return found


def matching(found: Signs, at: int) -> int:
    """Where the bracket that opens at `at` is closed; the end when it is not."""
    depth = 0
    for position in range(at, len(found)):
        if found[position].kind == "sign":
            depth += (found[position].text in _CLOSING) - (found[position].text in _CLOSING.values())
            if depth <= 0:
                return position
    return len(found)


def parts(found: Signs, *marks: str) -> list[Signs]:
    """`found` split at these marks where no bracket is open."""
    split: list[Signs] = []
    start = at = 0
    while at < len(found):
        if found[at].kind == "sign" and found[at].text in _CLOSING:
            at = matching(found, at)
        elif found[at].kind == "sign" and found[at].text in marks:
            split.append(found[start:at])
            start = at + 1
        at += 1
    return [*split, found[start:]]


def statement(found: Signs, start: int) -> Signs:
    """From `start` to its expression's end: `;`, `,`, `=`, a closing bracket, or a line that begins anew."""
    at = start
    while at < len(found):
        sign = found[at]
        if sign.kind == "sign" and sign.text in {";", ",", ")", "]", "}", "="}:
            break
        goes_on = sign.kind == "sign" and sign.text not in {"{", "[", "("}
        open_end = at > start and found[at - 1].kind == "sign" and found[at - 1].text not in {")", "]", "}"}
        if sign.first and at > start and not goes_on and not open_end:
            break
        at = matching(found, at) + 1 if sign.kind == "sign" and sign.text in _CLOSING else at + 1
    return found[start:at]
