"""The token is taken out of pasted code before the code stays on screen."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus

from userlane.request_import.auth_header import is_usual, may_carry, split
from userlane.request_import.naming import is_placeholder, is_secret, plain
from userlane.request_import.parsers.detect import requests_in
from userlane.request_import.parsers.request import Request

MARK = "<token>"

_SHORT = 8
_NAME = r"(?<![\w-])(?=[\w-]*?(?:token|secret|passw(?:or)?d|api[_-]?key|authorization|cookie))[\w-]++"
_SCHEME = r"(?:bearer|basic|token)"
_AFTER_SCHEME = re.compile(r"(\bbearer\s+)([^\s\"'`,;(){}\\^<$]{4,})", re.IGNORECASE)
_QUOTED = re.compile(rf"({_NAME}[\"'`]?\s*[:=,]\s*[\"'`])([^\s\"'`<$]{{6,}})(?=[\"'`])", re.IGNORECASE)
_ANYHOW = re.compile(
    rf"({_NAME}[\"'`]?\s*[:=,]?\s*[\"'`]?(?:{_SCHEME}\s+)?)(?!{_SCHEME}\b)([^\s\"'`<$,;(){{}}]{{6,}}+)(?!\()",
    re.IGNORECASE,
)
_CALLED = re.compile(r"(\.auth\w*\(\s*[\"'`])([^\s\"'`<$]{6,})", re.IGNORECASE)
_USER = re.compile(r"://([^/?#@\s]*)@")


class _Secret(NamedTuple):
    """A text that must go, the header it is in, and the word before it."""

    text: str
    name: str = ""
    scheme: str = ""


def struck(code: str) -> str:
    """`code` with everything secret in it replaced by `<token>`: the token, cookies, passwords.

    What is left teaches the same, without the token. Empty when a secret is written so that it cannot be
    taken out, in parts for example.

    >>> struck("curl https://api.userlane.com/nps -H 'Authorization: Bearer made-up-4f2a'")
    "curl https://api.userlane.com/nps -H 'Authorization: Bearer <token>'"
    """
    requests = requests_in(code)
    secrets = {secret for request in requests for secret in _secrets(request)}
    left = code
    for secret in sorted(secrets, key=lambda each: -len(each.text)):
        left = _without(left, secret)
    for pattern in (_AFTER_SCHEME, _QUOTED, *(() if requests else (_ANYHOW, _CALLED))):
        left = pattern.sub(_marked, left)
    remaining = any(secret for request in requests_in(left) for secret in _secrets(request))
    seen = any(len(secret.text) >= _SHORT and secret.text in left for secret in secrets)
    return "" if remaining or seen else left


def _marked(found: re.Match[str]) -> str:
    return found[0] if is_placeholder(found[2]) else found[1] + MARK


def _secrets(request: Request) -> Iterator[_Secret]:
    for name, value in request.headers:
        scheme, text = split(value)
        if plain(name) in {"cookie", "xcsrftoken", "xxsrftoken", "csrftoken"}:
            scheme, text = "", value
        elif is_usual(name) or not may_carry(name, text):
            continue
        if not is_placeholder(text):
            yield _Secret(text, name, scheme)
    for piece in request.url.partition("?")[2].partition("#")[0].split("&"):
        name, _, value = piece.partition("=")
        if is_secret(unquote_plus(name)) and not is_placeholder(value):
            yield _Secret(value, name)
            yield _Secret(unquote_plus(value), name)
    for user in (*_USER.findall(request.url), request.sign_in or ""):
        if not is_placeholder(user):
            yield _Secret(user, "u")


def _without(code: str, secret: _Secret) -> str:
    # Each sign may be escaped, or written as its number.
    text = r"[\\^`\"]{0,2}".join(
        rf"(?:{re.escape(sign)}|\\[ux](?:00)?{ord(sign):02x})" for sign in secret.text
    )
    whole = rf"(?<![0-9A-Za-z]){text}(?![0-9A-Za-z])"
    if len(secret.text) >= _SHORT:
        return re.sub(whole, MARK, code)
    # So short a text may be a part of anything: it goes where its name or its word stands before it.
    before = rf"{re.escape(secret.name)}[\"'`^\]]*\s*[:=,@]?\s*[\"'`^]*(?:{re.escape(secret.scheme)}\s+)?"
    left = re.sub(rf"({before}){whole}", rf"\1{MARK}", code, flags=re.IGNORECASE)
    left = re.sub(rf"([\"'`]){whole}(?=[\"'`])", rf"\1{MARK}", left)
    return re.sub(rf"(\b{re.escape(secret.scheme)}\s+){whole}", rf"\1{MARK}", left) if secret.scheme else left
