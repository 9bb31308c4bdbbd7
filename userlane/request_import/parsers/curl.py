"""cURL: `curl` and its options, as bash and the Windows command prompt take them."""

import re
from itertools import groupby
from urllib.parse import quote_plus

from userlane.request_import.naming import is_secret_value
from userlane.request_import.parsers.command_line import Words, split_commands
from userlane.request_import.parsers.common import Request, with_parameters

_LONG = {
    "url": "url",
    "request": "method",
    "header": "header",
    "data": "data",
    "data-raw": "data",
    "data-ascii": "data",
    "data-binary": "data",
    "data-urlencode": "encoded",
    "url-query": "query",
    "user": "user",
    "cookie": "cookie",
    "oauth2-bearer": "bearer",
    "json": "body",
    "form": "body",
    "form-string": "body",
    "upload-file": "upload",
    "get": "get",
    "head": "head",
}
_SHORT = {
    "X": "method",
    "H": "header",
    "d": "data",
    "u": "user",
    "b": "cookie",
    "F": "body",
    "T": "upload",
    "G": "get",
    "I": "head",
}
_WITH_VALUE = (
    "user-agent referer cookie-jar output proxy proxy-user max-time connect-timeout retry retry-delay "
    "retry-max-time write-out cacert capath cert cert-type key key-type pass resolve connect-to interface "
    "range config dump-header limit-rate max-redirs max-filesize noproxy ciphers tls-max stderr trace "
    "trace-ascii unix-socket dns-servers doh-url speed-limit speed-time keepalive-time local-port "
    "output-dir variable aws-sigv4 request-target proto proto-default rate"
)
_WITHOUT_VALUE = (
    "silent show-error location location-trusted insecure compressed fail fail-with-body fail-early verbose "
    "include http0.9 http1.0 http1.1 http2 http2-prior-knowledge http3 tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 "
    "globoff no-buffer no-progress-meter progress-bar ipv4 ipv6 remote-name remote-time remote-header-name "
    "create-dirs path-as-is tcp-nodelay ssl ssl-reqd ssl-no-revoke no-keepalive no-alpn no-npn disable raw "
    "styled-output parallel netrc negotiate ntlm digest anyauth basic tr-encoding retry-all-errors "
    "retry-connrefused junk-session-cookies no-sessionid trace-time trace-ids"
)
_LONG_WITH_VALUE, _LONG_WITHOUT_VALUE = frozenset(_WITH_VALUE.split()), frozenset(_WITHOUT_VALUE.split())
_SHORT_WITH_VALUE, _SHORT_WITHOUT_VALUE = (
    frozenset("AeocxmwEKrCDUPQtyYzh"),
    frozenset("sSkLfviOJNgq#01234689njRBMZVpa:l"),
)
_SWITCHES = frozenset({"get", "head"})
CURL = (
    r"(?:^|[;&|(])[ \t]*+(?:\w++=[^\s;&|(]*+[ \t]++)*+(?:[^\s=\"';]{0,200}/)?curl(?:\.exe)?(?=[\s^])(?!\s?=)"
)
"""What a command line of cURL begins with."""

_COMMAND = re.compile(CURL, re.MULTILINE)
_ADDRESS = re.compile(r"[A-Za-z]+://|(?:[\w-]+\.[\w.-]+|localhost)(?::\d+)?[/?]")
_MOST_REQUESTS = 20


def is_curl(code: str) -> bool:
    """Whether a command line of `code` begins with curl."""
    return _COMMAND.search(code) is not None


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
        self._values: dict[str, list[str]] = {name: [] for name in _LONG.values()}
        self._unknown: list[str] = []
        self._left = iter(words)
        for word in self._left:
            if word.startswith("--"):
                self._take_long(word[2:])
            elif word.startswith("-"):
                self._take_short(word[1:])
            elif _ADDRESS.match(word):
                self._values["url"].append(word)
            elif ":" in word:
                self._unknown.append("a header without -H")

    def _take_long(self, word: str) -> None:
        name, given, value = word.partition("=")
        meaning = _LONG.get(name)
        if meaning is None and name not in _LONG_WITH_VALUE:
            if name not in _LONG_WITHOUT_VALUE:
                self._unknown.append(f"--{name}")
            return
        if meaning not in _SWITCHES and not given:
            value = next(self._left, "")
        if meaning:
            self._values[meaning].append(value)

    def _take_short(self, letters: str) -> None:
        """Letters behind one `-`: the first that takes a value takes the rest, or else the next word."""
        for number, letter in enumerate(letters, 1):
            meaning = _SHORT.get(letter)
            if letter in _SHORT_WITH_VALUE or (meaning and meaning not in _SWITCHES):
                value = letters[number:] or next(self._left, "")
                if meaning:
                    self._values[meaning].append(value.removeprefix("=") if meaning == "method" else value)
                return
            if meaning:
                self._values[meaning].append("")
            elif letter not in _SHORT_WITHOUT_VALUE:
                self._unknown.append(f"-{letter}")

    def requests(self) -> list[Request]:
        """A request for each address among the options."""
        values = self._values
        data = [*values["data"], *map(_encoded, values["encoded"])]
        in_address = "&".join([*map(_encoded, values["query"]), *(data if values["get"] else ())])
        body = None if values["get"] else "&".join([*data, *values["body"]]) or None
        usual = (
            "PUT" if values["upload"] else "POST" if body is not None else "HEAD" if values["head"] else "GET"
        )
        headers = [tuple(map(str.strip, line.split(":", 1))) for line in values["header"] if ":" in line]
        self._unknown += ["-H"] * (len(values["header"]) - len(headers))
        headers += [("Authorization", f"Bearer {token}") for token in values["bearer"]]
        headers += [("Cookie", cookie) for cookie in values["cookie"]]
        return [
            Request(
                (values["method"] or [usual])[-1].upper(),
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
