"""Code of any language as tokens: quoted texts, words, numbers and signs; parts of one text are joined."""

import itertools
import re
from dataclasses import dataclass

from userlane.request_import.parsers.common import UNWRITTEN, Variables

MOST = 30_000
"""Tokens that are read; the code of one request stays far below."""

# Each alternative consumes what it has looked at: a quote without its partner ends with its line, a comment
# without its end with the text. So no sign is looked at more than a few times.
_PATTERN = r"""
    (?P<space> \s++ )
  | (?P<comment> (?<![:\w"'])//[^\n]*+ | (?<!\S)\#(?!["{{])[^\n]*+ | (?<!\S)/\*(?s:.)*?(?:\*/|\Z) )
  | (?P<address> https?://[^\s"'`<>\\,;)]++ )
  | (?P<prefix> (?<!\w)(?:[fFrRbBuU]{{1,2}}|[@$]{{1,2}}) )?+(?P<text>
        \"\"\"(?s:.)*?(?:\"\"\"|\Z) | '''(?s:.)*?(?:'''|\Z)
      | "(?:[^"\n{escape}]|{escape}(?s:.)|"")*+"?+
      | '(?:[^'\n{single}]|{single_escape}'')*+'?+
      {backtick}
    )
  | (?P<word> (?:\$env:|\$)?+[^\W\d]\w*+(?:(?:\.|::|->|-|\?\.)[^\W\d]\w*+)*+ )
  | (?P<number> \d[\w.:+]*+(?:-\d[\w.:+]*+)*+ )
  | (?P<sign> => | <- | := | == | \+\+ | \.\. | <> | . )
"""
_USUAL = re.compile(
    _PATTERN.format(
        escape=r"\\", single=r"\\", single_escape=r"\\(?s:.)|", backtick=r"| `(?:[^`\\\n]|\\(?s:.))*+`?+"
    ),
    re.VERBOSE,
)
_POWERSHELL = re.compile(_PATTERN.format(escape="`", single="", single_escape="", backtick=""), re.VERBOSE)
_JOINING = frozenset({"+", ".", "&", "++", "..", "<>", "^", "~"})
_NAMING = frozenset({"=", ":=", "<-"})
_FILLED = re.compile(
    r"""
      (?P<coded> [$\#]\{ [ ]{0,3} (?P<a>\$?[A-Za-z_][\w.]*+)? [^{}]*+ \}
               | \\\( [ ]{0,3} (?P<b>[A-Za-z_][\w.]*+)? [^()]*+ \)
               | \$env:\w++ | \$\([^()]*+\) )
    | (?P<format> \{ [ ]{0,3} (?P<c>\$?[A-Za-z_][\w.]*+) (?:[:!][^{}]*+)? \} )
    | (?P<plain> \$ (?P<d>[A-Za-z_]\w*+) )
    """,
    re.VERBOSE,
)
_ESCAPED = {
    "\\": re.compile(r"\\(?:u\{?([0-9A-Fa-f]{1,4})\}?|x([0-9A-Fa-f]{2})|((?s:.)))"),
    "`": re.compile(r"`(?:u\{([0-9A-Fa-f]{1,4})\}|x([0-9A-Fa-f]{2})|((?s:.)))"),
}
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "\n": ""}


@dataclass(slots=True)
class Token:
    """One token: a text, a word, a number or a sign.

    Attributes:
        text: What it says; of a text, without its quotes and escapes.
        quoted: Whether a text stands in quotes; addresses need not.
        variable: The name that the code gives a text, if any.
    """

    kind: str
    text: str
    quoted: bool = True
    variable: str = ""


