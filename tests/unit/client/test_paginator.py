"""A paginator gets every page once, in order, and knows when to end."""

import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from userlane.client import DaemonPool, Paginator, RowBudget
from userlane.contract.pagination import NO_INFO, PaginationInfo
from userlane.errors import NotFound, RequestRefused, ServerFailed, UserlaneError

First = Literal["auto", 0, 1]


@dataclass(frozen=True)
class Numbers:
    """A page of numbers."""

    values: tuple[int, ...]
    declared: PaginationInfo = NO_INFO

    @property
    def records(self) -> int:
        return len(self.values)

    def same(self, other: "Numbers") -> bool:
        return self.values == other.values


def read(body: bytes) -> Numbers:
    return Numbers(tuple(map(int, body.split())))


class Source:
    """`total` numbers in pages of at most `most`, counted from `base`; notes requested pages."""

    def __init__(
        self, total: int, most: int, base: int = 1, before_base: UserlaneError | str = "empty"
    ) -> None:
        self.total = total
        self.most = most
        self.base = base
        self.before_base = before_base
        self.asked: list[int] = []
        self.together = self.most_together = 0
        self._lock = threading.Lock()

    def __call__(self, page: int) -> bytes:
        with self._lock:
            self.asked.append(page)
            self.together += 1
            self.most_together = max(self.most_together, self.together)
        time.sleep(0.0005 * (page % 3))  # so that pages overtake each other
        with self._lock:
            self.together -= 1
        if page < self.base:
            if isinstance(self.before_base, UserlaneError):
                raise self.before_base
            if self.before_base == "empty":
                return b""
        first = max(0, page - self.base) * self.most
        return " ".join(map(str, range(first, min(first + self.most, self.total)))).encode()


def collected(paginator: Paginator[Numbers]) -> list[int]:
    return [value for page in paginator for value in page.values]


@UNHURRIED
@given(
    total=st.integers(0, 60),
    most=st.integers(1, 12),
    limit=st.integers(1, 12),
    in_flight=st.integers(1, 6),
    base=st.sampled_from([0, 1]),
)
def test_every_record_comes_once_in_order_however_the_server_cuts_its_pages(
    total: int, most: int, limit: int, in_flight: int, base: Literal[0, 1]
) -> None:
    source = Source(total, min(most, limit), base)
    paginator = Paginator(source, read, first=base, limit=limit, in_flight=in_flight)
    assert collected(paginator) == list(range(total))
    assert paginator.reason is None
    assert source.most_together <= in_flight
    assert len(source.asked) == len(set(source.asked))


@UNHURRIED
@given(
    total=st.integers(0, 40),
    base=st.sampled_from([0, 1]),
    before=st.sampled_from([RequestRefused("x"), NotFound("x"), "empty", "same as page 1"]),
)
def test_where_pages_start_is_found_out_without_losing_or_repeating_one(
    total: int, base: int, before: UserlaneError | str
) -> None:
    paginator = Paginator(Source(total, 5, base, before), read, first="auto", limit=5)
    assert collected(paginator) == list(range(total))
    assert paginator.reason is None


def test_a_multiple_of_the_limit_ends_on_the_empty_page() -> None:
    source = Source(20, 10)
    assert collected(Paginator(source, read, limit=10, in_flight=1)) == list(range(20))
    assert source.asked == [1, 2, 3]


def test_a_short_first_page_is_followed_by_one_request() -> None:
    source = Source(7, 10)
    assert collected(Paginator(source, read, limit=10)) == list(range(7))
    assert source.asked == [1, 2]


def test_nothing_is_asked_beside_the_first_page() -> None:
    begun = threading.Event()

    def ask(page: int) -> bytes:
        if page > 1:
            begun.set()
            return b""
        time.sleep(0.05)
        assert not begun.is_set()
        return b"1 2 3"

    assert collected(Paginator(ask, read, limit=3)) == [1, 2, 3]


@pytest.mark.parametrize("first", [0, 1, "auto"])
@pytest.mark.parametrize("records", [3, 10])
def test_an_ignored_page_number_is_noticed_by_the_third_request(first: First, records: int) -> None:
    asked: list[int] = []

    def ask(page: int) -> bytes:
        asked.append(page)
        return " ".join(map(str, range(records))).encode()

    paginator = Paginator(ask, read, first=first, limit=10, in_flight=8)
    assert collected(paginator) == list(range(records))
    assert paginator.reason == "The API sends the same page again and again: it ignores the page number."
    assert len(asked) <= 3


def test_endless_pages_stop_when_the_row_budget_is_used_up() -> None:
    paginator = Paginator(Source(10**9, 10), read, limit=10, row_budget=RowBudget(35))
    assert collected(paginator) == list(range(30))
    assert paginator.reason == "There are more than 35 records (USERLANE_MAX_ROWS); the rest is left out."


def test_exactly_as_many_records_as_the_budget_has_are_complete() -> None:
    paginator = Paginator(Source(30, 10), read, limit=10, row_budget=RowBudget(30))
    assert collected(paginator) == list(range(30))
    assert paginator.reason is None


def test_an_error_comes_in_the_place_of_its_page() -> None:
    source = Source(1000, 10)

    def ask(page: int) -> bytes:
        if page == 4:
            raise ServerFailed("broken")
        return source(page)

    got: list[int] = []
    pages = iter(Paginator(ask, read, limit=10))
    for _ in range(3):
        got.extend(next(pages).values)
    with pytest.raises(ServerFailed):
        next(pages)
    assert got == list(range(30))


@pytest.mark.parametrize("in_flight", [1, 4])
def test_a_page_is_read_by_the_thread_that_asked_for_it_and_one_at_a_time_by_the_one_that_walks(
    in_flight: int,
) -> None:
    asked: list[int] = []
    readers: list[int] = []
    source = Source(50, 10)

    def ask(number: int) -> bytes:
        asked.append(threading.get_ident())
        return source(number)

    def note(body: bytes) -> Numbers:
        readers.append(threading.get_ident())
        return read(body)

    collected(Paginator(ask, note, limit=10, in_flight=in_flight))
    assert Counter(asked) == Counter(readers)
    assert ({*readers} == {threading.get_ident()}) is (in_flight == 1)


def test_a_pool_never_has_more_threads_than_its_size_and_hands_errors_on() -> None:
    together = threading.Barrier(2)

    def meet() -> int:
        together.wait(5)
        return 1

    with DaemonPool(2, "test") as pool:
        jobs = [pool.submit(meet) for _ in range(4)]
        assert [job.result(5) for job in jobs] == [1, 1, 1, 1]
        failing = pool.submit(lambda: int("x"))
        with pytest.raises(ValueError, match="invalid literal"):
            failing.result(5)


def test_when_a_walk_is_over_nothing_is_under_way_any_more() -> None:
    under_way = 0
    lock = threading.Lock()

    def ask(page: int) -> bytes:
        nonlocal under_way
        with lock:
            under_way += 1
        time.sleep(0.05 if page > 3 else 0)
        with lock:
            under_way -= 1
        return b"" if page > 3 else f"{page} {page + 10}".encode()

    assert len(collected(Paginator(ask, read, limit=2, in_flight=6))) == 6
    assert under_way == 0
