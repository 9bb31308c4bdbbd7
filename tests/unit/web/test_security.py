"""The edge of the server, over real sockets, around a small application of the test's own."""

import doctest
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
import structlog
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from userlane.web import security
from userlane.web.security import SecurityMiddleware, is_closed, security_headers

HEADERS = security_headers("<html><script>one()</script><script src='two.js'></script></html>")
FOREIGN = "https://elsewhere.example"


async def said(request: Request) -> Response:
    """What a page would get; a file that browsers may keep under `/kept`."""
    kept = {"Cache-Control": "public, immutable", "Access-Control-Allow-Origin": "*"}
    return PlainTextResponse("rows", headers=kept if request.url.path == "/kept" else {})


async def broken(_: Request) -> Response:
    raise RuntimeError("made-up secret in an error")


async def cut(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        raise RuntimeError("after the answer has begun")

    return StreamingResponse(parts())


async def told(stream: WebSocket) -> None:
    """Says which origin the application was told."""
    await stream.accept()
    await stream.send_text(stream.headers.get("origin", "none"))
    await stream.close()


@contextmanager
def served(*public: str, listens: str | None = None) -> Iterator[str]:
    """The application behind its edge; yields `host:port`."""
    app = Starlette(
        routes=[
            Route("/broken", broken),
            Route("/cut", cut),
            WebSocketRoute("/_stcore/stream", told),
            Route("/{path:path}", said, methods=["GET", "PUT"]),
        ],
        middleware=[Middleware(SecurityMiddleware, headers=HEADERS, listens=listens, public=public)],
    )
    config = uvicorn.Config(app, ws="websockets-sansio", access_log=False, log_level="critical")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def anywhere() -> Iterator[str]:
    """A server that everybody can reach and that does not know what it is called."""
    with served(listens="0.0.0.0") as place:  # noqa: S104  # as in a container
        yield place


@pytest.fixture(scope="module")
def named() -> Iterator[str]:
    """A server that was given two names of its own."""
    with served("dash.example", "Other.example:8443", listens="0.0.0.0") as place:  # noqa: S104  # likewise
        yield place


def opened(
    place: str, path: str = "/_stcore/stream", host: str = "", origin: str | None = None
) -> ClientConnection:
    """A WebSocket to the server, asked for under another host name where one is given."""
    name, port = place.split(":")
    reached = socket.create_connection((name, int(port)))
    headers = {} if origin is None else {"Origin": origin}
    return connect(f"ws://{host or place}{path}", sock=reached, additional_headers=headers, proxy=None)


def refused(
    place: str, path: str = "/_stcore/stream", host: str = "", origin: str | None = None
) -> httpx.Response:
    """The answer to a WebSocket that is not let in."""
    with pytest.raises(InvalidStatus) as caught:
        opened(place, path, host, origin)
    answer = caught.value.response
    return httpx.Response(
        answer.status_code, headers=list(answer.headers.raw_items()), content=bytes(answer.body)
    )


def get(place: str, host: str, path: str = "/") -> int:
    """The status of the answer under a host name."""
    return httpx.get(f"http://{place}{path}", headers={"Host": host}).status_code


def protected(answer: httpx.Response) -> bool:
    """Whether each security header is there, once."""
    return all(answer.headers.get_list(name) == [text] for name, text in HEADERS.items())


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/", {}, 200),
        ("HEAD", "/", {}, 200),
        ("GET", "/healthz", {}, 200),
        ("OPTIONS", "/", {}, 405),
        ("DELETE", "/", {}, 405),
        ("GET", "/broken", {}, 500),
        ("GET", "/_stcore/metrics", {}, 404),
        ("GET", "/", {"Host": "else where"}, 400),
        ("PUT", "/", {"Origin": FOREIGN}, 403),
    ],
)
def test_every_answer_carries_the_security_headers(
    anywhere: str, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    """Whatever happened, nothing foreign may be loaded, framed or sniffed, and no cache keeps it."""
    answer = httpx.request(method, f"http://{anywhere}{path}", headers=headers)
    assert answer.status_code == status
    assert protected(answer)
    assert answer.headers["Cache-Control"] == "no-store"


def test_every_answer_to_a_web_socket_carries_the_security_headers(named: str) -> None:
    with opened(named) as stream:
        assert stream.response is not None
        accepted = httpx.Response(101, headers=list(stream.response.headers.raw_items()))
    answers = [
        accepted,
        refused(named, origin=FOREIGN),
        refused(named, "/nowhere"),
        refused(named, "/_stcore/metrics"),
        refused(named, host="elsewhere.example"),
    ]
    assert [answer.status_code for answer in answers] == [101, 403, 403, 404, 400]
    assert all(protected(answer) for answer in answers)


def test_the_policy_allows_the_pages_own_inline_script_and_no_other() -> None:
    """The digest is what `printf 'one()' | openssl dgst -sha256 -binary | base64` prints."""
    policy = HEADERS["Content-Security-Policy"]
    scripts = next(rule for rule in policy.split("; ") if rule.startswith("script-src"))
    assert scripts == "script-src 'self' 'sha256-HR7iaask9daLMRRskMI++QeJtjWDOjyPA6lGzYGzKW4='"


def test_only_what_is_marked_to_be_kept_is_kept_and_no_other_origin_may_read_it(anywhere: str) -> None:
    answer = httpx.get(f"http://{anywhere}/kept")
    assert answer.headers["Cache-Control"] == "public, immutable"
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_browsers_are_told_to_stay_with_https_only_where_there_is_https(anywhere: str) -> None:
    """A proxy on the same machine says so; over http the header would be of no use."""
    plain, encrypted = (
        httpx.get(f"http://{anywhere}/", headers={"X-Forwarded-Proto": scheme}).headers
        for scheme in ("http", "https")
    )
    assert "Strict-Transport-Security" not in plain
    assert encrypted["Strict-Transport-Security"] == "max-age=31536000"


def test_a_failure_is_logged_under_the_id_that_is_answered_and_its_words_stay_on_the_server(
    anywhere: str,
) -> None:
    with structlog.testing.capture_logs() as logged:
        answer = httpx.get(f"http://{anywhere}/broken")
    assert "made-up secret" not in answer.text
    (line,) = logged
    assert answer.text.endswith(f"error {line['error_id']}.")


def test_an_answer_that_breaks_off_does_not_look_whole(anywhere: str) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://{anywhere}/cut")


@pytest.mark.parametrize(
    "host", ["dash.example", "DASH.example.:80", "other.example:9", "localhost:8501", "[::1]"]
)
def test_a_server_with_names_answers_to_them_and_to_those_of_its_machine(named: str, host: str) -> None:
    assert get(named, host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example",
        "dash.example.elsewhere.example",
        "10.0.0.7:8501",
        "dash.example@x",
        "x@dash.example",
        "dash.example/x",
        "x/dash.example",
        "",
    ],
)
def test_a_server_with_names_refuses_every_other_name(named: str, host: str) -> None:
    """Else a foreign page could make its own name point at this server, and read what it answers."""
    assert get(named, host) == 400
    assert get(named, host, "/healthz") == 200


