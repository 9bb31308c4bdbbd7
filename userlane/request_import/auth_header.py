"""Which header carries the token, and how."""

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from userlane.contract import Auth, Token
from userlane.errors import RequestUnusable, TokenUnusable
from userlane.request_import.naming import is_placeholder, plain
from userlane.request_import.parsers.common import UNWRITTEN

_SENT_BY_PROGRAMS = (
    "authority method path scheme host origin referer connection pragma dnt te priority range date via "
    "forwarded cookie upgradeinsecurerequests xrequestedwith xrequestid xcorrelationid traceparent "
    "tracestate baggage sentrytrace postmantoken xcsrftoken xxsrftoken csrftoken idempotencykey keepalive "
    "cachecontrol useragent expect"
)
_USUAL = frozenset(_SENT_BY_PROGRAMS.split())
_USUAL_FAMILY = re.compile(
    r"(?:accept|content|sec|if|x-forwarded|x-readme|access-control)(?:-|$)", re.IGNORECASE
)
_BY_NAME = re.compile(r".*(?:authorization|auth|token|apikey|accesskey)")
_WITH_SCHEME = re.compile(r"([A-Za-z][\w.-]*)\s+(\S.*)", re.DOTALL)
_LOOKS_SECRET = re.compile(r"(?=.*\d)[0-9A-Za-z._~+/=-]{12,}")


_SCHEMES = frozenset({"bearer", "token", "basic", "apikey", "jwt"})
_NO_SCHEMES = frozenset({"your", "my", "the", "enter", "insert", "replace", "paste"})


@dataclass(frozen=True, slots=True)
class Carrier:
    """A header that carries a token, or would: `token` is None where the code leaves it to be filled in, and
    `whole` is false where it even leaves open what stands before it.
    """

    auth: Auth
    token: Token | None
    by_name: bool
    whole: bool = True


def is_usual(name: str) -> bool:
    """Whether programs send a header of this name by themselves, so that it never holds the API's token."""
    return plain(name) in _USUAL or _USUAL_FAMILY.match(name) is not None


def may_carry(name: str, text: str) -> bool:
    """Whether a header carries a token by its name, or by what stands in it."""
    return _BY_NAME.fullmatch(plain(name)) is not None or _LOOKS_SECRET.fullmatch(text) is not None


def carriers(headers: Iterable[tuple[str, str]]) -> tuple[Carrier, ...]:
    """The headers that carry a token by their name; if there are none, those that do by their value.

    Raises `RequestUnusable` when more than one word stands before a token.
    """
    unusual = {name: value for name, value in headers if not is_usual(name)}
    named = {name: value for name, value in unusual.items() if _BY_NAME.fullmatch(plain(name))}
    alike = {name: value for name, value in unusual.items() if _LOOKS_SECRET.fullmatch(split(value)[1])}
    return tuple(_carrier(name, value, by_name=bool(named)) for name, value in (named or alike).items())


def split(value: str) -> tuple[str, str]:
    """The word before a token, and the token. A word that stands there twice is read once.

    >>> split("Bearer abc"), split("abc"), split("Bearer")
    (('Bearer', 'abc'), ('', 'abc'), ('Bearer', ''))
    """
    found = _WITH_SCHEME.fullmatch(value.strip())
    if value.strip().lower() in _SCHEMES:
        return value.strip(), ""
    if found is None or found[1].lower() in _NO_SCHEMES:
        return "", value.strip()
    again = _WITH_SCHEME.fullmatch(found[2])
    twice = again is not None and again[1].lower() == found[1].lower()
    return found[1], (again[2] if again and twice else found[2]).strip()


def _carrier(name: str, value: str, *, by_name: bool) -> Carrier:
    scheme, text = split(value)
    token = None
    if not is_placeholder(text) and UNWRITTEN not in text:
        if re.search(r"\s", text):
            raise RequestUnusable(
                f"The header {name} holds more than a token; the token, with at most one word before it, was "
                "expected."
            )
        with contextlib.suppress(TokenUnusable):  # dots in place of a token, for example
            token = Token(text)
    standard = "Authorization" if name.lower() == "authorization" else name
    return Carrier(Auth(standard, scheme), token, by_name, value.strip() != UNWRITTEN)
