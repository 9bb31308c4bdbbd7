"""Pasted text is read: the requests in it, why there is none, and the text without its secrets.

`read` is the one door for text that a stranger pasted. It imports neither pyarrow nor pandas nor Streamlit,
takes and returns plain data (msgspec encodes a `Reading`), runs nothing and asks nothing, in time and
memory that grow with the length of the text.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from userlane.request_import.parsers.common import LANGUAGES, Request, clean, find_language, unescape
from userlane.request_import.parsers.curl import read_curl
from userlane.request_import.parsers.openapi import MARK, read_openapi
from userlane.request_import.parsers.quoted_text import read_quoted_text
from userlane.request_import.parsers.saved_requests import read_http, read_saved_requests
from userlane.request_import.redact import find_secrets, redact

LONGEST = 60_000
"""Characters of pasted text; requests copied from a browser with all its cookies stay below."""

_DOCUMENT = re.compile(r"\s*+(?:---\s++)?(?:openapi|swagger) ?:")
_INSTEAD = {
    "Nothing was pasted": re.compile(r"\Z"),
    "This is a server's answer, not a request": re.compile(r"HTTP/[0-9.]{1,5} {1,5}\d{3}"),
    "This is an OpenAPI document without a GET that could be read": _DOCUMENT,
    "This is a web page, not a request": re.compile(r"<(?:!doctype|html)\b", re.IGNORECASE),
}
_CALLS = re.compile(
    r"\b(?:fetch|axios(?:\.\w+)?|(?:requests|httpx)\.\w+)\(|\b(?:irm|iwr|invoke-(?:restmethod|webrequest))\s",
    re.IGNORECASE,
)
_EXPECTED = "what “Try it” offers to copy was expected, best of all Shell (cURL)"
_CHOOSE_CURL = "Choose Shell (cURL) above the code and copy again."


@dataclass(frozen=True, slots=True)
class Reading:
    """What pasted text says.

    Attributes:
        requests: The requests in it; several only from a document or a collection of requests.
        refusal: Why there is none, in one sentence without any of the text; empty where there is one.
        next_step: What to do about it.
        redacted: The text without its secrets; empty where they cannot be told from the rest.
    """

    requests: tuple[Request, ...] = field(default=(), repr=False)
    refusal: str = ""
    next_step: str = ""
    redacted: str = field(default="", repr=False)


def read(text: str, ids: Collection[str] = ()) -> Reading:
    """What `text` says, whatever it is: code, raw HTTP, a document or a collection of requests.

    Args:
        text: Anything at all.
        ids: The property ID and the survey ID that the user typed, which are no secrets.
    """
    if len(text) > LONGEST:
        return Reading((), f"There are more than {LONGEST:,} signs in the box; {_EXPECTED}.")
    requests = find_requests(text)
    redacted = redact_secrets(text, ids, requests)
    if not requests:
        refusal, next_step = _explain(text)
        return Reading((), refusal, next_step, redacted)
    if len(requests) > 1 and not requests[0].from_collection:
        several = f"There are {len(requests)} requests in one box; one was expected."
        return Reading((), several, "", redacted)
    return Reading(tuple(requests), "", "", redacted)


def read_paste(files: Sequence[bytes], ids: Sequence[str]) -> Reading:
    """`read` the one text in a child process: see `reader_process`."""
    return read(files[0].decode(), ids)


def redact_secrets(text: str, ids: Collection[str] = (), requests: Collection[Request] | None = None) -> str:
    """`text` with everything secret in it replaced by `<token>`: the token, cookies, passwords.

    What is left teaches the same, without the token. Empty when a secret is written so that it cannot be
    taken out, in parts for example.

    >>> redact_secrets("curl https://api.userlane.com/nps -H 'Authorization: Bearer made-up-4f2a'")
    "curl https://api.userlane.com/nps -H 'Authorization: Bearer <token>'"
    """
    if len(text) > LONGEST:
        return ""
    left = redact(text, find_requests(text) if requests is None else requests, ids)
    return "" if left and find_secrets(find_requests(left)) else left


def find_requests(text: str) -> list[Request]:
    """Every request that `text` would send or describes. Nothing in it is run."""
    if len(text) > LONGEST:
        return []
    described = read_openapi(unescape(text)) if MARK.search(text) else []
    if described or _DOCUMENT.match(text):
        return described
    code = clean(text)
    if code.lstrip()[:1] in {"{", "["}:
        document = _json(code)
        if document is not None:
            return read_saved_requests(document)
    is_curl = LANGUAGES["cURL"].search(code) and not LANGUAGES["PowerShell"].search(code)
    found = read_curl(code) if is_curl else []
    found += read_http(code) if LANGUAGES["HTTP"].search(code) else []
    if re.fullmatch(r"\s*+https?://\S++\s*+", code):
        return [Request("GET", code.strip(), language="address")]
    if found and not _CALLS.search(code):
        return found
    bases = {request.url.partition("?")[0] for request in found}
    return found + [
        each
        for each in read_quoted_text(code, find_language(code))
        if each.url.partition("?")[0] not in bases
    ]


def _json(code: str) -> object:
    try:
        return json.loads(code)
    except (ValueError, RecursionError):
        return None


def _explain(text: str) -> tuple[str, str]:
    """What was found where no request was, and the way out."""
    code = clean(text).strip()
    language = find_language(code)
    instead = next((words for words, pattern in _INSTEAD.items() if pattern.match(code)), "")
    if not instead and code[0] in "[{" and _json(code) is not None:
        instead = "This is JSON, perhaps an answer, not a request"
    if instead or not language:
        return f"{instead or 'This is not a request'}; {_EXPECTED}.", ""
    found = "looks like cURL" if language == "cURL" else f"is {language}"
    words = f"This {found}, but no address of a request is written out in it; it was expected."
    return words, "" if language in {"cURL", "HTTP"} else _CHOOSE_CURL
