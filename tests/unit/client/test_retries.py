"""What can pass by itself is tried again, within bounds and never too early."""

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from tests import stand_in
from tests.responses import silence
from tests.server import Server
from tests.stand_in import in_turn, query
from tests.unit.client.given import QUICK, client
from userlane.client import Client, HttpPool, Limits, LoadDeadline
from userlane.errors import (
    LoadStopped,
    ServerFailed,
    Throttled,
    TooSlow,
    UserlaneError,
)


def test_what_can_pass_by_itself_is_tried_again_and_then_works() -> None:
    failures = (httpx.Response(503), httpx.ReadError("gone"), httpx.Response(429))
    api = client("http://a.example", transport=in_turn(*failures, httpx.Response(200, text="[]")))
    assert api.page(query(), 1) == b"[]"
    assert api.requests == 4


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_there_are_at_most_four_tries(status: int) -> None:
    api = client("http://a.example", transport=in_turn(httpx.Response(status)))
    with pytest.raises((ServerFailed, Throttled)):
        api.page(query(), 1)
    assert api.requests == 4


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422])
def test_what_cannot_pass_by_itself_is_asked_once(status: int) -> None:
    api = client("http://a.example", transport=in_turn(httpx.Response(status)))
    with pytest.raises(UserlaneError):
        api.page(query(), 1)
    assert api.requests == 1


def test_the_api_is_not_asked_again_before_the_time_it_named_by_any_load_of_the_token() -> None:
    asked: list[float] = []
    notices: list[tuple[datetime, str]] = []
    told_to_wait = threading.Event()

    def answer(_: httpx.Request) -> httpx.Response:
        asked.append(time.monotonic())
        if len(asked) > 1:
            return httpx.Response(200, text="[]")
        told_to_wait.set()
        return httpx.Response(429, headers={"retry-after": "1"})

    http = HttpPool(httpx.MockTransport(answer))
    connection = stand_in.connection(token="waits-its-turn")

    def notice(until: datetime, why: str) -> None:
        notices.append((until, why))
        other.start()

    first = Client(connection, http, LoadDeadline(QUICK), notice=notice)
    second = Client(connection, http, LoadDeadline(QUICK))
    other = threading.Thread(target=second.page, args=(query(), 2))
    before = datetime.now(UTC)
    first.page(query(), 1)
    other.join()
    assert told_to_wait.is_set()
    assert min(asked[1:]) - asked[0] >= 1
    assert len(asked) == 3
    assert notices[0][1] == "The API asks to wait 1 s."
    assert notices[0][0] > before


def test_a_wait_longer_than_the_budget_is_not_waited_for() -> None:
    throttled = httpx.Response(429, headers={"retry-after": "3600"})
    api = client("http://a.example", Limits(), transport=in_turn(throttled))
    with pytest.raises(Throttled, match="asks to wait 60 min"):
        api.page(query(), 1)
    assert api.requests == 1


@pytest.mark.parametrize(
    ("status", "asked", "words"),
    [
        (429, "3600", "asks to wait 60 min"),
        (503, "3600", r"failed \(503\) and asks to wait 60 min"),
        (429, "999999999", "asks to wait 16666667 min"),
    ],
)
def test_while_the_api_asks_to_wait_no_later_load_of_the_token_asks_either(
    status: int, asked: str, words: str
) -> None:
    transport = in_turn(
        httpx.Response(status, headers={"retry-after": asked}), httpx.Response(200, text="[]")
    )
    http = HttpPool(transport)
    told, waiting, other = (
        Client(stand_in.connection(token=token), http, LoadDeadline(Limits())) for token in ("a", "a", "b")
    )
    with pytest.raises((Throttled, ServerFailed), match=words):
        told.page(query(), 1)
    with pytest.raises(Throttled, match="asks to wait 60 min"):
        waiting.page(query(), 1)
    assert (told.requests, waiting.requests) == (1, 0)
    assert other.page(query(), 1) == b"[]"


def test_a_wait_may_be_named_as_a_date_and_by_a_503() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    transport = in_turn(httpx.Response(503, headers={"retry-after": date}), httpx.Response(200, text="[]"))
    http = HttpPool(transport)
    notices: list[str] = []
    api = Client(
        stand_in.connection(), http, LoadDeadline(QUICK), notice=lambda _until, why: notices.append(why)
    )
    began = time.monotonic()
    assert api.page(query(), 1) == b"[]"
    assert time.monotonic() - began >= 0.9
    assert re.fullmatch(r"The API failed \(503\) and asks to wait [12] s\.", notices[0])


def test_a_page_cut_off_by_the_end_of_the_load_says_so_and_not_that_the_page_was_slow() -> None:
    with (
        Server(lambda _: silence) as server,
        pytest.raises(TooSlow, match=r"The load took longer than 0 s"),
    ):
        client(server.base_url, Limits(load_seconds=0.3)).page(query(), 1)


def test_a_stop_ends_a_wait() -> None:
    stop = threading.Event()
    throttled = httpx.Response(429, headers={"retry-after": "200"})
    http = HttpPool(in_turn(throttled))
    api = Client(
        stand_in.connection(token="stops-waiting"),
        http,
        LoadDeadline(Limits(), stop),
        notice=lambda _until, _why: stop.set(),
    )
    with pytest.raises(LoadStopped):
        api.page(query(), 1)
    assert api.requests == 1


def test_a_spent_budget_ends_the_load() -> None:
    api = client("http://a.example", Limits(load_seconds=0), transport=in_turn(httpx.Response(200)))
    with pytest.raises(TooSlow, match="The load took longer"):
        api.page(query(), 1)
    assert api.requests == 0


def test_requests_of_one_token_are_bounded_across_loads_and_other_tokens_go_on() -> None:
    width = 2
    here = threading.Semaphore(0)
    go = threading.Event()
    most: dict[str, int] = {}
    now: dict[str, int] = {}
    lock = threading.Lock()

    def answer(request: httpx.Request) -> httpx.Response:
        whose = request.headers["authorization"]
        with lock:
            now[whose] = now.get(whose, 0) + 1
            most[whose] = max(most.get(whose, 0), now[whose])
        here.release()
        go.wait(10)
        with lock:
            now[whose] -= 1
        return httpx.Response(200, text="[]")

    http = HttpPool(httpx.MockTransport(answer))
    threads = [
        threading.Thread(
            target=Client(stand_in.connection(token=token), http, LoadDeadline(QUICK), in_flight=width).page,
            args=(query(), page),
        )
        for token in ("one", "other")
        for page in range(5)
    ]
    for thread in threads:
        thread.start()
    for _ in range(2 * width):
        assert here.acquire(timeout=10)
    assert not here.acquire(timeout=0.3)
    go.set()
    for thread in threads:
        thread.join(10)
    assert most == {"Bearer one": width, "Bearer other": width}
