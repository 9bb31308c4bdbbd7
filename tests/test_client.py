"""Requests leave as they should, and whatever comes back is a body or an error of the tree."""

import gzip
import logging
import socket
import ssl
import threading
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from http import HTTPStatus

import httpx
import msgspec
import pytest

from tests import stand_in
from tests.stand_in import SAMPLES, TOKEN, answering, listening, query, request_on, sample, whole_answer
from userlane.client import Client, Limits, Patience, decipher, open_http
from userlane.client.faults import FAULTS, translate
from userlane.contract import ASSUMED, Auth, Connection, Query, Token, Window
from userlane.errors import (
    AnswerTooLarge,
    ApiFailed,
    LoadStopped,
    NotData,
    NotFound,
    RequestRefused,
    RightsMissing,
    ServerFailed,
    Throttled,
    TokenRejected,
    TooSlow,
    Unreachable,
    Untrusted,
    UserlaneError,
)

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
QUICK = Limits(page_seconds=5, load_seconds=20, backoff=0.001)
OK = whole_answer(b"[]")


def client(
    base_url: str,
    limits: Limits = QUICK,
    *,
    transport: httpx.BaseTransport | None = None,
    stop: threading.Event | None = None,
    token: str = TOKEN,
    in_flight: int = 4,
) -> Client:
    connection = stand_in.connection(base_url, token)
    return Client(connection, open_http(transport), Patience(limits, stop), in_flight=in_flight)


