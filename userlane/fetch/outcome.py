"""What becomes of one window: it is kept, or there is a reason why it is not."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol, Self

from userlane.contract import Query
from userlane.errors import (
    AccessRefused,
    LoadStopped,
    NotFound,
    Throttled,
    Unreachable,
    Untrusted,
    UserlaneError,
)
from userlane.fetch.window_result import Walked
from userlane.store import Piece

FINAL = (AccessRefused, LoadStopped, NotFound, Throttled, Unreachable, Untrusted)
"""After these no other window can fare better."""


class Keeper(Protocol):
    """Where what was fetched goes, and where others put theirs."""

    def keep(self, piece: Piece) -> Piece:
        """Store a window; as it is kept."""

    def claim(self, query: Query) -> AbstractContextManager[object] | None:
        """As `Store.claim`."""

    def news(self, query: Query) -> bool:
        """Whether anybody has stored something of the window since this load began."""

    def found(self, query: Query) -> tuple[Piece, ...]:
        """What somebody else has stored of the whole window meanwhile; nothing if it is not all there, or not
        for this token to see. Raises nothing.
        """


@dataclass(frozen=True, slots=True)
class Outcome:
    """One window walked: the rows that arrived, and why they are not all there, if they are not."""

    piece: Piece
    reason: str | None = None
    error: UserlaneError | None = None

    @classmethod
    def of(cls, walked: Walked) -> Self:
        """What came of a walk."""
        return cls(walked.piece, walked.reason, walked.error)

    @property
    def complete(self) -> bool:
        """Whether the window can be kept as it is."""
        return self.reason is None


def second(first: Walked, again: Walked) -> Outcome:
    """What holds of a window that was walked twice, because records changed during the first walk."""
    if again.broken:
        reason = f"Records changed while they were loaded, and loading them again broke off: {again.reason}"
        return Outcome(replace(first.piece, proof=None), reason, again.error)
    if again.moved and not again.same(first):
        reason = "Records changed while they were loaded, twice: some may be missing."
        return Outcome(replace(again.piece, proof=None), reason)
    return Outcome.of(again)


def bare(error: UserlaneError) -> UserlaneError:
    """The error without the frames it passed, which hold whole pages: it lasts as long as the dataset."""
    error.__context__ = None
    return error.with_traceback(None)
