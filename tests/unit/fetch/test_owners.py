"""Rows are seen by those whom the API lets see them."""

from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import httpx
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import (
    APRIL,
    UNHURRIED,
    Api,
    connection,
    nps_records,
    query,
    tag_records,
)
from tests.unit.fetch.given import NOW, QUARTER, days, fetcher, nps_api, result_of, status, tag_api
from userlane.contract import Dataset, DatasetName, Query, Window
from userlane.errors import (
    AccessRefused,
    RightsMissing,
    TokenRejected,
    UserlaneError,
)
from userlane.store import FolderStore


def test_stored_rows_are_opened_after_a_quarter_of_an_hour_only_if_the_api_still_agrees() -> None:
    api = nps_api()
    with closing(fetcher(api)) as fetch, time_machine.travel(NOW) as clock:
        fetch.load(connection(), query())
        clock.shift(timedelta(minutes=16))
        api.requests.clear()
        assert fetch.load(connection(), query()).rows == 300
        assert [request.url.params["limit"] for request in api.requests] == ["1"]
        clock.shift(timedelta(minutes=16))
        api.fault = lambda *_: status(401)
        with pytest.raises(TokenRejected):
            fetch.load(connection(), query())
        api.fault = None
        api.requests.clear()
        assert fetch.load(connection(), query()).rows == 300
        assert [request.url.params["limit"] for request in api.requests] == ["1000", "1000"], (
            "nothing is left"
        )


@pytest.mark.parametrize("answer", [status(403), status(404), status(503)])
def test_without_an_answer_stored_rows_stay_shut(answer: httpx.Response) -> None:
    api = nps_api()
    with closing(fetcher(api)) as fetch, time_machine.travel(NOW) as clock:
        fetch.load(connection(), query())
        clock.shift(timedelta(minutes=16))
        api.fault = lambda *_: answer
        for window in (APRIL, days(1, 9), QUARTER):
            with pytest.raises(UserlaneError):
                fetch.load(connection(), query(window=window))


