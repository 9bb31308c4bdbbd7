"""Whatever happens below an HTTP response becomes an error of the tree, in time."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpcore
import httpx
import pytest

from tests.ports import reserved
from tests.responses import (
    at_once,
    document,
    drip_body,
    drip_headers,
    hang_up,
    in_turn,
    not_http,
    redirect,
    silence,
    truncated,
)
from tests.server import Listener, Response, Server
from tests.stand_in import SAMPLES, TOKEN, query
from tests.unit.client.given import OK, client
from userlane.client import HttpPool, Limits, LoadDeadline
from userlane.client.responses import translate_transport_error
from userlane.client.transport import limit_request
from userlane.errors import (
    ApiFailed,
    LoadStopped,
    RequestRefused,
    TooSlow,
    Unreachable,
    Untrusted,
)


def everything_under(kind: type[httpx.TransportError]) -> Iterator[type[httpx.TransportError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from everything_under(each)


BROKE, SLOW = (Unreachable, "broke before"), (TooSlow, "took too long")
TRANSLATED: dict[type[httpx.TransportError], tuple[type[ApiFailed], str]] = {
    httpx.TransportError: BROKE,
    httpx.TimeoutException: SLOW,
    httpx.ConnectTimeout: (Unreachable, "does not answer"),
    httpx.ReadTimeout: SLOW,
    httpx.WriteTimeout: SLOW,
    httpx.PoolTimeout: SLOW,
    httpx.NetworkError: BROKE,
    httpx.ConnectError: (Unreachable, "cannot be reached"),
    httpx.ReadError: BROKE,
    httpx.WriteError: BROKE,
    httpx.CloseError: BROKE,
    httpx.ProtocolError: BROKE,
    httpx.RemoteProtocolError: BROKE,
    httpx.LocalProtocolError: (RequestRefused, "cannot be sent"),
    httpx.ProxyError: (Unreachable, "proxy does not let"),
    httpx.UnsupportedProtocol: (RequestRefused, "not an http or https address"),
}


def test_every_transport_error_of_httpx_is_expected_here() -> None:
    assert set(everything_under(httpx.TransportError)) == set(TRANSLATED)


@pytest.mark.parametrize("kind", TRANSLATED)
def test_a_transport_error_becomes_one_of_ours_that_names_the_host_and_quotes_nothing(
    kind: type[httpx.TransportError],
) -> None:
    error = translate_transport_error(kind(f"header Bearer {TOKEN}"), "api.example.com")
    expected, words = TRANSLATED[kind]
    assert type(error) is expected
    assert words in error.cause
    assert "api.example.com" in error.cause
    assert TOKEN not in str(error)


def test_pages_share_one_connection() -> None:
    with Server(lambda _: OK) as server:
        api = client(server.base_url)
        for page in range(1, 6):
            api.page(query(), page)
        assert server.connections == 1


def test_an_answer_that_came_before_its_question_is_thrown_away_with_its_connection() -> None:
    surplus = at_once(document(b"[1]"), document(b'["of somebody else"]'))
    with Server(in_turn(surplus, document(b"[2]"))) as server:
        api = client(server.base_url)
        assert [api.page(query(), page) for page in (1, 2)] == [b"[1]", b"[2]"]
        assert (server.connections, api.requests) == (2, 3)


def test_cookies_are_not_kept() -> None:
    with Server(lambda _: document(b"[]", 200, "Set-Cookie: session=1; Path=/")) as server:
        api = client(server.base_url)
        api.page(query(), 1)
        api.page(query(), 2)
    assert ["cookie" in request.headers for request in server.requests] == [False, False]


def test_a_redirect_is_not_followed_and_the_other_host_sees_nothing() -> None:
    with Server(lambda _: OK) as elsewhere:
        moved = redirect(302, elsewhere.base_url)
        with Server(lambda _: moved) as server, pytest.raises(RequestRefused, match="not followed"):
            client(server.base_url).page(query(), 1)
        assert elsewhere.connections == 0


@pytest.mark.parametrize("response", [drip_headers, drip_body, silence])
def test_a_page_that_never_ends_runs_into_its_own_deadline(response: Response) -> None:
    with Server(lambda _: response) as server:
        api = client(server.base_url, Limits(page_seconds=0.3, tries=2, backoff=0.001))
        with pytest.raises(TooSlow, match="for one page"):
            api.page(query(), 1)
        assert server.connections == api.requests == 2


@pytest.mark.parametrize("response", [drip_body, silence])
def test_a_stop_breaks_off_a_read_that_waits(response: Response) -> None:
    stop = threading.Event()

    def stop_once_asked() -> None:
        server.until(lambda: bool(server.requests))
        stop.set()

    with Server(lambda _: response) as server:
        threading.Thread(target=stop_once_asked, daemon=True).start()
        with pytest.raises(LoadStopped):
            client(server.base_url, Limits(page_seconds=30), stop=stop).page(query(), 1)


Connect = Callable[..., httpcore.NetworkStream]


@pytest.fixture
def connecting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Has something happen in the middle of every connecting."""
    connect: Connect = httpcore.SyncBackend.connect_tcp

    def put(happens: Callable[[], object]) -> None:
        def slowly(*arguments: Any, **options: Any) -> httpcore.NetworkStream:
            happens()
            return connect(*arguments, **options)

        monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", slowly)

    return put


