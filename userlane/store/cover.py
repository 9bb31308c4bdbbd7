"""Which stored pieces together answer a query."""

from datetime import datetime

from userlane.contract import Query, Window
from userlane.store.windows import Held, Piece, Proof, Store, overlap


class Cover:
    """Stored pieces laid side by side over a query's window, each day from the first that was added.

    Only what is fresh at `now` is taken; at None, whatever its age. What was fetched before `since` is not.
    """

    def __init__(
        self, store: Store, api: str, query: Query, now: datetime | None, since: datetime | None = None
    ) -> None:
        self._since = since
        self._store = store
        self._api = api
        self._query = query
        self._now = now
        self._pieces: list[Piece] = []
        self._gaps: list[Window] = [query.window]

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """What was added, cut, in order."""
        return tuple(sorted(self._pieces, key=lambda piece: piece.window))

    def wants(self, held: Held) -> bool:
        """Whether it would fill a gap."""
        usable = held.usable(self._now)
        if self._since is not None and held.fetched_at < self._since:
            return False
        return usable is not None and any(overlap(gap, usable) for gap in self._gaps)

    def add(self, held: Held) -> bool:
        """Fill what gaps it fills; whether there were any."""
        piece = self._store.take(self._api, held) if self.wants(held) else None
        usable = held.usable(self._now)
        if piece is None or usable is None:
            return False
        self._pieces += [piece.over(part) for gap in self._gaps if (part := overlap(gap, usable))]
        self._gaps = [rest for gap in self._gaps for rest in gap.without([usable])]
        return True

    def look(self, held: Held) -> Piece | None:
        """The whole piece, not added, if it can be had and nothing of its fetch lies outside its window."""
        piece = self._store.take(self._api, held)
        return piece if piece is not None and not piece.outside else None

    def proof(self, held: Held) -> Proof | None:
        """What another token can be asked to show of it, if anything can."""
        return self._store.proof(self._api, held)
