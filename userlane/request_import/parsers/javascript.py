"""JavaScript: `fetch` and `axios`. The code is never run; only what it writes out counts."""

from collections.abc import Iterator
from typing import Any

from userlane.request_import.parsers.common import joined, pairs, text, with_parameters
from userlane.request_import.parsers.javascript_values import Expressions, add, plain
from userlane.request_import.parsers.request import Request
from userlane.request_import.parsers.script import Signs, matching, signs, statement

_BODILESS = frozenset({"get", "delete", "head", "options"})
_METHODS = _BODILESS | {"post", "put", "patch"}
_GLOBALS = frozenset({"window", "globalThis", "self"})


def read_javascript(code: str) -> list[Request]:
    """The requests in `code`, with the variables assigned above them filled in."""
    return list(_Reader(signs(code)).requests())


class _Reader:
    """Goes through the signs in order; remembers what variables were given, gives each request it meets."""

    def __init__(self, found: Signs) -> None:
        self._signs = found
        self._expressions = Expressions()

    def requests(self) -> Iterator[Request]:
        """Each request, where its call stands."""
        at = 0
        while at < len(self._signs):
            names, end = self._names(at)
            if names:
                yield from self._met(names, at, end)
            at = max(end, at + 1)

    def _mark(self, at: int) -> str:
        return self._signs[at].text if at < len(self._signs) and self._signs[at].kind == "sign" else ""

    def _word(self, at: int) -> str:
        return self._signs[at].text if at < len(self._signs) and self._signs[at].kind == "name" else ""

    def _names(self, at: int) -> tuple[list[str], int]:
        """`name.name.name` at `at`, and what follows it. A type behind a name (`url: string`) is left out."""
        names: list[str] = []
        end = at
        while word := self._word(end):
            names.append(word)
            end += 1
            if self._mark(end) not in {".", "?."} or not self._word(end + 1):
                break
            end += 1
        if (
            self._word(at - 1) in {"const", "let", "var"}
            and self._mark(end) == ":"
            and self._mark(end + 2) == "="
        ):
            end += 2
        return names, end

    def _met(self, names: list[str], at: int, end: int) -> Iterator[Request]:
        mark = self._mark(end)
        if mark in {"=", "+="}:
            value = self._expressions.value(statement(self._signs, end + 1))
            if mark == "+=":
                value = joined([plain(self._expressions.reach(names)), plain(value)])
            self._assign(names, value)
        elif mark == "[":
            closing = matching(self._signs, end)
            if self._mark(closing + 1) == "=":
                key = self._expressions.value(self._signs[end + 1 : closing])
                value = self._expressions.value(statement(self._signs, closing + 2))
                add(self._expressions.reach(names), key, value)
        elif mark == "(" and self._word(at - 1) not in {"new", "function"}:
            while len(names) > 1 and names[0] in _GLOBALS:
                names = names[1:]
            adds = names[-1] in {"append", "set"}
            if not (adds or names == ["fetch"] or self._axios(names)):
                return
            given = self._expressions.given(self._signs[end + 1 : matching(self._signs, end)])
            if adds and len(given) == 2:
                add(self._expressions.reach(names[:-1]), *given)
            elif given and not adds and (request := self._sent(names, given)):
                yield request

    def _assign(self, names: list[str], value: Any) -> None:
        if len(names) == 1:
            self._expressions.variables[names[0]] = value
        else:
            add(self._expressions.reach(names[:-1]), names[-1], value)

    def _axios(self, names: list[str]) -> bool:
        """Whether this calls axios, or something made by `axios.create`."""
        known = self._expressions.variables.get(names[0])
        made = isinstance(known, dict) and known.get("axios") is True
        return len(names) <= 2 and (names[0] == "axios" or made)

    def _sent(self, names: list[str], given: list[Any]) -> Request | None:
        """The request that calling `names` with `given` sends, if it sends one."""
        axios = self._axios(names)
        instance = _object([self._expressions.variables.get(names[0])], 0) if axios else {}
        url: Any = given[0]
        options = _object(given, 1)
        method = options.get("method") or "GET"
        if axios and names[1:] in ([], ["request"]) and isinstance(url, dict) and "href" not in url:
            options = url
            url, method = options.get("url"), options.get("method") or "GET"
        elif axios and len(names) == 2 and names[1] != "request":
            if names[1] not in _METHODS:
                return None
            method = names[1]
            options = options if method in _BODILESS else {**_object(given, 2), "data": given[1:2]}
        return _request(plain(url), text(method).upper(), options, instance)


def _object(given: list[Any], position: int) -> dict[str, Any]:
    value = given[position] if position < len(given) else None
    return value if isinstance(value, dict) else {}


def _request(url: Any, method: str, options: dict[str, Any], instance: dict[str, Any]) -> Request | None:
    base = options.get("baseURL") or instance.get("baseURL")
    if isinstance(url, str) and isinstance(base, str) and "://" not in url:
        url = f"{base.rstrip('/')}/{url.lstrip('/')}"
    if not isinstance(url, str) or "://" not in url:
        return None
    headers: list[tuple[str, str]] = []
    for each in (instance, options):
        url = with_parameters(url, plain(each.get("params")))
        headers += pairs(each.get("headers"))
    body = options.get("body") or options.get("data")
    signing_in = options.get("auth") or instance.get("auth")
    sign_in = ":".join(map(text, signing_in.values())) if isinstance(signing_in, dict) else None
    return Request(method, url, tuple(headers), text(body) if body else None, "JavaScript", sign_in)
