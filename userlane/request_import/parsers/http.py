"""Raw HTTP: a request line, headers, and perhaps a body."""

import re

from userlane.contract import LOOPBACK
from userlane.request_import.parsers.request import Request

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

_LINE = re.compile(
    rf"^[ \t]*({'|'.join(METHODS)})[ \t]+((?:https?://|/)\S*)(?:[ \t]+HTTP/[0-9.]+)?[ \t]*\r?$", re.MULTILINE
)
_BROWSERS_LINE = re.compile(r"^[ \t]*:method:[ \t]*(\S+)", re.MULTILINE)
_HEADER = re.compile(r"(:?[0-9A-Za-z!#$%&'*+.^_`|~-]+):[ \t]*(.*)")

_Headers = tuple[tuple[str, str], ...]


def read_raw(code: str) -> list[Request]:
    """The requests in `code`, each from its request line to the next. Browsers may write `:method: GET`,
    `:authority: …` and `:path: …` in place of the line.
    """
    starts = [match.start() for match in _LINE.finditer(code)]
    if not starts:
        headers, body = _parts(code.strip().splitlines())
        said = {name: value for name, value in headers if name.startswith(":")}
        if not _BROWSERS_LINE.search(code) or not {":path", ":authority"} <= said.keys():
            return []
        return [_request(said[":method"], said[":path"], headers, body)]
    found: list[Request] = []
    for start, end in zip(starts, [*starts[1:], len(code)], strict=True):
        line, *rest = code[start:end].strip().splitlines()
        method, target = line.split()[:2]
        while rest and rest[0].lstrip().startswith(("?", "&")):  # a query over several lines
            target += rest.pop(0).strip()
        found.append(_request(method, target, *_parts(rest)))
    return found


def _parts(lines: list[str]) -> tuple[_Headers, str | None]:
    headers: list[tuple[str, str]] = []
    for number, line in enumerate(lines):
        found = _HEADER.fullmatch(line.strip())
        if found is None:
            return tuple(headers), "\n".join(lines[number:]).strip() or None
        headers.append((found[1], found[2]))
    return tuple(headers), None


def _request(method: str, target: str, headers: _Headers, body: str | None) -> Request:
    host = next((value for name, value in headers if name.lower() in {"host", ":authority"}), "")
    local = re.sub(r":\d+$", "", host).strip("[]") in LOOPBACK
    url = target if "://" in target else f"{'http' if local else 'https'}://{host}{target}"
    kept = tuple((name, value) for name, value in headers if value and not name.startswith(":"))
    return Request(method, url, kept, body, "HTTP")
