"""cURL: `curl` and its options, as bash and the Windows command prompt take them."""

import re
from urllib.parse import quote_plus

from userlane.request_import.parsers.common import with_parameters
from userlane.request_import.parsers.request import Request
from userlane.request_import.parsers.shell import Words, commands

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
_ADDRESS = re.compile(r"[A-Za-z]+://|(?:[\w-]+\.[\w.-]+|localhost)(?::\d+)?[/?]")
_SWITCHES = frozenset({"get", "head"})
_LONG_WITHOUT_MEANING = (
    "user-agent referer cookie-jar output proxy proxy-user max-time connect-timeout retry retry-delay "
    "retry-max-time write-out cacert capath cert cert-type key key-type pass resolve connect-to interface "
    "range config dump-header limit-rate max-redirs max-filesize noproxy ciphers tls-max stderr trace "
    "trace-ascii unix-socket dns-servers doh-url speed-limit speed-time keepalive-time local-port "
    "output-dir variable aws-sigv4 request-target proto proto-default rate"
)
_LONG_IGNORED = frozenset(_LONG_WITHOUT_MEANING.split())
_SHORT_IGNORED = frozenset("AeocxmwEKrCDUPQtyYz")


def read_curl(code: str) -> list[Request]:
    """The requests that the `curl` commands in `code` would send."""
    found: list[Request] = []
    for words in commands(code):
        if words[0].rpartition("/")[2].removesuffix(".exe") == "curl":
            found += _requests(words[1:])
    return found


def _requests(words: Words) -> list[Request]:
    said: dict[str, list[str]] = {name: [] for name in (*_LONG.values(), "switch")}
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--next":
            return _sent(said) + _requests(left)
        if not word.startswith("-"):
            said["url"] += [word] if _ADDRESS.match(word) else []
        elif word.startswith("--"):
            name, given, value = word[2:].partition("=")
            if name in _LONG or name in _LONG_IGNORED:
                meaning = _LONG.get(name)
                if meaning not in _SWITCHES and not given:
                    value = left.pop(0) if left else ""
                said[meaning or "switch"].append(value)
        else:
            _short(word[1:], left, said)
    return _sent(said)


def _short(letters: str, left: Words, said: dict[str, list[str]]) -> None:
    """Letters behind one `-`: the first that takes a value takes the rest, or else the next word."""
    for number, letter in enumerate(letters, 1):
        meaning = _SHORT.get(letter)
        if letter in _SHORT_IGNORED or (meaning and meaning not in _SWITCHES):
            value = letters[number:] or (left.pop(0) if left else "")
            said[meaning or "switch"].append(value.removeprefix("=") if meaning == "method" else value)
            return
        if meaning:
            said[meaning].append("")


def _sent(said: dict[str, list[str]]) -> list[Request]:
    data = [*said["data"], *map(_encoded, said["encoded"])]
    in_address = "&".join([*map(_encoded, said["query"]), *(data if said["get"] else ())])
    body = None if said["get"] else "&".join([*data, *said["body"]]) or None
    usual = "PUT" if said["upload"] else "POST" if body is not None else "HEAD" if said["head"] else "GET"
    headers = [tuple(map(str.strip, line.split(":", 1))) for line in said["header"] if ":" in line]
    headers += [("Authorization", f"Bearer {token}") for token in said["bearer"]]
    headers += [("Cookie", cookie) for cookie in said["cookie"]]
    return [
        Request(
            (said["method"] or [usual])[-1].upper(),
            with_parameters(_whole(url), in_address),
            tuple((name, value) for name, value in headers if name and value),
            body,
            "cURL",
            next(iter(said["user"]), None),
        )
        for url in said["url"]
    ]


def _encoded(text: str) -> str:
    """What `--data-urlencode` makes of `name=content`, `=content` and `content`."""
    name, equals, content = text.partition("=")
    return f"{name}={quote_plus(content)}" if name and equals else quote_plus(content or name)


def _whole(url: str) -> str:
    """The address with the https:// that may be left out; on this machine, http:// is meant."""
    if "://" in url:
        return url
    return ("http://" if url.startswith(("localhost", "127.0.0.1", "[::1]")) else "https://") + url
