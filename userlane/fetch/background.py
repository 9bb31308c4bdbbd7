"""A load in the background, and how far it is."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread

from structlog.contextvars import bound_contextvars, get_contextvars

from userlane.contract import Dataset, Window
from userlane.errors import LoadStopped

_GLANCE_SECONDS = 0.5
_GRACE_SECONDS = 2.0
_FIRST_GUESS = 2.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a load is: records so far, requests sent, the window being fetched.

    `waiting_until` is set, with the reason in `waiting`, while a request has to wait. `expected` is about how
    many records there will be, None while nobody knows; `seconds` is how long it has taken so far.
    """

    records: int = 0
    requests: int = 0
    window: Window | None = None
    waiting_until: datetime | None = None
    waiting: str = ""
    expected: int | None = None
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Records a second, so far; 0 before there are any."""
        return self.records / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """About how many seconds it will still take; None while nobody knows."""
        if self.expected is None or self.seconds < _FIRST_GUESS or not self.rate:
            return None
        return max(0.0, (self.expected - self.records) / self.rate)


Tell = Callable[[Progress], None]
"""Called with how far a load is."""

Work = Callable[[Tell, Event], tuple[Dataset, datetime]]
"""Returns the dataset, and the last moment at which the API let its token see all of it."""


class Load:
    """A load in a thread of its own. Any thread may look at it, wait for it or stop it.

    Where `wanted` is given, it is asked all the while; after seconds of “no” the load is stopped: whoever
    began it has gone, and is told so when back.
    """

    def __init__(self, work: Work, wanted: Callable[[], bool] | None = None) -> None:
        self._work = work
        self._stop = Event()
        self._done = Event()
        self._abandoned = False
        self.progress = Progress()
        """How far it is."""
        self.outcome: Dataset | BaseException | None = None
        """The dataset or the error in its place, once the load is `done`; one that is no `UserlaneError` is a
        defect.
        """
        self.allowed_at: datetime | None = None
        """The last moment at which the API let its token see all of the result; of an error, when it came."""
        self._about = get_contextvars()
        # A daemon, because a server that hangs must not hold up the end of the process.
        Thread(target=self._run, name="userlane-load", daemon=True).start()
        if wanted is not None:
            Thread(target=self._watch_owner, args=(wanted,), name="userlane-heed", daemon=True).start()

    @property
    def done(self) -> bool:
        """Whether there is a result, or an error in its place."""
        return self._done.is_set()

    @property
    def stopping(self) -> bool:
        """Whether it was stopped."""
        return self._stop.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the result, at most so long; whether it is there."""
        return self._done.wait(seconds)

    def stop(self) -> None:
        """Break off its requests. What has arrived becomes an incomplete result; nothing, `LoadStopped`."""
        self._stop.set()

    def _run(self) -> None:
        try:
            with bound_contextvars(**self._about):  # the log's lines of a load say whose it is
                self.outcome, self.allowed_at = self._work(self._set_progress, self._stop)
        except BaseException as error:  # noqa: BLE001  # whoever waits for the load shows it
            self.outcome, self.allowed_at = error, datetime.now(UTC)
            if self._abandoned and isinstance(error, LoadStopped):
                self.outcome = LoadStopped(
                    "The load was stopped, because this page was not connected for some seconds.",
                    "Load again to get it.",
                )
        finally:
            self._done.set()

    def _watch_owner(self, wanted: Callable[[], bool]) -> None:
        """A connection that breaks for a moment, or a page that is loaded anew, is no goodbye."""
        gone_since: float | None = None
        while not self._done.wait(_GLANCE_SECONDS):
            if wanted():
                gone_since = None
            elif gone_since is None:
                gone_since = time.monotonic()
            elif time.monotonic() - gone_since > _GRACE_SECONDS:
                self._abandoned = True
                self.stop()
                return

    def _set_progress(self, progress: Progress) -> None:
        self.progress = progress
