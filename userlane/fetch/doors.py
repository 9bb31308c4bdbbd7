"""Which token may open which stored rows.

Rights are the API's to give, so the API is asked. A token that comes for the first time shows that it belongs
to an audience: it is made to ask for the first and the last page of a stored window, and where both are what
they were for somebody else, it sees what they see. Where they are not, or nothing is stored, it gets an
audience of its own. What was shown holds for 15 minutes; after that any answer of the API shows it again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from userlane.client import Patience
from userlane.contract import Connection, Query
from userlane.errors import AnswerUnusable, NotFound, RequestRefused
from userlane.store import Scope, Store, Witness

ADMITTED = timedelta(minutes=15)
"""How long after an answer a token may open what is stored without asking."""

_REMEMBERED = timedelta(hours=24)
_MOST_ASKED = 2
_BLINK = 0.1

Proves = Callable[[Witness], bool]
"""Asks the API for the pages of a witness; whether they are the same. Raises what the client raises."""

_Key = tuple[str, str, str, str | None]


@dataclass(slots=True)
class _Door:
    scope: Scope | None = None
    open_since: datetime | None = None
    used_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    lock: Lock = field(default_factory=Lock)


class Doors:
    """One door for each token, property, dataset and survey. A store is told nothing about tokens."""

    def __init__(self, store_of: Callable[[Connection], Store]) -> None:
        self._store_of = store_of
        self._doors: dict[_Key, _Door] = {}
        self._lock = Lock()

    def scope(self, connection: Connection, query: Query, patience: Patience, proves: Proves) -> Scope:
        """Where this token's rows of the query's property, dataset and survey lie.

        Asks the API only where rows are stored and this token has not been here. Raises what `proves` raises.
        """
        door = self._door(connection, query)
        while not door.lock.acquire(timeout=_BLINK):
            patience.check()
        try:
            if door.scope is None:
                door.scope = self._shown(connection, query, proves)
                if door.scope is not None:
                    door.open_since = datetime.now(UTC)
                else:
                    door.scope = Scope(connection.api)
            return door.scope
        finally:
            door.lock.release()

    def is_open(self, connection: Connection, query: Query) -> bool:
        """Whether the API has answered this token within the last 15 minutes."""
        since = self._door(connection, query).open_since
        return since is not None and datetime.now(UTC) - since < ADMITTED

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
            left = {self._doors.pop(key).scope for key in gone}
            left -= {door.scope for door in self._doors.values()}
        for scope in left:
            if scope is not None:
                self._store_of(connection).leave(scope)

    def _shown(self, connection: Connection, query: Query, proves: Proves) -> Scope | None:
        witnesses = list(self._store_of(connection).witnesses(connection.api, query).items())
        for scope, witness in witnesses[:_MOST_ASKED]:
            try:
                if proves(witness):
                    return scope
            except (AnswerUnusable, NotFound, RequestRefused):
                continue  # what this token is given is not what is stored; its own load tells why
        return None

    def _door(self, connection: Connection, query: Query) -> _Door:
        key, now = _key(connection, query), datetime.now(UTC)
        with self._lock:
            door = self._doors.setdefault(key, _Door())
            door.used_at = now
            long_ago = [other for other, each in self._doors.items() if now - each.used_at > _REMEMBERED]
            for other in long_ago:
                del self._doors[other]
        return door


def _key(connection: Connection, query: Query) -> _Key:
    return connection.scope, query.dataset, query.property_id, query.survey_id
