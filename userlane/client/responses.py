"""An HTTP response becomes the body of a page, or an error of `userlane.errors`."""

import json
import re
import ssl
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from io import BytesIO
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import httpx

from userlane import errors
from userlane.client.transport import RequestDeadline
from userlane.contract import NAMES, Query
from userlane.contract.connection import remove_tokens

_STEP_BYTES = 2**20
_LARGE_BYTES = 4 * 2**20
"""Many times a page of 1,000 records."""

_POLL_SECONDS = 0.1
_MESSAGE_KEYS = ("message", "error", "detail", "errors", "msg", "title", "description")
_MESSAGE_LENGTH = 200
_SENTENCE_ENDS = (".", "!", "?", "…")
_MAY_BE_THE_PAGE = frozenset({400, 410, 416, 422})

_TRANSPORT_ERRORS: Mapping[type[httpx.TransportError], tuple[type[errors.ApiFailed], str]] = {
    httpx.TransportError: (errors.Unreachable, "The connection to {host} broke before the answer was whole."),
    httpx.TimeoutException: (errors.TooSlow, "{host} took too long to answer."),
    httpx.ConnectTimeout: (errors.Unreachable, "{host} does not answer."),
    httpx.ConnectError: (errors.Unreachable, "{host} cannot be reached."),
    httpx.LocalProtocolError: (errors.RequestRefused, "The request to {host} cannot be sent as it is."),
    httpx.ProxyError: (errors.Unreachable, "The proxy does not let requests through to {host}."),
    httpx.UnsupportedProtocol: (errors.RequestRefused, "{host} is not an http or https address."),
}
"""The error and its words by exception of httpx; one that is not here is read as its base class."""


def translate_transport_error(error: httpx.TransportError, host: str) -> errors.ApiFailed:
    """Return this package's error for one of httpx, without its text, which can quote a header."""
    if isinstance(error, httpx.ConnectError):
        for reason in _reasons(error):
            if isinstance(reason, ssl.SSLCertVerificationError):
                return errors.Untrusted(
                    f"The certificate of {host} is not valid for it: {reason.verify_message}.",
                    "Check the address. Behind a company proxy, name its certificate in SSL_CERT_FILE.",
                )
            if isinstance(reason, ssl.SSLError) and not isinstance(reason, ssl.SSLEOFError):
                return errors.Untrusted(
                    f"No secure connection to {host} can be made.", "Check the API address."
                )
    kind, cause = next(_TRANSPORT_ERRORS[base] for base in type(error).__mro__ if base in _TRANSPORT_ERRORS)
    return kind(cause.format(host=host), "Check the API address and the network, then load again.")


def _reasons(error: BaseException) -> Iterator[BaseException]:
    reason: BaseException | None = error
    while reason is not None:
        yield reason
        reason = reason.__cause__ or reason.__context__


def read_body(response: httpx.Response, deadline: RequestDeadline, cap: int, large: Lock) -> bytes:
    """Read and decompress the body in steps of bounded size: one megabyte of gzip can hold a gigabyte.

    Args:
        response: A response whose body has not been read yet.
        deadline: Checked at each step.
        cap: Largest decompressed body, in bytes.
        large: Held while a body is larger than 4 MB, so that one page at a time is: pages requested side by
            side take one times the cap, not several times.

    Raises:
        ResponseTooLarge: The body is larger than `cap`.
        Unreachable: The compressed body is not complete.
        NotData: The body is compressed in another way than gzip.
        httpx.TransportError: The connection broke.
    """
    holds_large = False
    try:
        # A buffer returns its content without a copy, where joined parts would be in memory twice; and a
        # closed buffer is empty, where the traceback of an error would keep the parts.
        with BytesIO() as buffer:
            for part in _decompressed(response):
                deadline.check()
                size = buffer.tell() + len(part)
                if size > cap:
                    raise errors.ResponseTooLarge(
                        f"One page is larger than {cap / 2**20:.0f} MB.",
                        "That is no page of 1,000 records: check the address.",
                    )
                while size > _LARGE_BYTES and not holds_large:
                    holds_large = large.acquire(timeout=_POLL_SECONDS)
                    deadline.check()
                buffer.write(part)
            return buffer.getvalue()
    finally:
        if holds_large:
            large.release()


def _decompressed(response: httpx.Response) -> Iterator[bytes]:
    if response.is_stream_consumed:  # a transport of the tests returns a body that is read already
        yield response.content
        return
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        yield from response.iter_raw()
        return
    if encoding not in {"gzip", "x-gzip"}:
        raise errors.NotData(
            "The answer is packed in a way that was not asked for.", "Check for a proxy in between."
        )
    decompressor = zlib.decompressobj(wbits=31)
    compressed = b""
    try:
        for compressed in response.iter_raw():
            rest = compressed
            while rest:
                yield decompressor.decompress(rest, _STEP_BYTES)
                rest = decompressor.unconsumed_tail
        while compressed and not decompressor.eof and (part := decompressor.decompress(b"", _STEP_BYTES)):
            yield part
    except zlib.error:
        raise errors.Unreachable("The answer could not be unpacked.", "Load again.") from None
    if compressed and not decompressor.eof:
        raise errors.Unreachable("The answer broke off before it was whole.", "Load again.")


