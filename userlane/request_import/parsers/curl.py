r"""cURL: `curl` and its options, as bash and the Windows command prompt take them. Nothing is run.

A command line becomes words as the shell would split it; then words become requests.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from urllib.parse import quote_plus

from userlane.request_import.naming import is_secret_value
from userlane.request_import.parsers.common import Request, Variables, with_parameters

Words = list[str]

_OPTIONS = {
    "url": "--url",
    "method": "--request -X",
    "header": "--header -H",
    "data": "--data --data-raw --data-ascii --data-binary -d",
    "encoded": "--data-urlencode",
    "query": "--url-query",
    "user": "--user -u",
    "cookie": "--cookie -b",
    "bearer": "--oauth2-bearer",
    "body": "--json --form --form-string -F",
    "upload": "--upload-file -T",
    "get": "--get -G",
    "head": "--head -I",
}
"""What options mean, and how they are written; other options only have to be known."""

_MEANINGS = {option: meaning for meaning, options in _OPTIONS.items() for option in options.split()}
_SWITCHES = frozenset({"get", "head"})
_WITH_VALUE = (
    "--user-agent --referer --cookie-jar --output --proxy --proxy-user --max-time --connect-timeout "
    "--retry --retry-delay --retry-max-time --write-out --cacert --capath --cert --cert-type --key "
    "--key-type --pass --resolve --connect-to --interface --range --config --dump-header --limit-rate "
    "--max-redirs --max-filesize --noproxy --ciphers --tls-max --stderr --trace --trace-ascii "
    "--unix-socket --dns-servers --doh-url --speed-limit --speed-time --keepalive-time --local-port "
    "--output-dir --variable --aws-sigv4 --request-target --proto --proto-default --rate -A -e -o -c -x "
    "-m -w -E -K -r -C -D -U -P -Q -t -y -Y -z -h"
)
_WITHOUT_VALUE = (
    "--silent --show-error --location --location-trusted --insecure --compressed --fail --fail-with-body "
    "--fail-early --verbose --include --http0.9 --http1.0 --http1.1 --http2 --http2-prior-knowledge "
    "--http3 --tlsv1 --tlsv1.0 --tlsv1.1 --tlsv1.2 --tlsv1.3 --globoff --no-buffer --no-progress-meter "
    "--progress-bar --ipv4 --ipv6 --remote-name --remote-time --remote-header-name --create-dirs "
    "--path-as-is --tcp-nodelay --ssl --ssl-reqd --ssl-no-revoke --no-keepalive --no-alpn --no-npn "
    "--disable --raw --styled-output --parallel --netrc --negotiate --ntlm --digest --anyauth --basic "
    "--tr-encoding --retry-all-errors --retry-connrefused --junk-session-cookies --no-sessionid "
    "--trace-time --trace-ids -s -S -k -L -f -v -i -O -J -N -g -q -# -0 -1 -2 -3 -4 -6 -8 -9 -n -j -R -B "
    "-M -Z -V -p -a -: -l"
)
_WITH, _WITHOUT = frozenset(_WITH_VALUE.split()), frozenset(_WITHOUT_VALUE.split())
_ADDRESS = re.compile(r"[A-Za-z]+://|(?:[\w-]+\.[\w.-]+|localhost)(?::\d+)?[/?]")
_MOST_REQUESTS = 20

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


def read_curl(code: str) -> list[Request]:
    """The requests that the `curl` commands in `code` would send; 20 at most."""
    found: list[Request] = []
    for words in split_commands(code):
        if words[0].rpartition("/")[2].lower().removesuffix(".exe") == "curl":
            for ends, options in groupby(words[1:], "--next".__eq__):
                found += [] if ends else _Options(list(options)).requests()
        if len(found) >= _MOST_REQUESTS:
            break
    return found[:_MOST_REQUESTS]


class _Options:
    """The options of one request: the values of each, by what the option means."""

    def __init__(self, words: Words) -> None:
        self._values: dict[str, list[str]] = {meaning: [] for meaning in [*_OPTIONS, "ignored"]}
        self._unknown: list[str] = []
        self._left = iter(words)
        for word in self._left:
            if word.startswith("--"):
                option, given, value = word.partition("=")
                self._take(option, value if given else None)
            elif word.startswith("-"):
                self._take_letters(word[1:])
            elif _ADDRESS.match(word):
                self._values["url"].append(word)
            elif ":" in word:
                self._unknown.append("a header without -H")

    def _take(self, option: str, value: str | None) -> bool:
        """Take one option with its value, which may be the next word; return whether it has one."""
        meaning = _MEANINGS.get(option)
        if meaning in _SWITCHES:
            self._values[meaning].append("")
        elif meaning or option in _WITH:
            value = next(self._left, "") if value is None else value
            self._values[meaning or "ignored"].append(value)
            return True
        elif option not in _WITHOUT:
            self._unknown.append(option)
        return False

    def _take_letters(self, letters: str) -> None:
        """Letters behind one `-`: the first that takes a value takes the rest, or else the next word."""
        for number, letter in enumerate(letters, 1):
            if self._take(f"-{letter}", letters[number:] or None):
                return

    def requests(self) -> list[Request]:
        """A request for each address among the options."""
        values = self._values
        data = [*values["data"], *map(_encoded, values["encoded"])]
        in_address = "&".join([*map(_encoded, values["query"]), *(data if values["get"] else ())])
        body = None if values["get"] else "&".join([*data, *values["body"]]) or None
        usual = "POST" if body is not None else "HEAD" if values["head"] else "GET"
        usual = "PUT" if values["upload"] else usual
        headers = [tuple(map(str.strip, line.split(":", 1))) for line in values["header"] if ":" in line]
        self._unknown += ["-H"] * (len(values["header"]) - len(headers))
        headers += [("Authorization", f"Bearer {token}") for token in values["bearer"]]
        headers += [("Cookie", cookie) for cookie in values["cookie"]]
        return [
            Request(
                (values["method"] or [usual])[-1].removeprefix("=").upper(),
                with_parameters(_whole(url), in_address),
                tuple((name, value) for name, value in headers if name and value),
                body,
                "cURL",
                next(iter(values["user"]), None),
                tuple(dict.fromkeys(name for name in self._unknown if not is_secret_value(name)))[:5],
            )
            for url in values["url"][:_MOST_REQUESTS]
        ]


def _encoded(text: str) -> str:
    """What `--data-urlencode` makes of `name=content`, `=content` and `content`."""
    name, equals, content = text.partition("=")
    return f"{name}={quote_plus(content)}" if name and equals else quote_plus(content or name)


def _whole(url: str) -> str:
    """The address without line breaks, with the https:// that may be left out; on this machine, http://."""
    url = "".join(url.split("\n"))
    if "://" in url:
        return url
    return ("http://" if url.startswith(("localhost", "127.0.0.1", "[::1]")) else "https://") + url


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
