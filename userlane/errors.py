"""Everything that can go wrong, said once.

Every error carries its `cause` (one plain sentence) and its `next_step` (what the reader can do about it);
the screen and the command line show just these two.

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
    ├── AnswerUnusable
    │   ├── NotData
    │   ├── EnvelopeUnknown
    │   ├── FieldsMissing
    │   ├── FieldsAmbiguous
    │   └── AnswerTooLarge
    ├── LoadStopped
    └── LongLoad
"""

from collections.abc import Mapping
from typing import ClassVar


class UserlaneError(Exception):
    """Base of all errors this package raises.

    `exit_code` is the command line's answer; `retryable` says whether asking again unchanged can help.
    `status` is that of the API's answer, where one came.
    """

    exit_code: ClassVar[int] = 5
    retryable: ClassVar[bool] = False
    status: int | None = None

    def __init__(self, cause: str, next_step: str = "") -> None:
        super().__init__(f"{cause} {next_step}".strip())
        self.cause = cause
        self.next_step = next_step


class InputUnusable(UserlaneError):
    """Something typed, uploaded or configured cannot be used; no request was made with it."""

    exit_code: ClassVar[int] = 2


class TokenUnusable(InputUnusable):
    """The token is empty or holds characters that cannot travel in a header."""


class IdentifierUnusable(InputUnusable):
    """A property or survey ID is not of the form the API uses."""


class WindowUnusable(InputUnusable):
    """The date range is empty, reversed or not dates."""


class UploadRefused(InputUnusable):
    """An uploaded or mounted file is not what was expected."""

    exit_code: ClassVar[int] = 5


class RequestUnusable(InputUnusable):
    """Pasted code is not one request that this dashboard could make."""


class SettingsUnusable(InputUnusable):
    """An environment setting or the API profile cannot be used."""


class AccessRefused(UserlaneError):
    """The API refused the token or its rights."""

    exit_code: ClassVar[int] = 4


class TokenRejected(AccessRefused):
    """401: the token is wrong, expired or replaced by a newer one."""


class RightsMissing(AccessRefused):
    """403: the token is valid, its owner lacks the right."""


class ApiFailed(UserlaneError):
    """The API answered with a failure, or did not answer."""


class NotFound(ApiFailed):
    """404: no such property or survey."""


class RequestRefused(ApiFailed):
    """Any other 4xx, or a redirect: the API did not accept the request. `page` says whether it may be the
    page number that is at fault.
    """

    def __init__(self, cause: str, next_step: str = "", *, page: bool = True) -> None:
        super().__init__(cause, next_step)
        self.page = page


class Unreachable(ApiFailed):
    """No connection, or it broke before the answer was whole."""

    retryable: ClassVar[bool] = True


class Untrusted(ApiFailed):
    """The server's TLS certificate is not valid for it."""


class TooSlow(ApiFailed):
    """The page deadline or the load budget ran out."""

    retryable: ClassVar[bool] = True


class Throttled(ApiFailed):
    """429: too many requests. `retry_after` is what the API asked for, in seconds, if it said."""

    retryable: ClassVar[bool] = True

    def __init__(self, cause: str, next_step: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(cause, next_step)
        self.retry_after = retry_after


class ServerFailed(ApiFailed):
    """5xx: the API itself failed. `retry_after` as in `Throttled`."""

    retryable: ClassVar[bool] = True

    def __init__(self, cause: str, next_step: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(cause, next_step)
        self.retry_after = retry_after


class AnswerUnusable(UserlaneError):
    """A 200 whose body is not the data that was asked for."""


class NotData(AnswerUnusable):
    """A web page, an empty body or something else that is not JSON."""


class EnvelopeUnknown(AnswerUnusable):
    """JSON, but no list of records in it."""


class FieldsMissing(AnswerUnusable):
    """Records of `dataset` without a field that cannot be done without.

    `missing` are the canonical names of such fields, `keys` all that the records have: dotted where they lie
    in nested objects. In a profile, `fields` says which is which.
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


class FieldsAmbiguous(AnswerUnusable):
    """Records of `dataset` with several keys for one field, whose values differ.

    `candidates` are these keys, as in `FieldsMissing`, by the field's canonical name.
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


class AnswerTooLarge(AnswerUnusable):
    """One page larger than any honest page of 1,000 records."""


class LoadStopped(UserlaneError):
    """The user stopped the load."""

    exit_code: ClassVar[int] = 3


class LongLoad(UserlaneError):
    """A load would take long, and nobody has agreed to it yet: about `records` records, `seconds` seconds."""

    def __init__(self, records: int, seconds: float) -> None:
        minutes = max(1, round(seconds / 60))
        super().__init__(
            f"These days hold about {_rounded(records):,} tag records that are not here yet. Getting them "
            f"takes about {minutes} minute{'' if minutes == 1 else 's'}.",
            "Load them, or choose a shorter range.",
        )
        self.records = _rounded(records)
        self.seconds = seconds


def _rounded(number: int) -> int:
    """To two digits: more would claim to be known."""
    return int(float(f"{number:.1e}"))
