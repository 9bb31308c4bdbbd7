"""The faults that can hit any page of a walk, and what must become of each."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests import responses
from tests.responses import document, in_json, status
from tests.server import Response
from tests.system.faults.leaks import SENTINEL
from userlane.client import Limits
from userlane.errors import (
    EnvelopeUnknown,
    FieldsMissing,
    NotData,
    NotFound,
    RequestRefused,
    ResponseTooLarge,
    RightsMissing,
    ServerFailed,
    Throttled,
    TokenRejected,
    TooSlow,
    Unreachable,
    UserlaneError,
)

PATIENT = Limits(page_seconds=30, load_seconds=120, tries=4, backoff=0.005, page_bytes=4 * 2**20)
"""No deadline fires on a machine that is busy with other things, and tries follow each other quickly."""

SHORT = Limits(page_seconds=1.0, load_seconds=120, tries=4, backoff=0.005, page_bytes=4 * 2**20)
"""For faults that only a deadline ends."""

_QUOTING = f"no such header: Authorization: Bearer {SENTINEL} ({SENTINEL})"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is sent in place of a page, made of the correct `body`, and what must become of it.

    `error` is raised where the page is the first; on later pages its words, which `says` matches, are the
    reason. `tries` is how often a page is asked for that always fails so.

    `unhurried` faults take seconds; after `final` ones no other window is asked for; after `shut` ones
    nothing is, for an hour; `spills` leaves something on the connection, so that the next request may fail.
    """

    name: str
    sent: Callable[[bytes], Response]
    error: type[UserlaneError]
    says: str
    tries: int = 1
    limits: Limits = PATIENT
    unhurried: bool = False
    final: bool = False
    shut: bool = False
    spills: bool = False

    def __str__(self) -> str:
        """As tests are called."""
        return re.sub(r"[^0-9A-Za-z]+", "-", self.name).strip("-")

    @property
    def brief(self) -> Limits:
        """Its limits, with fewer tries: where it is not how often a page is asked for that matters."""
        return replace(self.limits, tries=1 if self.limits is SHORT else 2)

    @property
    def passes(self) -> bool:
        """Whether asking again can help."""
        return self.tries > 1


def _broken(name: str, sent: Callable[[bytes], Response], says: str = "broke") -> Fault:
    return Fault(name, sent, Unreachable, says, tries=4, final=True)


def _endless(name: str, sent: Response) -> Fault:
    return Fault(name, lambda _: sent, TooSlow, "longer than 1 s for one page", 4, SHORT, unhurried=True)


ACCESS = (
    Fault(
        "401 midway", lambda _: status(401, says=_QUOTING), TokenRejected, "rejected the token", final=True
    ),
    Fault("403", lambda _: status(403, says=_QUOTING), RightsMissing, "no right to read", final=True),
    Fault("404 property", lambda _: status(404, says=_QUOTING), NotFound, "knows no property", final=True),
)

WAITS = (
    Fault(
        "429 in seconds",
        lambda _: responses.wait_seconds(429, 1),
        Throttled,
        "asks to wait 1 s",
        4,
        unhurried=True,
        final=True,
    ),
    Fault(
        "429 until a date",
        lambda _: responses.wait_until(429, 1),
        Throttled,
        "asks to wait 1 s",
        4,
        unhurried=True,
        final=True,
    ),
    Fault("429 without a time", lambda _: status(429), Throttled, "too many requests", 4, final=True),
    Fault(
        "429 too long",
        lambda _: responses.wait_seconds(429, 3600),
        Throttled,
        "wait 60 min",
        final=True,
        shut=True,
    ),
    Fault("503 too long", lambda _: responses.wait_seconds(503, 3600), ServerFailed, "503", shut=True),
)

