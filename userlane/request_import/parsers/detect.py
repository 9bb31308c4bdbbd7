"""Pasted code becomes one request, whatever language it is in, or a sentence saying why not."""

import json
import re
from collections.abc import Callable

from userlane.errors import RequestUnusable
from userlane.request_import.parsers.curl import read_curl
from userlane.request_import.parsers.http import METHODS, read_raw
from userlane.request_import.parsers.javascript import read_javascript
from userlane.request_import.parsers.powershell import read_powershell
from userlane.request_import.parsers.python import read_python
from userlane.request_import.parsers.request import Request

LONGEST = 60_000
"""Signs of pasted code; requests copied from a browser with all its cookies stay below."""

Reader = Callable[[str], list[Request]]

_READERS: tuple[tuple[str, re.Pattern[str], Reader], ...] = (
    (
        "cURL",
        re.compile(r"^[ \t]*(?:[$>%]\s*)?(?:\w+=\S*[ \t]+)*(?:\S*/)?curl(?:\.exe)?[\s^]", re.MULTILINE),
        read_curl,
    ),
    (
        "PowerShell",
        re.compile(r"\b(?:invoke-webrequest|invoke-restmethod|iwr|irm)\b", re.IGNORECASE),
        read_powershell,
    ),
    ("JavaScript", re.compile(r"\bfetch\s*\(|\baxios\b"), read_javascript),
    ("Python", re.compile(r"\b(?:requests|httpx)\.\w|\.(?:get|request)\("), read_python),
    ("HTTP", re.compile(rf"^[ \t]*(?:(?:{'|'.join(METHODS)})[ \t]+\S|:method:)", re.MULTILINE), read_raw),
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_TYPED: dict[str, str | int | None] = {
    "“": '"',
    "”": '"',
    "„": '"',
    "‘": "'",
    "’": "'",
    "\u00a0": " ",
    "\u200b": "",
    "\ufeff": "",
}
_DASH = re.compile(r"(?<=\s)[–—](?=\w)")
_EXPECTED = "what “Try it” offers to copy was expected: cURL, HTTP, Python, JavaScript or PowerShell"


def requests_in(code: str) -> list[Request]:
    """Every request that `code` would send. Nothing in it is run."""
    if len(code) > LONGEST:
        return []
    # What word processors and chats make of quotes, spaces and dashes is undone first.
    plain = _FENCE.sub("", code).translate(str.maketrans(_TYPED))
    plain = _DASH.sub("--", plain.replace("\r\n", "\n").replace("\r", "\n"))
    found = [request for _, marker, read in _READERS if marker.search(plain) for request in read(plain)]
    if not found and re.fullmatch(r"https?://\S+", plain.strip()):
        return [Request("GET", plain.strip(), language="address")]
    return found


def read_request(code: str) -> Request:
    """The one request in `code`. Nothing in it is run.

    Raises `RequestUnusable` when there is none or more than one; the error holds no text of the code.
    """
    found = requests_in(code)
    if len(found) == 1:
        return found[0]
    if found:
        raise RequestUnusable(f"There are {len(found)} requests in one box; one was expected.")
    raise RequestUnusable(f"{_instead(code)}; {_EXPECTED}.")


def _instead(code: str) -> str:  # noqa: PLR0911 - one case for each thing that people paste
    """What was found where no request was."""
    text = code.strip()
    if not text:
        return "There is nothing in the box"
    if len(code) > LONGEST:
        return f"There are more than {LONGEST:,} signs in the box"
    if re.match(r"HTTP/[0-9.]+ +\d{3}", text):
        return "This is a server's answer, not a request"
    if re.match(r"<(?:!doctype|html)\b", text, re.IGNORECASE):
        return "This is a web page, not a request"
    if text[0] in "[{":
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            pass
        else:
            return "This is JSON, perhaps an answer, not a request"
    for language, marker, _ in _READERS:
        if marker.search(code):
            return f"This looks like {language}, but no address of a request is written out in it"
    return "This is not a request"
