"""Bodies are unpacked, within bounds."""

import gzip
import socket
import threading
import tracemalloc
import zlib

import httpx
import pytest

from tests.stand_in import answering, listening, query, request_on, sample, whole_answer
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
    bomb = whole_answer(gzip.compress(bytes(100_000_000)), 200, "Content-Encoding: gzip")
    refused: list[ResponseTooLarge] = []
    with listening(answering(bomb)) as (base_url, _):
        api = client(base_url, Limits(page_seconds=60, load_seconds=60))

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

    def serve(connection: socket.socket) -> None:
        while page := request_on(connection).partition(b"page=")[2][:1]:
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(large) + 1)
            connection.sendall(head + large)
            if page == b"1":
                stuck.set()
                connection.recv(1)
            connection.sendall(b"]")

    def load() -> None:
        with pytest.raises(TooSlow):
            client(base_url, Limits(page_seconds=1, tries=1)).page(query(), 1)

    with listening(serve) as (base_url, _):
        slow = threading.Thread(target=load)
        slow.start()
        assert stuck.wait(10)
        assert len(client(base_url, Limits(page_seconds=20)).page(query(), 2)) == len(large) + 1
        slow.join(10)


def test_a_plain_body_over_the_cap_is_refused() -> None:
    with listening(answering(whole_answer(b" " * 200_000))) as (base_url, _), pytest.raises(ResponseTooLarge):
        client(base_url, Limits(page_bytes=100_000)).page(query(), 1)


def test_a_failure_whose_body_is_endless_is_still_known_by_its_status() -> None:
    def serve(connection: socket.socket) -> None:
        request_on(connection)
        connection.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 100000000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with listening(serve) as (base_url, _), pytest.raises(RightsMissing):
        client(base_url).page(query(), 1)
