"""A status, headers and a body become a body or an error of the tree."""

import pytest

from tests.stand_in import SAMPLES, query, sample
from tests.unit.client.given import NOW
from userlane.client import decipher
from userlane.errors import (
    NotData,
    NotFound,
    RequestRefused,
    RightsMissing,
    ServerFailed,
    Throttled,
    TokenRejected,
    UserlaneError,
)

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


@pytest.mark.parametrize(
    ("status", "page"), [(302, False), (308, False), (400, True), (422, True), (408, False), (413, False)]
)
def test_a_refusal_says_whether_it_may_be_about_the_page(status: int, page: bool) -> None:  # noqa: FBT001  # expected
    with pytest.raises(RequestRefused) as caught:
        decipher(status, {}, b"", query(), now=NOW)
    assert caught.value.page == page


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
