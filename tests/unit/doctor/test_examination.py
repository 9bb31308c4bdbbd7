"""A doctor finds what is wrong with few requests, says what to do, and gives nothing secret away."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import msgspec
import pytest

from tests.stand_in import TOKEN, ScriptedTransport
from userlane.contract import ASSUMED, Connection, Profile, Route, Token
from userlane.doctor import Report, examine

NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)
RECENT = [date(2026, 5, 8) + timedelta(days=number) for number in range(7)]
Reply = tuple[int, Any] | httpx.Response
Pages = Callable[[dict[str, str]], Reply]
_NO_PAGE_ZERO = (400, {"message": "pages begin with 1"})


def heart(day: date, **changes: Any) -> dict[str, Any]:
    return {"date": day.isoformat(), "heart": 70.0, "users": 3} | changes


class Server(ScriptedTransport):
    """Responds for every API with `reply(path, parameters)`: a status and a document."""

    def __init__(self, reply: Callable[[str, dict[str, str]], Reply], clock: timedelta | None = None) -> None:
        self.reply = reply
        self.clock = clock
        super().__init__(self._respond)

    def _respond(self, request: httpx.Request, _: int) -> httpx.Response:
        reply = self.reply(request.url.path, dict(request.url.params))
        response = reply if isinstance(reply, httpx.Response) else httpx.Response(reply[0], json=reply[1])
        if self.clock is not None:
            response.headers["Date"] = format_datetime(datetime.now(UTC) + self.clock, usegmt=True)
        return response

    def to(self, name: str) -> list[httpx.Request]:
        return [request for request in self.requests if request.url.path.endswith(f"/{name}")]


def only_heart(pages: Pages) -> Callable[[str, dict[str, str]], Reply]:
    """A HEART API of this kind; the others respond that there is nothing."""
    return lambda path, parameters: pages(parameters) if path.endswith("/heart") else (200, {"data": []})


def paged(records: list[Any], base: int = 1, before: Reply = _NO_PAGE_ZERO) -> Pages:
    def pages(parameters: dict[str, str]) -> Reply:
        place = int(parameters["page"]) - base
        return before if place < 0 else (200, {"data": records[place * 1000 : (place + 1) * 1000]})

    return pages


def report(server: Server, profile: Profile = ASSUMED, surveys: tuple[str, ...] = ()) -> Report:
    connection = Connection("https://api.example.com", Token(TOKEN), profile)
    found = examine(connection, "8mkyx", surveys, transport=server, now=NOW)
    assert TOKEN not in found.text()
    assert TOKEN not in repr(found)
    for request_path in {request.url.path for request in server.requests}:
        assert sum(request.url.path == request_path for request in server.requests) <= 4
    return found


def with_heart(**changes: Any) -> Profile:
    return msgspec.structs.replace(ASSUMED, heart=msgspec.structs.replace(ASSUMED.heart, **changes))


def test_what_was_recognised_is_reported() -> None:
    records = [{"day": f"{day.isoformat()}T00:00:00Z", "scores": {"h": 61.375}} for day in RECENT]

    def respond(_: dict[str, str]) -> Reply:
        return 200, {"payload": 1, "data": {"items": records, "total": 7}}

    found = report(Server(only_heart(respond), timedelta()))
    check = found.checks[0]
    assert (check.title, check.problems, check.status, check.envelope) == ("HEART", (), 200, "data.items")
    assert check.fields == (("date", "day"), ("happiness", "scores.h"))
    assert "overall" in check.not_found
    assert (check.records, check.at_least, check.declared.total) == (7, False, 7)
    assert check.url == (
        "https://api.example.com/v1/properties/{property_id}/heart?startDate=…&endDate=…&page=…&limit=…"
    )
    assert check.seconds is not None
    assert (found.exit_code, found.problems) == (0, ())
    text = found.text()
    for words in ("data.items", "date ← day, happiness ← scores.h", "7 in the last 7 days", "7 records"):
        assert words in text
    assert "61.375" not in text


def test_the_last_seven_whole_days_are_asked_for() -> None:
    server = Server(only_heart(paged([heart(day) for day in RECENT])))
    assert report(server).window.describe() == "8 May – 14 May 2026"
    parameters = server.to("heart")[0].url.params
    assert parameters["startDate"] == "2026-05-08T00:00:00+00:00"
    assert parameters["endDate"] == "2026-05-15T00:00:00+00:00"


def test_a_field_nothing_maps_to_is_a_problem_with_the_keys_seen() -> None:
    found = report(Server(only_heart(paged([{"when": "2026-05-08", "mood": 3}]))))
    (problem,) = found.checks[0].problems
    assert "mood, when" in problem.cause
    assert "[heart.fields]" in problem.next_step
    assert found.exit_code == 5


@pytest.mark.parametrize(("status", "code"), [(401, 4), (403, 4), (404, 5), (400, 5), (503, 5), (302, 5)])
def test_refusals_and_failures_are_told_with_a_step_and_tried_once_each(status: int, code: int) -> None:
    server = Server(lambda *_: (status, {"message": f"no, {TOKEN}"}))
    found = report(server, surveys=("512",))
    assert [check.title for check in found.checks] == ["HEART", "NPS", "Surveys 512", "Tags"]
    assert all(check.problems[0].next_step for check in found.checks)
    assert all(check.status == status for check in found.checks)
    assert found.exit_code == code
    assert len(server.requests) <= 8
    assert len(server.requests) == 4 or status not in {401, 403}


def test_one_refused_api_does_not_hide_the_others() -> None:
    def respond(path: str, parameters: dict[str, str]) -> Reply:
        if path.endswith("/tags"):
            return 403, {}
        return paged([heart(day) for day in RECENT])(parameters) if path.endswith("/heart") else (200, [])

    found = report(Server(respond))
    assert [len(check.problems) for check in found.checks] == [0, 0, 1]
    assert found.exit_code == 4


def test_nobody_there_is_told_without_a_status() -> None:
    connection = Connection("http://127.0.0.1:9", Token(TOKEN))
    found = examine(connection, "8mkyx", now=NOW)
    assert {check.status for check in found.checks} == {None}
    assert "answer      none (" in found.text()
    assert found.exit_code == 5


@pytest.mark.parametrize(
    ("base", "configured", "expected"), [(0, 1, 0), (1, 0, 1), (0, 0, None), (1, 1, None), (0, "auto", None)]
)
def test_a_profile_that_counts_pages_wrongly_is_told(
    base: int, configured: Any, expected: int | None
) -> None:
    records = [heart(date(2026, 1, 1) + timedelta(days=i % 7), users=i) for i in range(1500)]
    found = report(Server(only_heart(paged(records, base))), with_heart(first_page=configured))
    check = found.checks[0]
    assert check.first_page == base
    assert check.records == 1500
    if expected is None:
        assert not check.problems
    else:
        assert f"first_page = {expected} under [heart]" in check.problems[0].next_step


def test_an_api_that_fails_at_page_zero_is_told_to_begin_with_one() -> None:
    respond = only_heart(paged([heart(day) for day in RECENT], before=(500, {})))
    check = report(Server(respond), with_heart(first_page="auto")).checks[0]
    assert (check.records, check.first_page) == (7, 1)
    assert "first_page = 1" in check.problems[0].next_step
    assert not report(Server(respond)).checks[0].problems


def test_an_ignored_page_number_is_told_with_the_parameter_to_name() -> None:
    records = [heart(day) for day in RECENT]
    found = report(Server(only_heart(lambda _: (200, {"data": records}))))
    (problem,) = found.checks[0].problems
    assert "ignores the page number" in problem.cause
    assert "[heart] in the API profile" in problem.next_step


def test_more_records_than_the_requests_can_count_are_at_least_so_many() -> None:
    records = [heart(date(2026, 5, 8), users=i) for i in range(9000)]
    check = report(Server(only_heart(paged(records)))).checks[0]
    assert (check.records, check.at_least) == (2000, True)
    assert "at least 2\u202f000" in report(Server(only_heart(paged(records)))).text()


def test_without_recent_records_the_fields_are_learned_from_older_ones() -> None:
    def respond(parameters: dict[str, str]) -> Reply:
        recent = parameters["startDate"] > "2026-05-01"
        return paged([] if recent else [heart(date(2026, 3, 1))])(parameters)

    check = report(Server(only_heart(respond))).checks[0]
    assert (check.records, check.problems) == (0, ())
    assert dict(check.fields)["overall"] == "heart"
    assert check.notes == ("There are some in the last 90 days.",)


@pytest.mark.parametrize(("ahead", "code"), [(0, 0), (50, 0), (-400, 5), (400, 5)])
def test_clocks_that_differ_by_more_than_a_minute_are_a_problem(ahead: int, code: int) -> None:
    found = report(Server(lambda *_: (200, []), timedelta(seconds=ahead)))
    assert found.clock_ahead is not None
    assert abs(found.clock_ahead - ahead) < 5
    assert found.exit_code == code
    assert ("Set this machine's clock" in found.text()) == bool(code)
    assert ("ahead of" in found.text()) == (ahead > 1)


def test_an_api_that_does_not_show_its_time_is_no_problem() -> None:
    assert report(Server(lambda *_: (200, []))).describe_clocks() == "the API does not show its time"


def test_heart_scores_of_at_most_one_and_unusable_records_are_told() -> None:
    small = [heart(day, heart=0.7) for day in RECENT]
    assert "Every HEART score" in report(Server(only_heart(paged(small)))).checks[0].notes[0]
    some = [*small, heart(RECENT[0], date="never")]
    assert "1 × date not a time" in report(Server(only_heart(paged(some)))).checks[0].notes[0]
    none = [heart(RECENT[0], date="never")]
    assert "No record can be used" in report(Server(only_heart(paged(none)))).checks[0].problems[0].cause


def test_nothing_out_of_a_record_and_no_token_reaches_the_report() -> None:
    """Not even where an API echoes the token in a key, or a profile holds it in an address."""
    record = {
        "score": 9,
        "timestamp": "2026-05-08T09:00:00Z",
        "comment": "private words",
        "userId": "anna@example.com",
        "id": 77123,
    }
    server = Server(lambda *_: (200, {"data": [record | {f"x{TOKEN}": 1}]}))
    route = Route(f"{{base_url}}/{TOKEN}/nps")
    found = report(server, msgspec.structs.replace(ASSUMED, nps=route))
    for secret in ("private words", "anna@example.com", "77123"):
        assert secret not in found.text()
        assert secret not in repr(found)
    assert "https://api.example.com/…/nps" in found.text()


def test_the_report_is_plain_text_of_bounded_width_but_for_addresses() -> None:
    text = report(Server(lambda *_: (418, {"message": "tea\x1b[31m\r\npot"}))).text()
    assert "tea [31m pot" in text
    assert all(line.isprintable() for line in text.splitlines())
    assert json.loads(json.dumps(text)) == text