def test_a_name_is_not_taken_from_a_header_that_anybody_can_send(named: str) -> None:
    headers = {"Host": "elsewhere.example", "X-Forwarded-Host": "dash.example"}
    assert httpx.get(f"http://{named}/", headers=headers).status_code == 400


def test_a_request_with_two_hosts_or_none_is_refused(anywhere: str) -> None:
    for head in (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", b"GET / HTTP/1.0\r\n"):
        name, port = anywhere.split(":")
        with socket.create_connection((name, int(port))) as raw:
            raw.sendall(head + b"Connection: close\r\n\r\n")
            assert b" 400 " in raw.makefile("rb").readline()


@pytest.mark.parametrize("listens", ["localhost", "127.0.0.1", "::1"])
def test_a_server_for_this_machine_alone_answers_to_this_machines_names_alone(listens: str) -> None:
    with served(listens=listens) as place:
        assert [get(place, host) for host in ("localhost:8501", place, "elsewhere.example")] == [
            200,
            200,
            400,
        ]


def test_a_server_that_cannot_know_its_name_answers_to_every_name(anywhere: str) -> None:
    assert get(anywhere, "whatever.example") == 200


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("", None),
        ("dash.example", "https://dash.example"),
        ("dash.example", "http://dash.example"),
        ("dash.example:443", "https://Dash.example"),
        ("localhost:8501", "http://localhost:8501"),
        ("localhost:8501", "https://dash.example"),
        ("localhost:8501", "https://other.example:8443"),
    ],
)
def test_a_page_of_its_own_may_talk_to_the_server(named: str, host: str, origin: str | None) -> None:
    """The application is told an origin it need not look up: the host it was asked as."""
    with opened(named, host=host, origin=origin) as stream:
        heard = stream.recv()
    assert heard == ("none" if origin is None else f"{urlsplit(origin).scheme}://{host}")
    sent = {"Host": host or named} | ({} if origin is None else {"Origin": origin})
    assert httpx.put(f"http://{named}/upload", headers=sent).status_code == 200


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("dash.example", FOREIGN),
        ("dash.example", "https://dash.example:8443"),
        ("dash.example", "https://dash.example.elsewhere.example"),
        ("dash.example", "https://dash.example@elsewhere.example"),
        ("dash.example", "https://elsewhere.example/https://dash.example"),
        ("dash.example", "https://x.dash.example"),
        ("dash.example", "https://dash.example/page"),
        ("dash.example", "https://user@dash.example"),
        ("dash.example", "null"),
        ("dash.example", ""),
        ("dash.example", "dash.example"),
        ("dash.example", "file://dash.example"),
        ("localhost:8501", "http://localhost:3000"),
        ("localhost:8501", "http://127.0.0.1:8501"),
        ("localhost:8501", "https://other.example"),
    ],
)
def test_a_page_of_another_origin_may_not(named: str, host: str, origin: str) -> None:
    """Neither by a WebSocket nor by a request that changes something; what it may ask for, it cannot read."""
    assert refused(named, host=host, origin=origin).status_code == 403
    for method, status in (("PUT", 403), ("POST", 403), ("DELETE", 403), ("GET", 200)):
        answer = httpx.request(method, f"http://{named}/", headers={"Host": host, "Origin": origin})
        assert answer.status_code == status


