"""How often an API that fails may be asked again, by all loads of the process together."""

import time
from collections.abc import Callable
from threading import Lock

RETRIES = 100
"""How many retries there are for one API while nothing succeeds."""

OWN = 25
"""How many of them one token can take: no user's broken property costs the others theirs."""

REFILLED = 600.0
"""Seconds in which they come back by themselves."""

_PER_SUCCESS = 0.2


class RetryBudget:
    """A bucket of retries for one API, or for one token at it, which then takes from the API's, too.

    Four tries a page are right for one user and an API that stumbles. A hundred users and an API that is down
    would send it four times its load, and keep it down. So a first try is always free, a retry costs one,
    one that succeeds is given back, and a success at the first try gives back a fifth: with one request in
    three failing there are always retries, with all of them failing there soon are none. These are the
    figures of the AWS SDKs' standard retry mode (retry budget: 500 tokens, 5 a retry, 1 back for a success);
    time as a second way back is added, so that an API that nobody asked for a while starts afresh.
    Why: “Addressing Cascading Failures” in Site Reliability Engineering (retry budgets).
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        most: int = RETRIES,
        shared: "RetryBudget | None" = None,
    ) -> None:
        self._clock = clock
        self._most = most
        self._shared = shared
        self._left = float(most)
        self._at = clock()
        self._lock = Lock()

    @property
    def left(self) -> float:
        """How many retries there are."""
        with self._lock:
            return self._refilled()

    def take(self) -> bool:
        """Whether one more retry may be made; then it is paid for."""
        with self._lock:
            if self._refilled() < 1 or (self._shared is not None and not self._shared.take()):
                return False
            self._left -= 1
            return True

    def record_success(self, *, retried: bool) -> None:
        """A page arrived, at its first try or at a later one."""
        with self._lock:
            self._left = min(self._most, self._refilled() + (1 if retried else _PER_SUCCESS))
        if self._shared is not None:
            self._shared.record_success(retried=retried)

    def _refilled(self) -> float:
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._most / REFILLED)
        self._at = now
        return self._left
