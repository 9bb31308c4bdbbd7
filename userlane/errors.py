"""All errors of this program, in one tree.

Each error has a `cause` (one plain sentence) and a `next_step` (what the reader can do about it). The screen
and the command line show these two and nothing else.

    UserlaneError
    ├── InputUnusable
    │   ├── TokenUnusable
    │   ├── IdentifierUnusable
    │   ├── WindowUnusable
    │   ├── UploadRefused
    │   ├── RequestUnusable
    │   └── SettingsUnusable
    ├── AccessRefused
    │   ├── TokenRejected
    │   └── RightsMissing
    ├── ApiFailed
    │   ├── NotFound
    │   ├── RequestRefused
    │   ├── Unreachable
    │   ├── Untrusted
    │   ├── TooSlow
    │   ├── Throttled
    │   └── ServerFailed
    ├── ResponseUnusable
    │   ├── NotData
    │   ├── EnvelopeUnknown
    │   ├── FieldsMissing
    │   ├── FieldsAmbiguous
    │   └── ResponseTooLarge
    ├── LoadStopped
    └── ConsentNeeded
"""

from collections.abc import Mapping
from pathlib import PurePath
from typing import ClassVar

from userlane.formatting import format_minutes, format_number


class UserlaneError(Exception):
    """Base of all errors this package raises.

    `cause` is one plain sentence, `next_step` what the reader can do. `exit_code` is that of the command
    line; `retryable` says whether the same request may succeed later. `status` is the HTTP status of the API
    response, None where none came; `retry_after` the seconds that it asked to wait, if it did.
    """

    exit_code: ClassVar[int] = 5
    retryable: ClassVar[bool] = False
    status: int | None = None

    def __init__(self, cause: str, next_step: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(f"{cause} {next_step}".strip())
        self.retry_after = retry_after
        self.cause = cause
        self.next_step = next_step


class InputUnusable(UserlaneError):
    """Typed, uploaded or configured input cannot be used; no request was sent with it."""

    exit_code: ClassVar[int] = 2


class TokenUnusable(InputUnusable):
    """The token is empty or has characters that an HTTP header cannot have."""


class IdentifierUnusable(InputUnusable):
    """A property or survey ID does not have the form that the API uses."""


class WindowUnusable(InputUnusable):
    """The date range is empty, or its end is before its start."""


class UploadRefused(InputUnusable):
    """An uploaded or mounted file does not have the expected content."""

    exit_code: ClassVar[int] = 5

    @classmethod
    def of_file(cls, file_name: str, reason: str, next_step: str) -> "UploadRefused":
        """Make the error whose cause is the file's name and the reason."""
        return cls(f"“{base_name(file_name)}” {reason}.", next_step)


def base_name(file_name: str) -> str:
    """Return the file's name without its folders, cut where it is too long for a sentence.

    >>> base_name("C:/exports/tags.csv")
    'tags.csv'
    """
    name = PurePath(file_name.replace("\\", "/")).name or "The file"
    return name if len(name) <= 60 else f"{name[:40]}…{name[-15:]}"


class RequestUnusable(InputUnusable):
    """Pasted code is not one request that this dashboard can send."""


class SettingsUnusable(InputUnusable):
    """An environment variable or the API profile cannot be used."""


class AccessRefused(UserlaneError):
    """The API refused the token or its rights."""

    exit_code: ClassVar[int] = 4


class TokenRejected(AccessRefused):
    """401: the token is wrong, expired or replaced by a newer one."""


class RightsMissing(AccessRefused):
    """403: the token is valid, but its owner does not have the right."""


class ApiFailed(UserlaneError):
    """The API reported a failure, or sent no response."""


class NotFound(ApiFailed):
    """404: the property or survey does not exist."""


class RequestRefused(ApiFailed):
    """Any other 4xx, or a redirect: the API did not accept the request.

    `page` says whether the page number may be the reason.
    """

    def __init__(self, cause: str, next_step: str = "", *, page: bool = True) -> None:
        super().__init__(cause, next_step)
        self.page = page


class Unreachable(ApiFailed):
    """The connection failed, or it broke before the response was complete."""

    retryable: ClassVar[bool] = True


class Untrusted(ApiFailed):
    """The TLS certificate of the server is not valid for its host name."""


class TooSlow(ApiFailed):
    """The deadline of a page or the time budget of the load has passed."""

    retryable: ClassVar[bool] = True


class Throttled(ApiFailed):
    """429: too many requests."""

    retryable: ClassVar[bool] = True


class ServerFailed(ApiFailed):
    """5xx: the API failed."""

    retryable: ClassVar[bool] = True


class ResponseUnusable(UserlaneError):
    """A response with status 200 whose body is not the requested data."""


class NotData(ResponseUnusable):
    """The body is not JSON: a web page, for example, or nothing."""


class EnvelopeUnknown(ResponseUnusable):
    """The body is JSON without a list of records."""


class FieldsMissing(ResponseUnusable):
    """The records of `dataset` lack a required field.

    `missing` are the canonical names of such fields; `keys` are all keys of the records, dotted (`user.id`)
    where they are in nested objects. The profile's `fields` can say which key is which field.
    """

    def __init__(
        self,
        cause: str,
        next_step: str = "",
        *,
        dataset: str = "",
        missing: tuple[str, ...] = (),
        keys: tuple[str, ...] = (),
    ) -> None:
        super().__init__(cause, next_step)
        self.dataset = dataset
        self.missing = missing
        self.keys = keys


class FieldsAmbiguous(ResponseUnusable):
    """The records of `dataset` have several keys for one field, and their values differ.

    `candidates` are these keys, written as in `FieldsMissing`, by the canonical name of the field.
    """

    def __init__(
        self,
        cause: str,
        next_step: str = "",
        *,
        dataset: str = "",
        candidates: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        super().__init__(cause, next_step)
        self.dataset = dataset
        self.candidates = dict(candidates or {})


class ResponseTooLarge(ResponseUnusable):
    """One page is larger than a page of 1,000 records can be."""


class LoadStopped(UserlaneError):
    """The user stopped the load."""

    exit_code: ClassVar[int] = 3


class ConsentNeeded(UserlaneError):
    """A load would take long, and nobody has agreed to it yet: about `records` records, `seconds` seconds."""

    def __init__(self, records: int, seconds: float) -> None:
        super().__init__(
            f"These days hold about {format_number(_rounded(records))} tag records that are not here yet. "
            f"Getting them takes about {format_minutes(seconds)}.",
            "Load them, or choose a shorter range.",
        )
        self.records = _rounded(records)
        self.seconds = seconds


def _rounded(number: int) -> int:
    """Round to two significant digits, since the number is an estimate."""
    return int(float(f"{number:.1e}"))
