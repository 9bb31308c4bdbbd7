"""How many requests of one token may run at once, and from when."""

import time
from threading import Condition

LONGEST_WAIT = 3600.0
"""Seconds after which a token's requests start again at the latest, whatever the API asks for."""

_POLL_SECONDS = 0.1


class TokenLimiter:
    """Limits the requests of one token to one API, over all loads of the process.

    At most `most` run at once. When the API has too many (429, 503, or a page past its deadline) the number
    halves; from then on, as many successes as there may be requests allow one more (additive increase,
    multiplicative decrease, as in TCP: RFC 5681). No request starts while the API asks to wait.

    It begins with `most`. Measured: with a slow start (2, 4, 8 …) against servers that allow 2 or 4 of 8
    requests, as many requests are refused (18 and 16 of 100 and 196) in the same time (0.98 to 1.01 ×).

    Each request belongs to the round in which it began, and a halving begins the next round: so requests that
    ran together halve the number once, not each.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._change = Condition()
        self._running = 0
        self._successes = 0
        self._round = 0
        self._opens_at = 0.0
        self.allowed = most
        """Number of requests that may run at once: at least 1, at most `most`."""

    @property
    def closed_for(self) -> float:
        """Seconds until the API lets requests start again; 0 or less if it does now."""
        return self._opens_at - time.monotonic()

    def acquire(self) -> int | None:
        """Start a request if one may start within 0.1 s; it counts as running until `release`.

        Returns:
            The request's round, for `record_success` and `record_overload`; None if it may not start.
        """
        with self._change:
            if self._running >= self.allowed:
                self._change.wait(_POLL_SECONDS)
            if self._running >= self.allowed or self.closed_for > 0:
                return None
            self._running += 1
            return self._round

    def release(self) -> None:
        """Count a request as done."""
        with self._change:
            self._running -= 1
            self._change.notify()

    def pause_for(self, seconds: float) -> None:
        """Start no request of this token for so long: one page was told to wait, so all wait."""
        until = time.monotonic() + min(seconds, LONGEST_WAIT)
        with self._change:
            self._opens_at = max(self._opens_at, until)

    def record_success(self, begun: int) -> None:
        """Count a response to a request that began in this round."""
        with self._change:
            self._successes += begun == self._round
            if self._successes >= self.allowed:
                self._successes = 0
                self.allowed = min(self._most, self.allowed + 1)
                self._change.notify()

    def record_overload(self, begun: int) -> None:
        """Halve the number of requests, unless that was done since this round began."""
        with self._change:
            if begun == self._round:
                self._round += 1
                self._successes = 0
                self.allowed = max(1, self.allowed // 2)
