"""What every parser returns: the request that the pasted text would send."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

UNWRITTEN = "<not written out>"
"""Stands for a value that only running the code would give."""

LONGEST_FILL = 20_000
"""The most characters that the variables of one paste may be replaced by, all together."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request read from pasted text. Its repr shows neither address nor headers: both may hold the token.

    Attributes:
        method: In capitals.
        url: The whole address, with its parameters.
        headers: Name and value of each header, in order.
        body: What it would send, if anything.
        language: What the text is written in, in words for the screen.
        sign_in: A user name and password given beside the headers.
        not_understood: Options of the command that the parser does not know.
        first_page: The number of the first page, where a document says it.
        from_collection: Whether it may be one of several, of which the caller chooses.
        described: Rows for the screen about the response, from a document: what and what was found.
    """

    method: str
    url: str = field(repr=False)
    headers: Pairs = field(default=(), repr=False)
    body: str | None = field(default=None, repr=False)
    language: str = ""
    sign_in: str | None = field(default=None, repr=False)
    not_understood: tuple[str, ...] = ()
    first_page: Literal[0, 1] | None = None
    described: Pairs = ()
    from_collection: bool = False


class Variables:
    """Values that pasted code gives to names. What they are filled in for is limited in all, so that no code
    can make a long text of a short one.
    """

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._left = LONGEST_FILL
        self.used: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __setitem__(self, name: str, value: str) -> None:
        self._values[name] = value

    def fill(self, name: str, otherwise: str) -> str:
        """The value of `name`, or `otherwise` for a name without one."""
        if name not in self._values:
            return otherwise
        self.used.add(name)
        self._left -= len(self._values[name])
        return self._values[name] if self._left >= 0 else UNWRITTEN


def with_parameters(url: str, parameters: str | Iterable[tuple[str, str]]) -> str:
    """`url` with parameters added: a text as it is, pairs encoded.

    >>> with_parameters("https://a.example/nps?x=1", [("page", "1")])
    'https://a.example/nps?x=1&page=1'
    """
    added = parameters.lstrip("?") if isinstance(parameters, str) else urlencode(list(parameters))
    if not added:
        return url
    url = url.partition("#")[0]
    return url + ("" if url.endswith(("?", "&")) else "&" if "?" in url else "?") + added
