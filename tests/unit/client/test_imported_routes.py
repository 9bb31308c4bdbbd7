"""Requests leave as an imported route says."""

import httpx
import msgspec

from tests.stand_in import query
from tests.unit.client.given import QUICK
from userlane.client import Client, HttpPool, LoadDeadline
from userlane.contract import ASSUMED, Auth, Connection, Route, Token


def test_a_imported_route_keeps_its_fixed_parameters_and_writes_dates_its_way() -> None:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, content=b"[]")

    url = "https://eu.api.userlane.com/x/{property_id}/s.json?survey={survey_id}&q=a%20b"
    route = Route(url, "filter[from]", "filter[to]", "page[number]", "page[size]", "auto", "utc")
    profile = msgspec.structs.replace(ASSUMED, surveys=route, auth=Auth("X-Key", "Token"))
    connection = Connection("https://api.userlane.com", Token("made-up"), profile)
    Client(connection, HttpPool(httpx.MockTransport(answer)), LoadDeadline(QUICK)).page(
        query("surveys"), 0, 500
    )
    assert requests[0].url.host == "eu.api.userlane.com"
    assert requests[0].url.path == "/x/demo/s.json"
    assert dict(requests[0].url.params) == {
        "survey": "512",
        "q": "a b",
        "filter[from]": "2026-04-01T00:00:00Z",
        "filter[to]": "2026-05-01T00:00:00Z",
        "page[number]": "0",
        "page[size]": "500",
    }
    assert requests[0].headers["X-Key"] == "Token made-up"
