"""What goes wrong is raised or marked; what arrived stays usable."""

from contextlib import closing
from datetime import date, timedelta

import httpx
import pytest
import time_machine

from tests.stand_in import (
    APRIL,
    Api,
    connection,
    nps_records,
    query,
    tag_records,
)
from tests.unit.fetch.given import (
    NOW,
    QUARTER,
    Fault,
    asked_windows,
    days,
    fetcher,
    nps_api,
    status,
    tag_api,
    unreachable,
)
from userlane.contract import Window
from userlane.errors import (
    EnvelopeUnknown,
    NotFound,
    RightsMissing,
    ServerFailed,
    Throttled,
    TokenRejected,
    Unreachable,
    UserlaneError,
)


@pytest.mark.parametrize(
    ("answer", "error", "requests"),
    [
        (status(401), TokenRejected, 1),
        (status(403), RightsMissing, 1),
        (status(404), NotFound, 1),
        (status(500), ServerFailed, 4),
        (status(429, retry_after="3600"), Throttled, 1),
        (httpx.Response(200, json={"data": None}), EnvelopeUnknown, 1),
    ],
)
def test_a_first_request_that_fails_is_raised_and_nothing_else_is_asked(
    answer: httpx.Response, error: type[UserlaneError], requests: int
) -> None:
    api = tag_api(fault=lambda *_: answer)
    with closing(fetcher(api)) as fetch, pytest.raises(error):
        fetch.load(connection(), query("tags", QUARTER))
    assert len(api.requests) == requests


def test_a_token_rejected_midway_stops_the_load_and_marks_it_incomplete() -> None:
    def fault(request: httpx.Request, _number: int) -> httpx.Response | None:
        return status(401) if int(request.url.params["page"]) >= 7 else None

    api = nps_api(a_day=40, most=100, fault=fault)
    with closing(fetcher(api)) as fetch:
        loaded = fetch.load(connection(), query())
        assert (loaded.condition, loaded.rows) == ("incomplete", 600)
        (reason,) = loaded.state.reasons
        assert reason.startswith("The API rejected the token. Make a new one")
        assert loaded.state.missing == (APRIL,)
        assert len(api.requests) <= 6 + 4
        asked = len(api.requests)
        api.fault = lambda *_: status(401)
        with pytest.raises(TokenRejected):
            fetch.load(connection(), query())
        assert len(api.requests) == asked + 1


def broken_window(start: str) -> Fault:
    def fault(request: httpx.Request, _number: int) -> httpx.Response | None:
        return status(500) if request.url.params["startDate"].startswith(start) else None

    return fault


def test_a_window_that_fails_leaves_the_others_and_a_new_load_asks_for_just_that() -> None:
    api = tag_api(fault=broken_window("2026-01-29"))
    gap = Window(date(2026, 1, 29), date(2026, 2, 26))
    with closing(fetcher(api)) as fetch:
        loaded = fetch.load(connection(), query("tags", QUARTER))
        assert loaded.condition == "incomplete"
        assert loaded.state.missing == (gap,)
        assert loaded.state.reasons == ("The API failed (500).",)
        assert loaded.rows == (QUARTER.days - gap.days) * 50
        api.fault = None
        api.requests.clear()
        whole = fetch.load(connection(), query("tags", QUARTER))
    assert (whole.condition, whole.rows) == ("complete", QUARTER.days * 50)
    assert asked_windows(api) == {("2026-01-29", "2026-02-26")}
    assert whole.fingerprint != loaded.fingerprint


def test_rows_of_a_window_that_broke_off_are_shown_but_not_kept() -> None:
    def fault(request: httpx.Request, _number: int) -> httpx.Response | None:
        return status(500) if request.url.params["page"] == "3" else None

    api = nps_api(most=100, fault=fault)
    with closing(fetcher(api)) as fetch:
        loaded = fetch.load(connection(), query())
        assert (loaded.condition, loaded.rows, loaded.state.missing) == ("incomplete", 200, (APRIL,))
        api.fault = None
        assert (fetch.load(connection(), query()).rows, asked_windows(api)) == (
            300,
            {("2026-04-01", "2026-05-01")},
        )


def test_an_unreachable_api_is_given_up_after_one_window() -> None:
    def fault(_request: httpx.Request, number: int) -> None:
        if number > 4:
            raise httpx.ConnectError("refused")

    api = tag_api(Window(date(2025, 1, 1), date(2026, 1, 1)), 5, fault=fault)
    with closing(fetcher(api, max_in_flight=1)) as fetch:
        loaded = fetch.load(
            connection(token="alone"), query("tags", Window(date(2025, 1, 1), date(2026, 1, 1)))
        )
    assert loaded.state.reasons == ("127.0.0.1 cannot be reached.",)
    assert loaded.state.missing == (Window(date(2025, 2, 26), date(2026, 1, 1)),)
    assert len(api.requests) == 4 + 4


