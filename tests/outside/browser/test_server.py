"""What the server says to anybody who asks, in a browser and without one."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import httpx
import pytest
import streamlit
from playwright.sync_api import Response
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.outside.browser.conftest import ROOT, Begin, dashboard
from tests.outside.browser.visit import DATA_TITLES
from tests.server import Listener
from userlane.web.security import security_headers

HEADERS = security_headers((Path(streamlit.__file__).parent / "static" / "index.html").read_text())


@contextmanager
def trap() -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that only notes what it is asked for: its address, and the notes."""
    asked: list[bytes] = []
    with Listener(lambda caller: asked.append(caller.recv(200))) as listener:
        yield listener.base_url, asked


@pytest.fixture(scope="module")
def behind_a_proxy() -> Iterator[tuple[str, list[bytes]]]:
    """A dashboard below a path, with a name of its own; and what it asked the internet for."""
    with (
        trap() as (proxy, asked),
        dashboard(
            HTTP_PROXY=proxy,
            HTTPS_PROXY=proxy,
            NO_PROXY="",
            no_proxy="",
            USERLANE_PUBLIC_HOSTS="dash.example",
            STREAMLIT_SERVER_BASE_URL_PATH="analytics",
            STREAMLIT_SERVER_COOKIE_SECRET="made-up-0123456789abcdefghijklmnop",
        ) as address,
    ):
        yield address, asked


def stream(address: str, host: str, origin: str, path: str = "/_stcore/stream") -> ClientConnection:
    """The app's WebSocket, as a browser on a page of `origin` opens it."""
    name, port = address.removeprefix("http://").split(":")
    return connect(
        f"ws://{host}{path}",
        sock=socket.create_connection((name, int(port))),
        additional_headers={"Origin": origin},
        subprotocols=[Subprotocol("streamlit")],
        proxy=None,
    )


def test_every_answer_a_visit_gets_carries_the_security_headers(begin: Begin, sample_dashboard: str) -> None:
    """All pages and a download, as the browser asks for them. Files of the product alone may be kept."""
    visit = begin(sample_dashboard)
    answers: list[Response] = []
    visit.page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108  # it marks what it is given
    visit.open_sample()
    for title in DATA_TITLES:
        visit.go(title)
    with visit.page.expect_response(lambda answer: "/media/" in answer.url) as coming:
        visit.download("csv")
    answers.append(coming.value)
    headers = {answer.url.removeprefix(sample_dashboard): answer.headers for answer in answers}
    wanted = {name.lower(): text for name, text in HEADERS.items()}
    assert {path for path, found in headers.items() if not wanted.items() <= found.items()} == set()
    kept = {path for path, found in headers.items() if found["cache-control"] != "no-store"}
    assert {path.split("?")[0] for path in kept if not path.startswith("/static/")} <= {
        "/",
        "/favicon.png",
        "/_stcore/health",
        "/_stcore/host-config",
    }
    assert [path for path in headers if path.startswith("/static/js/")]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/nps", 200),
        ("GET", "/nowhere", 200),
        ("GET", "/static/nothing", 200),
        ("GET", "/healthz", 200),
        ("HEAD", "/_stcore/health", 200),
        ("OPTIONS", "/_stcore/health", 204),
        ("OPTIONS", "/_stcore/upload_file/a/b", 204),
        ("PUT", "/_stcore/upload_file/a/b", 403),
        ("GET", "/nps/", 301),
        ("GET", "//nps", 400),
        ("GET", "/media/nothing.csv", 404),
        ("GET", "/component/nothing/x.js", 404),
        ("POST", "/", 405),
    ],
)
def test_every_kind_of_answer_carries_the_security_headers(
    sample_dashboard: str, method: str, path: str, status: int
) -> None:
    """Nothing foreign may be loaded, framed or sniffed, and no page of another origin may read the answer."""
    answer = httpx.request(method, sample_dashboard + path)
    assert answer.status_code == status
    assert {name: answer.headers.get_list(name) for name in HEADERS} == {
        name: [text] for name, text in HEADERS.items()
    }
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert "Python" not in str(answer.headers)
    assert answer.headers["Server"] == "uvicorn"


