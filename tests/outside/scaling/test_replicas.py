"""Two processes on one bucket do the work of one."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.object_storage import running
from tests.responses import document
from tests.server import Request, Response, Server
from tests.stand_in import Api, tag_records
from userlane.contract import Window

TODAY = datetime.now(UTC).date()
WINDOW = Window.through(TODAY - timedelta(days=100), TODAY - timedelta(days=11))
A_DAY = 150


def serve(api: Api) -> Server:
    """The stand-in over HTTP, for other processes."""

    def respond(request: Request) -> Response:
        response = api.handle_request(httpx.Request("GET", f"http://api.example{request.target}"))
        return document(response.read(), response.status_code)

    return Server(respond)


@contextmanager
def replica(base_url: str, store: str, cache: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that waits for the word to load."""
    words = [base_url, WINDOW.start.isoformat(), WINDOW.last.isoformat()]
    command = [sys.executable, "-m", "tests.outside.scaling.replica", *words]
    own = {"USERLANE_STORE": store, "USERLANE_STORE_CACHE": str(cache)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("USERLANE_")}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=kept | own, **pipes) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        try:
            yield process
        finally:
            process.kill()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


def pages(api: Api) -> Counter[tuple[str, str, int]]:
    """How often each page of each window was asked for."""
    asked = [parse_qs(urlsplit(str(request.url)).query) for request in api.requests]
    return Counter((each["startDate"][0], each["endDate"][0], int(each["page"][0])) for each in asked)


def days(start: str, end: str) -> int:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).days


@pytest.fixture
def store() -> str:
    there = running()
    return there.url(there.bucket())


def test_what_one_replica_loaded_the_next_opens_after_one_request_for_one_record(
    tmp_path: Path, store: str
) -> None:
    api = Api({"tags": tag_records(WINDOW, A_DAY)})
    with serve(api) as server:
        with replica(server.base_url, store, tmp_path / "a") as one:
            go(one)
            first = said(one)
        fetched = pages(api)
        api.requests.clear()
        with replica(server.base_url, store, tmp_path / "b") as other:
            go(other)
            second = said(other)
    assert first == second
    assert (first["rows"], first["state"], first["trouble"]) == (WINDOW.days * A_DAY, "complete", "")
    assert [request.url.params["limit"] for request in api.requests] == ["1"]
    assert fetched.total() > 1


def test_of_two_that_want_the_same_at_once_each_page_is_fetched_by_one(tmp_path: Path, store: str) -> None:
    api = Api({"tags": tag_records(WINDOW, A_DAY)})
    with (
        serve(api) as server,
        replica(server.base_url, store, tmp_path / "a") as one,
        replica(server.base_url, store, tmp_path / "b") as other,
    ):
        for each in (one, other):
            go(each)
        assert said(one) == said(other)
    asked = pages(api)
    last = {(start, end): -(-A_DAY * days(start, end) // 1000) for start, end, _ in asked}
    # With one record whoever waited is let in.
    between = {key: count for key, count in asked.items() if 1 < key[2] < last[key[0], key[1]]}
    assert between
    assert set(between.values()) == {1}
