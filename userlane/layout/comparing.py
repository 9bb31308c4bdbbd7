"""Whether a period may be compared with the one before it.

Only whole periods are: a comparison with half a period would be drawn as a change that never was. So nothing
of an incomplete period has a change. Its counts, means and shares are shown with their n, and marked.
"""

from datetime import date, datetime

import pyarrow.compute as pc

from userlane.contract import Dataset
from userlane.errors import ApiFailed, UserlaneError, WindowUnusable
from userlane.saved import UNKNOWN


def comparable(now: Dataset, before: Dataset | UserlaneError) -> Dataset | UserlaneError | None:
    """The period before if it may be compared with, else why not: it is not whole, empty, or begins past its
    middle. Where loading it again cannot help, that is a `WindowUnusable`. None where `now` is not whole.
    """
    window = now.query.previous().window
    if UNKNOWN in now.state.reasons:
        return WindowUnusable(f"Whether the files hold all of {window.words()} is not known.")
    if not now.state.complete:
        return None
    if isinstance(before, UserlaneError):
        return before
    state = before.state
    if not state.complete:
        return ApiFailed(f"The period before, {window.words()}, is incomplete: {' '.join(state.reasons)}")
    return _late(before) or before


def _late(before: Dataset) -> WindowUnusable | None:
    window, first = before.query.window, _first_day(before)
    if first is None:
        return WindowUnusable(f"The period before, {window.words()}, holds nothing.")
    if 2 * (first - window.start).days > window.days:
        return WindowUnusable(
            f"In the period before, {window.words()}, the first record is of {first:%-d %b %Y}."
        )
    return None


def _first_day(dataset: Dataset) -> date | None:
    if not dataset.rows:
        return None
    column = dataset.table["date" if "date" in dataset.table.column_names else "timestamp"]
    first: date = pc.min(column).as_py()
    return first.date() if isinstance(first, datetime) else first