def test_an_unchanged_file_is_answered_with_the_security_headers_too(sample_dashboard: str) -> None:
    first = httpx.get(f"{sample_dashboard}/favicon.png")
    again = httpx.get(f"{sample_dashboard}/favicon.png", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert HEADERS.items() <= {name: again.headers.get(name) for name in HEADERS}.items()


def test_the_policy_allows_no_foreign_source_and_no_inline_script() -> None:
    policy = dict(rule.split(" ", 1) for rule in HEADERS["Content-Security-Policy"].split("; "))
    assert {policy[name] for name in ("default-src", "connect-src", "base-uri", "form-action")} == {"'self'"}
    assert {policy[name] for name in ("frame-ancestors", "object-src")} == {"'none'"}
    assert "unsafe" not in policy["script-src"]
    assert "http" not in HEADERS["Content-Security-Policy"]


def test_the_health_check_answers_in_its_body(sample_dashboard: str) -> None:
    """An unknown path gives 200 as well, so only the body tells whether the server is well."""
    answer = httpx.get(f"{sample_dashboard}/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}
    assert httpx.get(f"{sample_dashboard}/nowhere").text != answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/metrics?families=cache_memory_bytes",
        "/_stcore/metrics/",
        "//_stcore/metrics",
        "/_stcore//metrics",
        "/_stcore/%6detrics",
        "/%5fstcore/metrics",
        "/_stcore%2fmetrics",
        "/nps/../_stcore/metrics",
        "/_stcore/script-health-check",
        "/_stcore/agent/openapi.json",
        "/_stcore/agent/mcp",
    ],
)
def test_what_is_the_operators_business_is_not_public(
    sample_dashboard: str, behind_a_proxy: tuple[str, list[bytes]], path: str
) -> None:
    """Metrics and the like, in any spelling, at the root and below a path."""
    for base in (sample_dashboard, behind_a_proxy[0], f"{behind_a_proxy[0]}/analytics"):
        status, body = raw(base, path)
        assert status in {400, 404}
        assert b"# TYPE" not in body