class Tokens:
    """Walks the code once; variables are filled in as far as they are known by then.

    Attributes:
        tokens: What the code consists of.
        used: The names of the variables that became a part of another text.
    """

    def __init__(self, code: str, *, powershell: bool) -> None:
        pattern = _POWERSHELL if powershell else _USUAL
        self._escape = "`" if powershell else "\\"
        matches = itertools.islice(pattern.finditer(code), MOST)
        self._matches = [each for each in matches if each.lastgroup not in {"space", "comment"}]
        self._variables = Variables()
        self._next = 0
        self.used = self._variables.used
        self.tokens: list[Token] = []
        while self._next < len(self._matches):
            token = self._joined()
            self.tokens.append(token)
            if token.kind == "text":
                self._name(token)

    def _name(self, token: Token) -> None:
        """Give a text the name that the code gives it: `name = "…"`, `name: String = "…"`."""
        found = self.tokens
        if len(found) > 2 and found[-2].text in _NAMING:
            typed = len(found) > 4 and found[-4].text == ":" and found[-5].kind == "word"
            name = found[-5 if typed else -3]
            token.variable = name.text.lstrip("$") if name.kind == "word" else ""
            self._variables[token.variable] = token.text

    def _kind(self, ahead: int = 0) -> str:
        at = self._next + ahead
        return (self._matches[at].lastgroup or "") if at < len(self._matches) else ""

    def _sign(self, ahead: int = 0) -> str:
        return self._matches[self._next + ahead][0] if self._kind(ahead) == "sign" else ""

    def _joined(self) -> Token:
        """The next token, with all texts and variables that the code adds to it."""
        token = self._operand()
        parts = [token.text]
        while token.kind in {"text", "word"} and self._goes_on(token):
            if self._sign():
                self._next += 1
            other = self._operand()
            if not parts[1:] and token.kind == "word":
                parts = [self._value(token)]
            parts.append(self._value(other))
            token = Token("text", token.text, quoted=True)
        return Token("text", "".join(parts), token.quoted) if len(parts) > 1 else token

    def _goes_on(self, token: Token) -> bool:
        """Whether the next sign joins what follows to `token`, and at least one of both is a text."""
        if token.kind == "text" and token.text[:4] == "http" and self._kind() == "text":
            return self._matches[self._next]["text"][1:2] in {"?", "&", "/"}
        sign, then = self._sign(), self._kind(1)
        if sign not in _JOINING or then not in {"text", "word", "number"}:
            return False
        if token.kind == "word":
            return then == "text" and sign != "&" and token.text.lstrip("$") in self._variables
        variable = self._matches[self._next + 1][0].startswith("$")
        return then != "word" or sign not in {".", "&", "^"} or (sign == "." and variable)

    def _operand(self) -> Token:
        match, kind = self._matches[self._next], self._kind()
        self._next += 1
        if kind == "text":
            return Token("text", self._decoded(match["text"], match["prefix"] or ""))
        if kind == "address":
            return Token("text", match[0], quoted=False)
        return Token(kind, match[0])

    def _value(self, token: Token) -> str:
        """What a token adds to a text. A call or an index is only known when the code runs."""
        if token.kind != "word":
            return token.text
        if self._sign() in {"(", "["}:
            return UNWRITTEN
        return self._variables.fill(token.text.lstrip("$"), UNWRITTEN)

    def _decoded(self, quoted: str, prefix: str) -> str:
        quote = quoted[:3] if quoted[:3] in {'"""', "'''"} else quoted[0]
        text = quoted[len(quote) :].removesuffix(quote)
        if len(quote) == 1:
            text = text.replace(quote * 2, quote)
        if self._escape == "`" and quote == "'":
            return text
        literal = prefix.lower() in {"r", "br", "rb"}
        formatted = "f" in prefix.lower() or prefix in {"$", "$@", "@$"}
        filled = _FILLED.sub(lambda found: self._filled(found, formatted=formatted), text)
        return filled if literal else _ESCAPED[self._escape].sub(_character, filled)

    def _filled(self, found: re.Match[str], *, formatted: bool) -> str:
        if found["plain"] and found.start() and found.string[found.start() - 1] == self._escape:
            return found[0]
        name = (found["a"] or found["b"] or found["c"] or found["d"] or "").lstrip("$")
        unknown = UNWRITTEN if found["coded"] or (found["format"] and formatted) else found[0]
        return self._variables.fill(name, unknown)


def _character(escape: re.Match[str]) -> str:
    short, byte, letter = escape.groups()
    return chr(int(short or byte, 16)) if letter is None else _LETTERS.get(letter, letter)
