"""Many stored windows of tags: another token opens just those that it may see, and need not ask for each."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED, Api, connection, query, tag_records
from tests.unit.fetch.given import NOW, fetcher
from userlane.contract import Window
from userlane.fetch import Fetcher, plan

START = date(2026, 3, 1)
SIXTY = Window(START, START + timedelta(days=60))


def day(number: int) -> Window:
    return Window(START + timedelta(days=number), START + timedelta(days=number + 1))


class ByDay(Api):
    """Each token sees the tag rows of some of sixty days; no two days have as many."""

    def __init__(self, **rights: set[int]) -> None:
        super().__init__({}, most=50)
        self.rights = rights
        self.rows = [tag_records(day(number), 8 + number % 9 + (number * 7) % 4) for number in range(60)]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        owner = request.headers["authorization"].removeprefix("Bearer ")
        seen = sorted(self.rights[owner])
        self.records = {"tags": [record for number in seen for record in self.rows[number]]}
        return super().handle_request(request)

    def expected(self, owner: str, first: int, end: int) -> dict[date, int]:
        return {
            day(number).start: len(self.rows[number])
            for number in sorted(self.rights[owner])
            if first <= number < end
        }


@contextmanager
def daily(api: ByDay, owner: str) -> Iterator[Fetcher]:
    """What this token sees of sixty days is stored, each day for itself; at most 50 records a page."""
    with time_machine.travel(NOW), closing(fetcher(api)) as fetch:
        for number in range(60):
            fetch.load(connection(token=owner), query("tags", day(number)))
        api.requests.clear()
        yield fetch


def by_day(fetch: Fetcher, owner: str, window: Window) -> dict[date, int]:
    found = fetch.load(connection(token=owner), query("tags", window))
    assert found.state.complete
    counts: dict[date, int] = {}
    for each in found.table["date"].to_pylist():
        counts[each] = counts.get(each, 0) + 1
    assert sum(counts.values()) == found.rows
    return counts


def test_who_sees_all_of_sixty_windows_opens_them_with_five_requests() -> None:
    api = ByDay(anna={*range(60)}, ben={*range(60)})
    with daily(api, "anna") as fetch:
        assert by_day(fetch, "ben", SIXTY) == api.expected("ben", 0, 60)
        assert len(api.requests) <= 5
        api.requests.clear()
        assert by_day(fetch, "ben", SIXTY) == api.expected("ben", 0, 60)
        assert api.requests == []


@pytest.mark.parametrize(
    "half", [range(30), range(30, 60), range(15, 45)], ids=["the first", "the second", "in the middle"]
)
def test_who_sees_half_of_sixty_windows_opens_that_half_and_asks_for_little_more(half: range) -> None:
    """About as many requests as the other half takes, and some tens to find out where it begins."""
    api = ByDay(anna={*range(60)}, ben={*half})
    with daily(api, "anna") as fetch:
        assert by_day(fetch, "ben", SIXTY) == api.expected("ben", 0, 60)
        assert len(api.requests) <= 60
        opened = {each for each in api.requests if int(each.url.params["page"]) > 1}
        assert opened
        api.requests.clear()
        assert by_day(fetch, "anna", SIXTY) == api.expected("anna", 0, 60)
        assert len(api.requests) <= 5


@settings(UNHURRIED, max_examples=12)
@given(
    seen=st.sets(st.integers(0, 59))
    | st.tuples(st.integers(0, 59), st.integers(0, 59)).map(lambda ends: {*range(min(ends), max(ends))}),
    asked=st.tuples(st.integers(0, 59), st.integers(1, 60)).map(lambda each: (each[0], min(60, sum(each)))),
    turned=st.booleans(),
)
def test_whatever_days_a_token_may_see_it_gets_those_and_no_row_of_another_day(
    seen: set[int], asked: tuple[int, int], *, turned: bool
) -> None:
    """Whether it sees less than the one that stored them, or more."""
    everything = {*range(60)}
    anna, ben = (seen, everything) if turned else (everything, seen)
    api = ByDay(anna=anna, ben=ben)
    window = Window(day(asked[0]).start, day(asked[1] - 1).end)
    with daily(api, "anna") as fetch:
        assert by_day(fetch, "ben", window) == api.expected("ben", *asked)
        assert len(api.requests) <= 150
        assert by_day(fetch, "ben", window) == api.expected("ben", *asked)
        assert by_day(fetch, "anna", window) == api.expected("anna", *asked)


def test_rights_that_are_taken_away_close_all_windows_after_a_quarter_of_an_hour() -> None:
    api = ByDay(anna={*range(60)}, ben={*range(60)})
    with time_machine.travel(NOW) as clock, closing(fetcher(api)) as fetch:
        for owner in ("anna", "ben"):
            by_day(fetch, owner, SIXTY)
        api.rights["ben"] = {*range(10)}
        clock.shift(timedelta(minutes=16))
        assert by_day(fetch, "ben", SIXTY) == api.expected("ben", 0, 60)
        assert by_day(fetch, "anna", SIXTY) == api.expected("anna", 0, 60)


def test_windows_that_were_cut_open_to_another_token_like_any_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "MOST_RECORDS", 100)
    api = ByDay(anna={*range(60)}, ben={*range(20, 60)})
    with time_machine.travel(NOW), closing(fetcher(api)) as fetch:
        assert by_day(fetch, "anna", SIXTY) == api.expected("anna", 0, 60)
        api.requests.clear()
        assert by_day(fetch, "ben", SIXTY) == api.expected("ben", 0, 60)


def test_days_that_are_not_settled_are_shown_each_by_itself() -> None:
    """Records may have come meanwhile, which says nothing of anybody's rights."""
    api = ByDay(anna={*range(60)}, ben={*range(60)})
    with time_machine.travel(datetime(2026, 4, 30, 12, tzinfo=UTC)), closing(fetcher(api)) as fetch:
        assert by_day(fetch, "anna", SIXTY) == api.expected("anna", 0, 60)
        api.rows[59] = [*api.rows[59], *tag_records(day(59), 40)[-1:]]
        assert by_day(fetch, "ben", SIXTY) == api.expected("ben", 0, 60)
