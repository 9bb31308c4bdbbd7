"""Which token may open which stored rows.

Rights are the API's to give, so the API is asked, for each piece by itself. A token opens what it has
fetched. A piece that another token has fetched it opens after it was made to ask for that window's first and
last page and got what the other one had got. After 15 minutes it shows so again, for one of the pieces that
are to be opened; if it gets something else, it has to show all of them anew.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Lock
from typing import Protocol

from userlane.client import LoadDeadline
from userlane.contract import Connection, Query
from userlane.errors import AccessRefused, LoadStopped, Throttled, UserlaneError
from userlane.fetch.door import ADMITTED, Door, entered, lately
from userlane.store import Cover, Held, Piece, Proof, Store

_REMEMBERED = timedelta(hours=24)
_MOST_DIFFERENT = 2
_SHORTEST_SPAN = 3
"""Windows; the first page and the last of each cost no more requests where there are fewer."""

_MOST_SPANS_FAILED = 12
"""Enough to find the half, the quarter … of a year that a token may not see."""
_MOST_ASKED_AGAIN = 2
_ENDS = (AccessRefused, LoadStopped, Throttled)
"""After these there is nothing more to ask."""


class Asks(Protocol):
    """What a token can be made to show. All raise what the client raises."""

    def proves(self, query: Query, proof: Proof) -> bool:
        """Whether the first and the last page of the query's window are these, and nothing follows."""

    def proves_span(self, pieces: Sequence[Piece]) -> bool:
        """Whether these pieces of tags, side by side, are what it gets of all their days together."""

    def knocks(self) -> None:
        """Ask for one record, which shows no more than that the API answers."""


_Key = tuple[str, str, str, str | None]


