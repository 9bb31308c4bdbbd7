"""The pairs in code of any language: a name and a value beside each other, with what they are for.

`name: value`, `name", "value`, `name" => "value`, `name"] = "value`: each is a header or a parameter by what
the brackets around it are called, or else by its name.
"""

import re
from dataclasses import dataclass, field

from userlane.request_import.naming import (
    SCHEMES,
    is_header_name,
    meaning,
    names_parameter,
    normalize,
)
from userlane.request_import.parsers.common import METHODS, UNWRITTEN
from userlane.request_import.parsers.tokens import Token, read_tokens

_KINDS = (
    ("cookie", re.compile(r"cookie", re.IGNORECASE)),
    ("header", re.compile(r"header", re.IGNORECASE)),
    ("parameter", re.compile(r"param|query|search", re.IGNORECASE)),
    ("sign-in", re.compile(r"auth|credential", re.IGNORECASE)),
    ("body", re.compile(r"body|payload|json|form", re.IGNORECASE)),
)
_BETWEEN_LABEL_AND_BRACKET = frozenset({"=", ":", "@", "=>", ":=", "<-", "~", "&", "^", "-", "?", "!", "new"})
_ASSIGNING = frozenset({":", "=", "=>", ":=", "<-", "=="})
_ADDRESS = re.compile(r"https?://[^\s]++", re.IGNORECASE)
_HOST = re.compile(r"(?:[a-z0-9-]{1,63}+\.){2,8}[a-z]{2,20}")
_NAME = re.compile(r"[^\s/]{1,100}+(?<!:)")
_LINE = re.compile(r"([A-Za-z][\w-]{0,60}+):[ \t]*+(\S.*+)")
_OTHER_ADDRESSES = frozenset({"referer", "referrer", "origin", "docs", "proxy", "proxies"})
HOST_KEYS = frozenset({"host", "hostname"})
PATH_KEYS = frozenset({"path", "pathname", "relativepath", "endpoint", "resource", "route"})
_NAME_KEYS, _VALUE_KEYS = frozenset({"name", "key"}), frozenset({"value", "val"})
_METHOD_KEYS = frozenset({"method", "verb", "type", "curloptcustomrequest", "httpmethod", "requestmethod"})
_SIGN_IN_KEYS = frozenset({"username", "user", "password", "curloptuserpwd"})
_NOTHING = frozenset({"None", "null", "nil", "undefined", "NULL", "Nothing"})
_SENDING = re.compile(
    r"(?:^|[.>:])(?:get|request|fetch|open|ajax|send|gets?json|restrequest)$", re.IGNORECASE
)
_WRITING = re.compile(r"\.(post|put|patch|delete|head)(?:async|json)?$", re.IGNORECASE)
_FILES = re.compile(r"open|write|save|path|require|include|import|log|print", re.IGNORECASE)


@dataclass(slots=True)
class Found:
    """What was found in the code so far."""

    addresses: list[Token] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    parameters: list[tuple[str, str]] = field(default_factory=list)
    perhaps: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[tuple[str, str]] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    method: str = ""
    sign_in: str | None = None


def find_pairs(code: str, language: str) -> Found:
    """What stands in `code`, by what it is for.

    Args:
        code: Code of any language, already cleaned.
        language: Its name. PowerShell quotes differently; a command line may leave addresses unquoted.
    """
    return _Search(code, language).found


