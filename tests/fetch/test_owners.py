"""Rows are seen by those whom the API lets see them."""

from contextlib import closing
from datetime import timedelta
from itertools import product

import httpx
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fetch.given import NOW, QUARTER, days, fetcher, nps_api, status
from tests.stand_in import (
    APRIL,
    UNHURRIED,
    Api,
    connection,
    nps_records,
    query,
    tag_records,
)
from userlane.contract import Dataset, DatasetName, Query, Window
from userlane.errors import (
    TokenRejected,
    UserlaneError,
)


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
        assert api.requests[0].url.params["limit"] == "1000"


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
        assert {owner for owner, load in asked if owners(load.result()) == {owner}} == {"anna", "ben"}
        assert all(owners(load.result()) == {owner} for owner, load in asked)


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
