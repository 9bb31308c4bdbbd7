"""OpenAPI documents: JSON or YAML, alone or in the Markdown of a documentation page.

A document describes requests: each GET in it becomes one, with what its response looks like. YAML is read as
texts, lists and objects only; aliases and deep nesting are refused, so a short document stays short.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import yaml

from userlane.request_import.naming import is_token_header, meaning, normalize
from userlane.request_import.parsers.common import UNWRITTEN, Request, with_parameters
from userlane.request_import.parsers.saved_requests import Object, as_object, as_text

_FENCED = re.compile(r"^[ \t]*+(?:```|~~~)[^\n]*+\n(.*?)^[ \t]*+(?:```|~~~)", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"(?:^|[{,])[ \t]*+[\"']?(?:openapi|swagger)[\"']?[ \t]*+:", re.MULTILINE)
"""What only such a document has: without it there is none."""

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_DEEPEST, _MOST_EVENTS, _MOST_REQUESTS, _MOST_PARAMETERS = 50, 60_000, 60, 30
_TOTALS = frozenset({"total", "totalcount", "totalrecords", "totalitems", "count", "totalpages", "hasmore"})
_FROM_ZERO = re.compile(r"(?:zero|0)[- ]based|(?:start|begin|count)[^.]{0,20}\b(?:0|zero)\b", re.IGNORECASE)
_DAYS = {"start": "2026-04-01", "end": "2026-05-01"}


def read_openapi(text: str) -> list[Request]:
    """The GET requests that an OpenAPI document in `text` describes; none where there is no document."""
    blocks = [block for block in _FENCED.findall(text) if MARK.search(block)] or [text]
    document = as_object(_load(blocks[0]))
    if not isinstance(document.get("paths"), dict):
        return []
    return list(_Document(document).requests())


def _load(text: str) -> object:
    """What JSON or YAML says; nothing where it is neither, or nested deeply, or has aliases."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    depth = 0
    try:
        for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > _DEEPEST or number > _MOST_EVENTS:
                return None
        return yaml.load(text, Loader=_LOADER)  # noqa: S506 - makes texts, lists and dictionaries only
    except (yaml.YAMLError, ValueError):
        return None


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _before_token(described: Object, otherwise: str) -> str:
    """What a header holds: the word before the token, where the description says it."""
    return "Bearer <token>" if "bearer" in as_text(described.get("description")).lower() else otherwise


def _is_sent(parameter: Object) -> bool:
    """Whether a parameter is a part of the address: it must be, or it has a role by its name or type."""
    required = parameter.get("required") in (True, "true")
    dated = as_text(parameter.get("format")).startswith("date")
    named = meaning(as_text(parameter.get("name"))) is not None
    return parameter.get("in") == "query" and (required or dated or named)


def _example(parameter: Object) -> str:
    """An example of a parameter's value, by what the document says of it."""
    said = [parameter.get("example"), parameter.get("default"), *_list(parameter.get("enum"))]
    form = as_text(parameter.get("format"))
    if form in {"date", "date-time"}:
        day = _DAYS["end" if meaning(as_text(parameter.get("name"))) == "end" else "start"]
        said = [parameter.get("example"), day if form == "date" else f"{day}T00:00:00+00:00"]
    return next((text for each in said if (text := as_text(each))), "")


def _first_page(parameters: Sequence[Object]) -> Literal[0, 1] | None:
    for parameter in parameters:
        if meaning(as_text(parameter.get("name"))) == "page":
            said = as_text(parameter.get("default")) or as_text(parameter.get("minimum"))
            if said == "0" or _FROM_ZERO.search(as_text(parameter.get("description"))[:500]):
                return 0
            return 1 if said == "1" else None
    return None


