"""What one load found and fetched, as a dataset with its state."""

from collections.abc import Callable, MutableMapping, Sequence

from userlane.contract import Dataset, Query, Shelf
from userlane.errors import AccessRefused, LoadStopped
from userlane.fetch.outcome import Outcome
from userlane.store import Piece, dataset


def answer(
    api: str,
    query: Query,
    found: Sequence[Piece],
    outcomes: Sequence[Outcome],
    *,
    older: Callable[[Query], tuple[Piece, ...]],
    stopped: bool,
    known: MutableMapping[str, Dataset],
    shelf: Shelf,
) -> Dataset:
    """The rows that were `found`, those that were fetched, and in place of a window that failed what of it is
    there from `older` fetches; of a refused one nothing. Its state says what is missing, and why.
    """
    whole = [*found, *(outcome.piece for outcome in outcomes if outcome.complete)]
    failed = [outcome for outcome in outcomes if not outcome.complete]
    refused = any(isinstance(outcome.error, AccessRefused) for outcome in failed)
    parts: list[Piece] = []
    stale: list[Piece] = []
    for outcome in failed:
        window = outcome.piece.window
        before = () if refused else older(query.over(window))
        bare = window.without(piece.window for piece in before)
        parts += [outcome.piece.over(gap) for gap in bare]
        whole += before
        stale += before
    missing = query.window.without(piece.window for piece in whole)
    # Windows given up because of another's error have no reason of their own.
    causes = [o.reason for o in failed if o.reason and (stopped or not isinstance(o.error, LoadStopped))]
    return dataset(
        api,
        query,
        [*whole, *parts],
        reasons=causes if parts else (),
        missing=missing,
        stale=stale,
        denied=refused,
        known=known,
        shelf=shelf,
    )
