"""What was loaded, as a page draws it: a dataset of this period and of the one before, and what failed."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, final

import pandas as pd

from userlane import cache
from userlane.contract import COLUMNS, Dataset, DatasetName, Measured, Query, State, Window
from userlane.errors import UserlaneError
from userlane.ui.comparing import comparable

T = TypeVar("T")
Outcome = Dataset | UserlaneError


@final
@dataclass(frozen=True)
class Loaded:
    """One of the four datasets under the filters: this period, the one before, and what failed.

    `now` holds one `Dataset`, or one per survey. Where only some of several could be loaded, the rest is in
    it too, without rows and with all days missing: nothing of them together passes for the whole.
    `before` is the period before, as far as the two may be compared: only whole periods are, because half of
    one would be drawn as a change that never was. So nothing of an incomplete period has a change; its
    counts, means and shares are shown with their n, marked.
    `errors` says what could not be loaded at all, `unlike` why something was not compared with the period
    before, unless it is incomplete itself.
    `lead` is the days just before the window, if they are all there.
    """

    name: DatasetName
    window: Window
    now: tuple[Dataset, ...]
    before: "Loaded | None" = None
    lead: "Loaded | None" = None
    errors: Mapping[Query, UserlaneError] = field(default_factory=dict)
    unlike: Mapping[Query, UserlaneError] = field(default_factory=dict)

    @cached_property
    def frame(self) -> Measured[pd.DataFrame]:
        """All rows of this period."""
        return cache.measured(_rows, *self.now)

    @property
    def frame_before(self) -> Measured[pd.DataFrame] | None:
        """All rows of the period before, or nothing without a comparison."""
        return self.before.frame if self.before else None

    def measure(self, metric: Callable[..., T], *more: "Loaded", **options: Any) -> Measured[T]:
        """`metric` of this period's datasets and those of `more`, computed once: see `cached.measured`."""
        datasets = (dataset for each in (self, *more) for dataset in each.now)
        return cache.measured(metric, *datasets, **options)

    @property
    def missing(self) -> tuple[Window, ...]:
        """The windows still to be had of what is not missing altogether."""
        return tuple(sorted({gap for each in self.now if not each.absent for gap in each.state.missing}))

    @property
    def rows(self) -> int:
        """How many records this period holds."""
        return sum(dataset.rows for dataset in self.now)

    @property
    def state(self) -> State:
        """The worst of the states shown together."""
        states = [dataset.state for dataset in self.now]
        return states[0].merged(*states[1:]) if states else State(reasons=("nothing was loaded",))


def _rows(*datasets: Dataset) -> pd.DataFrame:
    return pd.concat([dataset.frame for dataset in datasets], ignore_index=True)


def collected(
    name: DatasetName, window: Window, asked: Sequence[Query], outcomes: Mapping[Query, Outcome]
) -> Loaded:
    """What became of the questions about one dataset, `asked` about the window and answered in `outcomes`."""
    found = [outcome for query in asked if isinstance(outcome := outcomes[query], Dataset)]
    compared = {
        dataset.query: comparable(dataset, outcomes[dataset.query.previous()])
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
    """Stands for a survey that could not be loaded while others could."""
    state = State(
        reasons=(f"Survey {query.survey_id} was not loaded. {error.cause}",), missing=(query.window,)
    )
    fingerprint = hashlib.sha256(repr(("absent", query, state)).encode()).hexdigest()
    return Dataset(query, COLUMNS[query.dataset].empty_table(), state, fingerprint)