def decipher(status: int, headers: Mapping[str, str], body: bytes, query: Query, *, now: datetime) -> bytes:
    """Return `body` if the response holds data; its content is not parsed here.

    `decipher(200, {}, b"[]", query, now=now)` is `b"[]"`.

    Args:
        status: HTTP status.
        headers: By lower-case name.
        body: Decompressed body. Tokens are cut out of the API's own message before it is quoted.
        query: Names the property and survey in messages.
        now: The time from which a Retry-After date is counted.

    Raises:
        TokenRejected: 401.
        RightsMissing: 403.
        NotFound: 404.
        Throttled: 429.
        RequestRefused: Any other 3xx or 4xx.
        ServerFailed: 5xx.
        NotData: 2xx with a web page or nothing at all.
    """
    if 200 <= status < 300:
        return _data(status, headers, body)
    said = error_message(body)
    quoted = f": {said}" if said.endswith(_SENTENCE_ENDS) else f": {said}." if said else "."
    retry_after = _retry_after(headers, now)
    match status:
        case 401:
            raise errors.TokenRejected(
                "The API rejected the token.", "Make a new one in the Portal under Settings > API Token."
            )
        case 403:
            raise errors.RightsMissing(
                f"The token's owner has no right to read {NAMES[query.dataset]} "
                f"of property “{query.property_id}”.",
                "Ask for the right in the Portal, or use the token of a Manager who has it.",
            )
        case 404:
            place = f"property “{query.property_id}”"
            # The property may exist and have none of this dataset.
            unknown = f"no {place}, or has no {NAMES[query.dataset]} of it"
            if query.dataset == "surveys":
                unknown = f"no survey “{query.survey_id}” in {place}"
            raise errors.NotFound(
                f"The API knows {unknown}{quoted}", "Compare the ID with the one in the Portal's address bar."
            )
        case 429:
            raise throttled(retry_after)
        case _ if status < 400:
            host = remove_tokens(urlsplit(headers.get("location", "")).hostname or "")
            raise errors.RequestRefused(
                f"The API points elsewhere ({status}{f', to {host}' if host else ''}); that is not followed.",
                "Check the API address: is a login or a proxy in the way?",
                page=False,
            )
        case _ if status < 500:
            raise errors.RequestRefused(
                f"The API refused the request ({status}){quoted}",
                "Check the dates, the IDs and the API profile.",
                page=status in _MAY_BE_THE_PAGE,
            )
        case _ if retry_after is not None:
            raise errors.ServerFailed(
                f"The API failed ({status}) and asks to wait {_duration(retry_after)}{quoted}",
                "Load again after that time.",
                retry_after=retry_after,
            )
        case _:
            raise errors.ServerFailed(f"The API failed ({status}){quoted}", "Load again in a few minutes.")


def throttled(seconds: float | None) -> errors.Throttled:
    """Return the error of an API that gets too many requests; `seconds` is the wait it asks for, if any."""
    if seconds is None:
        return errors.Throttled("The API says it gets too many requests.", "Load again in a few minutes.")
    return errors.Throttled(
        f"The API asks to wait {_duration(seconds)}.", "Load again after that time.", retry_after=seconds
    )


def error_message(body: bytes) -> str:
    """Return the API's own words about a failure, in one line of at most 200 characters; "" if none.

    >>> error_message(b'{"errors": [{"detail": "wrong date format"}]}')
    'wrong date format'
    """
    text = body[:100_000].decode("utf-8-sig", "replace")
    try:
        said = _message_in(json.loads(text))
    except (ValueError, RecursionError):
        said = "" if text.lstrip().startswith("<") else text
    said = remove_tokens(said)
    said = re.sub(r"[\s\x00-\x1f\x7f]+", " ", said).strip()
    return said if len(said) <= _MESSAGE_LENGTH else said[: _MESSAGE_LENGTH - 1] + "…"


def http_date(text: str) -> datetime | None:
    """Return the moment that a header such as `Date` names; None if it names none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _message_in(document: Any) -> str:
    if isinstance(document, str):
        return document
    if isinstance(document, list):
        return "; ".join(filter(None, map(_message_in, document[:5])))
    if isinstance(document, dict):
        return next(filter(None, (_message_in(document.get(key)) for key in _MESSAGE_KEYS)), "")
    return ""


def _data(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    start = body[:200].removeprefix(b"\xef\xbb\xbf").lstrip()
    if status == 204 or not start:
        raise errors.NotData("The API sent an empty answer.", "Check the API address: login or proxy?")
    if start.startswith(b"<") or "html" in headers.get("content-type", ""):
        raise errors.NotData(
            "A web page instead of data: login or proxy?",
            "Check the API address, and that it needs no sign-in.",
        )
    return body


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait. A date is compared with the server's own clock where the response shows it."""
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    until = http_date(asked)
    if until is None:
        return None
    return max(0.0, (until - (http_date(headers.get("date", "")) or now)).total_seconds())
