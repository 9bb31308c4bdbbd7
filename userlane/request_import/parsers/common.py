r"""What every parser shares: the code without what stands around it, its language, and what is returned.

Every pattern here is anchored at a line's start or at one sign, and none has two repetitions that can match
the same text: the time grows with the length.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

UNWRITTEN = "<not written out>"
"""Stands for a value that only running the code would give."""

LONGEST_FILL = 20_000
"""The most characters that the variables of one paste may be replaced by, all together."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

Pairs = tuple[tuple[str, str], ...]

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
_FENCE = re.compile(r"^[ \t]*+(?:```|~~~)(?:[\w+#.-]*+[ \t]*+$)?|```[ \t]*+$", re.MULTILINE)
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

_WORDS: dict[str, str] = {
    "PHP": r"<\?php|curl_setopt|curl_init\(|\$\w{1,60}+->",
    "PowerShell": r"(?i:\binvoke-(?:web|rest)|\b(?:iwr|irm)\b|@\{(?!\s*+@)|\s-(?:uri|headers|usebasic\w+)\b)",
    "HTTPie": r"^[ \t]*+https? (?:--?[\w-]{1,30}+ ){0,9}(?:(?:GET|POST|PUT|DELETE) )?['\"]?(?:https?://|:)",
    "wget": r"^[ \t]*+wget\s",
    "cURL": r"(?:^|[;&|(])[ \t]*+(?:\w++=[^\s;&|(]*+[ \t]++)*+"
    r"(?:[^\s=\"';]{0,200}/)?curl(?:\.exe)?(?=[\s^])(?!\s?=)",
    "HTTP": r"^[ \t]*+(?:(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)[ \t]++(?:/|https?:)|:method:)",
    "Power Query": r"Web\.Contents|Json\.Document\(",
    "Objective-C": r"#import\b|\bNS(?:String|URL|Mutable|Dictionary|Log)|@\"",
    "Swift": r"\bimport Foundation\b|URLSession|URLRequest\(|URLQueryItem",
    "Kotlin": r"\bval \w{1,60}+ ?=|\bfun main\b",
    "C#": r"\bHttpRequestMessage\b|\bHttpClient\(\)|\bRest(?:Client|Request)|using System|Console\.Write",
    "Java": r"\bHttpRequest\b|\bOkHttpClient\b|\bRequest\.Builder\b|\bUnirest\b|AsyncHttp|System\.out",
    "Go": r"\bpackage main\b|http\.(?:NewRequest|Get)\b|\breq, _? ?:?=",
    "Ruby": r"(?<!\()\brequire ['\"]|Net::HTTP|HTTParty|Faraday|\bRestClient\.get\b|^[ \t]*+puts ",
    "Clojure": r"\(require '|clj-http|\(client/",
    "OCaml": r"\bCohttp|\bopen Lwt\b",
    "R": r"\blibrary\(|\bhttr2?\b|\w <- ",
    "Rust": r"\breqwest\b|\bfn main\b|\blet mut\b",
    "Perl": r"\bLWP::|\buse strict\b|\bmy \$",
    "Dart": r"\bUri\.(?:parse|https)\(|package:http",
    "Elixir": r"\bdefmodule\b|\bHTTPoison\b|\bReq\.get",
    "Scala": r"\bsttp\b|\bobject \w{1,60}+ extends\b",
    "VBA": r"\bCreateObject\(|^[ \t]*+Dim \w",
    "C": r"\bcurl_easy_|#include\b",
    "Python": r"\b(?:requests|httpx|urllib|aiohttp|http\.client)\b|^[ \t]*+(?:import|from|def) \w|\bprint\(",
    "Node's api package": r"require\(['\"]api['\"]\)|\bsdk\.\w|\bsdk\[",
    "Node.js": r"\brequire\(['\"](?:https?|node:https?|node-fetch|request|axios)['\"]\)",
    "JavaScript": r"\bfetch ?\(|\baxios\b|XMLHttpRequest|\$\.ajax|^[ \t]*+(?:const|let|var) |=> ",
}
LANGUAGES = {name: re.compile(words, re.MULTILINE) for name, words in _WORDS.items()}
"""A pattern for each language, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request read from pasted text. Its repr shows neither address nor headers: both may hold the token.

    Attributes:
        method: In capitals.
        url: The whole address, with its parameters.
        headers: Name and value of each header, in order.
        body: What it would send, if anything.
        language: What the text is written in, in words for the screen.
        sign_in: A user name and password given beside the headers.
        not_understood: Options of the command that the parser does not know.
        first_page: The number of the first page, where a document says it.
        from_collection: Whether it may be one of several, of which the caller chooses.
        described: Rows for the screen about the response, from a document: what and what was found.
    """

    method: str
    url: str = field(repr=False)
    headers: Pairs = field(default=(), repr=False)
    body: str | None = field(default=None, repr=False)
    language: str = ""
    sign_in: str | None = field(default=None, repr=False)
    not_understood: tuple[str, ...] = ()
    first_page: Literal[0, 1] | None = None
    described: Pairs = ()
    from_collection: bool = False


class Variables:
    """Values that pasted code gives to names. What they are filled in for is limited in all, so that no code
    can make a long text of a short one.
    """

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._left = LONGEST_FILL
        self.used: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __setitem__(self, name: str, value: str) -> None:
        self._values[name] = value

    def fill(self, name: str, otherwise: str) -> str:
        """The value of `name`, or `otherwise` for a name without one."""
        if name not in self._values:
            return otherwise
        self.used.add(name)
        self._left -= len(self._values[name])
        return self._values[name] if self._left >= 0 else UNWRITTEN


def with_parameters(url: str, parameters: str | Iterable[tuple[str, str]]) -> str:
    """`url` with parameters added: a text as it is, pairs encoded.

    >>> with_parameters("https://a.example/nps?x=1", [("page", "1")])
    'https://a.example/nps?x=1&page=1'
    """
    added = parameters.lstrip("?") if isinstance(parameters, str) else urlencode(list(parameters))
    if not added:
        return url
    url = url.partition("#")[0]
    return url + ("" if url.endswith(("?", "&")) else "&" if "?" in url else "?") + added


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


def find_language(code: str) -> str:
    """The language of `code`, or nothing.

    >>> find_language("<?php echo 1;"), find_language("fetch(url)"), find_language("please load the scores")
    ('PHP', 'JavaScript', '')
    """
    return next((name for name, words in LANGUAGES.items() if words.search(code)), "")
