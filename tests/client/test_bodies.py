"""Bodies are unpacked, within bounds."""

import gzip
import socket
import tracemalloc
import zlib

import httpx
import pytest

from tests.client.given import client
from tests.stand_in import answering, listening, query, request_on, sample, whole_answer
from userlane.client import Limits
from userlane.errors import (
    AnswerTooLarge,
    NotData,
    RightsMissing,
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
        with pytest.raises(AnswerTooLarge, match="larger than 2 MB"):
            api.page(query(), 1)
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()
    assert api.requests == 1


def test_a_plain_body_over_the_cap_is_refused() -> None:
    with listening(answering(whole_answer(b" " * 200_000))) as (base_url, _), pytest.raises(AnswerTooLarge):
        client(base_url, Limits(page_bytes=100_000)).page(query(), 1)


def test_a_failure_whose_body_is_endless_is_still_known_by_its_status() -> None:
    def serve(connection: socket.socket) -> None:
        request_on(connection)
        connection.sendall(b"HTTP/1.1 403 No\r\nContent-Length: 100000000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with listening(serve) as (base_url, _), pytest.raises(RightsMissing):
        client(base_url).page(query(), 1)
