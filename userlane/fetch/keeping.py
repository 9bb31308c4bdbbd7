"""What a load asks of the doors and the store, on behalf of its user."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from userlane.client import LoadDeadline
from userlane.contract import Connection, Query
from userlane.errors import UserlaneError
from userlane.fetch.access import Doors
from userlane.fetch.window_fetcher import Run
from userlane.store import Piece, Proof, Store

_CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Asking:
    """As `doors.Asks`: on behalf of one load."""

    run: Callable[[Connection, Query, LoadDeadline], Run]
    connection: Connection
    query: Query
    patience: LoadDeadline

    def proves(self, query: Query, proof: Proof) -> bool:
        return self.run(self.connection, query, self.patience).proves(proof)

    def proves_span(self, pieces: Sequence[Piece]) -> bool:
        return self.run(self.connection, self.query, self.patience).proves_span(pieces)

    def knocks(self) -> None:
        self.run(self.connection, self.query, self.patience).probe()


@dataclass(frozen=True, slots=True)
class Keeping:
    """As `outcome.Keeper`: on behalf of one load."""

    doors: Doors
    store: Store
    connection: Connection
    patience: LoadDeadline
    asks: Asking
    since: datetime | None
    began: datetime = field(default_factory=lambda: datetime.now(UTC) - _CLOCKS_DIFFER)

    def keep(self, piece: Piece) -> Piece:
        return self.doors.keep(self.connection, piece)

    def claim(self, query: Query) -> AbstractContextManager[object] | None:
        return self.store.claim(self.connection.api, query)

    def news(self, query: Query) -> bool:
        if query.dataset != "tags":
            return False
        held = self.store.held(self.connection.api, query)
        return any(each.fetched_at >= self.began for each in held)

    def found(self, query: Query) -> tuple[Piece, ...]:
        with suppress(UserlaneError):  # whatever is wrong, the fetch will tell
            pieces = self.doors.opened(self.connection, query, self.patience, self.asks, self.since)
            if not query.window.without(piece.window for piece in pieces):
                return pieces
        return ()
