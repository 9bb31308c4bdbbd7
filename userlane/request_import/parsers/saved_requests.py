"""Requests as programs keep them: raw HTTP, HAR files of browsers, and Postman collections."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from userlane.contract import LOOPBACK
from userlane.request_import.parsers.common import (
    METHODS,
    UNWRITTEN,
    Pairs,
    Request,
    Variables,
    with_parameters,
)

Object = Mapping[str, Any]
_LINE = re.compile(
    rf"^[ \t]*+({'|'.join(METHODS)})[ \t]++((?:https?://|/)\S*+)(?:[ \t]++HTTP/[0-9.]++)?+[ \t]*+$",
    re.MULTILINE,
)
_QUERY_LINE = re.compile(r"(?<![ \t])[ \t]*+\n[ \t]*+(?=[?&])")  # a query may take several lines
_HEADER = re.compile(r"(:?[0-9A-Za-z!#$%&'*+.^_`|~-]++):[ \t]*+(.*+)")
_MOST_RAW = 20
_VARIABLE = re.compile(r"\{\{([^{}]{1,60}+)\}\}")
_MOST = 200


def read_http(code: str) -> list[Request]:
    """The requests in `code`, each from its request line to the next; 20 at most. Browsers may write
    `:method: GET`, `:authority: …` and `:path: …` in place of the line.
    """
    code = _QUERY_LINE.sub("", code)
    starts = [match.start() for match in _LINE.finditer(code)][: _MOST_RAW + 1]
    if not starts:
        headers, body = _raw_parts(code.strip().splitlines())
        said = {name: value for name, value in headers if name.startswith(":")}
        if not {":method", ":path", ":authority"} <= said.keys():
            return []
        return [_raw_request(said[":method"], said[":path"], headers, body)]
    found: list[Request] = []
    for start, end in zip(starts, [*starts[1:], len(code)], strict=True):
        line, *rest = code[start:end].strip().splitlines()
        method, target = line.split()[:2]
        found.append(_raw_request(method, target, *_raw_parts(rest)))
    return found


def _raw_parts(lines: list[str]) -> tuple[Pairs, str | None]:
    """The headers, and the body behind them."""
    headers: list[tuple[str, str]] = []
    for number, line in enumerate(lines):
        found = _HEADER.fullmatch(line.strip())
        if found is None:
            return tuple(headers), "\n".join(lines[number:]).strip() or None
        headers.append((found[1], found[2]))
    return tuple(headers), None


def _raw_request(method: str, target: str, headers: Pairs, body: str | None) -> Request:
    host = next((value for name, value in headers if name.lower() in {"host", ":authority"}), "")
    local = re.sub(r":\d+$", "", host).strip("[]") in LOOPBACK
    url = target if "://" in target else f"{'http' if local else 'https'}://{host}{target}"
    kept = tuple((name, value) for name, value in headers if value and not name.startswith(":"))
    return Request(method, url, kept, body, "HTTP")


def read_saved_requests(document: object) -> list[Request]:
    """The requests in a HAR file, in a Postman collection, or one request alone; 200 at most.

    Args:
        document: What the JSON says.
    """
    if not isinstance(document, dict):
        return []
    entries = as_object(document.get("log")).get("entries")
    if isinstance(entries, list):
        found = [_har_request(as_object(as_object(entry).get("request"))) for entry in entries[:_MOST]]
    elif isinstance(document.get("item"), list):
        found = list(_postman_requests(document))
    else:
        found = [_har_request(document)] if {"method", "url"} <= document.keys() else []
    return [request for request in found if request]


def as_object(value: object) -> Object:
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def _pairs(value: object, name: str) -> Pairs:
    """Name and value of each object of a list, without those that are switched off."""
    objects = [as_object(each) for each in value] if isinstance(value, list) else []
    found = [
        (as_text(each.get(name)), as_text(each.get("value"))) for each in objects if not each.get("disabled")
    ]
    return tuple((key, value) for key, value in found if key and value)


def _har_request(request: Object) -> Request | None:
    url = as_text(request.get("url"))
    if "://" not in url:
        return None
    if "?" not in url:
        url = with_parameters(url, _pairs(request.get("queryString"), "name"))
    headers = tuple(pair for pair in _pairs(request.get("headers"), "name") if not pair[0].startswith(":"))
    body = as_text(as_object(request.get("postData")).get("text")) or None
    method = as_text(request.get("method")).upper()
    return Request(method, url, headers, body, "HAR file", from_collection=True)


def _postman_requests(collection: Object) -> Iterator[Request]:
    variables = Variables()
    for name, value in _pairs(collection.get("variable"), "key"):
        variables[name] = value

    def fill(text: str) -> str:
        return _VARIABLE.sub(lambda name: variables.fill(name[1].strip(), f"{{{name[1].strip()}}}"), text)

    left = [(item, as_object(collection.get("auth"))) for item in reversed(collection["item"])]
    count = 0
    while left and count < _MOST:
        item, auth = as_object(left[-1][0]), left.pop()[1]
        auth = as_object(item.get("auth")) or auth
        if isinstance(item.get("item"), list):
            left += [(inner, auth) for inner in reversed(item["item"])]
        request = as_object(item.get("request"))
        if request:
            count += 1
            yield _postman_request(request, as_object(request.get("auth")) or auth, fill)


def _postman_request(request: Object, auth: Object, fill: Any) -> Request:
    address = request.get("url")
    url = fill(as_text(as_object(address).get("raw")) or as_text(address))
    for name, value in _pairs(as_object(address).get("variable"), "key"):
        url = url.replace(f"/:{name}", f"/{value}", 1)
    headers = [(name, fill(value)) for name, value in _pairs(request.get("header"), "key")]
    kind = as_text(auth.get("type"))
    said = dict(_pairs(auth.get(kind), "key"))
    if kind == "bearer":
        headers.append(("Authorization", f"Bearer {fill(said.get('token', UNWRITTEN))}"))
    elif kind == "apikey" and said.get("in") == "query":
        url = with_parameters(url, [(said.get("key", "api_key"), "<token>")])
    elif kind == "apikey":
        headers.append((said.get("key", "X-Api-Key"), fill(said.get("value", "<token>"))))
    sign_in = "user:password" if kind in {"basic", "digest"} else None
    body = as_text(as_object(request.get("body")).get("raw")) or None
    method = as_text(request.get("method")).upper() or "GET"
    if url.startswith("{"):
        url = f"https://{url}"
    return Request(method, url, tuple(headers), body, "Postman collection", sign_in, from_collection=True)
