"""Python: `requests` and libraries that read like it. The code is parsed, never run; only literals count."""

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from userlane.request_import.parsers.common import UNWRITTEN, joined, pairs, query, text, with_parameters
from userlane.request_import.parsers.request import Request

_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_BODIES = ("json", "data", "files", "content")
_SESSIONS = frozenset({"Session", "Client", "AsyncClient", "ClientSession"})


def read_python(code: str) -> list[Request]:
    """The requests in `code`, with the variables assigned above them filled in."""
    reader = _Reader()
    try:
        reader.visit(ast.parse(_without_prompts(code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return reader.found


def _without_prompts(code: str) -> str:
    lines = code.splitlines()
    prompts = (">>> ", "... ")
    if any(line.startswith(">>> ") for line in lines):
        return "\n".join(line[4:] for line in lines if line.startswith(prompts))
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[indent:] for line in lines)


class _Reader(ast.NodeVisitor):
    """Walks the code in order; remembers what variables were given, notes each call that sends a request."""

    def __init__(self) -> None:
        self.found: list[Request] = []
        self._variables: dict[str, Any] = {}

    def visit_Assign(self, node: ast.Assign) -> None:
        value = self._value(node.value)
        for target in node.targets:
            self._assign(target, value)
        self.generic_visit(node)

    def visit_withitem(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            self._assign(node.optional_vars, self._value(node.context_expr))
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assign(node.target, self._value(node.value))
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.op, ast.Add):
            self._assign(node.target, joined([self._value(node.target), self._value(node.value)]))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        # A line such as axios.get("…") is Python by its looks, but JavaScript by its library.
        if isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") != "axios":
            self._called(node.func, node)
        self.generic_visit(node)

    def _assign(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self._variables[target.id] = value
        elif isinstance(target, ast.Subscript | ast.Attribute):
            key = self._value(target.slice) if isinstance(target, ast.Subscript) else target.attr
            owner = self._value(target.value)
            if isinstance(owner, dict) and isinstance(key, str):
                owner[key] = value

    def _called(self, function: ast.Attribute, node: ast.Call) -> None:
        owner = self._value(function.value)
        given = [self._value(argument) for argument in node.args]
        named = {word.arg: self._value(word.value) for word in node.keywords if word.arg}
        if function.attr == "update" and isinstance(owner, dict):
            for each in (*given[:1], named):
                owner.update(each if isinstance(each, dict) else {})
            return
        method: Any = function.attr
        if method in {"request", "Request"}:
            method = given.pop(0) if given else named.get("method")
        elif method not in _METHODS:
            return
        session: dict[str, Any] = owner if isinstance(owner, dict) else {}
        url = given[0] if given else named.get("url")
        if isinstance(url, str) and isinstance(session.get("base_url"), str) and "://" not in url:
            url = f"{session['base_url'].rstrip('/')}/{url.lstrip('/')}"
        if isinstance(url, str) and "://" in url and isinstance(method, str):
            self.found.append(self._request(method, url, session, given, named))

    def _request(
        self, method: str, url: str, session: Mapping[str, Any], given: list[Any], named: Mapping[str, Any]
    ) -> Request:
        second = given[1] if len(given) > 1 and method.lower() == "get" else None
        for parameters in (session.get("params"), named.get("params", second)):
            url = with_parameters(url, parameters)
        headers = [pair for each in (session, named) for pair in pairs(each.get("headers"))]
        body = next((text(named[name]) for name in _BODIES if named.get(name)), None)
        sign_in = named.get("auth", session.get("auth"))
        if isinstance(sign_in, tuple | list):
            sign_in = ":".join(map(text, sign_in))
        written = isinstance(sign_in, str) and sign_in != UNWRITTEN
        return Request(method.upper(), url, tuple(headers), body, "Python", sign_in if written else None)

    def _value(self, node: ast.expr) -> Any:  # noqa: C901, PLR0911 - one case for each kind of expression
        """What an expression is, as far as it is written out."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._variables.get(name, UNWRITTEN)
            case ast.JoinedStr(values=parts):
                return joined([self._value(part) for part in parts])
            case ast.FormattedValue(value=inner):
                return self._value(inner)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return joined([self._value(left), self._value(right)])
            case ast.Dict(keys=keys, values=values):
                return self._dictionary(keys, values)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self._value(item) for item in items]
            case (
                ast.Attribute(value=owner, attr=name)
                | ast.Subscript(value=owner, slice=ast.Constant(value=name))
            ):
                held = self._value(owner)
                return held.get(name, UNWRITTEN) if isinstance(held, dict) else UNWRITTEN
            case ast.Await(value=inner):
                return self._value(inner)
            case ast.Call():
                return self._call(node)
            case _:
                return UNWRITTEN

    def _dictionary(self, keys: Iterable[ast.expr | None], values: Iterable[ast.expr]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in zip(keys, values, strict=True):
            inner = self._value(value)
            if key is not None:
                found[text(self._value(key))] = inner
            elif isinstance(inner, dict):
                found |= inner
        return found

    def _call(self, node: ast.Call) -> Any:  # noqa: PLR0911 - one case for each function that matters
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        named = {word.arg: self._value(word.value) for word in node.keywords if word.arg}
        first = self._value(node.args[0]) if node.args else None
        if name in _SESSIONS:
            return {"headers": {}, "params": {}} | named
        if name == "dict":
            return (first if isinstance(first, dict) else {}) | named
        if name == "str" and first is not None:
            return first
        if name == "HTTPBasicAuth":
            return [self._value(argument) for argument in node.args]
        if name == "urlencode" and first is not None:
            return query(first)
        if name in {"strip", "rstrip"} and isinstance(node.func, ast.Attribute):
            return self._value(node.func.value)
        return UNWRITTEN
