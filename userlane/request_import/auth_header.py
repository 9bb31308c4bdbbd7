"""Which header carries the token, and how."""

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from userlane.contract import Auth, Token
from userlane.errors import RequestUnusable, TokenUnusable
from userlane.request_import import naming
from userlane.request_import.parsers.common import UNWRITTEN, Pairs
from userlane.request_import.result import Notes

HEADER, SCHEME = "header", "scheme"
"""The roles of the questions for the token's header and for the word before the token."""

_NO_HEADER = "none"
_SCHEMES = {"Bearer": "Bearer", "Token": "Token", "none": ""}


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """A header that carries a token, or would.

    Attributes:
        auth: Its name, and the word before the token.
        token: None where the code leaves it to be filled in.
        whole: False where the code leaves even the word before the token open.
    """

    auth: Auth
    token: Token | None
    whole: bool


def token_headers(headers: Pairs) -> tuple[TokenHeader, ...]:
    """The headers that carry a token by their name; if there are none, those that do by their value.

    Raises `RequestUnusable` when more than one word stands before a token.
    """
    unusual = {name: value for name, value in headers if not naming.is_usual_header(name)}
    named = {name: value for name, value in unusual.items() if naming.is_token_header(name)}
    alike = {name: value for name, value in unusual.items() if _looks_like_token(value)}
    return tuple(_token_header(name, value) for name, value in (named or alike).items())


def _looks_like_token(value: str) -> bool:
    text = naming.split_scheme(value)[1]
    stands_for_one = naming.is_placeholder(text) and re.search(r"token|key|secret", text.lower())
    return bool(stands_for_one) or naming.looks_like_token(text)


def _token_header(name: str, value: str) -> TokenHeader:
    scheme, text = naming.split_scheme(value)
    token = None
    if not naming.is_placeholder(text) and UNWRITTEN not in value:
        if re.search(r"\s", text):
            raise RequestUnusable(
                f"The header {name} holds more than a token; the token, with at most one word before it, was "
                "expected."
            )
        with contextlib.suppress(TokenUnusable):  # dots in place of a token, for example
            token = Token(text)
    standard = "Authorization" if name.lower() == "authorization" else name
    whole = value.strip() != UNWRITTEN
    try:
        return TokenHeader(Auth(standard, scheme if whole else ""), token, whole)
    except ValueError as error:
        raise RequestUnusable(
            f"A header cannot be used ({error}); a name and a token were expected."
        ) from None


def find_token(headers: Sequence[TokenHeader], notes: Notes) -> tuple[Auth | None, Token | None]:
    """How the token travels, by the answers first, and the token; noted and asked about in `notes`."""
    by_name = {header.auth.header: header for header in headers}
    names = (*by_name, _NO_HEADER)
    answer = notes.answer(HEADER, names, "not such a header")
    if not headers or answer == _NO_HEADER:
        why = "no header of the request carries a token; the header of the profile so far is used"
        notes.add("Token header", "–", why)
        return None, None
    with_token = [header for header in headers if header.token]
    alone = len(headers) == 1 or len(with_token) == 1
    certain_by_name = alone and naming.is_token_header(headers[0].auth.header)
    likely = (with_token or headers)[0]
    if not certain_by_name or answer is not None:
        likely = by_name.get(answer or "Authorization", likely)
    auth, asked = likely.auth, len(notes.questions)
    if not certain_by_name and answer is None:
        notes.ask(HEADER, "Which header carries the token?", names, auth.header)
    if not likely.whole:
        scheme = notes.answer(SCHEME, tuple(_SCHEMES), "no such word")
        if scheme is None:
            notes.ask(SCHEME, "Which word stands before the token?", tuple(_SCHEMES), "Bearer")
        auth = Auth(auth.header, _SCHEMES[scheme or "Bearer"])
    why = "you said so" if answer else "it is named so" if certain_by_name else "it must be asked"
    shown = f"{auth.header}: {auth.scheme} <token>".replace(":  ", ": ")
    notes.add("Token header", shown, why, sure=len(notes.questions) == asked)
    if likely.token:
        notes.add("Token", "in the request", "never a part of the profile")
    else:
        notes.add("Token", "not in the request", "to be typed")
    return auth, likely.token
