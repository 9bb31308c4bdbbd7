"""Whether the API answers a token at all: one request for one record."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from userlane.client import Client, HttpPool, LoadDeadline
from userlane.contract import NAMES, Connection, Query
from userlane.decode import Decoder
from userlane.errors import NotFound, RightsMissing, TokenRejected, TooSlow, Unreachable, UserlaneError


@dataclass(frozen=True, slots=True)
class Probe:
    """What asking one API for one record showed; `error` is what `words` put into words."""

    query: Query
    ok: bool
    words: str
    error: UserlaneError | None = None


def ping(
    connection: Connection, http: HttpPool, query: Query, deadline: LoadDeadline, in_flight: int
) -> bool:
    """Request one record of the query's window. Returns whether the API sent any.

    Raises what `Client.page` and `Decoder.page` raise.
    """
    route = connection.profile.route(query.dataset)
    first = 1 if route.first_page == "auto" else route.first_page
    body = Client(connection, http, deadline, in_flight=in_flight).page(query, first, limit=1)
    return Decoder(query, route.fields).decode(body).records > 0


def describe_error(error: UserlaneError, connection: Connection, query: Query) -> str:
    """What a failed probe means, for the connect page."""
    match error:
        case TokenRejected():
            return "token rejected: make a new one under Settings > API Token"
        case RightsMissing():
            return f"your token has no right to read {NAMES[query.dataset]}"
        case NotFound():
            return "no such property or survey"
        case Unreachable() | TooSlow():
            return f"cannot reach {urlsplit(connection.base_url).netloc}"
        case _:
            return f"{error.cause} {error.next_step}".strip()
