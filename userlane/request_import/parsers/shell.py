"""A command line becomes words, as bash or the Windows command prompt would split it. Nothing is run."""

import re
from collections.abc import Iterator, Mapping

from userlane.request_import.parsers.common import joined

Words = list[str]

_WINDOWS = re.compile(r"\^[ \t]*\n|(?:curl|curl\.exe|\s-[\w-]+)\s+\^\"|\"\^%\"")
_PROMPTS = frozenset({"$", ">", "%", "export", "set", "sudo"})
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)

_BASH = re.compile(
    r"""
      (?P<space> (?: [ \t\r] | \\[ \t]*\r?\n | (?<=\s)(?: `[ \t]*\r?\n | \\(?=[ \t]) ) )+ )
    | (?P<end> [\n;|] | &(?=[&\s]|\Z) )
    | (?P<nothing> (?<!\S)(?: \#[^\n]* | \d?>>?&?\d?[ \t]*\S* ) )  # a comment, output to a file
    | \$'(?P<coded> (?:[^'\\]|\\.)* )'?
    | '(?P<single> [^']* )'?
    | "(?P<double> (?:[^"\\]|\\.)* )"?
    | \\(?P<escaped> . )
    | (?P<variable> \$(?:\{\w+\}|[A-Za-z_]\w*) )
    | (?P<plain> [^\s\\'"$;|&`]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_VARIABLE = re.compile(r"(?<!\\)\$(?:\{(\w+)\}|([A-Za-z_]\w*))")
_IN_DOUBLE = re.compile(r"\\(?:\r?\n|([\\\"$`]))")
_CODED = re.compile(
    r"\\(?:u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL
)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}

_PROMPT = re.compile(
    r'\^[ \t]*\r?\n|\^(?P<escaped>.)|(?P<end>\r?\n|[&|])|(?P<plain>"|[^\^"\r\n&|]+|.)', re.DOTALL
)
_ARGUMENT = re.compile(r'(?P<slashes>\\*)(?P<quotes>"+)|(?P<space>\s+)|(?P<plain>[^\s"\\]+|\\)')


def commands(code: str) -> list[Words]:
    r"""The commands in `code`, each as its words; variables that it sets are filled in.

    >>> commands("TOKEN=abc\ncurl -H \"X-Key: $TOKEN\" 'https://a.example/?b=c&d=e'")
    [['curl', '-H', 'X-Key: abc', 'https://a.example/?b=c&d=e']]
    """
    variables: dict[str, str] = {}
    windows = _WINDOWS.search(code)
    split = map(_arguments, _prompt_lines(code)) if windows else _bash(code, variables)
    found: list[Words] = []
    for words in split:
        command = words
        while command and command[0] in _PROMPTS:
            command = command[1:]
        while command and (assignment := _ASSIGNMENT.fullmatch(command[0])):
            variables[assignment[1]] = joined([assignment[2]])
            command = command[1:]
        if command and command[0].startswith("-") and found:  # the line above lost its sign of going on
            found[-1] += command
        elif command:
            found.append(command)
    return found


def _bash(code: str, variables: Mapping[str, str]) -> Iterator[Words]:
    """One command after the other, so that what one sets is known when the next is read."""
    words: Words = []
    word: str | None = None
    for match in _BASH.finditer(code):
        kind, text = match.lastgroup or "", match[match.lastgroup or 0]
        if kind == "nothing":
            continue
        if kind not in {"space", "end"}:
            word = (word or "") + _meant(kind, text, variables)
            continue
        if word is not None:
            words.append(word)
        word = None
        if kind == "end" and words:
            yield words
            words = []
    yield words if word is None else [*words, word]


def _meant(kind: str, text: str, variables: Mapping[str, str]) -> str:
    if kind == "coded":
        return _CODED.sub(_decoded, text)
    if kind in {"double", "variable"}:
        filled = _VARIABLE.sub(lambda name: variables.get(name[1] or name[2], name[0]), text)
        return _IN_DOUBLE.sub(lambda escape: escape[1] or "", filled)
    return text


def _decoded(escape: re.Match[str]) -> str:
    short, long, byte, octal, letter = escape.groups()
    if letter is not None:
        return _LETTERS.get(letter, letter)
    number = int(octal, 8) if octal else int(short or long or byte, 16)
    return chr(number) if number < 0x110000 else ""


def _prompt_lines(code: str) -> Iterator[str]:
    """Lines as the Windows command prompt hands them on: its own escapes are gone, quotes are still there."""
    line = ""
    quoted = False
    for match in _PROMPT.finditer(code):
        text = match[0]
        if match["plain"] == '"':
            quoted = not quoted
        if match["end"] and (text.endswith("\n") or not quoted):
            yield line
            line, quoted = "", False
        elif quoted or match["plain"]:
            line += text
        else:
            line += match["escaped"] or " "
    yield line


def _arguments(line: str) -> Words:
    r"""One line as a Windows program splits it: `\"` and, within quotes, `""` are a quote."""
    words: Words = []
    word: str | None = None
    quoted = False
    for match in _ARGUMENT.finditer(line):
        if match["space"] and not quoted:
            if word is not None:
                words.append(word)
            word = None
            continue
        word = word or ""
        if not match["quotes"]:
            word += match[0]
            continue
        slashes, quotes = len(match["slashes"]), len(match["quotes"])
        word += "\\" * (slashes // 2)
        if slashes % 2:
            word += '"'
            quotes -= 1
        while quotes > 0:
            if quoted and quotes > 1:
                word += '"'
                quotes -= 2
            else:
                quoted = not quoted
                quotes -= 1
    return words if word is None else [*words, word]