def test_a_stop_while_connecting_sends_nothing(connecting: Callable[[Callable[[], object]], None]) -> None:
    stop, over = threading.Event(), threading.Event()
    received: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        received.append(connection.recv(1))
        over.set()

    connecting(stop.set)
    with Listener(serve) as listener:
        with pytest.raises(LoadStopped):
            client(listener.base_url, stop=stop).page(query(), 1)
        assert over.wait(10)
    assert received == [b""]


def test_a_stop_on_a_connection_that_is_open_already_sends_nothing() -> None:
    stop = threading.Event()
    with Server(lambda _: OK) as server, closing(HttpPool()) as http:
        with limit_request(LoadDeadline(Limits())):
            http.send(httpx.Request("GET", server.base_url)).read()
        stop.set()
        with limit_request(LoadDeadline(Limits(), stop)), pytest.raises(LoadStopped):
            http.send(httpx.Request("GET", server.base_url))
        assert (server.connections, len(server.requests)) == (1, 1)


@pytest.mark.parametrize("stops", [True, False])
def test_connecting_that_takes_for_ever_ends_with_the_stop_or_the_page_deadline(
    stops: bool,  # noqa: FBT001 - one of two
    connecting: Callable[[Callable[[], object]], None],
) -> None:
    """As a look-up of the host's name does; what is connected in the end is closed unused."""
    stop, go_on, gone = threading.Event(), threading.Event(), threading.Event()

    def hang() -> None:
        if stops:
            stop.set()
        go_on.wait(30)

    def serve(connection: socket.socket) -> None:
        if connection.recv(1) == b"":
            gone.set()

    connecting(hang)
    with Listener(serve) as listener:
        limits = Limits(page_seconds=20 if stops else 0.3, tries=1)
        began = time.monotonic()
        with pytest.raises(LoadStopped if stops else TooSlow):
            client(listener.base_url, limits, stop=stop).page(query(), 1)
        assert time.monotonic() - began < 10
        go_on.set()
        assert gone.wait(10)


@pytest.mark.parametrize(
    "response",
    [truncated(b'{"data": [' + b" " * 1000), hang_up, not_http],
    ids=["cut_short", "hang_up", "not_http"],
)
def test_a_broken_answer_is_asked_for_four_times(response: Response) -> None:
    with Server(lambda _: response) as server:
        api = client(server.base_url)
        with pytest.raises(Unreachable, match="broke before the answer was whole"):
            api.page(query(), 1)
        assert (server.connections, api.requests) == (4, 4)


def test_a_port_nobody_listens_on_is_unreachable() -> None:
    with reserved() as port, pytest.raises(Unreachable, match=r"127\.0\.0\.1 cannot be reached"):
        client(f"http://127.0.0.1:{port}").page(query(), 1)


def test_a_certificate_for_somebody_else_is_untrusted_and_not_tried_again() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(SAMPLES / "self-signed.pem")
    with Server(lambda _: OK, lambda _: context) as server:
        with pytest.raises(Untrusted, match=r"certificate of 127\.0\.0\.1 is not valid"):
            client(server.base_url).page(query(), 1)
        assert server.connections == 1


def test_a_server_that_speaks_no_tls_is_untrusted() -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Listener(serve) as listener, pytest.raises(Untrusted, match="No secure connection"):
        client(listener.base_url.replace("http:", "https:")).page(query(), 1)


def test_the_environments_proxy_is_used_except_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Server(lambda _: OK) as proxy, Server(lambda _: OK) as direct:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url)
        monkeypatch.setenv("http_proxy", proxy.base_url)
        client("http://api.invalid").page(query(), 1)
        client(direct.base_url).page(query(), 1)
        assert [request.target.split("/v1")[0] for request in proxy.requests] == ["http://api.invalid"]
        assert direct.connections == 1