class _Document:
    """A document whose references are followed as they are met."""

    def __init__(self, document: Object) -> None:
        self._document = document

    def requests(self) -> Iterator[Request]:
        for path, item in list(self._document["paths"].items())[:_MOST_REQUESTS]:
            operation = as_object(as_object(item).get("get"))
            if operation:
                yield self._request(str(path), as_object(item), operation)

    def _request(self, path: str, item: Object, operation: Object) -> Request:
        given = [*_list(item.get("parameters")), *_list(operation.get("parameters"))]
        parameters = [self._parameter(each) for each in given[:_MOST_PARAMETERS]]
        query = [(as_text(each.get("name")), _example(each)) for each in parameters if _is_sent(each)]
        headers, url = self._sign(operation, f"{self._server(item)}{path}")
        names = {name for name, _ in headers}
        for each in parameters:
            name = as_text(each.get("name"))
            if each.get("in") == "header" and is_token_header(name) and name not in names:
                headers.append((name, _before_token(each, UNWRITTEN)))
        return Request(
            "GET",
            with_parameters(url, [(name, value) for name, value in query if name]),
            tuple(headers),
            None,
            "OpenAPI document",
            first_page=_first_page(parameters),
            described=tuple(self._describe(operation)),
            from_collection=True,
        )

    def _parameter(self, value: object) -> Object:
        """A parameter, with what its schema says of it."""
        parameter = self._resolve(value)
        return {**self._resolve(parameter.get("schema")), **parameter}

    def _resolve(self, value: object) -> Object:
        """The object that references lead to: five of them at most."""
        found = as_object(value)
        for _ in range(5):
            reference = found.get("$ref")
            if not isinstance(reference, str):
                break
            at: object = self._document
            for key in reference.lstrip("#/").split("/")[:10]:
                at = as_object(at).get(key.replace("~1", "/").replace("~0", "~"))
            found = as_object(at)
        return found

    def _server(self, item: Object) -> str:
        servers = _list(item.get("servers")) or _list(self._document.get("servers"))
        server = as_object(servers[0]) if servers else {}
        url = as_text(server.get("url"))
        for name, variable in list(as_object(server.get("variables")).items())[:10]:
            url = url.replace(f"{{{name}}}", as_text(as_object(variable).get("default"))[:200])
        if not server and self._document.get("host"):
            schemes = _list(self._document.get("schemes")) or ["https"]
            scheme = "https" if "https" in schemes else as_text(schemes[0])
            url = f"{scheme}://{self._document['host']}{as_text(self._document.get('basePath'))}"
        return url.rstrip("/")

    def _sign(self, operation: Object, url: str) -> tuple[list[tuple[str, str]], str]:
        """The headers that carry the token, and the address, where an API key must stand there."""
        components = as_object(self._document.get("components"))
        schemes = as_object(components.get("securitySchemes") or self._document.get("securityDefinitions"))
        wanted = operation.get("security", self._document.get("security"))
        names = [name for each in _list(wanted)[:10] for name in as_object(each)] or list(schemes)[:1]
        headers: list[tuple[str, str]] = []
        for scheme in map(self._resolve, (schemes.get(name) for name in names)):
            kind, name = as_text(scheme.get("type")).lower(), as_text(scheme.get("name"))
            if kind == "apikey" and scheme.get("in") == "query":
                url = with_parameters(url, [(name, "<token>")])
            elif kind == "apikey" and scheme.get("in") == "header":
                open_word = UNWRITTEN if name.lower() == "authorization" else "<token>"
                headers.append((name, _before_token(scheme, open_word)))
            elif kind in {"http", "oauth2", "openidconnect"}:
                word = (as_text(scheme.get("scheme")) or "bearer").capitalize()
                headers.append(("Authorization", f"{word} <token>"))
        return headers[:1], url

    def _describe(self, operation: Object) -> Iterator[tuple[str, str]]:
        """Rows about the response: where the records are, their fields, where a total stands."""
        responses = as_object(operation.get("responses"))
        response = self._resolve(responses.get("200") or responses.get("2XX") or responses.get("default"))
        content = as_object(response.get("content"))
        typed = next((each for name, each in content.items() if "json" in str(name).lower()), response)
        schema = self._resolve(as_object(typed).get("schema"))
        records = next(self._records(schema, ""), None)
        if records:
            where, item = records
            yield "Records", f"under {where}" if where else "the response is their list"
            if fields := self._properties(item):
                yield "Fields", ", ".join(list(map(str, fields))[:20])
        totals = [name for name in self._names(schema) if normalize(name.rpartition(".")[2]) in _TOTALS]
        if totals:
            yield "Total", totals[0]

    def _properties(self, schema: Object) -> Object:
        """The properties of an object, those that it has from others included."""
        found = dict(as_object(schema.get("properties")))
        for part in _list(schema.get("allOf"))[:10]:
            found |= as_object(self._resolve(part).get("properties"))
        return found

    def _records(self, schema: Object, where: str) -> Iterator[tuple[str, Object]]:
        """The lists of objects in a response, with the path to each: two levels at most."""
        if "items" in schema:
            yield where, self._resolve(schema["items"])
        elif where.count(".") < 1:
            for name, inner in list(self._properties(schema).items())[:30]:
                yield from self._records(self._resolve(inner), f"{where}.{name}".lstrip("."))

    def _names(self, schema: Object) -> Iterator[str]:
        """The names in a response's envelope, one level down included."""
        for name, inner in list(self._properties(schema).items())[:30]:
            yield str(name)
            yield from (f"{name}.{below}" for below in list(self._properties(self._resolve(inner)))[:30])
