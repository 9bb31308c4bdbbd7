"""A paginator believes what the API declares of its end, as long as no row can be lost by it."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from tests.unit.client.test_paginator import Numbers
from userlane.client import Paginator
from userlane.contract.pagination import PaginationInfo
from userlane.errors import NotFound, RequestRefused, ServerFailed, UserlaneError

Declare = Callable[["Server", int, int], PaginationInfo]


def nothing(_server: "Server", _page: int, _records: int) -> PaginationInfo:
    return PaginationInfo()


def total(server: "Server", _page: int, _records: int) -> PaginationInfo:
    return PaginationInfo(total=server.total)


def pages(server: "Server", _page: int, _records: int) -> PaginationInfo:
    return PaginationInfo(pages=server.pages)


def more(server: "Server", page: int, _records: int) -> PaginationInfo:
    return PaginationInfo(more=page < server.pages)


def everything(server: "Server", page: int, records: int) -> PaginationInfo:
    return PaginationInfo(server.total, server.pages, more(server, page, records).more)


def own(_server: "Server", _page: int, records: int) -> PaginationInfo:
    return PaginationInfo(total=records)


@dataclass
class Server:
    """`total` numbers in pages of at most `most`, counted from `base`, with what `declare` says of each."""

    total: int
    most: int
    declare: Declare = nothing
    base: Literal[0, 1] = 1
    page_zero: Literal["as page 1", "empty", "refused", "not found"] = "empty"
    past_the_end: Literal["empty", "not found", "the last again"] = "empty"
    asked: list[int] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def pages(self) -> int:
        return -(-self.total // self.most)

    def __call__(self, page: int) -> bytes:
        with self._lock:
            self.asked.append(page)
        place = page - self.base
        if place < 0:
            if self.page_zero == "refused":
                raise RequestRefused("pages begin with 1")
            if self.page_zero == "not found":
                raise NotFound("no such page")
            place = 0 if self.page_zero == "as page 1" else 10**6
        elif place >= max(1, self.pages) and self.past_the_end == "not found":
            raise NotFound("no such page")
        elif place >= self.pages and self.past_the_end == "the last again":
            place = max(0, self.pages - 1)
        values = list(range(self.total))[place * self.most : (place + 1) * self.most]
        said = self.declare(self, place + 1, len(values))
        return json.dumps([values, [said.total, said.pages, said.more, said.own], page]).encode()


def read(body: bytes) -> Numbers:
    values, said, _ = json.loads(body)
    return Numbers(tuple(values), PaginationInfo(*said))


def walked(server: Server, **options: Any) -> tuple[list[int], Paginator[Numbers]]:
    paginator = Paginator(server, read, **options)
    return [value for page in paginator for value in page.values], paginator


@st.composite
def servers(draw: st.DrawFn) -> Server:
    most = draw(st.integers(1, 12))
    declare = draw(st.sampled_from([nothing, total, pages, more, everything]))
    return Server(draw(st.integers(0, 45)), most, declare, draw(st.sampled_from([0, 1])))


@UNHURRIED
@given(server=servers(), limit=st.integers(1, 12), in_flight=st.integers(1, 5))
def test_what_is_declared_truthfully_costs_no_row_and_no_mark(
    server: Server, limit: int, in_flight: int
) -> None:
    server.most = min(server.most, limit)
    rows, paginator = walked(server, first=server.base, limit=limit, in_flight=in_flight)
    assert rows == list(range(server.total))
    assert paginator.reason is None
    assert len(server.asked) == len(set(server.asked))


@UNHURRIED
@given(server=servers(), page_zero=st.sampled_from(["as page 1", "empty", "refused", "not found"]))
def test_auto_loses_no_page_and_costs_at_most_one_request_more(
    server: Server, page_zero: Literal["as page 1", "empty", "refused", "not found"]
) -> None:
    known, unknown = replace(server, asked=[]), replace(server, asked=[], page_zero=page_zero)
    walked(known, first=server.base, limit=12, in_flight=1)
    rows, paginator = walked(unknown, first="auto", limit=12, in_flight=1)
    assert rows == list(range(server.total))
    assert paginator.reason is None
    assert paginator.base in {server.base, None}
    assert len(unknown.asked) <= len(known.asked) + 1
    assert walked(unknown, first="auto", limit=12, in_flight=4)[0] == rows


@pytest.mark.parametrize("declare", [total, pages, everything])
@pytest.mark.parametrize("amount", [1, 7, 10, 20, 35])
def test_a_declared_end_saves_the_empty_page(declare: Declare, amount: int) -> None:
    server = Server(amount, 10, declare)
    rows, _ = walked(server, limit=1000, in_flight=4)
    assert len(rows) == amount
    assert sorted(server.asked) == list(range(1, server.pages + 1))


def test_no_more_saves_the_empty_page() -> None:
    server = Server(20, 10, more)
    assert len(walked(server, limit=10, in_flight=1)[0]) == 20
    assert server.asked == [1, 2]


def test_declared_pages_are_fetched_side_by_side_though_they_are_shorter_than_asked_for() -> None:
    together = threading.Barrier(2)
    server = Server(40, 10, total)

    def ask(page: int) -> bytes:
        if page in {2, 3}:
            together.wait(timeout=10)
        return server(page)

    assert sum(page.records for page in Paginator(ask, read, limit=1000, in_flight=3)) == 40


@pytest.mark.parametrize(
    "said",
    [
        PaginationInfo(total=50),
        PaginationInfo(total=50, pages=5),
        PaginationInfo(total=50, more=False),
        PaginationInfo(total=50, more=True),
    ],
)
def test_fewer_records_than_declared_are_marked(said: PaginationInfo) -> None:
    server = Server(30, 10, lambda *_: said)
    rows, paginator = walked(server, limit=10)
    assert rows == list(range(30))
    assert paginator.reason == "The API declared 50 records and sent 30."
    assert not paginator.ends_load


def test_fewer_pages_than_declared_are_marked() -> None:
    rows, paginator = walked(Server(30, 10, lambda *_: PaginationInfo(pages=6)), limit=10)
    assert rows == list(range(30))
    assert paginator.reason == "The API declared 6 pages and sent 3."


def test_one_page_too_many_declared_is_the_empty_one() -> None:
    assert walked(Server(30, 10, lambda *_: PaginationInfo(pages=4)), limit=10)[1].reason is None


@pytest.mark.parametrize(
    "said",
    [
        PaginationInfo(total=30, more=False),
        PaginationInfo(total=30, pages=1),
        PaginationInfo(total=30, pages=1, more=False),
        PaginationInfo(pages=3, more=False),
        PaginationInfo(pages=1, more=True),
        PaginationInfo(total=10, more=True),
        PaginationInfo(total=10, pages=3),
    ],
)
def test_an_end_declared_too_early_loses_nothing_when_something_else_says_more(said: PaginationInfo) -> None:
    assert walked(Server(30, 10, lambda *_: said), limit=10)[0] == list(range(30))


def test_a_total_that_is_each_pages_own_number_ends_nothing_and_marks_nothing() -> None:
    rows, paginator = walked(Server(30, 10, own), limit=10)
    assert rows == list(range(30))
    assert paginator.reason is None


@pytest.mark.parametrize("first", ["auto", 0, 1])
def test_an_ignored_page_number_is_noticed_though_every_answer_names_another(
    first: Literal["auto", 0, 1],
) -> None:
    asked: list[int] = []

    def ask(page: int) -> bytes:
        asked.append(page)
        return json.dumps([[1, 2, 3], [250, None, True, False], page]).encode()

    paginator = Paginator(ask, read, first=first, in_flight=8)
    assert [page.values for page in paginator] == [(1, 2, 3)]
    assert paginator.reason == "The API sends the same page again and again: it ignores the page number."
    assert paginator.ends_load
    assert len(asked) <= 3


def test_a_second_page_that_is_refused_is_no_loss_if_the_first_counts_its_own_records() -> None:
    server = Server(7, 10, lambda *_: PaginationInfo(own=True), past_the_end="not found")
    rows, paginator = walked(server, limit=10)
    assert (rows, paginator.reason) == (list(range(7)), None)


@pytest.mark.parametrize("amount", [14, 25])
@pytest.mark.parametrize("in_flight", [1, 4])
def test_a_page_past_the_last_may_be_refused(amount: int, in_flight: int) -> None:
    """The one after it is refused too, and the last page is what it was."""
    server = Server(amount, 10, past_the_end="not found")
    rows, paginator = walked(server, limit=10, in_flight=in_flight)
    assert (rows, paginator.reason) == (list(range(amount)), None)
    assert sorted(server.asked) == [
        *range(1, server.pages),
        *[server.pages] * 2,
        *(server.pages + each for each in (1, 2)),
    ]


REFUSALS = (NotFound("no such page"), RequestRefused("page out of range"))


@dataclass
class Short:
    """Page 1 is full and page 2 short; of the others some are refused. `then` is page 2 the second time."""

    refused: Callable[[int], bool]
    refusal: UserlaneError
    said: PaginationInfo = field(default_factory=PaginationInfo)
    then: list[int] | UserlaneError | None = None
    asked: list[int] = field(default_factory=list)

    def __call__(self, page: int) -> bytes:
        self.asked.append(page)
        if self.refused(page):
            raise self.refusal
        values = list(range(page * 10, page * 10 + (3 if page == 2 else 10)))
        if page == 2 and self.then is not None and self.asked.count(2) > 1:
            if isinstance(self.then, UserlaneError):
                raise self.then
            values = self.then
        said = [self.said.total, self.said.pages, self.said.more, self.said.own]
        return json.dumps([values, said, page]).encode()


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize(
    "server",
    [
        lambda refusal: Short(lambda page: page == 3, refusal),
        lambda refusal: Short(lambda page: page > 2, refusal, then=refusal),
        lambda refusal: Short(lambda page: page > 2, refusal, then=[20, 21, 22, 23]),
        lambda refusal: Short(lambda page: page > 2, refusal, PaginationInfo(more=True)),
        lambda refusal: Short(lambda page: page > 2, refusal, PaginationInfo(pages=3)),
    ],
    ids=[
        "one page only",
        "the property is gone",
        "the last has grown",
        "more follow",
        "three pages declared",
    ],
)
def test_a_refused_page_after_a_short_one_is_no_end_when_anything_speaks_against_it(
    server: Callable[[UserlaneError], Short], refusal: UserlaneError
) -> None:
    short = server(refusal)
    paginator = Paginator(short, read, limit=10, in_flight=1)
    with pytest.raises(type(refusal)):
        list(paginator)
    assert len(short.asked) <= 5


def test_a_total_that_has_not_come_says_better_than_a_refusal_what_is_missing() -> None:
    short = Short(lambda page: page > 2, REFUSALS[0], PaginationInfo(total=150))
    paginator = Paginator(short, read, limit=10, in_flight=1)
    assert sum(page.records for page in paginator) == 13
    assert paginator.reason == "The API declared 150 records and sent 13."


def test_what_goes_wrong_while_the_end_is_looked_into_is_raised() -> None:
    """Neither an end nor a refusal: nobody knows."""
    short = Short(lambda page: page > 2, REFUSALS[0], then=ServerFailed("broken"))
    with pytest.raises(ServerFailed):
        list(Paginator(short, read, limit=10))


@pytest.mark.parametrize("amount", [14, 25])
@pytest.mark.parametrize("first", ["auto", 1])
def test_the_last_page_again_after_a_short_one_leaves_open_whether_there_is_more(
    first: Literal["auto", 1], amount: int
) -> None:
    """An API that ignores the page number from its short second page on answers just so."""
    for in_flight in (1, 4):
        server = Server(amount, 10, past_the_end="the last again")
        rows, paginator = walked(server, first=first, limit=10, in_flight=in_flight)
        assert rows == list(range(amount))
        last = server.pages
        assert paginator.reason == (
            f"The API gave page {last} again in place of page {last + 1}; whether there is more is not known."
        )
        assert not paginator.ends_load


def test_the_last_page_again_is_not_asked_for_where_the_total_has_come() -> None:
    rows, paginator = walked(Server(25, 10, total, past_the_end="the last again"), limit=10)
    assert (rows, paginator.reason) == (list(range(25)), None)


def test_page_0_that_is_empty_where_all_others_are_refused_is_an_empty_result() -> None:
    server = Server(0, 10, base=0, past_the_end="not found")
    rows, paginator = walked(server, first="auto")
    assert (rows, paginator.reason, paginator.base) == ([], None, 0)
    assert server.asked == [0, 1, 2, 0]


@pytest.mark.parametrize(
    "said", [PaginationInfo(), PaginationInfo(total=12), PaginationInfo(more=True), PaginationInfo(pages=2)]
)
def test_an_empty_page_0_excuses_no_refused_page_1_where_there_may_be_more(said: PaginationInfo) -> None:
    """Without a word, page 2 is there; else the API says that something is."""

    def ask(page: int) -> bytes:
        if page == 1 or (page and said != PaginationInfo()):
            raise NotFound("no such page")
        return json.dumps([[1, 2] if page else [], [said.total, said.pages, said.more, False], page]).encode()

    with pytest.raises(NotFound):
        list(Paginator(ask, read, first="auto"))


@pytest.mark.parametrize("amount", [7, 10, 20])
@pytest.mark.parametrize("limit", [10, 1000])
def test_a_page_refused_after_one_that_may_not_be_the_last_is_an_error(amount: int, limit: int) -> None:
    paginator = Paginator(Server(amount, 10, past_the_end="not found"), read, limit=limit)
    with pytest.raises(NotFound):
        list(paginator)


@pytest.mark.parametrize("first", ["auto", 1])
def test_a_refusal_that_is_not_about_the_page_is_an_error_wherever_it_comes(
    first: Literal["auto", 1],
) -> None:
    def ask(page: int) -> bytes:
        if page in {0, 4}:
            raise RequestRefused("The API points elsewhere.", page=False)
        return json.dumps([[*range(page, page + (2 if page == 3 else 10))], [None] * 3 + [False]]).encode()

    with pytest.raises(RequestRefused, match="elsewhere"):
        list(Paginator(ask, lambda body: read(body[:-1] + b", 0]"), first=first, limit=10))


@pytest.mark.parametrize("kind", [NotFound, RequestRefused])
def test_a_first_page_refused_in_every_way_of_counting_is_an_error(kind: type[Exception]) -> None:
    def ask(_page: int) -> bytes:
        raise kind("no")

    with pytest.raises(kind):
        list(Paginator(ask, read, first="auto"))
