"""Requests leave as the contract has them, with the token in one header and nowhere else."""

import logging
import traceback
from datetime import date
from http import HTTPStatus

import httpx
import msgspec
import pytest

from tests import stand_in
from tests.server import Server
from tests.stand_in import TOKEN, in_turn, query
from tests.unit.client.given import OK, QUICK, client
from userlane.client import Client, HttpPool, LoadDeadline
from userlane.contract import ASSUMED, Auth, Connection, Query, Token, Window
from userlane.errors import (
    RequestRefused,
    UserlaneError,
)


def seen(connection: Connection, asked: Query, page: int = 3, limit: int = 50) -> httpx.Request:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, content=b"[]")

    transport = httpx.MockTransport(answer)
    Client(connection, HttpPool(transport), LoadDeadline(QUICK)).page(asked, page, limit)
    return requests[0]


def test_a_request_follows_the_assumed_contract_with_plus_escaped() -> None:
    request = seen(stand_in.connection("https://api.example.com/base"), query("surveys"))
    assert str(request.url) == (
        "https://api.example.com/base/v1/properties/demo/surveys/512"
        "?startDate=2026-04-01T00%3A00%3A00%2B00%3A00&endDate=2026-05-01T00%3A00%3A00%2B00%3A00&page=3&limit=50"
    )
    assert request.method == "GET"
    assert request.headers["Authorization"] == f"Bearer {TOKEN}"


def test_the_token_travels_in_one_header_and_nowhere_else() -> None:
    request = seen(stand_in.connection("https://api.example.com"), query())
    holders = [name for name, value in request.headers.items() if TOKEN in value]
    assert holders == ["authorization"]
    assert TOKEN not in str(request.url)
    assert not request.content


def test_a_profile_changes_address_parameters_and_header() -> None:
    nps = msgspec.structs.replace(
        ASSUMED.nps, url="https://x.example/feed?app={property_id}", start="from", page="p", limit="size"
    )
    profile = msgspec.structs.replace(ASSUMED, nps=nps, auth=Auth("X-Api-Key", ""))
    request = seen(Connection("https://api.example.com", Token("made-up"), profile), query())
    assert request.url.host == "x.example"
    assert list(request.url.params) == ["app", "from", "endDate", "p", "size"]
    assert request.headers["X-Api-Key"] == "made-up"
    assert "authorization" not in request.headers


def test_the_days_edges_travel_in_the_querys_time_zone() -> None:
    april = Window(date(2026, 4, 1), date(2026, 4, 2))
    request = seen(stand_in.connection(), Query("nps", "demo", april, None, "Europe/Berlin"))
    assert request.url.params["startDate"] == "2026-04-01T00:00:00+02:00"


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(RequestRefused, match="not a web address"):
        client("https://a b:c").page(query(), 1)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"message": f"bad token {TOKEN}"}),
        httpx.Response(500, text=f"Authorization: Bearer {TOKEN}"),
        httpx.Response(401, text=TOKEN),
        httpx.Response(HTTPStatus.FOUND, headers={"location": f"https://x.example/?token={TOKEN}"}),
        httpx.LocalProtocolError(f"Illegal header value b'Bearer {TOKEN}'"),
        httpx.ConnectError(TOKEN),
    ],
)
def test_no_failure_shows_the_token_in_text_traceback_or_log(
    answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(UserlaneError) as caught:
        client("http://a.example", transport=in_turn(answer)).page(query(), 1)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert TOKEN not in repr(caught.value)
    assert TOKEN not in caplog.text


def test_a_request_over_the_wire_leaves_nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Server(lambda _: OK) as server:
        client(server.base_url).page(query(), 1)
    assert caplog.records == []
