"""One token's requests: so many at once across all loads of the process, none while the API asks to wait."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition

from userlane.client.deadline import LoadDeadline
from userlane.client.pace import Pace
from userlane.client.responses import throttled

LONGEST_WAIT = 3600.0
"""Seconds a limiter stays closed at most, whatever the API asks for: it is asked again once an hour."""

_BLINK = 0.1


class TokenLimiter:
    """The way of one token to one API; at most `width` requests are on it, fewer if the API bears no more."""

    def __init__(self, width: int) -> None:
        self._pace = Pace(width)
        self._change = Condition()
        self._under_way = 0
        self._opens_at = 0.0

    @property
    def allowed(self) -> int:
        """How many requests may be under way now."""
        return self._pace.allowed

    def close_for(self, seconds: float) -> None:
        """Let no request of this token start for `seconds`: one page was told to wait, so all do."""
        until = time.monotonic() + min(seconds, LONGEST_WAIT)
        with self._change:
            self._opens_at = max(self._opens_at, until)

    @contextmanager
    def enter(self, deadline: LoadDeadline, waiting: Callable[[float], None]) -> Iterator[int]:
        """Be under way, once there is a place and the limiter is open; `waiting` is told of a closed limiter.

        Gives the round that has begun, for `answered` and `pushed_back`. Raises `LoadStopped`, `TooSlow`;
        `Throttled` when the limiter opens after the budget's end.
        """
        begun = None
        while begun is None:
            deadline.check()
            closed_for = self._opens_at - time.monotonic()
            if closed_for > deadline.remaining:
                raise throttled(closed_for)
            if closed_for > 0:
                waiting(closed_for)
                deadline.sleep(closed_for)
            else:
                begun = self._begin()
        try:
            yield begun
        finally:
            with self._change:
                self._under_way -= 1
                self._change.notify()

    def answered(self, begun: int) -> None:
        """The API answered a request that began in this round: it may bear one more."""
        with self._change:
            self._pace.answered(begun)
            self._change.notify()

    def pushed_back(self, begun: int) -> None:
        """The API had too many requests: half as many from here on."""
        with self._change:
            self._pace.pushed_back(begun)

    def _begin(self) -> int | None:
        """The round, if there is a place within a blink and nothing closed the limiter meanwhile."""
        with self._change:
            if self._under_way >= self._pace.allowed:
                self._change.wait(_BLINK)
            if self._under_way >= self._pace.allowed or self._opens_at > time.monotonic():
                return None
            self._under_way += 1
            return self._pace.round
