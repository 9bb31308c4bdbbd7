"""Whether one API answers at all, in words."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from userlane.contract import NAMES, Connection, DatasetName, Query
from userlane.errors import NotFound, RightsMissing, TokenRejected, TooSlow, Unreachable, UserlaneError


@dataclass(frozen=True, slots=True)
class Probe:
    """What asking one API for one record showed; `error` is what `words` put into words."""

    query: Query
    ok: bool
    words: str
    error: UserlaneError | None = None

    @property
    def dataset(self) -> DatasetName:
        """Which API was asked."""
        return self.query.dataset


def words(error: UserlaneError, connection: Connection, query: Query) -> str:
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
