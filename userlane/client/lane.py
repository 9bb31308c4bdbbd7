"""One token's requests: so many at once across all loads of the process, none while the API asks to wait."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Semaphore
from weakref import WeakValueDictionary

from userlane.client.answers import throttled
from userlane.client.patience import Patience
from userlane.contract import Connection

_BLINK = 0.1


class Lane:
    """The way of one token to one API."""

    def __init__(self, width: int) -> None:
        self._slots = Semaphore(width)
        self._opens_at = 0.0

    def close_for(self, seconds: float) -> None:
        """Let no request of this token start for `seconds`: one page was told to wait, so all do."""
        self._opens_at = max(self._opens_at, time.monotonic() + seconds)

    @contextmanager
    def enter(self, patience: Patience, waiting: Callable[[float], None]) -> Iterator[None]:
        """Hold one of the slots, once there is one and the lane is open; `waiting` is told of a closed lane.

        Raises `LoadStopped`, `TooSlow`; `Throttled` when the lane opens after the budget's end.
        """
        while not self._slots.acquire(timeout=_BLINK):
            patience.check()
        try:
            while (seconds := self._opens_at - time.monotonic()) > 0:
                if seconds > patience.remaining:
                    raise throttled(seconds)
                waiting(seconds)
                patience.sleep(seconds)
            patience.check()
            yield
        finally:
            self._slots.release()


_LANES: WeakValueDictionary[tuple[str, str, int], Lane] = WeakValueDictionary()
_LOCK = Lock()


def lane(connection: Connection, width: int) -> Lane:
    """The lane of this connection's token; it lives as long as somebody holds it."""
    key = (connection.base_url, connection.token.fingerprint, width)
    with _LOCK:
        found = _LANES.get(key)
        if found is None:
            found = _LANES[key] = Lane(width)
        return found
