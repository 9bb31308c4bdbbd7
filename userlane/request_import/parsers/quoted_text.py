"""Code of any language: the only web address in its quotes, and the pairs beside it. Nothing is run.

`name: value`, `name", "value`, `name" => "value`, `name"] = "value`: each pair is a header or a parameter by
what the brackets around it are called, or else by its name. Time and memory grow with the code's length.
"""

import re

from userlane.request_import import naming
from userlane.request_import.parsers.common import METHODS, UNWRITTEN, Request, with_parameters
from userlane.request_import.parsers.tokens import Token, Tokens

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
_PARTS = {
    **dict.fromkeys(("host", "hostname"), "host"),
    **dict.fromkeys(("path", "pathname", "relativepath", "endpoint", "resource", "route"), "path"),
}
_NAME_KEYS, _VALUE_KEYS = frozenset({"name", "key"}), frozenset({"value", "val"})
_METHOD_KEYS = frozenset({"method", "verb", "type", "curloptcustomrequest", "httpmethod", "requestmethod"})
_NAME_BEHIND_VALUE = "forhttpheaderfield"  # Swift and Objective-C
_SIGN_IN_KEYS = frozenset({"username", "user", "password", "curloptuserpwd"})
_NOTHING = frozenset({"None", "null", "nil", "undefined", "NULL", "Nothing"})
_SENDING = re.compile(
    r"(?:^|[.>:])(?:get|request|fetch|open|ajax|send|gets?json|restrequest)$", re.IGNORECASE
)
_WRITING = re.compile(r"\.(post|put|patch|delete|head)(?:async|json)?$", re.IGNORECASE)
_FILES = re.compile(r"open|write|save|path|require|include|import|log|print", re.IGNORECASE)
_MOST_ADDRESSES = 20


def read_quoted_text(code: str, language: str) -> list[Request]:
    """The requests in `code`: one for each address. More than one is for the caller to refuse.

    Args:
        code: Code of any language, already cleaned.
        language: Its name. PowerShell quotes differently; a command line may leave addresses unquoted.
    """
    found = _Search(code, language)
    if language == "PowerShell" and (found.method or "GET") == "GET":
        found.parameters += found.bodies
    headers = tuple(dict.fromkeys(found.headers))
    requests = []
    for url in found.join_addresses()[:_MOST_ADDRESSES]:
        parameters = found.parameters or ([] if "?" in url else found.perhaps)
        base = url.removesuffix(UNWRITTEN).rstrip("?&") if parameters else url
        whole = with_parameters(base, parameters)
        requests.append(Request(found.method or "GET", whole, headers, None, language, found.sign_in))
    return requests


