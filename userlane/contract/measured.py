"""What is drawn: a value that cannot be parted from the rows it was measured on.

Cards, charts, tables, sentences and files take a `Measured`, never a bare number, so whether the rows behind
it are complete is known wherever it is shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, final

from userlane.contract.dataset import Condition, Dataset, State
from userlane.contract.query import DatasetName, Query, Window

T = TypeVar("T")
U = TypeVar("U")
P = ParamSpec("P")


@final
@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Measured(Generic[T]):
    """A value, and the datasets it was measured on. Only `measure` and a `Measured` itself make one.

    It counts the datasets that share name and window with the first; any other, such as the period before, it
    was only compared with. Its state is the worst of them all.

    Raises `TypeError` without datasets.
    """

    value: T
    datasets: tuple[Dataset, ...]

    def __post_init__(self) -> None:
        if not self.datasets or not all(isinstance(each, Dataset) for each in self.datasets):
            raise TypeError("what was measured on no dataset cannot be shown")

    @property
    def query(self) -> Query:
        """The question whose answer was measured; of several surveys, that about the first."""
        return self.datasets[0].query

    @property
    def name(self) -> DatasetName:
        """Which of the four datasets it is of."""
        return self.query.dataset

    @property
    def window(self) -> Window:
        """The days it is of."""
        return self.query.window

    @property
    def timezone(self) -> str:
        """Whose days they are."""
        return self.query.timezone

    @property
    def counted(self) -> tuple[Dataset, ...]:
        """The datasets it counts, without those it was compared with."""
        first = self.query
        return tuple(
            each
            for each in self.datasets
            if (each.query.dataset, each.query.window) == (first.dataset, first.window)
        )

    @property
    def rows(self) -> int:
        """How many records it counts."""
        return sum(dataset.rows for dataset in self.counted)

    @property
    def state(self) -> State:
        """The worst of the states of all its datasets."""
        first, *others = (dataset.state for dataset in self.datasets)
        return first.merged(*others)

    @property
    def condition(self) -> Condition:
        """The state in one word."""
        return self.state.condition(self.rows)

    @property
    def fingerprint(self) -> str:
        """Names what it was measured on."""
        return "-".join(dataset.fingerprint for dataset in self.datasets)

    def map(
        self, change: Callable[Concatenate[T, P], U], *args: P.args, **options: P.kwargs
    ) -> "Measured[U]":
        """`change(value, …)`, measured on the same datasets."""
        return Measured(change(self.value, *args, **options), self.datasets)

    def only(self, survey_id: str) -> "Measured[T] | None":
        """The same value as far as it is of one survey: with its state alone; None where it is not of it."""
        datasets = tuple(each for each in self.datasets if each.query.survey_id == survey_id)
        return Measured(self.value, datasets) if datasets else None


def measure(
    metric: Callable[..., T],
    source: Dataset | Measured[Any],
    *others: Dataset | Measured[Any] | None,
    **options: Any,
) -> Measured[T]:
    """`metric(source, *others, **options)`, measured on all datasets in its arguments.

    A `Measured` among them, also in `options`, is given to the metric as its value; None stands for a period
    before that could not be had. The first is what is counted.

    >>> from datetime import date
    >>> from userlane.contract import COLUMNS
    >>> april = Query("nps", "demo", Window(date(2026, 4, 1), date(2026, 5, 1)))
    >>> answers = Dataset(april, COLUMNS["nps"].empty_table(), State(reasons=("The API failed.",)), "1")
    >>> n = measure(lambda dataset: dataset.rows, answers)
    >>> n.value, n.condition, n.map(str).condition
    (0, 'incomplete', 'incomplete')

    Raises `TypeError` for a source that is neither `Dataset` nor `Measured`.
    """
    given = [source, *(other for other in others if other is not None)]
    for each in given:
        if not isinstance(each, Dataset | Measured):
            raise TypeError(f"{type(each).__name__} does not say which rows it comes from")
    value = metric(
        *map(_value, (source, *others)), **{name: _value(option) for name, option in options.items()}
    )
    datasets = [dataset for each in (*given, *options.values()) for dataset in _datasets(each)]
    return Measured(value, tuple({id(dataset): dataset for dataset in datasets}.values()))


def shown(measured: Measured[T]) -> T:
    """The value, to be drawn beside its state: how whoever draws gets at it.

    Raises `TypeError` for anything but a `Measured`.
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
