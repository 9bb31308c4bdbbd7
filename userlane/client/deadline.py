"""Time budget and cancellation of one load."""

import time
from dataclasses import dataclass
from threading import Event

from userlane.errors import LoadStopped, TooSlow, UserlaneError

_POLL_SECONDS = 0.1
"""How often a sleeping thread looks whether the load is over."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one load may cost.

    Attributes:
        page_seconds: Time for one try of one page.
        connect_seconds: Time to connect to one address.
        load_seconds: Time for the whole load; it begins anew whenever a window is complete.
        tries: Number of tries for one page.
        backoff: Scale, in seconds, of the random pause after a failed try.
        page_bytes: Largest body of one page, decompressed.
    """

    page_seconds: float = 30.0
    connect_seconds: float = 5.0
    load_seconds: float = 300.0
    tries: int = 4
    backoff: float = 0.5
    page_bytes: int = 64 * 2**20


class LoadDeadline:
    """Time budget and cancellation of one load.

    A load ends in one of three ways: `user_stop` is set when the user cancels; `finish_in_flight` starts no
    new request and lets the running ones finish; `abort` cancels the running ones too.
    """

    def __init__(self, limits: Limits, user_stop: Event | None = None) -> None:
        self.limits = limits
        self.user_stop = user_stop or Event()
        self._over = Event()
        self._until = time.monotonic() + limits.load_seconds
        self.fatal_error: UserlaneError | None = None
        """The error that ended the load for all its pages, if there was one."""

    @property
    def remaining(self) -> float:
        """Seconds left of the time budget; negative once it is used up."""
        return self._until - time.monotonic()

    @property
    def over(self) -> bool:
        """Whether no new request may start."""
        return self._over.is_set() or self.aborted

    @property
    def aborted(self) -> bool:
        """Whether running requests are cancelled too."""
        return self.user_stop.is_set()

    def finish_in_flight(self, error: UserlaneError | None = None) -> None:
        """Start no new request; running requests may finish.

        Args:
            error: The reason, if it is an error that every other page would meet too.
        """
        self.fatal_error = self.fatal_error or error
        self._over.set()

    def extend(self) -> None:
        """Begin the time budget anew, because a window is complete.

        So the budget ends a load that makes no progress, and not one that has much to bring.
        """
        self._until = time.monotonic() + self.limits.load_seconds

    def abort(self) -> None:
        """Cancel the load and its running requests, as if the user had stopped it."""
        self.user_stop.set()

    def check(self, *, running: bool = False) -> None:
        """Raises `LoadStopped` when the load is over, `TooSlow` when its time budget is used up.

        A `running` request ends only when the load is aborted.
        """
        if self.aborted if running else self.over:
            raise load_stopped()
        if self.remaining <= 0:
            raise TooSlow(
                f"The load took longer than {self.limits.load_seconds:.0f} s.",
                "Load again: what has arrived is kept. Or choose a shorter range.",
            )

    def sleep(self, seconds: float) -> None:
        """Wait for this time. Raises `LoadStopped` as soon as the load is over."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.over:
            self.user_stop.wait(min(left, _POLL_SECONDS))
        if self.over:
            raise load_stopped()


def load_stopped() -> LoadStopped:
    """The error of a load that was stopped."""
    return LoadStopped("The load was stopped.", "Load again to get the rest.")
