"""Loads end where the API says so, begin where its pages do, and are marked when less came than declared."""

from contextlib import closing
from datetime import timedelta

import httpx
import msgspec
import pytest

from tests.stand_in import Api, connection, query
from tests.unit.fetch.given import QUARTER, Fault, asked_windows, fetcher, nps_api, tag_api
from userlane.contract import ASSUMED, Connection
from userlane.errors import FieldsAmbiguous, FieldsMissing


def declaring(api: Api, more: int = 0, base: int = 1) -> Api:
    """The same API, whose answers declare their total (`more` above the truth), with pages from `base`."""
    whole = Api(api.records, most=10**9)

    def answer(request: httpx.Request, _number: int) -> httpx.Response:
        if base == 1 and request.url.params["page"] == "0":
            return httpx.Response(400, json={"message": "pages begin with 1"})
        page = int(request.url.params["page"]) + 1 - base
        asked = httpx.Request("GET", request.url.copy_set_param("page", page))
        everything = httpx.Request(
            "GET", request.url.copy_set_param("page", 1).copy_set_param("limit", 10**9)
        )
        total = len(whole._page(everything)) + more
        return httpx.Response(200, json={"data": api._page(asked), "meta": {"total": total}})

    api.fault = answer
    return api


def auto() -> Connection:
    tags = msgspec.structs.replace(ASSUMED.tags, first_page="auto")
    given = connection()
    return Connection(given.base_url, given.token, msgspec.structs.replace(ASSUMED, tags=tags))


def test_a_declared_total_saves_the_empty_page() -> None:
    api = declaring(nps_api(most=100))
    with closing(fetcher(api)) as fetch:
        loaded = fetch.load(connection(), query())
    assert (loaded.rows, loaded.condition) == (300, "complete")
    assert sorted(int(request.url.params["page"]) for request in api.requests) == [1, 2, 3]


def test_fewer_records_than_declared_are_incomplete_and_asked_for_again() -> None:
    api = declaring(nps_api(), more=5)
    with closing(fetcher(api)) as fetch:
        loaded = fetch.load(connection(), query())
        assert (loaded.rows, loaded.condition) == (300, "incomplete")
        assert loaded.state.reasons == ("The API declared 305 records and sent 300.",)
        declaring(api)
        assert fetch.load(connection(), query()).condition == "complete"


def test_a_window_with_fewer_records_than_declared_does_not_end_the_others() -> None:
    api = tag_api()
    api = declaring(api, more=1)
    with closing(fetcher(api)) as fetch:
        loaded = fetch.load(connection(), query("tags", QUARTER))
    assert loaded.rows == QUARTER.days * 50
    assert len(asked_windows(api)) == 4
    assert loaded.condition == "incomplete"


@pytest.mark.parametrize("base", [0, 1])
def test_where_pages_begin_is_found_out_once_a_load(base: int) -> None:
    api = declaring(tag_api(a_day=80), base=base)
    with closing(fetcher(api)) as fetch:
        loaded = fetch.load(auto(), query("tags", QUARTER))
    assert (loaded.rows, loaded.condition) == (QUARTER.days * 80, "complete")
    pages = sum(-(-part.days * 80 // 1000) for part in QUARTER.split(28))
    assert len(api.requests) <= pages + 1
    refused = [request for request in api.requests if base == 1 and request.url.params["page"] == "0"]
    assert len(refused) == base


def test_a_probe_hands_on_which_key_is_the_question() -> None:
    records = [{"timestamp": (day + timedelta(hours=9)).isoformat()} for day in (query().start,)]
    missing, unsure = (
        Api({}, fault=_answering([{**records[0], **more}])) for more in ({}, {"rating": 1, "value": 2})
    )
    with closing(fetcher(missing)) as fetch:
        probe = fetch.probe(connection(), query())
        assert isinstance(probe.error, FieldsMissing)
        assert (probe.error.dataset, probe.error.missing) == ("nps", ("score",))
    with closing(fetcher(unsure)) as fetch:
        probe = fetch.probe(connection(), query())
        assert isinstance(probe.error, FieldsAmbiguous)
        assert probe.error.candidates == {"score": ("rating", "value")}
    with closing(fetcher(nps_api())) as fetch:
        assert fetch.probe(connection(), query()).error is None


def _answering(records: list[dict[str, object]]) -> Fault:
    return lambda *_: httpx.Response(200, json=records)
