"""Whether and when a page is requested again."""

import random
import time
from collections.abc import Callable
from threading import Lock

from userlane.client.deadline import LoadDeadline, load_stopped

API_RETRIES = 100
"""Retries of one API while nothing succeeds."""

TOKEN_RETRIES = 25
"""How many of them one token can use: no user's broken property costs the others theirs."""

REFILL_SECONDS = 600.0
"""Time in which a budget refills by itself."""

_PER_SUCCESS = 0.2
_LONGEST_PAUSE = 8.0
_RANDOM = random.SystemRandom()


class RetryBudget:
    """Retries left for one API, or for one token at it, which then uses the API's budget too.

    Four tries a page are right for one user and an API that stumbles. A hundred users and an API that is down
    would send it four times its load and keep it down. So a first try is always free, a retry costs one, a
    retry that succeeds is given back, and a success at the first try gives back a fifth: with one request in
    three failing there are always retries, with all of them failing there soon are none. These are the
    figures of the AWS SDKs' standard retry mode (retry quota: 500 tokens, 5 a retry, 1 back for a success);
    time as a second way back is added, so that an API that nobody used for a while starts afresh.
    Why: “Addressing Cascading Failures” in Site Reliability Engineering (retry budgets).
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        most: int = API_RETRIES,
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
        """Number of retries left."""
        with self._lock:
            return self._refill()

    def spend(self) -> bool:
        """Pay for one retry. Returns False if there is none left."""
        with self._lock:
            if self._refill() < 1 or (self._shared is not None and not self._shared.spend()):
                return False
            self._left -= 1
            return True

    def record_success(self, *, retried: bool) -> None:
        """Count a page that arrived, at its first try or at a later one."""
        with self._lock:
            self._left = min(self._most, self._refill() + (1 if retried else _PER_SUCCESS))
        if self._shared is not None:
            self._shared.record_success(retried=retried)

    def _refill(self) -> float:
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._at) * self._most / REFILL_SECONDS)
        self._at = now
        return self._left


def choose_pause(attempt: int, retry_after: float | None, deadline: LoadDeadline) -> float | None:
    """Decide whether a page gets another try: at most `Limits.tries`, while there is time.

    The pause is random between 0 and a limit that doubles with each try (full jitter), and at least the time
    that the API asked for.

    Args:
        attempt: Number of the try that failed, from 1.
        retry_after: Seconds that the API asked to wait, if it did.
        deadline: The end of the load.

    Returns:
        Seconds to wait before the next try; None if there is none.

    Raises:
        LoadStopped: The load is over.
    """
    if deadline.over:
        raise load_stopped()
    limits = deadline.limits
    jitter = _RANDOM.uniform(0, min(limits.backoff * 2 ** (attempt - 1), _LONGEST_PAUSE))
    pause = max(jitter, retry_after or 0.0)
    return pause if attempt < limits.tries and pause < deadline.remaining else None
