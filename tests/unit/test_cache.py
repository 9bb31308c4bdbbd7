"""What is computed once for all visitors: never a state, never another's rows, never too much."""

import functools
import threading
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from userlane import cache
from userlane.cache import ResultCache, measure_cached
from userlane.contract import COLUMNS, Dataset, Query, State, Window, measure, unwrap
from userlane.lookups.names import Names

APRIL = Query("nps", "demo", Window(date(2026, 4, 1), date(2026, 5, 1)))
CALLS: list[Any] = []


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "results", ResultCache())
    CALLS.clear()


def dataset(fingerprint: str = "1", state: State | None = None) -> Dataset:
    return Dataset(APRIL, COLUMNS["nps"].empty_table(), state or State(), fingerprint)


def whose(*sources: Any, **options: Any) -> tuple[Any, ...]:
    """What it was given, told by fingerprint; each call is noted."""
    CALLS.append(options)
    return tuple(each.fingerprint if isinstance(each, Dataset) else each for each in sources)


def another(*_sources: Any) -> str:
    CALLS.append(another)
    return "another"


def test_it_is_computed_once_for_the_same_rows_and_options() -> None:
    first = measure_cached(whose, dataset(), by="week", days=(1, 2))
    assert unwrap(measure_cached(whose, dataset(), by="week", days=(1, 2))) is unwrap(first) == ("1",)
    assert len(CALLS) == 1


def test_the_state_is_that_of_the_rows_of_whoever_asks() -> None:
    """Kept is the value alone: who sees it with datasets of another state sees that."""
    old = State(stale=True, fetched_at=datetime(2026, 4, 1, tzinfo=UTC))
    here, there = dataset(), dataset(state=old)
    assert measure_cached(whose, here).datasets == (here,)
    again = measure_cached(whose, there)
    assert again.datasets == (there,)
    assert (len(CALLS), again.condition) == (1, "stale")


@pytest.mark.parametrize(
    "options",
    [
        {"by": "month"},
        {"step": "week"},
        {"by": ("week",)},
        {"by": ["week"]},
        {"by": None},
        {"by": {"week": 1}},
        {"by": Names({}, "tags.csv", "week")},
        {},
    ],
)
def test_nothing_is_shared_by_other_options(options: dict[str, Any]) -> None:
    measure_cached(whose, dataset(), by="week")
    measure_cached(whose, dataset(), **options)
    assert len(CALLS) == 2


def test_options_that_look_alike_are_told_apart() -> None:
    for value in (1, 1.0, True, "1", "True", APRIL.window, repr(APRIL.window)):
        measure_cached(whose, dataset(), option=value)
    assert [type(call["option"]) for call in CALLS] == [int, float, bool, str, str, Window, str]


def test_nothing_is_shared_by_other_rows_or_functions() -> None:
    """A fingerprint is given only to who may see the rows, so no other visitor's can be met."""
    assert unwrap(measure_cached(whose, dataset("1"))) == ("1",)
    assert unwrap(measure_cached(whose, dataset("2"))) == ("2",)
    assert unwrap(measure_cached(whose, dataset("1"), dataset("2"))) == ("1", "2")
    assert unwrap(measure_cached(whose, dataset("1"), None)) == ("1", None)
    assert unwrap(measure_cached(another, dataset("1"))) == "another"
    assert len(CALLS) == 5


def test_what_is_made_of_results_is_kept_by_what_they_were_made_of() -> None:
    for _ in range(2):
        for fingerprint in ("1", "2"):
            first = measure_cached(whose, dataset(fingerprint), by="week")
            second = measure_cached(whose, first, before=first)
            assert unwrap(second) == (((fingerprint),),)
            assert second.datasets == first.datasets
    assert len(CALLS) == 4


def test_what_cannot_be_named_is_computed_each_time() -> None:
    """A value of unknown making, an option without a name, a function of no module."""

    def local(rows: Dataset) -> str:
        CALLS.append(local)
        return rows.fingerprint

    for _ in range(2):
        measure_cached(whose, measure(whose, dataset()))
        measure_cached(whose, measure_cached(whose, dataset()).map(list))
        measure_cached(whose, dataset(), frame=pd.DataFrame())
        measure_cached(whose, dataset(), number=np.int64(1))
        measure_cached(local, dataset())
        measure_cached(functools.partial(whose, by="week"), dataset())
    # The one that `map` begins with is kept.
    assert len(CALLS) == 15
    assert unwrap(measure_cached(local, dataset("2"))) == "2"


def test_an_error_is_not_kept() -> None:
    with pytest.raises(ZeroDivisionError):
        measure_cached(divmod, measure(lambda _: 1, dataset()), measure(lambda _: 0, dataset()))
    results = ResultCache()
    with pytest.raises(ZeroDivisionError):
        results.get("a", lambda: 1 / 0)
    assert results.get("a", lambda: 1) == 1


def megabyte() -> Any:
    return np.zeros(2**20, dtype="uint8")


def test_there_is_room_for_so_many_bytes() -> None:
    """Those asked for least lately go; what is too large by itself is not kept at all."""
    results = ResultCache(most=9 * 2**20)
    for key in "abcdefghi":
        results.get(key, megabyte)
        results.get("a", megabyte)
        assert results.size <= 9 * 2**20
    assert results.size > 8 * 2**20
    assert results.get("a", lambda: None) is not None
    assert results.get("b", lambda: None) is None
    results.get("large", lambda: np.zeros(3 * 2**20, dtype="uint8"))
    assert results.get("large", lambda: "again") == "again"


def test_a_result_counts_about_as_much_as_it_takes() -> None:
    frame = pd.DataFrame({"n": np.arange(10_000), "comment": [f"comment {n}" for n in range(10_000)]})
    results = ResultCache()
    results.get("frame", lambda: frame)
    taken = int(frame.memory_usage(deep=True).sum())
    assert taken / 2 < results.size < 5 * taken
    results.clear()
    assert results.size == 0
    for n in range(100):
        results.get(str(n), lambda: None)
    assert results.size > 20_000, "nothing at all takes some bytes, too"
    results.clear()
    results.get("generator", lambda: (n for n in range(3)))
    assert results.size == 0, "what cannot be weighed is not kept"


def test_nobody_asking_it_is_forgotten() -> None:
    now = [0.0]
    results = ResultCache(seconds=60, timer=lambda: now[0])
    for now[0], key in ((0, "a"), (30, "b"), (50, "a")):
        results.get(key, megabyte)
    now[0] = 100
    results.get("c", lambda: 1)
    assert results.size < 2 * 2**20, "b is still there"
    assert results.get("a", lambda: None) is not None
    assert results.get("b", lambda: None) is None


def test_one_computes_while_others_wait() -> None:
    results, begun, go = ResultCache(), threading.Event(), threading.Event()
    found: list[int] = []

    def slow() -> int:
        begun.set()
        assert go.wait(10)
        CALLS.append("slow")
        return 1

    threads = [threading.Thread(target=lambda: found.append(results.get("a", slow))) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    assert results.get("b", lambda: 2) == 2, "others are not held up"
    go.set()
    for thread in threads:
        thread.join(10)
    assert (found, CALLS) == ([1] * 5, ["slow"])