@pytest.mark.parametrize("a_day", [10, 50])
def test_an_ignored_page_number_is_incomplete_within_three_requests(a_day: int) -> None:
    class Deaf(Api):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            request.url = request.url.copy_set_param("page", 1)
            return super().handle_request(request)

    api = Deaf({"tags": tag_records(QUARTER, a_day)})
    with closing(fetcher(api)) as fetch:
        loaded = fetch.load(connection(), query("tags", QUARTER))
    assert loaded.condition == "incomplete"
    assert "ignores the page number" in loaded.state.reasons[0]
    assert loaded.state.missing == (QUARTER,)
    assert len(api.requests) <= 3


def test_the_row_cap_ends_a_load_as_incomplete() -> None:
    with closing(fetcher(nps_api(most=100), max_rows=250)) as fetch:
        loaded = fetch.load(connection(), query())
    assert (loaded.condition, loaded.rows) == ("incomplete", 200)
    assert "USERLANE_MAX_ROWS" in loaded.state.reasons[0]


def test_repeats_and_strays_are_dropped_and_counted() -> None:
    good = nps_records(days(1, 2), 5)
    stray = {**good[0], "id": "stray", "timestamp": "2026-05-01T00:00:00Z"}
    bad = {**good[0], "id": "bad", "score": 11}

    def fault(request: httpx.Request, _number: int) -> httpx.Response:
        pages = {"1": [*good, stray], "2": [good[3], bad]}
        return httpx.Response(200, json={"data": pages.get(request.url.params["page"], [])})

    with closing(fetcher(nps_api(fault=fault))) as fetch:
        state = (loaded := fetch.load(connection(), query())).state
        inner = fetch.load(connection(), query(window=days(2, 2))).state
    assert loaded.rows == 10
    assert (state.duplicates, state.outside, state.refused) == (1, 1, {"score outside 0–10": 1})
    assert state.complete
    assert inner.refused == {}


def test_when_fresh_rows_cannot_be_had_older_ones_are_shown_as_stale() -> None:
    api = nps_api()
    asked = query(window=days(1, 20))
    with closing(fetcher(api)) as fetch, time_machine.travel(NOW.replace(month=4, day=20)) as clock:
        first = fetch.load(connection(), asked)
        clock.shift(timedelta(minutes=14))
        fetch.load(connection(), query(window=days(25, 26)))
        clock.shift(timedelta(minutes=2))
        api.fault = lambda *_: status(503)
        loaded = fetch.load(connection(), asked)
        assert (loaded.condition, loaded.rows, loaded.state.missing) == ("stale", 200, ())
        assert loaded.state.fetched_at == first.state.fetched_at
        api.fault = None
        assert fetch.load(connection(), asked).condition == "complete"


def test_a_mistake_in_the_code_is_raised_and_never_hangs() -> None:
    def fault(_request: httpx.Request, number: int) -> None:
        if number == 3:
            raise ZeroDivisionError

    with closing(fetcher(tag_api(fault=fault))) as fetch, pytest.raises(ZeroDivisionError):
        fetch.load(connection(), query("tags", QUARTER))


def test_an_unreachable_api_is_an_error_of_the_tree() -> None:
    with closing(fetcher(nps_api(fault=unreachable))) as fetch, pytest.raises(Unreachable):
        fetch.load(connection(), query())


def test_older_rows_of_some_of_the_missing_days_are_shown_and_only_the_others_are_missing() -> None:
    def fault(request: httpx.Request, _number: int) -> httpx.Response | None:
        return status(503) if int(request.url.params["page"]) >= 2 else None

    api = nps_api(most=100)
    with closing(fetcher(api)) as fetch, time_machine.travel(NOW) as clock:
        fetch.load(connection(), query(window=days(1, 15)))
        clock.shift(timedelta(days=31))
        api.fault = fault
        loaded = fetch.load(connection(), query(window=days(8, 27)))
        assert (loaded.condition, loaded.state.stale) == ("incomplete", True)
        assert loaded.state.missing == (days(16, 27),)
        assert loaded.frame["day"].dt.day.tolist() == [day for day in range(8, 18) for _ in range(10)]
        api.fault = None
        api.requests.clear()
        again = fetch.load(connection(), query(window=days(8, 27)))
        assert (again.condition, again.rows) == ("complete", 200)
