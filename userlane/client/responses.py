"""A status, headers and a body become a body, or an error: one pure function."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from userlane.contract import NAMES, Query
from userlane.contract.connection import remove_tokens
from userlane.errors import (
    NotData,
    NotFound,
    RequestRefused,
    RightsMissing,
    ServerFailed,
    Throttled,
    TokenRejected,
)

_MESSAGE_KEYS = ("message", "error", "detail", "errors", "msg", "title", "description")
_MESSAGE_LENGTH = 200
_SENTENCE_ENDS = (".", "!", "?", "…")
_MAY_BE_THE_PAGE = frozenset({400, 410, 416, 422})


def decipher(status: int, headers: Mapping[str, str], body: bytes, query: Query, *, now: datetime) -> bytes:
    """`body`, if this answer holds one; it is not looked into further.

    `headers` by lower-case name; `now` dates a Retry-After. Tokens are cut out of whatever the API says.

    `decipher(200, {}, b"[]", query, now=now)` is `b"[]"`.

    Raises `TokenRejected` (401), `RightsMissing` (403), `NotFound` (404), `Throttled` (429), `RequestRefused`
    (other 3xx and 4xx), `ServerFailed` (5xx), `NotData` (a web page or nothing at all).
    """
    if 200 <= status < 300:
        return _data(status, headers, body)
    said = message(body)
    told = f": {said}" if said.endswith(_SENTENCE_ENDS) else f": {said}." if said else "."
    retry_after = _retry_after(headers, now)
    match status:
        case 401:
            raise TokenRejected(
                "The API rejected the token.", "Make a new one in the Portal under Settings > API Token."
            )
        case 403:
            raise RightsMissing(
                f"The token's owner has no right to read {NAMES[query.dataset]} "
                f"of property “{query.property_id}”.",
                "Ask for the right in the Portal, or use the token of a Manager who has it.",
            )
        case 404:
            place = f"property “{query.property_id}”"
            # It may be the dataset that it does not have of this property.
            unknown = f"no {place}, or has no {NAMES[query.dataset]} of it"
            if query.dataset == "surveys":
                unknown = f"no survey “{query.survey_id}” in {place}"
            raise NotFound(
                f"The API knows {unknown}{told}", "Compare the ID with the one in the Portal's address bar."
            )
        case 429:
            raise throttled(retry_after)
        case _ if status < 400:
            host = remove_tokens(urlsplit(headers.get("location", "")).hostname or "")
            raise RequestRefused(
                f"The API points elsewhere ({status}{f', to {host}' if host else ''}); that is not followed.",
                "Check the API address: is a login or a proxy in the way?",
                page=False,
            )
        case _ if status < 500:
            raise RequestRefused(
                f"The API refused the request ({status}){told}",
                "Check the dates, the IDs and the API profile.",
                page=status in _MAY_BE_THE_PAGE,
            )
        case _ if retry_after is not None:
            raise ServerFailed(
                f"The API failed ({status}) and asks to wait {_duration(retry_after)}{told}",
                "Load again after that time.",
                retry_after=retry_after,
            )
        case _:
            raise ServerFailed(f"The API failed ({status}){told}", "Load again in a few minutes.")


def message(body: bytes) -> str:
    """What the API itself says about a failure, in one line of at most 200 characters; "" if nothing.

    >>> message(b'{"errors": [{"detail": "wrong date format"}]}')
    'wrong date format'
    """
    text = body[:100_000].decode("utf-8-sig", "replace")
    try:
        said = _said(json.loads(text))
    except (ValueError, RecursionError):
        said = "" if text.lstrip().startswith("<") else text
    said = remove_tokens(said)
    said = re.sub(r"[\s\x00-\x1f\x7f]+", " ", said).strip()
    return said if len(said) <= _MESSAGE_LENGTH else said[: _MESSAGE_LENGTH - 1] + "…"


def throttled(seconds: float | None) -> Throttled:
    """The API wants fewer requests, and said for how long or did not."""
    if seconds is None:
        return Throttled("The API says it gets too many requests.", "Load again in a few minutes.")
    return Throttled(
        f"The API asks to wait {_duration(seconds)}.", "Load again after that time.", retry_after=seconds
    )


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _said(document: Any) -> str:
    if isinstance(document, str):
        return document
    if isinstance(document, list):
        return "; ".join(filter(None, map(_said, document[:5])))
    if isinstance(document, dict):
        for key in _MESSAGE_KEYS:
            if said := _said(document.get(key)):
                return said
    return ""


def _data(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    start = body[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    if status == 204 or not start:
        raise NotData("The API sent an empty answer.", "Check the API address: login or proxy?")
    if start.startswith(b"<") or "html" in headers.get("content-type", ""):
        raise NotData(
            "A web page instead of data: login or proxy?",
            "Check the API address, and that it needs no sign-in.",
        )
    return body


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait; a date is measured by the server's own clock where it shows one."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    until = http_date(asked)
    if until is None:
        return None
    return max(0.0, (until - (http_date(headers.get("date", "")) or now)).total_seconds())


def http_date(text: str) -> datetime | None:
    """The moment that a header such as `Date` names, None if it names none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
