"""Requests that a program saved as JSON: HAR files of browsers, and Postman collections."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from userlane.request_import.parsers.common import UNWRITTEN, Pairs, Request, Variables, with_parameters

_VARIABLE = re.compile(r"\{\{([^{}]{1,60}+)\}\}")
_MOST = 200


def read_saved_requests(document: object) -> list[Request]:
    """The requests in a HAR file, in a Postman collection, or one request alone; 200 at most.

    Args:
        document: What the JSON says.
    """
    if not isinstance(document, dict):
        return []
    entries = _object(document.get("log")).get("entries")
    if isinstance(entries, list):
        found = [_har_request(_object(_object(entry).get("request"))) for entry in entries[:_MOST]]
    elif isinstance(document.get("item"), list):
        found = list(_postman_requests(document))
    else:
        found = [_har_request(document)] if {"method", "url"} <= document.keys() else []
    return [request for request in found if request]


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _pairs(value: object, name: str) -> Pairs:
    """Name and value of each object of a list, without those that are switched off."""
    objects = [_object(each) for each in value] if isinstance(value, list) else []
    found = [
        (_text(each.get(name)), _text(each.get("value"))) for each in objects if not each.get("disabled")
    ]
    return tuple((key, value) for key, value in found if key and value)


def _har_request(request: Mapping[str, Any]) -> Request | None:
    url = _text(request.get("url"))
    if "://" not in url:
        return None
    if "?" not in url:
        url = with_parameters(url, _pairs(request.get("queryString"), "name"))
    headers = tuple(pair for pair in _pairs(request.get("headers"), "name") if not pair[0].startswith(":"))
    body = _text(_object(request.get("postData")).get("text")) or None
    method = _text(request.get("method")).upper()
    return Request(method, url, headers, body, "HAR file", from_collection=True)


def _postman_requests(collection: Mapping[str, Any]) -> Iterator[Request]:
    variables = Variables()
    for name, value in _pairs(collection.get("variable"), "key"):
        variables[name] = value

    def fill(text: str) -> str:
        return _VARIABLE.sub(lambda name: variables.fill(name[1].strip(), f"{{{name[1].strip()}}}"), text)

    left = [(item, _object(collection.get("auth"))) for item in reversed(collection["item"])]
    count = 0
    while left and count < _MOST:
        item, auth = _object(left[-1][0]), left.pop()[1]
        auth = _object(item.get("auth")) or auth
        if isinstance(item.get("item"), list):
            left += [(inner, auth) for inner in reversed(item["item"])]
        request = _object(item.get("request"))
        if request:
            count += 1
            yield _postman_request(request, _object(request.get("auth")) or auth, fill)


def _postman_request(request: Mapping[str, Any], auth: Mapping[str, Any], fill: Any) -> Request:
    address = request.get("url")
    url = fill(_text(_object(address).get("raw")) or _text(address))
    for name, value in _pairs(_object(address).get("variable"), "key"):
        url = url.replace(f"/:{name}", f"/{value}", 1)
    headers = [(name, fill(value)) for name, value in _pairs(request.get("header"), "key")]
    kind = _text(auth.get("type"))
    said = dict(_pairs(auth.get(kind), "key"))
    if kind == "bearer":
        headers.append(("Authorization", f"Bearer {fill(said.get('token', UNWRITTEN))}"))
    elif kind == "apikey" and said.get("in") == "query":
        url = with_parameters(url, [(said.get("key", "api_key"), "<token>")])
    elif kind == "apikey":
        headers.append((said.get("key", "X-Api-Key"), fill(said.get("value", "<token>"))))
    sign_in = "user:password" if kind in {"basic", "digest"} else None
    body = _text(_object(request.get("body")).get("raw")) or None
    method = _text(request.get("method")).upper() or "GET"
    if url.startswith("{"):
        url = f"https://{url}"
    return Request(method, url, tuple(headers), body, "Postman collection", sign_in, from_collection=True)
