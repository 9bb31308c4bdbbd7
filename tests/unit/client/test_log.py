"""The log says where requests go and what became of them, and nothing that was sent or received."""

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog

from tests.stand_in import TOKEN, in_turn, query
from tests.unit.client.given import client
from userlane.client import Limits
from userlane.errors import UserlaneError

SECRET = f"said {TOKEN} in the body"
OK = httpx.Response(200, text="[]")
Event = tuple[str, str, int | None, int]


@pytest.fixture
def events() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as captured:
        yield captured


def failing(status: int, **headers: str) -> httpx.Response:
    return httpx.Response(
        status, headers={name.replace("_", "-"): value for name, value in headers.items()}, text=SECRET
    )


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([OK], []),
        ([failing(500), OK], [("info", "request is retried", 500, 1)]),
        ([httpx.ReadError(SECRET), OK], [("info", "request is retried", None, 1)]),
        (
            [failing(429, retry_after="0"), OK],
            [("warning", "request is retried: the API gets too many", 429, 1)],
        ),
        (
            [failing(502)],
            [
                ("info", "request is retried", 502, 1),
                ("info", "request is retried", 502, 2),
                ("info", "request is retried", 502, 3),
                ("warning", "page failed", 502, 4),
            ],
        ),
        ([failing(429, retry_after="3600")], [("warning", "page failed", 429, 1)]),
        (
            [failing(302, location=f"https://b.example/{TOKEN}")],
            [("warning", "redirect is not followed", 302, 1)],
        ),
        ([httpx.Response(200, text="<html>")], [("warning", "response is unusable", 200, 1)]),
        ([failing(403)], [("info", "request is refused", 403, 1)]),
    ],
)
def test_each_retry_and_each_end_is_logged_with_its_place_and_no_more(
    answers: list[httpx.Response | Exception], expected: list[Event], events: list[Any]
) -> None:
    api = client(f"http://a.example/{TOKEN}", Limits(backoff=0.001), transport=in_turn(*answers))
    with contextlib.suppress(UserlaneError):
        api.page(query(), 7)
    seen = [(each["log_level"], each["event"], each["status"], each["attempt"]) for each in events]
    assert seen == expected
    for each in events:
        assert each.keys() <= {
            *("event", "log_level", "host", "dataset", "api_page", "status", "attempt", "error", "seconds")
        }
        assert (each["host"], each["dataset"], each["api_page"]) == ("a.example", "nps", 7)
    assert TOKEN not in repr(events)