class Doors:
    """One door for each token, property, dataset and survey. A store is told nothing about tokens."""

    def __init__(self, store_of: Callable[[Connection], Store]) -> None:
        self._store_of = store_of
        self._doors: dict[_Key, Door] = {}
        self._swept_at = datetime.now(UTC)
        self._lock = Lock()

    def opened(
        self,
        connection: Connection,
        query: Query,
        patience: LoadDeadline,
        asks: Asks,
        since: datetime | None = None,
    ) -> tuple[Piece, ...]:
        """The stored pieces of the query's window that are fresh and that this token may see, cut so that
        they lie side by side, in order; only those fetched `since` a moment, if one is given.

        Raises what `asks` raises where it is about pieces that this token has seen before.
        """
        door = self._door(connection, query)
        with entered(door, patience):
            now = datetime.now(UTC)
            store, api = self._store_of(connection), connection.api
            held = store.held(api, query)
            cover = Cover(store, api, query, now, since)
            known = [each for each in held if each.id in door.known and cover.add(each)]
            long_ago = [each for each in known if not lately(door.known[each.id])]
            if long_ago:
                changed = self._changed(door, store, api, long_ago, asks)
                if changed is not None:
                    door.known.clear()
                    if changed:
                        door.different[changed] = now
                    cover = Cover(store, api, query, now, since)
            self._show(door, cover, held, patience, asks)
            return cover.pieces

    def older(self, connection: Connection, query: Query) -> tuple[Piece, ...]:
        """The same of any age, and only of what this token knows: nothing is asked."""
        door = self._door(connection, query)
        store, api = self._store_of(connection), connection.api
        cover = Cover(store, api, query, None)
        for each in store.held(api, query):
            if each.id in door.known:
                cover.add(each)
        return cover.pieces

    def keep(self, connection: Connection, piece: Piece) -> Piece:
        """Store what this token has fetched, in place of what it knew of the same window; as it is kept."""
        door = self._door(connection, piece.query)
        kept = self._store_of(connection).keep(connection.api, piece, frozenset(tuple(door.known)))
        door.know(piece.id)
        return kept

    def proved_at(self, connection: Connection, query: Query, pieces: Iterable[Piece]) -> datetime:
        """The last moment at which the API let this token see all of these pieces; now, where there are
        none.
        """
        known, now = self._door(connection, query).known, datetime.now(UTC)
        return min((known.get(piece.id, now) for piece in pieces), default=now)

    def is_open(self, connection: Connection, query: Query) -> bool:
        """Whether the API has answered this token within the last 15 minutes."""
        return self._door(connection, query).is_open

    def open(self, connection: Connection, query: Query) -> None:
        """The API has just answered this token."""
        self._door(connection, query).open_since = datetime.now(UTC)

    def shut(self, connection: Connection, query: Query | None = None) -> None:
        """Forget what this token has shown: of the query's property, dataset and survey, or altogether.

        Rows that are in memory only and that nobody else may open are dropped.
        """
        whose = connection.scope
        with self._lock:
            gone = [
                key for key in self._doors if (key == _key(connection, query) if query else key[0] == whose)
            ]
            known = {each for key in gone for each in tuple(self._doors.pop(key).known)}
            for door in self._doors.values():
                known.difference_update(tuple(door.known))
        self._store_of(connection).release(known)

    def _changed(self, door: Door, store: Store, api: str, known: Sequence[Held], asks: Asks) -> str | None:
        """The piece that this token gets no longer as it did, of those that are asked for again; "" where it
        is one of many. Settled windows first: in others, answers may have arrived meanwhile. Of tags, all
        that lie side by side are asked for together.

        An API that fails tells nothing; then its last answer counts for as long as the door is open.
        """
        failure: UserlaneError | None = None
        for ask, piece_id in _questions(store, api, known, asks):
            try:
                if not ask():
                    return piece_id
                break
            except _ENDS:
                raise
            except UserlaneError as error:
                failure = error
        else:
            if failure is not None and door.is_open:
                return None
            if failure is not None:
                raise failure
            asks.knocks()
        door.open_since = datetime.now(UTC)
        for each in known:
            door.know(each.id)
        return None

    def _show(
        self, door: Door, cover: Cover, held: Sequence[Held], patience: LoadDeadline, asks: Asks
    ) -> None:
        """Pieces of others: a token that is shown not to see the same is not asked much longer."""
        self._show_spans(door, cover, held, patience, asks)
        now, different = datetime.now(UTC), 0
        for each in held:
            found_different = door.different.get(each.id)
            if each.id in door.known or different == _MOST_DIFFERENT or not cover.wants(each):
                continue
            if found_different is not None and lately(found_different):
                different += 1
                continue
            proof = cover.proof(each)
            if proof is None:
                continue
            try:
                shown = asks.proves(each.query, proof)
            except _ENDS:
                raise
            except UserlaneError:
                if patience.remaining <= 0:
                    raise
                shown = False  # its own load tells what is wrong, if anything is
            if shown:
                door.know(each.id)
                door.open_since = datetime.now(UTC)
                cover.add(each)
            else:
                different += 1
                door.different[each.id] = now

    def _show_spans(
        self, door: Door, cover: Cover, held: Sequence[Held], patience: LoadDeadline, asks: Asks
    ) -> None:
        """Tags have many windows, so those that lie side by side are shown together, else in two halves."""
        new = [each for each in held if each.id not in door.known and each.id not in door.different]
        spans = [span for span in _spans(filter(cover.wants, new)) if len(span) >= _SHORTEST_SPAN]
        failed = 0
        while spans and failed < _MOST_SPANS_FAILED:
            span = spans.pop(0)
            taken = [piece for each in span if (piece := cover.look(each))]
            try:
                shown = len(taken) == len(span) and asks.proves_span(taken)
            except _ENDS:
                raise
            except UserlaneError:
                if patience.remaining <= 0:
                    raise
                return  # its own load tells what is wrong, if anything is
            if shown:
                door.open_since = datetime.now(UTC)
                for each in span:
                    door.know(each.id)
                    cover.add(each)
                continue
            failed += 1
            if len(span) >= 2 * _SHORTEST_SPAN:
                half = len(span) // 2
                spans += [span[:half], span[half:]]  # the longest first: they save most

    def _door(self, connection: Connection, query: Query) -> Door:
        key, now = _key(connection, query), datetime.now(UTC)
        with self._lock:
            door = self._doors.setdefault(key, Door())
            door.used_at = now
            if abs(now - self._swept_at) > ADMITTED:
                self._swept_at = now
                self._doors = {
                    other: each for other, each in self._doors.items() if now - each.used_at < _REMEMBERED
                }
        return door


def _questions(
    store: Store, api: str, known: Sequence[Held], asks: Asks
) -> Iterator[tuple[Callable[[], bool], str]]:
    """What a token can be asked about pieces that it knows, and which of them it is about."""
    span = max(_spans(known), key=len, default=[])
    taken = [piece for each in span if (piece := store.take(api, each)) is not None and not piece.outside]
    if len(taken) == len(span) >= _SHORTEST_SPAN:
        yield partial(asks.proves_span, taken), ""
    left = _MOST_ASKED_AGAIN
    for each in sorted(known, key=lambda held: held.settled, reverse=True):
        proof = store.proof(api, each)
        if proof is not None and left:
            left -= 1
            yield partial(asks.proves, each.query, proof), each.id


def _spans(held: Iterable[Held]) -> list[list[Held]]:
    """Settled pieces of tags: those that lie side by side together, in order."""
    settled = [each for each in held if each.query.dataset == "tags" and each.settled]
    spans: list[list[Held]] = []
    for each in sorted(settled, key=lambda held: held.query.window):
        if spans and spans[-1][-1].query.window.end == each.query.window.start:
            spans[-1].append(each)
        elif not spans or spans[-1][-1].query.window.end < each.query.window.start:
            spans.append([each])
    return spans


def _key(connection: Connection, query: Query) -> _Key:
    return connection.scope, query.dataset, query.property_id, query.survey_id
