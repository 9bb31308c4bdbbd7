"""How long one load may take, and whether its user still wants it."""

import time
from dataclasses import dataclass
from threading import Event

from userlane.errors import LoadStopped, TooSlow, UserlaneError

_BLINK = 0.1
"""Seconds between two looks at whether a wait is still wanted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is borne from an API: seconds for one try of a page, for connecting, and for a whole load;
    tries for a page; bytes in a page, unpacked; `backoff` seconds scale the pause after a failed try.
    """

    page_seconds: float = 30.0
    connect_seconds: float = 5.0
    load_seconds: float = 300.0
    tries: int = 4
    backoff: float = 0.5
    page_bytes: int = 64 * 2**20


class Patience:
    """One load's time, and its three ends: `stop` is the user's; `end` lets what is under way arrive and asks
    for nothing more; `abort` breaks off even that.
    """

    def __init__(self, limits: Limits, stop: Event | None = None) -> None:
        self.limits = limits
        self.stop = stop or Event()
        self._over = Event()
        self._aborted = Event()
        self._until = time.monotonic() + limits.load_seconds
        self.why: UserlaneError | None = None
        """The error that ended the load for all its pages, if one did."""

    @property
    def remaining(self) -> float:
        """Seconds left of the load's budget; negative once it is spent."""
        return self._until - time.monotonic()

    @property
    def over(self) -> bool:
        """Whether nothing more is to be asked."""
        return self._over.is_set() or self.aborted

    @property
    def aborted(self) -> bool:
        """Whether even what is under way is of no use."""
        return self.stop.is_set() or self._aborted.is_set()

    def end(self, why: UserlaneError | None = None) -> None:
        """Nothing more is asked from here on; what is on its way may still arrive. `why` is an error that no
        other page can escape.
        """
        self.why = self.why or why
        self._over.set()

    def extend(self) -> None:
        """Something whole has arrived: the budget begins anew, so that it ends a load that gets nowhere and
        not one that has much to bring.
        """
        self._until = time.monotonic() + self.limits.load_seconds

    def abort(self) -> None:
        """As if the user had stopped the load."""
        self._aborted.set()

    def check(self) -> None:
        """Raises `LoadStopped` when stopped or over, `TooSlow` when the budget is spent."""
        if self.over:
            raise stopped()
        if self.remaining <= 0:
            raise self.spent()

    def spent(self) -> TooSlow:
        """The error of a load whose budget is spent."""
        return TooSlow(
            f"The load took longer than {self.limits.load_seconds:.0f} s.",
            "Load again: what has arrived is kept. Or choose a shorter range.",
        )

    def sleep(self, seconds: float) -> None:
        """Wait, unless stopped. Raises `LoadStopped`."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.over:
            self.stop.wait(min(left, _BLINK))
        if self.over:
            raise stopped()


def stopped() -> LoadStopped:
    """The error of a load that was stopped."""
    return LoadStopped("The load was stopped.", "Load again to get the rest.")