def raw(base: str, path: str) -> tuple[int, bytes]:
    """Status and body of a GET whose path is sent as it is written."""
    address, _, below = base.removeprefix("http://").partition("/")
    name, port = address.split(":")
    with socket.create_connection((name, int(port))) as line:
        prefix = f"/{below}" if below else ""
        line.sendall(f"GET {prefix}{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        head, _, body = line.makefile("rb").read().partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def test_no_page_around_this_one_may_steer_it(sample_dashboard: str) -> None:
    """Streamlit's own list of pages that may is empty."""
    told = json.loads(httpx.get(f"{sample_dashboard}/_stcore/host-config").content)
    assert told["allowedOrigins"] == []
    assert told["useExternalAuthToken"] is False


def test_a_page_of_another_origin_cannot_talk_to_the_app_and_nobody_else_is_asked_about_it(
    behind_a_proxy: tuple[str, list[bytes]],
) -> None:
    """Streamlit alone would ask a public service which address this server has, to compare."""
    address, asked = behind_a_proxy
    path = "/analytics/_stcore/stream"
    for host, origin in (
        ("dash.example", "https://elsewhere.example"),
        ("localhost:8501", "http://localhost:3000"),
    ):
        with pytest.raises(InvalidStatus) as caught:
            stream(address, host, origin, path)
        assert caught.value.response.status_code == 403
        upload = httpx.put(
            f"{address}/analytics/_stcore/upload_file/a/b", headers={"Host": host, "Origin": origin}
        )
        assert (upload.status_code, "another address" in upload.text) == (403, True)
    for host, origin in (
        ("dash.example", "https://dash.example"),
        ("localhost:8501", "http://localhost:8501"),
        ("localhost:8501", "https://dash.example"),
    ):
        with stream(address, host, origin, path) as opened:
            assert opened.subprotocol == "streamlit"
    assert asked == []


def test_another_name_for_this_server_is_refused_but_its_health_is_told(
    behind_a_proxy: tuple[str, list[bytes]], sample_dashboard: str
) -> None:
    """A name that a foreign page made to point here would give that page everything this server answers."""
    for address in (behind_a_proxy[0], sample_dashboard):
        for host in ("elsewhere.example", "10.0.0.7:8501"):
            answer = httpx.get(address, headers={"Host": host})
            assert (answer.status_code, "USERLANE_PUBLIC_HOSTS" in answer.text) == (400, True)
            assert httpx.get(f"{address}/healthz", headers={"Host": host}).json() == {"status": "ok"}
        with pytest.raises(InvalidStatus) as caught:
            stream(address, "elsewhere.example", "http://elsewhere.example")
        assert caught.value.response.status_code == 400
    known = httpx.get(behind_a_proxy[0] + "/analytics/", headers={"Host": "dash.example"})
    assert known.status_code == 200


def began(opened: ClientConnection) -> str:
    """Ask for the page as a tab does; the ID of the visit."""
    asked = BackMsg()
    asked.rerun_script.query_string = ""
    opened.send(asked.SerializeToString())
    while True:
        told = ForwardMsg.FromString(cast("bytes", opened.recv(timeout=60)))
        if told.WhichOneof("type") == "new_session":
            return str(told.new_session.initialize.session_id)


def test_more_than_an_upload_may_hold_is_refused_before_it_is_read(sample_dashboard: str) -> None:
    """What claims to be above twenty megabytes is not waited for."""
    xsrf = httpx.get(f"{sample_dashboard}/_stcore/health").cookies["_streamlit_xsrf"]
    name, port = sample_dashboard.removeprefix("http://").split(":")
    with (
        stream(sample_dashboard, "localhost", "http://localhost") as opened,
        socket.create_connection((name, int(port))) as line,
    ):
        line.sendall(
            f"PUT /_stcore/upload_file/{began(opened)}/file HTTP/1.1\r\nHost: localhost\r\n"
            f"X-Xsrftoken: {xsrf}\r\nCookie: _streamlit_xsrf={xsrf}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 25000000\r\n\r\n".encode()
        )
        assert line.makefile("rb").readline().split()[1] == b"413"


def test_a_tab_that_sends_too_much_is_cut_off(sample_dashboard: str) -> None:
    """Five megabytes are more than all widgets of a page can hold."""
    with stream(sample_dashboard, "localhost", "http://localhost") as opened:
        began(opened)
        opened.send(bytes(5_000_001))
        with pytest.raises(ConnectionClosedError) as caught:
            list(opened)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009


@pytest.mark.parametrize("secret", ["made-up-but-short", "ab" * 40])
def test_a_cookie_secret_that_can_be_guessed_stops_the_start_and_is_not_repeated(secret: str) -> None:
    told = started(STREAMLIT_SERVER_COOKIE_SECRET=secret)
    assert "STREAMLIT_SERVER_COOKIE_SECRET can be guessed" in told
    assert secret not in told


@pytest.mark.parametrize(
    ("name", "text"), [("USERLANE_PUBLIC_HOSTS", "https://dash.example"), ("USERLANE_LOG_LEVEL", "loud")]
)
def test_a_setting_that_cannot_be_used_stops_the_start_and_is_named(name: str, text: str) -> None:
    assert f"userlane: {name}: “{text}”" in started(**{name: text})


def started(**given: str) -> str:
    """What the start says that fails with these settings."""
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.port=0",
        "--server.headless=true",
    ]
    ended = subprocess.run(
        [*command, "--server.address=127.0.0.1"],
        check=False,
        cwd=ROOT,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    return ended.stdout + ended.stderr
