"""What one token has shown of one property and dataset."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from userlane.client import LoadDeadline

ADMITTED = timedelta(minutes=15)
"""How long after an answer a token may open what is stored without asking."""

_MOST_KNOWN = 5_000
_BLINK = 0.1


@dataclass(slots=True)
class Door:
    """`known` are the pieces that its token has fetched or shown, and when; `different` those that it got
    otherwise.
    """

    known: OrderedDict[str, datetime] = field(default_factory=OrderedDict)
    different: dict[str, datetime] = field(default_factory=dict)
    open_since: datetime | None = None
    used_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    lock: Lock = field(default_factory=Lock)

    @property
    def is_open(self) -> bool:
        """Whether the API has answered within the last 15 minutes."""
        return self.open_since is not None and lately(self.open_since)

    def know(self, piece_id: str) -> None:
        """It has just fetched or shown this piece."""
        self.known[piece_id] = datetime.now(UTC)
        self.different.pop(piece_id, None)
        while len(self.known) > _MOST_KNOWN:
            self.known.popitem(last=False)


def lately(moment: datetime) -> bool:
    """Whether it is at most 15 minutes ago, and not ahead of a clock that was put back."""
    return timedelta(0) <= datetime.now(UTC) - moment < ADMITTED


@contextmanager
def entered(door: Door, patience: LoadDeadline) -> Iterator[None]:
    """One load of this token at a time asks what it may open. Raises what `LoadDeadline.check` raises."""
    while not door.lock.acquire(timeout=_BLINK):
        patience.check()
    try:
        yield
    finally:
        door.lock.release()
