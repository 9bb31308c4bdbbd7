"""How far a load is, as its user is told."""

from dataclasses import dataclass
from datetime import UTC, datetime

from userlane.contract import Window

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

    @property
    def notice(self) -> str:
        """The wait in one line: “The API asks to wait 60 s. Next request in 12 s.”; "" when there is none."""
        if self.waiting_until is None:
            return ""
        seconds = max(0.0, (self.waiting_until - datetime.now(UTC)).total_seconds())
        return f"{self.waiting} Next request in {seconds:.0f} s."