PASSING = (
    *(
        Fault(str(code), lambda _, code=code: status(code, says=_QUOTING), ServerFailed, f"\\({code}\\)", 4)  # type: ignore[misc]  # a default binds the code
        for code in (500, 502, 503, 504)
    ),
    _broken("hung up", lambda _: responses.hang_up),
    _broken("reset before the answer", lambda _: responses.reset()),
    _broken("reset mid-head", lambda _: responses.reset(b"HTTP/1.1 200 OK\r\nContent-Le")),
    _broken("reset mid-body", responses.reset_mid_body),
    _broken("truncated body", responses.truncated),
    _broken("truncated chunks", responses.truncated_chunks),
    _broken("truncated gzip", lambda body: responses.zipped(body, keep=0.5), "broke off"),
    _broken(
        "broken gzip", lambda body: responses.zipped(body, keep=0.5, end=b"\xff" * 50), "unpacked|broke off"
    ),
    _broken("Content-Length too long", responses.length_too_long),
    _broken("not HTTP", lambda _: responses.not_http),
)

ENDLESS = (
    _endless("dripping body", responses.drip_body),
    _endless("headers never come", responses.silence),
    _endless("dripping headers", responses.drip_headers),
    Fault(
        "Content-Length never reached",
        responses.length_never_reached,
        TooSlow,
        "longer than 1 s for one page",
        4,
        SHORT,
        unhurried=True,
    ),
)

TOO_LARGE = (
    Fault("gzip bomb", lambda _: responses.gzip_bomb(64), ResponseTooLarge, "larger|too large|MB"),
    Fault("endless body", lambda _: responses.endless, ResponseTooLarge, "larger|too large|MB"),
)

NO_DATA = (
    Fault("web page", lambda _: responses.web_page(_QUOTING), NotData, "web page instead of data"),
    Fault("empty body", lambda _: document(b""), NotData, "empty answer"),
    Fault("204", lambda _: responses.no_content, NotData, "empty answer"),
    Fault(
        "packed otherwise",
        lambda body: document(body, 200, "Content-Encoding: br"),
        NotData,
        "packed in a way",
    ),
)


def _unusable(name: str, body: bytes, says: str, error: type[UserlaneError] = EnvelopeUnknown) -> Fault:
    return Fault(name, lambda _: document(body), error, says)


NO_RECORDS = (
    _unusable("invalid JSON", b'{"data": [{"id": 1,}]}', "not JSON", NotData),
    Fault("JSON cut short", lambda body: document(body[:-2]), NotData, "not JSON"),
    Fault("Content-Length too short", responses.length_too_short, NotData, "not JSON", spills=True),
    _unusable("wrong envelope", in_json({"status": "ok", "page": 1}), "no list of records"),
    _unusable("a single record", in_json({"id": 1, "userId": "u", "score": 9}), "no list of records"),
    _unusable("a list of other things", in_json({"data": [1, "two", None]}), "not of records"),
    _unusable("nested without end", b"[" * 100_000, "not JSON", NotData),
    _unusable("error with 200", in_json({"error": _QUOTING}), "error in place of records"),
    _unusable(
        "error with 200 and no rows", in_json({"data": [], "error": {"code": 7}}), "error in place of records"
    ),
    _unusable(
        "failure flag with 200 and no rows",
        in_json({"success": False, "data": [], "message": _QUOTING}),
        "error in place of records",
    ),
    _unusable("data: null", in_json({"data": None}), "no list of records"),
)

TOUCHED = (
    Fault(
        "required field in no record",
        lambda body: document(body.replace(b'"score"', b'"points"')),
        FieldsMissing,
        "no field for score",
    ),
)

REDIRECTS = tuple(f"redirect {code}" for code in (301, 302, 307, 308))


def redirect(name: str, to: str) -> Fault:
    """A redirect to another server."""
    code = int(name.removeprefix("redirect "))
    return Fault(name, lambda _: responses.redirect(code, to), RequestRefused, "points elsewhere")


FAULTS = (*ACCESS, *WAITS, *PASSING, *ENDLESS, *TOO_LARGE, *NO_DATA, *NO_RECORDS)
"""All that need nothing but an answer."""

HASTY = tuple(fault for fault in FAULTS if not fault.unhurried)
UNHURRIED = tuple(fault for fault in FAULTS if fault.unhurried)