def scripted(*answers: httpx.Response | Exception) -> httpx.MockTransport:
    """Answers in turn, the last one for ever."""
    left = list(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        now = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(now, Exception):
            raise now
        return httpx.Response(now.status_code, headers=now.headers, content=now.content)

    return httpx.MockTransport(answer)


# What an answer means

MEANINGS: dict[str, tuple[type[UserlaneError], str]] = {
    "message/400": (RequestRefused, "Invalid date format: startDate must look like"),
    "error/400": (RequestRefused, "limit must be at most 1000"),
    "detail/422": (RequestRefused, "value is not a valid integer"),
    "errors/400": (RequestRefused, "endDate is missing; page is missing"),
    "title/400": (RequestRefused, "Range too long"),
    "plain_text/502": (ServerFailed, "upstream connect error"),
    "web_page/503": (ServerFailed, r"^The API failed \(503\)\. Load"),
    "web_page/200": (NotData, "A web page instead of data: login or proxy"),
    "no_body/200": (NotData, "empty answer"),
    "no_body/204": (NotData, "empty answer"),
    "token_rejected/401": (TokenRejected, "rejected the token"),
    "rights_missing/403": (RightsMissing, "no right to read NPS of property “demo”"),
    "not_found/404": (NotFound, "no property “demo”"),
    "throttled/429": (Throttled, "too many requests"),
    "redirect/302": (RequestRefused, r"302, to login\.example\.com"),
    "server_failed/500": (ServerFailed, "Internal server error"),
    "server_failed/503": (ServerFailed, r"^The API failed \(503\)\. Load"),
}
HEADERS = {"redirect/302": {"location": "https://login.example.com/?next=%2F"}}


@pytest.mark.parametrize("name", MEANINGS)
def test_every_sampled_failure_becomes_its_error_in_plain_words(name: str) -> None:
    scenario, status = name.split("/")
    error, words = MEANINGS[name]
    with pytest.raises(error, match=words) as caught:
        decipher(int(status), HEADERS.get(name, {}), sample(scenario, int(status)), query(), now=NOW)
    assert caught.value.next_step


def test_every_sample_that_is_no_data_has_its_meaning() -> None:
    failures = {
        f"{path.parent.name}/{path.stem}"
        for path in SAMPLES.glob("*/*.json")
        if path.stem != "200" or path.parent.name in {"web_page", "no_body"}
    }
    assert failures == set(MEANINGS)


def test_a_rejected_token_says_where_to_make_a_new_one() -> None:
    with pytest.raises(TokenRejected) as caught:
        decipher(401, {}, b"", query(), now=NOW)
    assert caught.value.next_step == "Make a new one in the Portal under Settings > API Token."


def test_a_404_for_a_survey_names_both_ids() -> None:
    with pytest.raises(NotFound, match="survey “512” in property “demo”"):
        decipher(404, {}, b"", query("surveys"), now=NOW)


@pytest.mark.parametrize("status", [200, 201, 203])
def test_a_body_that_may_be_data_is_handed_on_untouched(status: int) -> None:
    body = b'\xef\xbb\xbf {"data": [] }\n'
    assert decipher(status, {"content-type": "application/json"}, body, query(), now=NOW) is body


@pytest.mark.parametrize("body", [b"  \n<html>", b"\xef\xbb\xbf<!doctype html>"])
def test_a_web_page_is_known_by_its_first_character(body: bytes) -> None:
    with pytest.raises(NotData, match="web page"):
        decipher(200, {}, body, query(), now=NOW)


def test_a_long_message_is_cut_and_put_on_one_line() -> None:
    with pytest.raises(RequestRefused) as caught:
        decipher(400, {}, b"line\r\n\x00one " + b"x" * 10_000_000, query(), now=NOW)
    assert len(caught.value.cause) < 250
    assert "line one xxx" in caught.value.cause
    assert caught.value.cause.endswith("x…")


@pytest.mark.parametrize("body", [b"[" * 100_000, b"\xff\xfe", b"null", b"12", b'{"errors": {"a": ["b"]}}'])
def test_an_odd_error_body_is_no_obstacle(body: bytes) -> None:
    with pytest.raises(RequestRefused, match="400"):
        decipher(400, {}, body, query(), now=NOW)


@pytest.mark.parametrize(
    ("headers", "seconds", "words"),
    [
        ({"retry-after": "30"}, 30, "wait 30 s"),
        ({"retry-after": "3600"}, 3600, "wait 60 min"),
        ({"retry-after": "Fri, 10 Apr 2026 12:01:00 GMT"}, 60, "wait 60 s"),
        ({"retry-after": "Fri, 10 Apr 2026 11:00:00 GMT"}, 0, "wait 0 s"),
        (
            {"retry-after": "Fri, 10 Apr 2026 12:01:00 GMT", "date": "Fri, 10 Apr 2026 12:00:50 GMT"},
            10,
            "10 s",
        ),
        ({"retry-after": "soon"}, None, "too many requests"),
        ({"retry-after": "-5"}, None, "too many requests"),
        ({}, None, "too many requests"),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(
    headers: dict[str, str], seconds: float | None, words: str
) -> None:
    with pytest.raises(Throttled, match=words) as caught:
        decipher(429, headers, b"", query(), now=NOW)
    assert caught.value.retry_after == seconds


# What leaves


def seen(connection: Connection, asked: Query, page: int = 3, limit: int = 50) -> httpx.Request:
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, content=b"[]")

    transport = httpx.MockTransport(answer)
    Client(connection, open_http(transport), Patience(QUICK)).page(asked, page, limit)
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


# Transport


def everything_under(kind: type[httpx.TransportError]) -> Iterator[type[httpx.TransportError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from everything_under(each)


def test_every_transport_error_of_httpx_is_mapped() -> None:
    assert set(everything_under(httpx.TransportError)) == set(FAULTS)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_mapped_error_names_the_host_and_quotes_nothing(kind: type[httpx.TransportError]) -> None:
    error = translate(kind(f"header Bearer {TOKEN}"), "api.example.com")
    assert isinstance(error, ApiFailed)
    assert "api.example.com" in error.cause
    assert TOKEN not in str(error)


def test_pages_share_one_connection() -> None:
    with listening(answering(OK)) as (base_url, connections):
        api = client(base_url)
        for page in range(1, 6):
            api.page(query(), page)
        assert len(connections) == 1


def test_cookies_are_not_kept() -> None:
    heads: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        while head := request_on(connection):
            heads.append(head.lower())
            connection.sendall(whole_answer(b"[]", 200, "Set-Cookie: session=1; Path=/"))

    with listening(serve) as (base_url, _):
        api = client(base_url)
        api.page(query(), 1)
        api.page(query(), 2)
    assert [b"cookie:" in head for head in heads] == [False, False]


def test_a_redirect_is_not_followed_and_the_other_host_sees_nothing() -> None:
    with listening(answering(OK)) as (elsewhere, visitors):
        moved = whole_answer(b"", 302, f"Location: {elsewhere}/v1")
        with (
            listening(answering(moved)) as (base_url, _),
            pytest.raises(RequestRefused, match="not followed"),
        ):
            client(base_url).page(query(), 1)
        assert visitors == []


def drip_headers(connection: socket.socket) -> None:
    request_on(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: 1\r\n")
        time.sleep(0.02)


def drip_body(connection: socket.socket) -> None:
    request_on(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.02)


def silence(connection: socket.socket) -> None:
    request_on(connection)
    connection.recv(1)


@pytest.mark.parametrize("serve", [drip_headers, drip_body, silence])
def test_a_page_that_never_ends_runs_into_its_own_deadline(serve: Callable[[socket.socket], None]) -> None:
    with listening(serve) as (base_url, connections):
        api = client(base_url, Limits(page_seconds=0.3, tries=2, backoff=0.001))
        with pytest.raises(TooSlow, match="for one page"):
            api.page(query(), 1)
        assert len(connections) == api.requests == 2


@pytest.mark.parametrize("serve", [drip_body, silence])
def test_a_stop_breaks_off_a_read_that_waits(serve: Callable[[socket.socket], None]) -> None:
    stop = threading.Event()
    asked = threading.Event()

    def serve_and_tell(connection: socket.socket) -> None:
        asked.set()
        serve(connection)

    def stop_once_asked() -> None:
        asked.wait(10)
        stop.set()

    with listening(serve_and_tell) as (base_url, _):
        threading.Thread(target=stop_once_asked, daemon=True).start()
        with pytest.raises(LoadStopped):
            client(base_url, Limits(page_seconds=30), stop=stop).page(query(), 1)


def cut_short(connection: socket.socket) -> None:
    request_on(connection)
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"data": [')
    connection.close()


def hang_up(connection: socket.socket) -> None:
    request_on(connection)
    connection.close()


def not_http(connection: socket.socket) -> None:
    request_on(connection)
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    connection.close()


@pytest.mark.parametrize("serve", [cut_short, hang_up, not_http])
def test_a_broken_answer_is_asked_for_four_times(serve: Callable[[socket.socket], None]) -> None:
    with listening(serve) as (base_url, connections):
        api = client(base_url)
        with pytest.raises(Unreachable, match="broke before the answer was whole"):
            api.page(query(), 1)
        assert (len(connections), api.requests) == (4, 4)


def test_a_port_nobody_listens_on_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1 cannot be reached"):
        client(f"http://127.0.0.1:{port}").page(query(), 1)


def test_a_certificate_for_somebody_else_is_untrusted_and_not_tried_again() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SAMPLES / "self-signed.pem")

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.sendall(OK)

    with listening(serve) as (base_url, connections):
        with pytest.raises(Untrusted, match=r"certificate of 127\.0\.0\.1 is not valid"):
            client(base_url.replace("http:", "https:")).page(query(), 1)
        assert len(connections) == 1


def test_a_server_that_speaks_no_tls_is_untrusted() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with listening(serve) as (base_url, _), pytest.raises(Untrusted, match="No secure connection"):
        client(base_url.replace("http:", "https:")).page(query(), 1)


def test_the_environments_proxy_is_used_except_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        while head := request_on(connection):
            heads.append(head)
            connection.sendall(OK)

    for name in ("no_proxy", "NO_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with listening(serve) as (proxy, _), listening(answering(OK)) as (base_url, direct):
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("http_proxy", proxy)
        client("http://api.invalid").page(query(), 1)
        client(base_url).page(query(), 1)
        assert [head.split(b"/v1")[0] for head in heads] == [b"GET http://api.invalid"]
        assert len(direct) == 1


# Bodies


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


# Patience


def test_what_can_pass_by_itself_is_tried_again_and_then_works() -> None:
    failures = (httpx.Response(503), httpx.ReadError("gone"), httpx.Response(429))
    api = client("http://a.example", transport=scripted(*failures, httpx.Response(200, text="[]")))
    assert api.page(query(), 1) == b"[]"
    assert api.requests == 4


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_there_are_at_most_four_tries(status: int) -> None:
    api = client("http://a.example", transport=scripted(httpx.Response(status)))
    with pytest.raises((ServerFailed, Throttled)):
        api.page(query(), 1)
    assert api.requests == 4


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 422])
def test_what_cannot_pass_by_itself_is_asked_once(status: int) -> None:
    api = client("http://a.example", transport=scripted(httpx.Response(status)))
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

    http = open_http(httpx.MockTransport(answer))
    connection = stand_in.connection(token="waits-its-turn")

    def notice(until: datetime, why: str) -> None:
        notices.append((until, why))
        other.start()

    first = Client(connection, http, Patience(QUICK), notice=notice)
    second = Client(connection, http, Patience(QUICK))
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
    api = client("http://a.example", Limits(), transport=scripted(throttled))
    with pytest.raises(Throttled, match="asks to wait 60 min"):
        api.page(query(), 1)
    assert api.requests == 1


def test_a_stop_ends_a_wait() -> None:
    stop = threading.Event()
    throttled = httpx.Response(429, headers={"retry-after": "200"})
    http = open_http(scripted(throttled))
    api = Client(
        stand_in.connection(token="stops-waiting"),
        http,
        Patience(Limits(), stop),
        notice=lambda _until, _why: stop.set(),
    )
    with pytest.raises(LoadStopped):
        api.page(query(), 1)
    assert api.requests == 1


def test_a_spent_budget_ends_the_load() -> None:
    api = client("http://a.example", Limits(load_seconds=0), transport=scripted(httpx.Response(200)))
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

    http = open_http(httpx.MockTransport(answer))
    threads = [
        threading.Thread(
            target=Client(stand_in.connection(token=token), http, Patience(QUICK), in_flight=width).page,
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


# Secrets


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
        client("http://a.example", transport=scripted(answer)).page(query(), 1)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))
    assert TOKEN not in repr(caught.value)
    assert TOKEN not in caplog.text


def test_a_request_over_the_wire_leaves_nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with listening(answering(OK)) as (base_url, _):
        client(base_url).page(query(), 1)
    assert caplog.records == []
