"""How many pages are worth working on at a time."""

import math
import time
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import TypeVar

_T = TypeVar("_T")
_LATEST = 16
"""How many pages it goes by."""


class Gauge:
    """Measures what a page is waited for, and what it costs this process to ask for and to read.

    The wait is the least of the latest: a thread that waits for a processor seems to wait for the API.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waits: deque[float] = deque(maxlen=_LATEST)
        self._costs: deque[float] = deque(maxlen=_LATEST)
        self._lock = Lock()

    def ask(self, ask: Callable[[], _T]) -> _T:
        """What `ask` gives, its time measured."""
        clock, spent = time.monotonic(), time.thread_time()
        got = ask()
        spent = time.thread_time() - spent
        with self._lock:
            self._waits.append(max(0.0, time.monotonic() - clock - spent))
            self._costs.append(spent)
        return got

    def read(self, read: Callable[[], _T]) -> _T:
        """What `read` gives, its cost added to that of what was asked for."""
        spent = time.thread_time()
        got = read()
        spent = time.thread_time() - spent
        with self._lock:
            if self._costs:
                self._costs[-1] += spent
        return got

    @property
    def useful(self) -> int:
        """How many pages to work on side by side: as many as are allowed, while nothing is known."""
        with self._lock:
            if not self._costs:
                return self._most
            return useful(min(self._waits), sum(self._costs) / len(self._costs), self._most)


class Walkers:
    """Counts who walks windows side by side: as many as are of use, from one moment to the next."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._count = 0
        self._lock = Lock()

    @property
    def wanted(self) -> int:
        """How many more would be of use; negative where there are too many."""
        return self._gauge.useful - self._count

    def begin(self) -> None:
        """One more walks."""
        with self._lock:
            self._count += 1

    def end(self) -> None:
        """One has come to the end of its way."""
        with self._lock:
            self._count -= 1

    def stay(self) -> bool:
        """Whether one who walks is of use still; who is not is counted no more. The last one always is."""
        with self._lock:
            stays = self._count <= max(1, self._gauge.useful)
            self._count -= not stays
            return stays


def useful(wait: float, cost: float, most: int) -> int:
    """While one page is read, so many others are on their way that the next is there by then: the seconds one
    is waited for, over the seconds one costs (Little's law), and the one that is read; at most `most`.

    More of them only stand in one another's way: where an API answers at once, two do.

    >>> useful(wait=0.050, cost=0.003, most=8), useful(wait=0.006, cost=0.003, most=8)
    (8, 3)
    >>> useful(wait=0.0004, cost=0.003, most=8), useful(wait=0.5, cost=0.003, most=1)
    (2, 1)
    """
    return min(most, 1 + math.ceil(wait / max(cost, 1e-6)))
