"""A value together with the datasets from which it was computed.

Cards, charts, tables, sentences and files take a `Measured` and never a bare number, so each of them knows
whether the records behind the number are complete.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, final

from userlane.contract.dataset import Condition, Dataset, State
from userlane.contract.query import Query, Window

T = TypeVar("T")
U = TypeVar("U")
P = ParamSpec("P")


@final
@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Measured(Generic[T]):
    """A value and the datasets from which it was computed. `measure` makes one.

    `rows` counts only datasets with the same name and window as the first; others (the previous period) are
    comparison inputs. The state is the worst state of all datasets.

    Raises:
        TypeError: `datasets` is empty.
    """

    value: T
    datasets: tuple[Dataset, ...]

    def __post_init__(self) -> None:
        if not self.datasets or not all(isinstance(each, Dataset) for each in self.datasets):
            raise TypeError("a value without datasets cannot be shown")

    @property
    def query(self) -> Query:
        """The query of the first dataset."""
        return self.datasets[0].query

    @property
    def window(self) -> Window:
        """The days of the query."""
        return self.query.window

    @property
    def rows(self) -> int:
        """The number of records behind the value, without those of comparison inputs."""
        counted = (self.query.dataset, self.window)
        return sum(each.rows for each in self.datasets if (each.query.dataset, each.query.window) == counted)

    @property
    def state(self) -> State:
        """The worst state of all datasets."""
        first, *others = (dataset.state for dataset in self.datasets)
        return first.merge(*others)

    @property
    def condition(self) -> Condition:
        """The state in one word."""
        return self.state.condition(self.rows)

    @property
    def fingerprint(self) -> str:
        """Identifies the records of all datasets."""
        return "-".join(dataset.fingerprint for dataset in self.datasets)

    def map(
        self, change: Callable[Concatenate[T, P], U], *args: P.args, **options: P.kwargs
    ) -> "Measured[U]":
        """Return `change(value, …)` with the same datasets."""
        return Measured(change(self.value, *args, **options), self.datasets)

    def only(self, survey_id: str) -> "Measured[T] | None":
        """Return the value with the datasets of one survey only; None where there are none."""
        datasets = tuple(each for each in self.datasets if each.query.survey_id == survey_id)
        return Measured(self.value, datasets) if datasets else None


def measure(
    metric: Callable[..., T],
    source: Dataset | Measured[Any],
    *others: Dataset | Measured[Any] | None,
    **options: Any,
) -> Measured[T]:
    """Compute `metric(source, *others, **options)` and keep all datasets of the arguments.

    The metric gets the value of each `Measured`, also in `options`. None stands for a previous period that
    could not be loaded. `source` gives the number of records.

    >>> from datetime import date
    >>> from userlane.contract import COLUMNS
    >>> april = Query("nps", "demo", Window(date(2026, 4, 1), date(2026, 5, 1)))
    >>> responses = Dataset(april, COLUMNS["nps"].empty_table(), State(reasons=("The API failed.",)), "1")
    >>> n = measure(lambda dataset: dataset.rows, responses)
    >>> n.value, n.condition, n.map(str).condition
    (0, 'incomplete', 'incomplete')

    Raises:
        TypeError: An argument is neither a `Dataset` nor a `Measured`.
    """
    arguments = [source, *(other for other in others if other is not None)]
    for each in arguments:
        if not isinstance(each, Dataset | Measured):
            raise TypeError(f"{type(each).__name__} does not say which rows it comes from")
    value = metric(
        *map(_value, (source, *others)), **{name: _value(option) for name, option in options.items()}
    )
    datasets = [dataset for each in (*arguments, *options.values()) for dataset in _datasets(each)]
    return Measured(value, tuple({id(dataset): dataset for dataset in datasets}.values()))


def unwrap(measured: Measured[T]) -> T:
    """Return the value, for code that draws or writes it beside its state.

    Raises:
        TypeError: The argument is not a `Measured`.
    """
    if not isinstance(measured, Measured):
        raise TypeError(
            f"{type(measured).__name__} does not say which rows it comes from, so it is not drawn"
        )
    return measured.value


def _value(argument: Any) -> Any:
    return argument.value if isinstance(argument, Measured) else argument


def _datasets(argument: Any) -> tuple[Dataset, ...]:
    if isinstance(argument, Dataset):
        return (argument,)
    return argument.datasets if isinstance(argument, Measured) else ()
