"""Raw HTTP: a request line, headers, and perhaps a body."""

import re

from userlane.contract import LOOPBACK
from userlane.request_import.parsers.common import METHODS, Pairs, Request

_LINE = re.compile(
    rf"^[ \t]*+({'|'.join(METHODS)})[ \t]++((?:https?://|/)\S*+)(?:[ \t]++HTTP/[0-9.]++)?+[ \t]*+$",
    re.MULTILINE,
)
_BROWSERS_LINE = re.compile(r"^[ \t]*+:method:[ \t]*+\S", re.MULTILINE)
_HEADER = re.compile(r"(:?[0-9A-Za-z!#$%&'*+.^_`|~-]++):[ \t]*+(.*+)")
_MOST_REQUESTS = 20


def read_http(code: str) -> list[Request]:
    """The requests in `code`, each from its request line to the next; 20 at most. Browsers may write
    `:method: GET`, `:authority: …` and `:path: …` in place of the line.
    """
    starts = [match.start() for match in _LINE.finditer(code)][: _MOST_REQUESTS + 1]
    if not starts:
        if not _BROWSERS_LINE.search(code):
            return []
        headers, body = _parts(code.strip().splitlines())
        said = {name: value for name, value in headers if name.startswith(":")}
        if not {":method", ":path", ":authority"} <= said.keys():
            return []
        return [_request(said[":method"], said[":path"], headers, body)]
    found: list[Request] = []
    for start, end in zip(starts, [*starts[1:], len(code)], strict=True):
        line, *rest = code[start:end].strip().splitlines()
        method, *target = line.split()[:2]
        headers_from = 0
        while headers_from < len(rest) and rest[headers_from].lstrip().startswith(("?", "&")):
            target.append(rest[headers_from].strip())  # a query over several lines
            headers_from += 1
        found.append(_request(method, "".join(target), *_parts(rest[headers_from:])))
    return found


def _parts(lines: list[str]) -> tuple[Pairs, str | None]:
    """The headers, and the body behind them."""
    headers: list[tuple[str, str]] = []
    for number, line in enumerate(lines):
        found = _HEADER.fullmatch(line.strip())
        if found is None:
            return tuple(headers), "\n".join(lines[number:]).strip() or None
        headers.append((found[1], found[2]))
    return tuple(headers), None


def _request(method: str, target: str, headers: Pairs, body: str | None) -> Request:
    host = next((value for name, value in headers if name.lower() in {"host", ":authority"}), "")
    local = re.sub(r":\d+$", "", host).strip("[]") in LOOPBACK
    url = target if "://" in target else f"{'http' if local else 'https'}://{host}{target}"
    kept = tuple((name, value) for name, value in headers if value and not name.startswith(":"))
    return Request(method, url, kept, body, "HTTP")
