"""Whether a period may be compared with the one before it.

Only whole periods are: a comparison with half a period would be drawn as a change that never was. So nothing
of an incomplete period has a change. Its counts, means and shares are shown with their n, and marked. It is
the same where all was loaded, but recording began after a period's middle, or ended before it.
"""

from userlane.contract import Dataset
from userlane.errors import ApiFailed, UserlaneError, WindowUnusable
from userlane.formatting import format_day
from userlane.saved_json import UNKNOWN


def choose_comparison(now: Dataset, before: Dataset | UserlaneError) -> Dataset | UserlaneError | None:
    """The period before if it may be compared with, else why not: it is not whole, empty, or half of either
    period holds nothing. Where loading it again cannot help, that is a `WindowUnusable`. None where `now` is
    not whole.
    """
    window = now.query.previous().window
    if UNKNOWN in now.state.reasons:
        return WindowUnusable(f"Whether the files hold all of {window.describe()} is not known.")
    if not now.state.complete:
        return None
    if isinstance(before, UserlaneError):
        return before
    state = before.state
    if not state.complete:
        return ApiFailed(f"The period before, {window.describe()}, is incomplete: {' '.join(state.causes)}")
    if not before.rows:
        return WindowUnusable(f"The period before, {window.describe()}, holds nothing.")
    return _half_empty(before, "the period before") or _half_empty(now, "this period") or before


def _half_empty(dataset: Dataset, called: str) -> WindowUnusable | None:
    """Why a period counts as half a one though all of it was loaded."""
    days = dataset.days
    if days is None:
        return None
    window, (first, last) = dataset.query.window, days
    here = f"In {called}, {window.describe()},"
    if 2 * (first - window.start).days > window.days:
        return WindowUnusable(f"{here} the first record is of {format_day(first)}.")
    if 2 * (window.last - last).days > window.days:
        return WindowUnusable(f"{here} the last record is of {format_day(last)}.")
    return None
