"""Datasets as a page draws them: this period, the period before if comparable, and what failed."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, final

import pandas as pd

from userlane import cache
from userlane.contract import COLUMNS, Dataset, DatasetName, Measured, Query, State, Window
from userlane.errors import ApiFailed, UserlaneError, WindowUnusable
from userlane.formatting import format_day
from userlane.saved_json import UNKNOWN


def choose_comparison(now: Dataset, before: Dataset | UserlaneError) -> Dataset | UserlaneError | None:
    """Decide whether a period may be compared with the one before it.

    Only complete periods are compared, and only if records begin before the middle of both and end after it.

    Returns:
        The period before, or why it is not compared: a `WindowUnusable` where loading it again cannot help.
        None if this period is incomplete itself.
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
    """Return why a period counts as only half recorded though all of it was loaded; None if it does not."""
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


T = TypeVar("T")
Outcome = Dataset | UserlaneError


@final
@dataclass(frozen=True)
class Loaded:
    """One of the four datasets under the visitor's filters, for this period and the one before.

    Attributes:
        name: Which dataset it is.
        window: The days of this period.
        current: One `Dataset`, or one per survey. A survey that could not be loaded while others could is in
            it without rows and with all days missing, so that the others never pass for the whole.
        previous: The period before. Only whole periods are compared: half of one would be drawn as a change
            that never was. An incomplete period therefore has no change, only counts, means and shares.
        lead_in: The days just before the window, if all of them are loaded.
        errors: Why a query could not be loaded at all.
        not_comparable: Why a query was not compared with the period before. A query that is incomplete itself
            is not in it.
    """

    name: DatasetName
    window: Window
    current: tuple[Dataset, ...]
    previous: "Loaded | None" = None
    lead_in: "Loaded | None" = None
    errors: Mapping[Query, UserlaneError] = field(default_factory=dict)
    not_comparable: Mapping[Query, UserlaneError] = field(default_factory=dict)

    @cached_property
    def frame(self) -> Measured[pd.DataFrame]:
        """All rows of this period."""
        return cache.measure_cached(_rows, *self.current)

    @property
    def previous_frame(self) -> Measured[pd.DataFrame] | None:
        """All rows of the period before, or nothing without a comparison."""
        return self.previous.frame if self.previous else None

    def measure(self, metric: Callable[..., T], *more: "Loaded", **options: Any) -> Measured[T]:
        """Measure this period's datasets and those of `more` with `cache.measure_cached`."""
        datasets = (dataset for each in (self, *more) for dataset in each.current)
        return cache.measure_cached(metric, *datasets, **options)

    @property
    def missing(self) -> tuple[Window, ...]:
        """The windows that could not be loaded, of datasets that were loaded in part."""
        return tuple(sorted({gap for each in self.current if not each.absent for gap in each.state.missing}))

    @property
    def rows(self) -> int:
        """How many records this period holds."""
        return sum(dataset.rows for dataset in self.current)

    @property
    def state(self) -> State:
        """The worst of the states shown together."""
        states = [dataset.state for dataset in self.current]
        return states[0].merge(*states[1:]) if states else State(reasons=("nothing was loaded",))


def _rows(*datasets: Dataset) -> pd.DataFrame:
    return pd.concat([dataset.frame for dataset in datasets], ignore_index=True)


def build_loaded(
    name: DatasetName, window: Window, asked: Sequence[Query], outcomes: Mapping[Query, Outcome]
) -> Loaded:
    """Combine the outcomes of the queries `asked` about one dataset and of their previous periods."""
    found = [outcome for query in asked if isinstance(outcome := outcomes[query], Dataset)]
    compared = {
        dataset.query: choose_comparison(dataset, outcomes[dataset.query.previous()])
        for dataset in found
        if dataset.query.previous() in outcomes
    }
    before = tuple(each for each in compared.values() if isinstance(each, Dataset))
    errors = {query: each for query in asked if isinstance(each := outcomes[query], UserlaneError)}
    return Loaded(
        name,
        window,
        (*found, *(_absent(query, error) for query, error in errors.items() if found)),
        Loaded(name, window.previous(), before) if before else None,
        None,
        errors,
        {query: each for query, each in compared.items() if isinstance(each, UserlaneError)},
    )


def _absent(query: Query, error: UserlaneError) -> Dataset:
    """Return a dataset without rows for a survey that could not be loaded while others could."""
    state = State(
        reasons=(f"Survey {query.survey_id} was not loaded. {error.cause}",), missing=(query.window,)
    )
    fingerprint = hashlib.sha256(repr(("absent", query, state)).encode()).hexdigest()
    return Dataset(query, COLUMNS[query.dataset].empty_table(), state, fingerprint)
