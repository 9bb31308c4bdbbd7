"""PowerShell: `Invoke-WebRequest` and `Invoke-RestMethod`. Nothing is run; what is written out counts."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from userlane.request_import.parsers.common import UNWRITTEN, joined, pairs, text, with_parameters
from userlane.request_import.parsers.request import Request

_SIGN = re.compile(
    r"""
      (?P<space> [ \t\r]+ | `[ \t]*\r?\n | <\#.*?\#> | \#[^\n]* )
    | (?P<end> [\n;] )
    | @'\r?\n(?P<here>.*?)\r?\n'@ | @"\r?\n(?P<filled_here>.*?)\r?\n"@
    | '(?P<single> (?:[^']|'')* )'?
    | "(?P<double> (?:[^"`]|`.|"")* )"?
    | \$\{?(?P<variable> [A-Za-z_][\w:]* )\}?
    | @(?P<splat> [A-Za-z_]\w* )
    | (?<![\w)\]])-(?P<option> [A-Za-z]\w* ):?
    | (?P<word> [A-Za-z0-9_](?:[^\s'"`$@{}()\[\];,|=\#.]|\.(?![A-Za-z_]\w*\())* )
    | (?P<sign> @\{ | @\( | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_HOLE = re.compile(r"`(.)|\$\(?\{?([A-Za-z_]\w*(?::\w+)?)\}?\)?|\"\"", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
_OPENING = frozenset({"(", "[", "{", "@{", "@("})
_CLOSING = frozenset({")", "]", "}"})
_COMMANDS = frozenset({"invoke-webrequest", "invoke-restmethod", "iwr", "irm"})
_OPTIONS = ("uri", "method", "headers", "body", "token", "credential", "custommethod")
_SWITCHES = (
    "usebasicparsing",
    "usedefaultcredentials",
    "skip",
    "allow",
    "disable",
    "passthru",
    "resume",
    "no",
)
_DEEPEST = 40


class _Sign(NamedTuple):
    kind: str
    text: str


_Signs = Sequence[_Sign]


def read_powershell(code: str) -> list[Request]:
    """The requests in `code`, with the variables assigned above them filled in."""
    return list(_Reader(_signs(code)).requests())


def _signs(code: str) -> list[_Sign]:
    found: list[_Sign] = []
    depth = 0
    for match in _SIGN.finditer(code):
        kind = match.lastgroup or ""
        if kind == "space":
            continue
        depth += (match[0] in _OPENING) - (match[0] in _CLOSING)
        if depth > _DEEPEST:
            return []
        found.append(_Sign(kind, match[kind]))
    return found


def _matching(found: _Signs, at: int) -> int:
    depth = 0
    for position in range(at, len(found)):
        if found[position].kind == "sign":
            depth += (found[position].text in _OPENING) - (found[position].text in _CLOSING)
            if depth <= 0:
                return position
    return len(found)


def _parts(found: _Signs, *marks: str) -> list[_Signs]:
    """`found` split at these marks, and where lines end if "end" is among them, outside of brackets."""
    split: list[_Signs] = []
    start = at = 0
    while at < len(found):
        sign = found[at]
        if sign.kind == "sign" and sign.text in _OPENING:
            at = _matching(found, at)
        elif (sign.kind == "sign" and sign.text in marks) or (sign.kind == "end" and "end" in marks):
            split.append(found[start:at])
            start = at + 1
        at += 1
    return [*split, found[start:]]


class _Reader:
    def __init__(self, found: _Signs) -> None:
        self._signs = found
        self._variables: dict[str, Any] = {}

    def requests(self) -> Iterator[Request]:
        for at, sign in enumerate(self._signs):
            if sign.kind == "variable":
                self._met(at)
            elif sign.kind == "word" and sign.text.lower() in _COMMANDS and self._begins(at):
                request = self._sent(self._rest(at + 1, "|"))
                if request:
                    yield request

    def _begins(self, at: int) -> bool:
        """Whether a command may stand at `at`."""
        if at == 0 or self._signs[at - 1].kind == "end":
            return True
        return self._mark(at - 1) in {"=", "(", "@(", "{", "|", "&"}

    def _rest(self, start: int, *marks: str) -> _Signs:
        """From `start` to the end of its statement, or of the brackets it stands in."""
        at = start
        while at < len(self._signs):
            sign = self._signs[at]
            if sign.kind == "end" or (sign.kind == "sign" and sign.text in {*_CLOSING, *marks}):
                break
            at = _matching(self._signs, at) + 1 if sign.kind == "sign" and sign.text in _OPENING else at + 1
        return self._signs[start:at]

    def _mark(self, at: int) -> str:
        return self._signs[at].text if at < len(self._signs) and self._signs[at].kind == "sign" else ""

    def _met(self, at: int) -> None:
        """An assignment to a variable or into one, or an `Add` to it."""
        name = self._signs[at].text.lower()
        if self._mark(at + 1) == "=":
            self._variables[name] = self._value(self._rest(at + 2))
            return
        owner = self._variables.get(name)
        if not isinstance(owner, dict):
            return
        if self._mark(at + 1) == "[" and self._mark(closing := _matching(self._signs, at + 1)) == "]":
            if self._mark(closing + 1) == "=":
                key = text(self._value(self._signs[at + 2 : closing]))
                owner[key] = self._value(self._rest(closing + 2))
        elif self._mark(at + 1) == "." and at + 2 < len(self._signs):
            member = self._signs[at + 2].text
            if self._mark(at + 3) == "=":
                owner[member] = self._value(self._rest(at + 4))
            elif member.lower() == "add" and self._mark(at + 3) == "(":
                inside = self._signs[at + 4 : _matching(self._signs, at + 3)]
                given = [self._value(part) for part in _parts(inside, ",")]
                if len(given) == 2:
                    owner[text(given[0])] = given[1]

    def _value(self, found: _Signs) -> Any:  # noqa: PLR0911 - one case for each kind of expression
        """What an expression is worth, as far as it is written out."""
        while found and found[0] == ("sign", "[") and (closing := _matching(found, 0)) < len(found) - 1:
            found = found[closing + 1 :]  # a type before the value
        found = [sign for sign in found if sign.kind != "end"] if found[:1] != [("sign", "@{")] else found
        if any(sign.kind == "word" and sign.text.lower() in {"new-object", "new"} for sign in found[:3]):
            return {}
        summands = _parts(found, "+")
        if len(summands) > 1:
            return joined(self._value(part) for part in summands)
        if len(found) == 1:
            return self._one(found[0])
        if found and found[0].kind == "sign" and _matching(found, 0) == len(found) - 1:
            inside = found[1:-1]
            if found[0].text == "@{":
                return self._table(inside)
            return (
                [self._value(part) for part in _parts(inside, ",")]
                if found[0].text == "@("
                else self._value(inside)
            )
        if found and found[0].kind == "word" and found[0].text.lower() == "convertto-securestring":
            return next((self._one(sign) for sign in found if sign.kind in {"single", "double"}), UNWRITTEN)
        return self._reached(found)

    def _one(self, sign: _Sign) -> Any:
        if sign.kind in {"double", "filled_here"}:
            return joined([_HOLE.sub(self._filled, sign.text)])
        if sign.kind == "single":
            return sign.text.replace("''", "'")
        if sign.kind == "variable":
            return self._variables.get(
                sign.text.lower(),
                {"true": True, "false": False, "null": None}.get(sign.text.lower(), UNWRITTEN),
            )
        return sign.text if sign.kind in {"word", "here"} else UNWRITTEN

    def _filled(self, hole: re.Match[str]) -> str:
        if hole[1]:
            return _LETTERS.get(hole[1], hole[1])
        return text(self._variables.get(hole[2].lower(), UNWRITTEN)) if hole[2] else '"'

    def _table(self, inside: _Signs) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for entry in _parts(inside, "end"):
            key, *rest = _parts(entry, "=")
            if key and rest:
                built[text(self._one(key[0]))] = self._value(entry[len(key) + 1 :])
        return built

    def _reached(self, found: _Signs) -> Any:
        """`$name.key` and `$name["key"]`."""
        if not found or found[0].kind != "variable":
            return UNWRITTEN
        value = self._one(found[0])
        keys = [sign for sign in found[1:] if sign.kind != "sign"]
        for key in keys:
            value = value.get(text(self._one(key)), UNWRITTEN) if isinstance(value, dict) else UNWRITTEN
        return value

    def _sent(self, found: _Signs) -> Request | None:
        said: dict[str, Any] = {}
        at = 0
        while at < len(found):
            sign = found[at]
            if sign.kind == "splat":
                splat = self._variables.get(sign.text.lower())
                said |= (
                    {str(name).lower(): each for name, each in splat.items()}
                    if isinstance(splat, dict)
                    else {}
                )
                at += 1
            elif sign.kind == "option":
                name = sign.text.lower()
                at += 1
                if not name.startswith(_SWITCHES) and at < len(found) and found[at].kind != "option":
                    end = self._argument_end(found, at)
                    full = next((option for option in _OPTIONS if option.startswith(name)), name)
                    said[full] = self._value(found[at:end])
                    at = end
            else:
                end = self._argument_end(found, at)
                said.setdefault("uri", self._value(found[at:end]))
                at = end
        return _request(said)

    def _argument_end(self, found: _Signs, at: int) -> int:
        """Behind one argument: a value, or one in brackets, and members of it."""
        while at < len(found):
            opening = found[at].kind == "sign" and found[at].text in _OPENING
            at = (_matching(found, at) if opening else at) + 1
            if at >= len(found) or found[at] not in {_Sign("sign", "."), _Sign("sign", "[")}:
                return at
            at += found[at].text == "."
        return at


def _request(said: dict[str, Any]) -> Request | None:
    url, body = said.get("uri"), said.get("body")
    method = text(said.get("custommethod") or said.get("method") or "GET").upper()
    if not isinstance(url, str) or "://" not in url:
        return None
    if method == "GET" and isinstance(body, dict):  # travels in the address
        url, body = with_parameters(url, body), None
    headers = [(name, value) for name, value in pairs(said.get("headers")) if not name.startswith(":")]
    if "token" in said:
        headers.append(("Authorization", f"Bearer {text(said['token'])}"))
    sign_in = text(said["credential"]) if said.get("credential") else None
    return Request(method, url, tuple(headers), text(body) if body else None, "PowerShell", sign_in)
