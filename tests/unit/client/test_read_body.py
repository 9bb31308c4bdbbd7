"""Bodies are unpacked, within bounds."""

import gzip
import threading
import tracemalloc
import zlib

import httpx
import pytest

from tests.responses import document, head
from tests.server import Connection, Request, Response, Server
from tests.stand_in import query, sample
from tests.unit.client.given import client
from userlane.client import Limits
from userlane.errors import (
    NotData,
    ResponseTooLarge,
    RightsMissing,
    TooSlow,
    Unreachable,
)


def packed(body: bytes, how: str = "gzip") -> httpx.MockTransport:
    def answer(_: httpx.Request) -> httpx.Response:
        pieces = iter([body[: len(body) // 2], body[len(body) // 2 :]])
        return httpx.Response(200, headers={"content-encoding": how}, content=pieces)

    return httpx.MockTransport(answer)


def test_a_gzip_body_is_unpacked() -> None:
    body = sample("nps")
    assert client("http://a.example", transport=packed(gzip.compress(body))).page(query(), 1) == body


def test_a_gzip_body_that_breaks_off_is_asked_for_again_and_never_taken_as_whole() -> None:
    api = client("http://a.example", transport=packed(gzip.compress(sample("nps"))[:-12]))
    with pytest.raises(Unreachable, match="broke off"):
        api.page(query(), 1)
    assert api.requests == 4


def test_a_body_that_only_claims_to_be_gzip_is_an_error() -> None:
    with pytest.raises(Unreachable, match="could not be unpacked"):
        client("http://a.example", transport=packed(b'{"data": []}')).page(query(), 1)


def test_packing_that_was_not_asked_for_is_an_error() -> None:
    with pytest.raises(NotData, match="not asked for"):
        client("http://a.example", transport=packed(zlib.compress(b"[]"), "br")).page(query(), 1)


def test_a_gzip_bomb_is_stopped_at_the_cap_and_never_unpacked_whole() -> None:
    bomb = gzip.compress(bytes(100_000_000))
    api = client("http://a.example", Limits(page_bytes=2**21), transport=packed(bomb))
    tracemalloc.start()
    try:
        with pytest.raises(ResponseTooLarge, match="larger than 2 MB"):
            api.page(query(), 1)
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()
    assert api.requests == 1


def test_bombs_side_by_side_at_the_full_cap_stay_below_100_mb_together() -> None:
    bomb = document(gzip.compress(bytes(100_000_000)), 200, "Content-Encoding: gzip")
    refused: list[ResponseTooLarge] = []
    with Server(lambda _: bomb) as server:
        api = client(server.base_url, Limits(page_seconds=60, load_seconds=60))

        def load(number: int) -> None:
            with pytest.raises(ResponseTooLarge) as caught:
                api.page(query(), number)
            refused.append(caught.value)

        threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
        tracemalloc.start()
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            assert tracemalloc.get_traced_memory()[1] < 100_000_000
        finally:
            tracemalloc.stop()
    assert len(refused) == 4


def test_a_large_body_in_no_hurry_holds_up_others_no_longer_than_its_own_deadline() -> None:
    large = b"[" + b" " * 5 * 2**20
    stuck = threading.Event()

    def respond(request: Request) -> Response:
        def send(connection: Connection) -> None:
            connection.send(head(200, f"Content-Length: {len(large) + 1}"), large)
            if request.page == 1:
                stuck.set()
                connection.wait_for_the_client_to_go()
            connection.send(b"]")

        return send

    def load() -> None:
        with pytest.raises(TooSlow):
            client(server.base_url, Limits(page_seconds=1, tries=1)).page(query(), 1)

    with Server(respond) as server:
        slow = threading.Thread(target=load)
        slow.start()
        assert stuck.wait(10)
        assert len(client(server.base_url, Limits(page_seconds=20)).page(query(), 2)) == len(large) + 1
        slow.join(10)


def test_a_plain_body_over_the_cap_is_refused() -> None:
    with Server(lambda _: document(b" " * 200_000)) as server, pytest.raises(ResponseTooLarge):
        client(server.base_url, Limits(page_bytes=100_000)).page(query(), 1)


def test_a_failure_whose_body_is_endless_is_still_known_by_its_status() -> None:
    def endless(connection: Connection) -> None:
        connection.send(head(403, "Content-Length: 100000000"))
        connection.stream(b"x" * 65536)

    with Server(lambda _: endless) as server, pytest.raises(RightsMissing):
        client(server.base_url).page(query(), 1)
