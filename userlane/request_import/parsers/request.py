"""What every language's reader gives: one request, as it would have been sent."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    """A request read from code. Its text shows neither address nor headers: the token may be in any of them.

    `sign_in` is a user name and password given beside the headers.
    """

    method: str
    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: str | None = field(default=None, repr=False)
    language: str = ""
    sign_in: str | None = field(default=None, repr=False)
