"""What JavaScript's expressions are worth, as far as they are written out."""

import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from userlane.request_import.parsers.common import UNWRITTEN, joined, pairs, text, with_parameters
from userlane.request_import.parsers.script import Signs, matching, parts, signs

_ESCAPE = re.compile(
    r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(\r?\n)|(.))", re.DOTALL
)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_HOLE = re.compile(r"\$\{([^{}]*)\}")
_FUNCTIONS = "toString trim encodeURIComponent encodeURI String URL URLSearchParams Headers create"
_KNOWN = frozenset(_FUNCTIONS.split())
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}


class Parameters(list[Any]):
    """What `new URLSearchParams(…)` gives: pairs that read as a query."""


def plain(value: Any) -> Any:
    """A value as it is when a text is needed: addresses and parameters know how to be one."""
    if isinstance(value, Parameters):
        return urlencode(pairs(value))
    if isinstance(value, dict) and "href" in value:
        return with_parameters(text(value["href"]), plain(value.get("search") or value["searchParams"]))
    return value


def add(owner: Any, name: Any, value: Any) -> None:
    """Put `name` and `value` into headers, parameters or an object."""
    if isinstance(owner, Parameters):
        owner.append((text(name), value))
    elif isinstance(owner, dict):
        owner[text(name)] = value


class Expressions:
    """Reads expressions with the help of the `variables` known so far."""

    def __init__(self) -> None:
        self.variables: MutableMapping[str, Any] = {}

    def value(self, found: Signs) -> Any:
        """What an expression is worth; `UNWRITTEN` where only running it would tell."""
        alternatives = parts(found, "??", "||")
        if len(alternatives) > 1:
            return next((each for part in alternatives if (each := self.value(part)) != UNWRITTEN), UNWRITTEN)
        summands = parts(found, "+")
        if len(summands) > 1:
            return joined(plain(self.value(part)) for part in summands)
        while len(found) > 1 and found[0].kind == "name" and found[0].text in {"await", "new"}:
            found = found[1:]
        if len(found) == 1:
            return self._one(found[0].kind, found[0].text)
        if not found:
            return UNWRITTEN
        if found[0].kind == "sign" and matching(found, 0) == len(found) - 1:
            return self._bracketed(found[0].text, found[1:-1])
        return self._chain(found)

    def reach(self, names: list[str]) -> Any:
        """The value of `name.name.name`."""
        value = self.variables.get(names[0], UNWRITTEN) if names else UNWRITTEN
        for name in names[1:]:
            value = value.get(name, UNWRITTEN) if isinstance(value, dict) else UNWRITTEN
        return value

    def given(self, inside: Signs) -> list[Any]:
        """The values between the brackets of a call."""
        return [self.value(part) for part in parts(inside, ",") if part]

    def _one(self, kind: str, written: str) -> Any:
        if kind == "name":
            return _WORDS[written] if written in _WORDS else self.variables.get(written, UNWRITTEN)
        if kind == "number":
            return written.replace("_", "")
        if kind != "string":
            return UNWRITTEN
        inner = written[1:-1] if written[-1] == written[0] and len(written) > 1 else written[1:]
        if written[0] == "`":
            inner = _HOLE.sub(lambda hole: text(plain(self.value(signs(hole[1])))), inner)
        return joined([_ESCAPE.sub(_unescaped, inner)])

    def _bracketed(self, bracket: str, inside: Signs) -> Any:
        if bracket == "(":
            return self.value(inside)
        if bracket == "[":
            return self.given(inside)
        if bracket != "{":
            return UNWRITTEN
        built: dict[str, Any] = {}
        for entry in filter(None, parts(inside, ",")):
            key, *rest = parts(entry, ":")
            if entry[0].text == "..." and isinstance(spread := self.value(entry[1:]), dict):
                built |= spread
            elif rest and key:
                value = self.value(entry[len(key) + 1 :])
                built[self._key(key)] = value
            elif len(entry) == 1 and entry[0].kind == "name":
                built[entry[0].text] = self.variables.get(entry[0].text, UNWRITTEN)
        return built

    def _key(self, key: Signs) -> str:
        if len(key) == 1 and key[0].kind == "name":
            return key[0].text
        return text(self.value(key[1:-1] if key[0].text == "[" else key))

    def _chain(self, found: Signs) -> Any:
        """`name.name(…).name`: what is known of it, link by link."""
        name, owner, value = "", None, self.variables.get(found[0].text, UNWRITTEN)
        first = ""
        at = 0
        while at < len(found):
            sign = found[at]
            if sign.kind == "name":
                first = first or sign.text
                name, owner = sign.text, value if at else None
                value = _held(owner, name) if at else value
            elif sign.kind == "sign" and sign.text in {"(", "["}:
                closing = matching(found, at)
                inside = found[at + 1 : closing]
                if sign.text == "[":
                    value = _held(value, text(self.value(inside)))
                else:
                    value = _called(first, name, owner, self.given(inside)) if name in _KNOWN else UNWRITTEN
                at = closing
            elif sign.kind != "sign" or sign.text not in {".", "?."}:
                return UNWRITTEN
            at += 1
        return value


def _held(owner: Any, name: str) -> Any:
    if not isinstance(owner, dict):
        return UNWRITTEN
    return plain(owner) if name == "href" else owner.get(name, UNWRITTEN)


def _called(  # noqa: PLR0911 - one case for each function that matters
    first: str, name: str, owner: Any, given: list[Any]
) -> Any:
    """What a function gives that is known to matter in requests."""
    argument = given[0] if given else None
    match name:
        case "toString" | "trim":
            return plain(owner)
        case "encodeURIComponent":
            return quote(text(plain(argument)), safe="!'()*~")
        case "encodeURI" | "String":
            return text(plain(argument))
        case "URL":
            return {"href": text(plain(argument)), "searchParams": Parameters()}
        case "URLSearchParams":
            return Parameters(
                parse_qsl(argument.lstrip("?")) if isinstance(argument, str) else pairs(argument)
            )
        case "Headers":
            return dict(pairs(argument))
        case "create" if first == "axios" and isinstance(argument, dict):
            return {"axios": True} | argument
    return UNWRITTEN


def _unescaped(escape: re.Match[str]) -> str:
    braced, short, byte, line, letter = escape.groups()
    if line is not None:
        return ""
    if letter is not None:
        return _LETTERS.get(letter, letter)
    number = int(braced or short or byte, 16)
    return chr(number) if number < 0x110000 else ""
