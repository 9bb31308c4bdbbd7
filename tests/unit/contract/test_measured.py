"""A value and the rows it was measured on: they cannot be parted."""

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from userlane.contract import (
    COLUMNS,
    Condition,
    Dataset,
    DatasetName,
    Measured,
    Query,
    State,
    Window,
    measure,
    unwrap,
)

APRIL = Window(date(2026, 4, 1), date(2026, 5, 1))
GAP = Window(date(2026, 4, 3), date(2026, 4, 5))
PARTIAL = State(reasons=("The API failed.",), missing=(GAP,))
STALE = State(stale=True, fetched_at=datetime(2026, 4, 20, tzinfo=UTC))


def dataset(
    rows: int = 1,
    state: State | None = None,
    name: DatasetName = "nps",
    window: Window = APRIL,
    survey_id: str | None = None,
) -> Dataset:
    table = pa.Table.from_pylist([{}] * rows, COLUMNS[name])
    query = Query(name, "demo", window, survey_id)
    return Dataset(query, table, state or State(), f"{name} {survey_id} {window.start}")


def total(*datasets: Dataset) -> int:
    return sum(each.rows for each in datasets)


@pytest.mark.parametrize(
    ("state", "rows", "condition"),
    [
        (State(), 2, "complete"),
        (State(), 0, "empty"),
        (STALE, 0, "stale"),
        (STALE, 2, "stale"),
        (PARTIAL, 0, "incomplete"),
        (State(reasons=("x",), stale=True), 2, "incomplete"),
    ],
)
def test_a_value_has_the_condition_of_its_rows(state: State, rows: int, condition: Condition) -> None:
    """Through every step that is made from it."""
    n = measure(total, dataset(rows, state))
    doubled = n.map(lambda value: 2 * value)
    assert (n.value, doubled.value) == (rows, 2 * rows)
    for measured in (n, doubled, doubled.map(str), measure(str, doubled)):
        assert measured.condition == condition
        assert measured.state == state
        assert (measured.rows, measured.window, measured.query) == (rows, APRIL, n.query)


@pytest.mark.parametrize("worse", [PARTIAL, STALE])
def test_two_together_are_as_bad_as_the_worse(worse: State) -> None:
    """Whichever of them it is, and also when it is an option of the metric."""
    good, bad = measure(total, dataset(2)), measure(total, dataset(3, worse, "tags"))
    for both in (
        measure(lambda a, b: a + b, good, bad),
        measure(lambda a, b: a + b, bad, good),
        measure(lambda a, b: a + b, good, b=bad),
    ):
        assert both.value == 5
        assert both.state.complete == worse.complete
        assert both.state.stale == worse.stale
        assert both.state.missing == worse.missing


def test_surveys_side_by_side_are_counted_together_the_period_before_is_not() -> None:
    """The rows behind a change are those of this period; those it was compared with lend it their state."""
    surveys = [dataset(rows, None, "surveys", APRIL, str(rows)) for rows in (2, 3)]
    before = dataset(7, STALE, "surveys", APRIL.previous(), "2")
    moved = measure(total, *surveys, before)
    assert moved.value == 12
    assert moved.rows == 5
    assert moved.condition == "stale"
    only = moved.only("3")
    assert only
    assert (only.rows, only.condition) == (3, "complete")
    assert moved.only("9") is None


def test_the_age_of_several_is_that_of_the_oldest_that_is_stale() -> None:
    """What is old and settled is not what could not be brought up to date."""
    settled = State(fetched_at=datetime(2026, 1, 1, tzinfo=UTC))
    both = measure(total, dataset(1, settled), dataset(1, STALE, "tags"))
    assert both.state.fetched_at == STALE.fetched_at


def test_a_comparison_that_could_not_be_had_is_nothing() -> None:
    """The metric is told so, and the state is that of what there is."""
    alone = measure(lambda now, before: (now, before), measure(total, dataset(2)), None)
    assert alone.value == (2, None)
    assert alone.condition == "complete"


@pytest.mark.parametrize("bare", [4, 4.0, "4", None, [1], {"n": 1}, pa.table({"n": [1]})])
def test_a_bare_value_is_refused(bare: Any) -> None:
    """Nothing becomes measured without rows, and nothing bare is shown."""
    with pytest.raises(TypeError):
        measure(lambda value: value, bare)
    with pytest.raises(TypeError):
        unwrap(bare)
    with pytest.raises(TypeError):
        Measured(bare, ())
    with pytest.raises(TypeError):
        Measured(bare, (bare,))


def test_a_bare_value_beside_a_measured_one_is_refused() -> None:
    """A number that somebody computed elsewhere cannot slip in as the period before."""
    with pytest.raises(TypeError):
        measure(max, measure(total, dataset(2)), 9)  # type: ignore[arg-type]  # what is refused here