class _Search:
    """One walk over the tokens, with the kind of each open bracket at hand, and what was found so far."""

    def __init__(self, code: str, language: str) -> None:
        self._addresses: list[Token] = []
        self._hosts: list[str] = []
        self._paths: list[str] = []
        self._parts: dict[str, str] = {}
        self.headers: list[tuple[str, str]] = []
        self.parameters: list[tuple[str, str]] = []
        self.perhaps: list[tuple[str, str]] = []
        self.bodies: list[tuple[str, str]] = []
        self.method = ""
        self.sign_in: str | None = None
        read = Tokens(code, powershell=language == "PowerShell")
        self._tokens, self._used = read.tokens, read.used
        self._values_are_bare = language == "HTTPie"
        self._kinds = [""]
        self._unquoted = language in {"PowerShell", "HTTPie", "wget"}
        index = 0
        while index < len(self._tokens):
            index = self._step(index)

    def join_addresses(self) -> list[str]:
        """The addresses that the code asks: whole ones, or a base and a path joined."""
        whole = [each.text for each in self._addresses if each.variable not in self._used]
        rooted = [url for url in whole if url.partition("://")[2].rstrip("/").count("/")]
        if rooted and len(rooted) < len(whole):
            whole = rooted
        paths = [self._parts["path"]] if "path" in self._parts else self._paths
        if len(whole) == 1 and len(paths) == 1 and "?" not in whole[0]:
            return [f"{whole[0].rstrip('/')}/{paths[0].lstrip('/')}"]
        hosts = [self._parts["host"]] if "host" in self._parts else list(dict.fromkeys(self._hosts))
        if not whole and len(hosts) == 1 and len(paths) == 1:
            return [f"https://{hosts[0]}/{paths[0].lstrip('/')}"]
        return whole

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
            self.method = self.method or writing[1].upper()
        if (paired := self._pair(index)) is not None:
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
            if token.kind != "sign" and len(token.text) <= 60 and (kind := _kind(token.text)):
                return kind
            if token.kind == "sign" and token.text not in _BETWEEN_LABEL_AND_BRACKET:
                return ""
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
        is_labelled = _last(token.text).lower() in _NAME_KEYS and value.kind == "text"
        if is_labelled and (labelled := self._labelled_value(after)) is not None:
            self._take(value.text, self._at(labelled), quoted=True)
            return labelled + 1
        if value.kind == "sign":
            is_list = value.text in {"[", "("} and token.kind == "text"
            return self._list(token.text, after) if is_list else None
        opens = self._at(after + 1).text in {"(", "{", "["}
        if value.kind == "word" and opens and "." not in value.text:  # a call
            return None
        bare = value.kind == "word" and self._values_are_bare
        given = self._at(index - 1 if self._at(index - 1).kind == "text" else index - 2)
        if token.text.lower() == _NAME_BEHIND_VALUE and given.kind == "text":
            self.headers.append((value.text, given.text))
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
        is_option = before.text == "-" and self._unquoted and sign.kind != "sign"
        is_keyword = before.text == ":" and sign.kind in {"text", "number"}  # Clojure, Ruby
        return index + 1 if is_option or is_keyword else None

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

    def _take(self, name: str, value: Token, *, quoted: bool) -> None:
        """Take one pair: by its name where that says all, else by what its bracket holds."""
        if value.text in _NOTHING or self._take_known(name, value, quoted=quoted):
            return
        kind = self._kinds[-1]
        text = _value_text(value)
        if kind in {"header", "parameter"}:
            (self.headers if kind == "header" else self.parameters).append((name, text))
        elif kind == "cookie":
            self.headers.append(("Cookie", f"{name}={text}"))
        elif naming.is_header_pair(name, quoted=quoted):
            self.headers.append((name, text))
        elif kind == "sign-in" and quoted:
            self.sign_in = f"{name}:{text}"
        elif kind == "body":
            self.bodies.append((name, text))
        elif naming.names_parameter(_last(name), text):
            self.perhaps.append((name if quoted else _last(name), text))
        elif value.kind == "text":
            self._take_lines(value.text)

    def _take_known(self, name: str, value: Token, *, quoted: bool) -> bool:
        """Take a pair whose name says what it is, whatever the bracket: an address, a method, a sign-in."""
        kind = self._kinds[-1]
        key = naming.normalize(_last(name))
        is_text = value.kind == "text"
        if is_text and key in _OTHER_ADDRESSES:
            return True
        if key in _SIGN_IN_KEYS and (kind == "sign-in" or key == "curloptuserpwd"):
            self.sign_in = f"{self.sign_in}:{value.text}" if self.sign_in else value.text
        elif key in _METHOD_KEYS and kind not in {"header", "parameter"}:
            method = _last(value.text).upper().rpartition("_")[2]
            self.method = method if method in METHODS else self.method
        elif is_text and kind != "header" and _ADDRESS.match(value.text):
            self._addresses.append(value)
        elif is_text and kind in {"", "body"} and key in _PARTS:
            self._parts.setdefault(_PARTS[key], value.text)
        elif is_text and quoted and kind != "parameter" and name.lower() in naming.SCHEMES:
            self.headers.append(("Authorization", f"{name} {value.text}"))
        else:
            return False
        return True

    def _take_lines(self, text: str) -> None:
        """Take the headers that a text holds, one in each line: `accept: application/json`."""
        for line in _LINE.finditer(text):
            name, value = line.groups()
            in_headers = self._kinds[-1] == "header" or naming.is_header_name(name) or "-" in name
            if in_headers and not value.startswith("//"):
                self.headers.append((name, value.strip()))

    def _lone_text(self, index: int, token: Token) -> None:
        """A text without a name: an address, a path, a host, a method or lines of headers."""
        text = token.text.strip()
        before, called = self._at(index - 1), self._at(index - 2).text
        if _ADDRESS.match(text):
            named_so = _last(before.text).lower() in {"import", "from", "require"} or called == "require"
            if self._kinds[-1] != "header" and not named_so and (token.quoted or self._unquoted):
                self._addresses.append(token)
        elif text in METHODS:
            self.method = self.method or text
        elif text.startswith("/") and len(text) > 1 and not text.startswith("//"):
            if not any(map(str.isspace, text)) and not _FILES.search(called):
                self._paths.append(text)
        elif before.text == "(" and _SENDING.search(called) and re.fullmatch(r"[\w.~/?=&%{}+:-]++", text):
            self._paths.append(text)
        elif _HOST.fullmatch(text):
            self._hosts.append(text)
        else:
            self._take_lines(text)


def _kind(label: str) -> str:
    return next((kind for kind, pattern in _KINDS if pattern.search(label)), "")


def _last(name: str) -> str:
    """The last part of a dotted name, without the sign before it."""
    return re.split(r"\.|::|->", name)[-1].lstrip("$-")


def _value_text(value: Token) -> str:
    """What a value would be sent as; a variable is not known."""
    if value.text in {"true", "false", "True", "False"}:
        return value.text.lower()
    return UNWRITTEN if value.kind == "word" else value.text
