"""Which header carries the token, and how."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from userlane.contract import Auth, Token
from userlane.errors import RequestUnusable, TokenUnusable
from userlane.request_import.naming import (
    is_placeholder,
    is_token_header,
    is_usual_header,
    looks_like_token,
    split_scheme,
)
from userlane.request_import.parsers.common import UNWRITTEN, Pairs
from userlane.request_import.result import Finding, Question

HEADER, SCHEME = "header", "scheme"
"""The roles of the questions for the token's header and for the word before the token."""

NO_HEADER = "none"
"""The answer that no header carries the token."""

_SCHEMES = {"Bearer": "Bearer", "Token": "Token", "none": ""}


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """A header that carries a token, or would.

    Attributes:
        auth: Its name, and the word before the token.
        token: None where the code leaves it to be filled in.
        by_name: Whether the name alone says so.
        whole: False where the code leaves even the word before the token open.
    """

    auth: Auth
    token: Token | None
    by_name: bool
    whole: bool = True


@dataclass(frozen=True, slots=True)
class TokenFound:
    """How the token travels, with what is to be shown and asked about it."""

    auth: Auth | None
    token: Token | None
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]


def token_headers(headers: Pairs) -> tuple[TokenHeader, ...]:
    """The headers that carry a token by their name; if there are none, those that do by their value.

    Raises `RequestUnusable` when more than one word stands before a token.
    """
    unusual = {name: value for name, value in headers if not is_usual_header(name)}
    named = {name: value for name, value in unusual.items() if is_token_header(name)}
    alike = {name: value for name, value in unusual.items() if _looks_like_token(split_scheme(value)[1])}
    return tuple(_token_header(name, value, by_name=bool(named)) for name, value in (named or alike).items())


def _looks_like_token(text: str) -> bool:
    stands_for_one = is_placeholder(text) and re.search(r"token|key|secret", text.lower())
    return bool(stands_for_one) or looks_like_token(text)


def _token_header(name: str, value: str, *, by_name: bool) -> TokenHeader:
    scheme, text = split_scheme(value)
    token = None
    if not is_placeholder(text) and UNWRITTEN not in value:
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
        return TokenHeader(Auth(standard, scheme if whole else ""), token, by_name, whole)
    except ValueError as error:
        raise RequestUnusable(
            f"A header cannot be used ({error}); a name and a token were expected."
        ) from None


def find_token(headers: Sequence[TokenHeader], answers: Mapping[str, str]) -> TokenFound:
    """The header that carries the token, by the answers first. Raises `RequestUnusable` for an answer that
    is none of those possible.
    """
    by_name = {header.auth.header: header for header in headers}
    answer = answers.get(HEADER)
    if answer is not None and answer not in {*by_name, NO_HEADER}:
        raise RequestUnusable(
            f"“{answer}” is not such a header; one of {', '.join([*by_name, NO_HEADER])} was expected."
        )
    if not headers or answer == NO_HEADER:
        why = "no header of the request carries a token; the header of the profile so far is used"
        return TokenFound(None, None, (Finding("Token header", "–", "sure", why),), ())
    with_token = [header for header in headers if header.token]
    certain_by_name = headers[0].by_name and (len(headers) == 1 or len(with_token) == 1)
    likely = (with_token or list(headers))[0]
    if not certain_by_name or answer is not None:
        likely = by_name.get(answer or "Authorization", likely)
    auth, questions = likely.auth, []
    if not certain_by_name and answer is None:
        names = (*by_name, NO_HEADER)
        questions.append(Question(HEADER, "Which header carries the token?", names, auth.header))
    if not likely.whole:
        scheme = answers.get(SCHEME)
        if scheme is None:
            words = "Which word stands before the token?"
            questions.append(Question(SCHEME, words, tuple(_SCHEMES), "Bearer"))
        elif scheme not in _SCHEMES:
            raise RequestUnusable(f"“{scheme}” is no such word; one of {', '.join(_SCHEMES)} was expected.")
        auth = Auth(auth.header, _SCHEMES[scheme or "Bearer"])
    why = "you said so" if answer else "it is named so" if certain_by_name else "it must be asked"
    findings = (
        Finding(
            "Token header",
            f"{auth.header}: {auth.scheme} <token>".replace(":  ", ": "),
            "unsure" if questions else "sure",
            why,
        ),
        Finding(
            "Token",
            "in the request" if likely.token else "not in the request",
            "sure",
            "never a part of the profile" if likely.token else "to be typed",
        ),
    )
    return TokenFound(auth, likely.token, findings, tuple(questions))