HOSTS = st.from_regex(r"\A[A-Za-z0-9.\-\[\]:@/\\_ ]{0,12}(?:dash\.example)?[A-Za-z0-9.\-:@/\\?#]{0,12}\Z")


@given(
    origin=st.one_of(st.text(), HOSTS.map(lambda text: f"https://{text}")), host=st.one_of(st.text(), HOSTS)
)
def test_an_origin_is_taken_for_this_server_only_if_a_browser_means_this_server(
    origin: str, host: str
) -> None:
    """Whatever the headers hold: nothing fails, and the two host names are the same."""
    if SecurityMiddleware(Starlette(), HEADERS, None, ()).is_own_page(origin, host):
        name = urlsplit(f"//{host}").hostname
        assert name
        assert (urlsplit(origin).hostname or "").rstrip(".") == name.rstrip(".")


@pytest.mark.parametrize(
    "path",
    ["health", "host-config", "stream", "upload_file/session/file"],
)
@pytest.mark.parametrize("base", ["/", "/analytics/"])
def test_what_pages_ask_for_is_open(path: str, base: str) -> None:
    assert not is_closed(f"{base}_stcore/{path}")


@given(
    name=st.text(st.characters(exclude_characters="/"), min_size=1).filter(
        lambda name: name not in {"health", "host-config", "stream", "upload_file"}
    ),
    base=st.sampled_from(["/", "//", "/analytics/", "/a//b/"]),
    between=st.sampled_from(["/", "//"]),
    end=st.sampled_from(["", "/", "//", "/x"]),
)
def test_what_no_page_asks_for_is_closed_however_it_is_spelt(
    name: str, base: str, between: str, end: str
) -> None:
    assert is_closed(f"{base}_stcore{between}{name}{end}")


def test_the_examples_in_the_documentation_are_true() -> None:
    assert doctest.testmod(security).failed == 0