class Owned(Api):
    """Each token sees rows that bear its own name."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        owner = request.headers["authorization"].removeprefix("Bearer ")
        self.records = {
            "nps": [{**each, "userId": owner} for each in nps_records(days(1, 20), 1)],
            "tags": [{**each, "userId": owner} for each in tag_records(days(1, 20), 1)],
        }
        return super().handle_request(request)


def owners(loaded: Dataset) -> set[str]:
    return set(loaded.table["user_id"].to_pylist())


loads = st.tuples(
    st.sampled_from(["anna", "ben"]),
    st.sampled_from(["nps", "tags"]),
    st.sampled_from(["demo", "other"]),
    st.sampled_from([days(1, 10), days(5, 15), days(1, 20)]),
    st.sampled_from(["UTC", "Europe/Berlin"]),
)


@settings(UNHURRIED, max_examples=40)
@given(st.lists(loads, min_size=2, max_size=8))
def test_no_token_ever_sees_rows_fetched_with_another(
    asked: list[tuple[str, DatasetName, str, Window, str]],
) -> None:
    prints: dict[str, str] = {}
    with closing(fetcher(Owned({}))) as fetch:
        for owner, name, property_id, window, zone in asked:
            loaded = fetch.load(connection(token=owner), Query(name, property_id, window, None, zone))
            assert owners(loaded) == {owner}
            assert prints.setdefault(loaded.fingerprint, owner) == owner


def test_no_token_sees_anothers_rows_when_both_load_at_once() -> None:
    with closing(fetcher(Owned({}), max_in_flight=2)) as fetch:
        names: tuple[DatasetName, ...] = ("nps", "tags")
        asked = [
            (owner, fetch.start(connection(token=owner), query(name, window)))
            for name, window, owner in product(names, (days(1, 9), days(1, 20)), ("anna", "ben"))
        ]
        assert {owner for owner, load in asked if owners(result_of(load)) == {owner}} == {"anna", "ben"}
        assert all(owners(result_of(load)) == {owner} for owner, load in asked)


@pytest.mark.parametrize("place", [None, "rows"])
def test_a_token_never_opens_what_another_one_loaded_even_if_it_gets_the_same(
    tmp_path: Path, place: str | None
) -> None:
    api = tag_api()
    store = FolderStore(tmp_path) if place else None
    with closing(fetcher(api, store=store)) as fetch:
        first = fetch.load(connection(token="anna"), query("tags", QUARTER))
        cold = len(api.requests)
        api.requests.clear()
        second = fetch.load(connection(token="ben"), query("tags", QUARTER))
    assert {request.headers["authorization"] for request in api.requests} == {"Bearer ben"}
    assert {request.url.params["limit"] for request in api.requests} == {"1000"}
    assert len(api.requests) == cold
    assert second.rows == first.rows
    assert second.fingerprint != first.fingerprint


class Fewer(Api):
    """Ben may see all rows but one."""

    hidden = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        everything = tag_records(QUARTER, 30)
        if request.headers["authorization"] == "Bearer ben":
            del everything[self.hidden]
        self.records = {"tags": everything}
        return super().handle_request(request)


@settings(UNHURRIED, max_examples=20)
@given(hidden=st.integers(0, 28 * 30 - 1), narrow=st.booleans(), most=st.sampled_from([7, 100, 1000]))
def test_one_row_less_among_those_asked_for_and_a_token_gets_an_answer_of_its_own(
    hidden: int, most: int, *, narrow: bool
) -> None:
    """Wherever the row lies in a window that another token stored, and however long a page is."""
    window = Window(QUARTER.start, QUARTER.start + timedelta(days=28))
    api = Fewer({}, most=most)
    api.hidden = hidden
    with closing(fetcher(api)) as fetch:
        anna = fetch.load(connection(token="anna"), query("tags", window))
        part = Window(window.start, window.start + timedelta(days=9)) if narrow else window
        ben = fetch.load(connection(token="ben"), query("tags", part))
        assert anna.rows == 28 * 30
        assert ben.rows == part.days * 30 - (hidden < part.days * 30)
        assert ben.fingerprint != anna.fingerprint


class Rights(Api):
    """Each token sees the tag rows of some months; some are refused."""

    def __init__(self, **months: set[int]) -> None:
        super().__init__({})
        self.months = months
        self.refused: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        owner = request.headers["authorization"].removeprefix("Bearer ")
        if owner in self.refused:
            return status(403)
        everything = tag_records(QUARTER, 10)
        self.records = {"tags": [each for each in everything if int(each["date"][5:7]) in self.months[owner]]}
        return super().handle_request(request)

    def rows(self, owner: str, window: Window) -> int:
        days = (window.start + timedelta(days=number) for number in range(window.days))
        return 10 * sum(day.month in self.months[owner] for day in days)


JANUARY, FEBRUARY, MARCH = (Window(date(2026, month, 1), date(2026, month + 1, 1)) for month in (1, 2, 3))


def test_rights_to_one_month_open_no_other() -> None:
    api = Rights(anna={1, 2, 3}, ben={3})
    with closing(fetcher(api)) as fetch:
        for month in (JANUARY, MARCH):
            fetch.load(connection(token="anna"), query("tags", month))
        assert fetch.load(connection(token="ben"), query("tags", MARCH)).rows == 310
        assert fetch.load(connection(token="ben"), query("tags", JANUARY)).rows == 0
        assert fetch.load(connection(token="ben"), query("tags", QUARTER)).rows == 310
        assert fetch.load(connection(token="anna"), query("tags", QUARTER)).rows == 900


def test_rights_that_are_taken_away_close_what_was_open_and_spoil_nothing_for_others() -> None:
    api = Rights(anna={1, 2, 3}, ben={1, 2, 3})
    with time_machine.travel(NOW) as clock, closing(fetcher(api)) as fetch:
        for owner in ("anna", "ben"):
            assert fetch.load(connection(token=owner), query("tags", JANUARY)).rows == 310
        api.months["ben"] = set()
        clock.shift(timedelta(hours=2))
        assert fetch.load(connection(token="ben"), query("tags", JANUARY)).rows == 0
        assert fetch.load(connection(token="ben"), query("tags", FEBRUARY)).rows == 0
        assert fetch.load(connection(token="anna"), query("tags", FEBRUARY)).rows == 280
        assert fetch.load(connection(token="anna"), query("tags", JANUARY)).rows == 310


steps_taken = st.tuples(
    st.sampled_from(["anna", "ben"]),
    st.sampled_from([JANUARY, FEBRUARY, MARCH, QUARTER, Window(date(2026, 1, 20), date(2026, 2, 10))]),
    st.booleans(),
    st.integers(0, 60),
)
some_months = st.sets(st.sampled_from([1, 2, 3]))


@settings(UNHURRIED, max_examples=60)
@given(
    steps=st.lists(steps_taken, min_size=2, max_size=8),
    anna=some_months,
    ben=some_months,
    place=st.sampled_from([None, "rows"]),
)
def test_every_token_sees_just_what_the_api_gives_it_however_rights_differ(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, Window, bool, int]],
    anna: set[int],
    ben: set[int],
    place: str | None,
) -> None:
    """Also after its right was taken away, 15 minutes later at the latest."""
    api = Rights(anna=anna, ben=ben)
    store = FolderStore(tmp_path_factory.mktemp(place)) if place else None
    with time_machine.travel(NOW) as clock, closing(fetcher(api, store=store)) as fetch:
        for owner, window, taken_away, minutes in steps:
            clock.shift(timedelta(minutes=minutes))
            if owner in api.refused:
                with pytest.raises(RightsMissing):
                    fetch.load(connection(token=owner), query("tags", window))
                continue
            loaded = fetch.load(connection(token=owner), query("tags", window))
            assert loaded.state.complete
            assert loaded.rows == api.rows(owner, window)
            if taken_away:
                api.refused.add(owner)
                clock.shift(timedelta(minutes=16))


def test_a_stored_window_that_the_api_can_no_longer_give_bars_no_other(tmp_path: Path) -> None:
    def fault(request: httpx.Request, _number: int) -> httpx.Response | None:
        return status(500) if request.url.params["startDate"].startswith("2026-01") else None

    api = tag_api()
    with closing(fetcher(api, store=FolderStore(tmp_path))) as fetch:
        fetch.load(connection(token="anna"), query("tags", JANUARY))
        api.fault = fault
        assert fetch.load(connection(token="ben"), query("tags", MARCH)).rows == 31 * 50
    with closing(fetcher(api, store=FolderStore(tmp_path))) as fetch:
        assert fetch.load(connection(token="anna"), query("tags", MARCH)).rows == 31 * 50


def test_a_clock_that_is_put_back_opens_nothing() -> None:
    api = nps_api()
    with time_machine.travel(NOW) as clock, closing(fetcher(api)) as fetch:
        fetch.load(connection(), query())
        api.fault = lambda *_: status(401)
        clock.move_to(NOW - timedelta(days=2))
        with pytest.raises(TokenRejected):
            fetch.load(connection(), query())


asked_by = st.tuples(
    st.sampled_from(["anna", "ben", "refused"]),
    st.sampled_from(["heart", "nps", "surveys", "tags"]),
    st.sampled_from([days(1, 10), days(5, 15), days(1, 20)]),
    st.integers(0, 40),
)


@settings(UNHURRIED, max_examples=40)
@given(
    steps=st.lists(asked_by, min_size=2, max_size=10),
    code=st.sampled_from([401, 403]),
    place=st.sampled_from([None, "rows"]),
)
def test_a_refused_token_gets_nothing_in_whatever_order_it_comes_and_changes_nothing_for_others(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, DatasetName, Window, int]],
    code: int,
    place: str | None,
) -> None:
    def fault(request: httpx.Request, _number: int) -> httpx.Response | None:
        return status(code) if request.headers["authorization"] == "Bearer refused" else None

    api = Api({"nps": nps_records(APRIL, 10), "tags": tag_records(APRIL, 50)}, fault=fault)
    store = FolderStore(tmp_path_factory.mktemp(place)) if place else None
    with time_machine.travel(NOW) as clock, closing(fetcher(api, store=store)) as fetch:
        for owner, name, window, minutes in steps:
            clock.shift(timedelta(minutes=minutes))
            if owner == "refused":
                with pytest.raises(AccessRefused):
                    fetch.load(connection(token=owner), query(name, window))
            else:
                loaded = fetch.load(connection(token=owner), query(name, window))
                assert loaded.state.complete
                assert loaded.rows == window.days * {"nps": 10, "tags": 50}.get(name, 0)


def test_after_a_restart_stored_rows_open_to_their_token_after_one_request_for_one_record(
    tmp_path: Path,
) -> None:
    api = tag_api()
    with time_machine.travel(NOW) as clock:
        with closing(fetcher(api, store=FolderStore(tmp_path))) as fetch:
            loaded = fetch.load(connection(), query("tags", QUARTER))
        clock.shift(timedelta(hours=2))
        api.requests.clear()
        with closing(fetcher(api, store=FolderStore(tmp_path))) as fetch:
            again = fetch.load(connection(), query("tags", QUARTER))
            asked = len(api.requests)
            assert asked == 1
            assert api.requests[0].url.params["limit"] == "1"
            assert again.table.equals(loaded.table)
            assert again.fingerprint == loaded.fingerprint
            fetch.load(connection(), query("tags", QUARTER))
            assert len(api.requests) == asked
        api.fault = lambda *_: status(401)
        with closing(fetcher(api, store=FolderStore(tmp_path))) as fetch, pytest.raises(TokenRejected):
            fetch.load(connection(), query("tags", QUARTER))


def test_no_file_or_name_in_the_store_tells_of_a_token(tmp_path: Path) -> None:
    who = connection(token="made-up-token-wxyz")
    with closing(fetcher(tag_api(), store=FolderStore(tmp_path))) as fetch:
        fetch.load(who, query("tags", QUARTER))
    everything = b"".join(
        str(path).encode() + (path.read_bytes() if path.is_file() else b"") for path in tmp_path.rglob("*")
    )
    for secret in ("wxyz", who.token.fingerprint, who.scope):
        assert secret.encode() not in everything


def test_made_up_data_is_not_stored_beyond_the_process(tmp_path: Path) -> None:
    api = nps_api()
    sample = replace(connection(), lasting=False)
    with closing(fetcher(api, store=FolderStore(tmp_path))) as fetch:
        fetch.load(sample, query())
        api.requests.clear()
        assert fetch.load(sample, query()).rows == 300
    assert api.requests == []
    assert list(tmp_path.rglob("*.parquet")) == []


def test_forgetting_drops_the_rows_of_that_token_alone() -> None:
    api = nps_api()
    anna, ben = connection(token="anna"), connection(token="ben")
    with closing(fetcher(api)) as fetch:
        for who in (anna, ben):
            fetch.load(who, query())
        fetch.forget(anna)
        api.requests.clear()
        fetch.load(ben, query())
        assert api.requests == []
        fetch.load(anna, query())
        assert api.requests
