r"""A command line becomes words, as bash or the Windows command prompt would split it. Nothing is run."""

import re
from collections.abc import Iterator

from userlane.request_import.parsers.common import Variables

Words = list[str]

_WINDOWS = re.compile(r"\^[ \t]*+\n|(?:curl|curl\.exe|\s-[\w-]{1,30}+)[ \t]++\^\"|\"\^%\"")
_BEFORE_COMMANDS = frozenset({"$", ">", "%", "export", "set", "sudo"})
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*+)=(.*+)", re.DOTALL)

_BASH = re.compile(
    r"""
      (?P<space> (?: [ \t\r] | \\[ \t]*+\n | (?<=\s)(?: `[ \t]*+\n | \\(?=[ \t]) ) )++ )
    | (?P<end> [\n;|] | &(?=[&\s]|\Z) )
    | (?P<nothing> (?<!\S)(?: \#[^\n]*+ | \d?>>?&?\d?[ \t]*+\S*+ ) )  # a comment, output to a file
    | \$'(?P<coded> (?:[^'\\]|\\.)*+ )'?
    | '(?P<single> [^']*+ )'?
    | "(?P<double> (?:[^"\\]|\\.)*+ )"?
    | \\(?P<escaped> . )
    | (?P<variable> \$(?:\{\w++\}|[A-Za-z_]\w*+) )
    | (?P<plain> [^\s\\'"$;|&`]++ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_VARIABLE = re.compile(r"(?<!\\)\$(?:\{(\w++)\}|([A-Za-z_]\w*+))")
_IN_DOUBLE = re.compile(r"\\(?:\n|([\\\"$`]))")
_CODED = re.compile(
    r"\\(?:u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL
)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}

_PROMPT = re.compile(r'\^[ \t]*+\n|\^(?P<escaped>.)|(?P<end>\n|[&|])|(?P<plain>"|[^\^"\n&|]++|.)', re.DOTALL)
_ARGUMENT = re.compile(r'(?P<slashes>\\*+)(?P<quotes>"++)|(?P<space>\s++)|(?P<plain>[^\s"\\]++|\\)')


def split_commands(code: str) -> list[Words]:
    r"""The commands in `code`, each as its words; variables that it sets are filled in.

    >>> split_commands("TOKEN=abc\ncurl -H \"X-Key: $TOKEN\" 'https://a.example/?b=c&d=e'")
    [['curl', '-H', 'X-Key: abc', 'https://a.example/?b=c&d=e']]
    """
    variables = Variables()
    split = map(_arguments, _prompt_lines(code)) if _WINDOWS.search(code) else _bash(code, variables)
    found: list[Words] = []
    for words in split:
        start = 0
        for word in words:
            if assignment := _ASSIGNMENT.fullmatch(word):
                variables[assignment[1]] = assignment[2]
            elif word not in _BEFORE_COMMANDS:
                break
            start += 1
        command = words[start:]
        if command and command[0].startswith("-") and found:  # the line above lost its sign of going on
            found[-1] += command
        elif command:
            found.append(command)
    return found


def _bash(code: str, variables: Variables) -> Iterator[Words]:
    """One command after the other, so that what one sets is known when the next is read."""
    words: Words = []
    parts: list[str] = []
    for match in _BASH.finditer(code):
        kind, text = match.lastgroup or "", match[match.lastgroup or 0]
        if kind == "nothing":
            continue
        if kind not in {"space", "end"}:
            parts.append(_meaning(kind, text, variables))
            continue
        if parts:
            words.append("".join(parts))
        parts = []
        if kind == "end" and words:
            yield words
            words = []
    yield [*words, "".join(parts)] if parts else words


def _meaning(kind: str, text: str, variables: Variables) -> str:
    if kind == "coded":
        return _CODED.sub(_decode, text)
    if kind in {"double", "variable"}:
        filled = _VARIABLE.sub(lambda name: variables.fill(name[1] or name[2], name[0]), text)
        return _IN_DOUBLE.sub(lambda escape: escape[1] or "", filled)
    return text


def _decode(escape: re.Match[str]) -> str:
    short, long, byte, octal, letter = escape.groups()
    if letter is not None:
        return _LETTERS.get(letter, letter)
    number = int(octal, 8) if octal else int(short or long or byte, 16)
    return chr(number) if number < 0x110000 else ""


def _prompt_lines(code: str) -> Iterator[str]:
    """Lines as the Windows command prompt hands them on: its own escapes are gone, quotes are still there."""
    line: list[str] = []
    quoted = False
    for match in _PROMPT.finditer(code):
        text = match[0]
        if match["plain"] == '"':
            quoted = not quoted
        if match["end"] and (text == "\n" or not quoted):
            yield "".join(line)
            line, quoted = [], False
        elif quoted or match["plain"]:
            line.append(text)
        else:
            line.append(match["escaped"] or " ")
    yield "".join(line)


def _arguments(line: str) -> Words:
    r"""One line as a Windows program splits it: `\"` and, within quotes, `""` are a quote."""
    words: Words = []
    parts: list[str] = []
    quoted = begun = False
    for match in _ARGUMENT.finditer(line):
        if match["space"] and not quoted:
            if begun:
                words.append("".join(parts))
            parts, begun = [], False
            continue
        begun = True
        if not match["quotes"]:
            parts.append(match[0])
            continue
        slashes, quotes = len(match["slashes"]), len(match["quotes"])
        parts.append("\\" * (slashes // 2) + '"' * (slashes % 2))
        quotes -= slashes % 2
        while quotes:
            pair = 2 if quoted and quotes > 1 else 1
            parts.append('"' if pair == 2 else "")
            quoted = quoted if pair == 2 else not quoted
            quotes -= pair
    return [*words, "".join(parts)] if begun else words
