r"""Pasted text without what stands around the code: prompts, quoting marks, escapes of HTML, bent quotes.

Every pattern here is anchored at a line's start or at one sign, and none has two repetitions that can match
the same text: the time grows with the length.
"""

import re

_TYPED = str.maketrans(
    {
        **dict.fromkeys("“”„‟″＂", '"'),
        **dict.fromkeys("‘’‚‛′＇", "'"),
        **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2007\u2008\u2009\u200a\u202f\u3000", " "),
        **dict.fromkeys("\u2028\u2029\u0085", "\n"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff", ""),
    }
)
_HTML = re.compile(r"&(amp|quot|apos|lt|gt|nbsp|#[0-9]{1,6}|#[xX][0-9A-Fa-f]{1,5});")
_HTML_NAMES = {"amp": "&", "quot": '"', "apos": "'", "lt": "<", "gt": ">", "nbsp": " "}
_JSON = re.compile(r"\\u00(26|27|3[cCdDeE])")
_CHAT_LINK = re.compile(r"<(https?://[^\s<>|]++)(?:\|[^<>\n]*+)?>")
_FENCE = re.compile(r"^[ \t]*+(?:```|~~~).*+$", re.MULTILINE)
_QUOTING = re.compile(r"[ \t]*+(?:[>|│┃][ \t>|│┃]*+)?")
_PROMPT = re.compile(
    r"""
      PS[ ][^>\n]{0,120}+>++ | PS>++                                   # PowerShell
    | [A-Za-z]:\\[^>\n"']{0,120}+>                                    # the Windows command prompt
    | (?:\([\w.-]{1,40}+\)[ ])?\[?[\w.-]{1,40}+@[\w.-]{1,60}+[^$%\#>\n"']{0,60}+[$%\#>](?=\s)  # me@host:~$
    | ~?[$%❯➜](?=\s)(?:[ ]+~)? | \.\.\.(?=\s|$) | More\?
    | (?:In|Out)[ ]?\[\d{0,5}\]:                                      # a notebook
    """,
    re.VERBOSE,
)
_MAGIC = re.compile(r"%%?[a-z_]+(?:[ \t].*+)?")
_DASH = re.compile(r"(?<=\s)[–—](?=\w)(\w(?!\w))?")


def clean(text: str) -> str:
    r"""The code in `text`, as it was before mail, chats, word processors and terminals added to it.

    >>> clean("> $ curl “https://a.example/?b=1&amp;c=2” \\\n> >  –H 'X: y'")
    'curl "https://a.example/?b=1&c=2" \\\n-H \'X: y\''
    """
    plain = _DASH.sub(lambda dash: f"-{dash[1]}" if dash[1] else "--", unescape(text))
    lines: list[str] = []
    for line in _FENCE.sub("", plain).split("\n"):
        going_on = bool(lines) and lines[-1].rstrip().endswith(("\\", "^", "`"))
        lines.append(_without_marks(line, going_on=going_on))
    whole = "\n".join(lines)
    inline = whole.strip()
    return inline[1:-1] if len(inline) > 1 and inline[0] == inline[-1] == "`" else whole


def unescape(text: str) -> str:
    r"""`text` with one kind of line end, of quote and of space, and without escapes of HTML.

    >>> unescape("a&amp;b\u00a0“c”")
    'a&b "c"'
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n").translate(_TYPED)
    for _ in range(2):  # what is quoted twice is escaped twice
        plain = _HTML.sub(_character, plain)
    plain = _JSON.sub(lambda escape: chr(int(escape[1], 16)), plain)
    return _CHAT_LINK.sub(r"\1", plain).translate(_TYPED)


def _character(escape: re.Match[str]) -> str:
    name = escape[1]
    if name in _HTML_NAMES:
        return _HTML_NAMES[name]
    number = int(f"0{name[1:]}", 16) if name[1] in "xX" else int(name[1:])
    return chr(number) if 31 < number < 0xD800 else " "


def _without_marks(line: str, *, going_on: bool) -> str:
    """One line without quoting marks and prompts. A pipe that goes on with the line above stays."""
    if going_on and line.lstrip().startswith("| "):
        return line
    quoting = _QUOTING.match(line)
    start = quoting.end() if quoting else 0
    marked = line[:start].strip() != ""
    if prompt := _PROMPT.match(line, start):
        again = _QUOTING.match(line, prompt.end())
        start = again.end() if again else prompt.end()
        marked = True
    rest = line[start:] if marked else line
    if rest.lstrip().startswith("!"):
        return rest.lstrip()[1:]
    return "" if _MAGIC.fullmatch(rest) else rest