class _Search:
    """One walk over the tokens, with the kind of each open bracket at hand."""

    def __init__(self, code: str, language: str) -> None:
        self.found = Found()
        self._tokens, used = read_tokens(code, powershell=language == "PowerShell")
        self._values_are_bare = language == "HTTPie"
        self._kinds = [""]
        self._unquoted = language in {"PowerShell", "HTTPie", "wget"}
        index = 0
        while index < len(self._tokens):
            index = self._step(index)
        self.found.addresses = [each for each in self.found.addresses if each.variable not in used]

    def _step(self, index: int) -> int:
        token = self._tokens[index]
        if token.kind == "sign":
            if token.text in "([{":
                self._kinds.append(self._label(index) or self._kinds[-1])
            elif token.text in ")]}" and len(self._kinds) > 1:
                self._kinds.pop()
            return index + 1
        writing = _WRITING.search(token.text) if token.kind == "word" else None
        if writing and (writing[1].lower() in {"post", "head"} or self._sends(index)):
            self.found.method = self.found.method or writing[1].upper()
        paired = self._pair(index)
        if paired is not None:
            return paired
        if token.kind == "text":
            self._lone_text(index, token)
        return index + 1

    def _at(self, index: int) -> Token:
        return self._tokens[index] if 0 <= index < len(self._tokens) else Token("sign", "")

    def _label(self, index: int) -> str:
        """What the bracket at `index` holds, going by the words just before it."""
        for before in range(index - 1, max(index - 7, -1), -1):
            token = self._tokens[before]
            if token.kind == "sign":
                if token.text not in _BETWEEN_LABEL_AND_BRACKET:
                    return ""
                continue
            if len(token.text) <= 60 and (kind := _kind(token.text)):
                return kind
        return ""

    def _sends(self, index: int) -> bool:
        """Whether the call at `index` begins with an address or a path."""
        first = self._at(index + 2)
        return self._at(index + 1).text == "(" and (
            first.kind == "text" and bool(_ADDRESS.match(first.text) or first.text.startswith("/"))
        )

    def _pair(self, index: int) -> int | None:
        """Take the pair whose name stands at `index`, if one does; return where to go on."""
        token = self._tokens[index]
        if token.kind == "number" or not _NAME.fullmatch(token.text):
            return None
        after = self._separated(index)
        if after is None:
            return None
        value = self._at(after)
        if _last(token.text).lower() in _NAME_KEYS and value.kind == "text":
            labelled = self._labelled_value(after)
            if labelled is not None:
                self._take(value.text, self._at(labelled), quoted=True)
                return labelled + 1
        if value.kind == "sign":
            return (
                self._list(token.text, after) if value.text in {"[", "("} and token.kind == "text" else None
            )
        if self._opens(after + 1, value):
            return None
        bare = value.kind == "word" and self._values_are_bare
        self._take(token.text, Token("text", value.text) if bare else value, quoted=token.kind == "text")
        if self._at(index + 1).text == "]" and len(self._kinds) > 1:
            self._kinds.pop()
        return after + 1

    def _separated(self, index: int) -> int | None:
        """Where the value begins that belongs to the name at `index`."""
        token, sign = self._tokens[index], self._at(index + 1)
        before = self._at(index - 1)
        if sign.kind == "sign" and sign.text in _ASSIGNING:
            return index + 2
        if token.kind == "text":
            if sign.text == "]" and self._at(index + 2).text in _ASSIGNING:
                return index + 3
            if sign.kind == "sign" and sign.text == "," and self._is_first_of_two(index):
                return index + 2
        if before.text == "-" and self._unquoted and sign.kind != "sign":  # an option
            return index + 1
        if before.text == ":" and sign.kind in {"text", "number"}:  # Clojure, Ruby
            return index + 1
        return None

    def _is_first_of_two(self, index: int) -> bool:
        """Whether the text at `index`, with a comma behind it, is a name: first of a pair or a call."""
        before, closing = self._at(index - 1), self._at(index + 3)
        if before.kind == "word":
            return _kind(before.text) == "header"
        ends = closing.kind == "sign" and closing.text in {")", "}", "]"}
        return before.text in {"(", "{", "["} and (ends or (before.text == "(" and self._kinds[-1] != ""))

    def _labelled_value(self, index: int) -> int | None:
        """Where the value stands in `name: "…", value: "…"`; `index` is that of the name's text."""
        after = index + 2 if self._at(index + 1).text in {",", ";"} else index + 1
        if _last(self._at(after).text).lower() in _VALUE_KEYS and self._at(after + 1).text in _ASSIGNING:
            return after + 2
        return None

    def _list(self, name: str, index: int) -> int | None:
        """Take each value of a list under one name; return where it ends."""
        values: list[Token] = []
        for at in range(index + 1, len(self._tokens)):
            token = self._tokens[at]
            if token.text in {"]", ")"} and token.kind == "sign":
                for value in values:
                    self._take(name, value, quoted=True)
                return at + 1 if values else None
            if token.kind in {"text", "number"} and not _LINE.match(token.text):
                values.append(token)
            elif token.text != ",":
                return None
        return None

    def _opens(self, index: int, value: Token) -> bool:
        """Whether a word is no value, but what a bracket is called by: a call."""
        return value.kind == "word" and self._at(index).text in {"(", "{", "["} and "." not in value.text

    def _take(self, name: str, value: Token, *, quoted: bool) -> None:
        """Take one pair: by its name where that says all, else by what its bracket holds."""
        if value.text in _NOTHING or self._take_known(name, value, quoted=quoted):
            return
        kind, found = self._kinds[-1], self.found
        text = _value_text(value)
        if kind in {"header", "parameter"}:
            (found.headers if kind == "header" else found.parameters).append((name, text))
        elif kind == "cookie":
            found.headers.append(("Cookie", f"{name}={text}"))
        elif _is_header(name, quoted=quoted):
            found.headers.append((name, text))
        elif kind == "sign-in" and quoted:
            found.sign_in = f"{name}:{text}"
        elif kind == "body":
            found.bodies.append((name, text))
        elif names_parameter(_last(name), text):
            found.perhaps.append((name if quoted else _last(name), text))
        elif value.kind == "text":
            self._take_lines(value.text)

    def _take_known(self, name: str, value: Token, *, quoted: bool) -> bool:
        """Take a pair whose name says what it is, whatever the bracket: an address, a method, a sign-in."""
        kind, found = self._kinds[-1], self.found
        key = normalize(_last(name))
        is_text = value.kind == "text"
        if is_text and key in _OTHER_ADDRESSES:
            return True
        if key in _SIGN_IN_KEYS and (kind == "sign-in" or key == "curloptuserpwd"):
            found.sign_in = f"{found.sign_in}:{value.text}" if found.sign_in else value.text
        elif key in _METHOD_KEYS and kind not in {"header", "parameter"}:
            method = _last(value.text).upper().rpartition("_")[2]
            found.method = method if method in METHODS else found.method
        elif is_text and kind != "header" and _ADDRESS.match(value.text):
            found.addresses.append(value)
        elif is_text and kind in {"", "body"} and key in HOST_KEYS | PATH_KEYS:
            found.named.setdefault(key, value.text)
        elif is_text and quoted and kind != "parameter" and name.lower() in SCHEMES:
            found.headers.append(("Authorization", f"{name} {value.text}"))
        else:
            return False
        return True

    def _take_lines(self, text: str) -> None:
        """Take the headers that a text holds, one in each line: `accept: application/json`."""
        for line in _LINE.finditer(text):
            name, value = line.groups()
            in_headers = self._kinds[-1] == "header" or is_header_name(name) or "-" in name
            if in_headers and not value.startswith("//"):
                self.found.headers.append((name, value.strip()))

    def _lone_text(self, index: int, token: Token) -> None:
        """A text without a name: an address, a path, a host, a method or lines of headers."""
        found, text = self.found, token.text.strip()
        before, called = self._at(index - 1), self._at(index - 2).text
        if _ADDRESS.match(text):
            named_so = _last(before.text).lower() in {"import", "from", "require"} or called == "require"
            if self._kinds[-1] != "header" and not named_so and (token.quoted or self._unquoted):
                found.addresses.append(token)
        elif text in METHODS:
            found.method = found.method or text
        elif text.startswith("/") and len(text) > 1 and not text.startswith("//"):
            if not any(map(str.isspace, text)) and not _FILES.search(called):
                found.paths.append(text)
        elif before.text == "(" and _SENDING.search(called) and re.fullmatch(r"[\w.~/?=&%{}+:-]++", text):
            found.paths.append(text)
        elif _HOST.fullmatch(text):
            found.hosts.append(text)
        else:
            self._take_lines(text)


def _kind(label: str) -> str:
    return next((kind for kind, pattern in _KINDS if pattern.search(label)), "")


def _last(name: str) -> str:
    """The last part of a dotted name, without the sign before it."""
    return re.split(r"\.|::|->", name)[-1].lstrip("$-")


def _is_header(name: str, *, quoted: bool) -> bool:
    """Whether a pair is a header by its name alone: one that is known, or one with a hyphen in it."""
    if is_header_name(name):
        return quoted or "-" in name or name.lower() == "authorization"
    return "-" in name and meaning(name) is None


def _value_text(value: Token) -> str:
    """What a value would be sent as; a variable is not known."""
    if value.text in {"true", "false", "True", "False"}:
        return value.text.lower()
    return UNWRITTEN if value.kind == "word" else value.text
