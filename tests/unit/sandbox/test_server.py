"""The sandbox speaks the assumed contract over real HTTP, down to how it refuses."""

import logging
import signal
from datetime import UTC, date, datetime

import httpx
import pytest

from tests.unit.sandbox.conftest import TODAY, Ask, path
from userlane.contract import DatasetName
from userlane.errors import NotFound, SettingsUnusable
from userlane.sandbox import LIMITED_TOKEN, PROPERTIES, SMALL_TOKEN, SURVEYS, Sandbox, serve, server

HEART_FIELDS = [
    "date",
    "heart",
    "happiness",
    "engagement",
    "adoption",
    "retention",
    "taskSuccess",
    "users",
    "sessions",
]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Status and message of a failure, which holds nothing else."""
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["message"]
    return answer.status_code, body["message"]


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        (path("demo", "heart"), HEART_FIELDS),
        (path("demo", "nps"), ["id", "npsId", "userId", "score", "comment", "timestamp"]),
        (path("demo", "surveys", "512"), ["id", "surveyId", "userId", "score", "comment", "timestamp"]),
        (path("demo", "tags"), ["date", "tagId", "userId", "interactions"]),
    ],
)
def test_records_come_in_the_envelope_with_the_fields_of_the_contract(
    ask: Ask, url: str, fields: list[str]
) -> None:
    answer = ask(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["data"]
    assert {tuple(record) for record in body["data"]} == {tuple(fields)}


def test_timestamps_are_written_with_an_offset_and_days_without_a_time(ask: Ask) -> None:
    answer = ask(path("small", "nps")).json()["data"][0]
    assert datetime.fromisoformat(answer["timestamp"]).utcoffset() is not None
    day = ask(path("small", "heart"), endDate="2026-05-14T00:00:00+00:00").json()["data"][0]["date"]
    assert date.fromisoformat(day).isoformat() == day


@pytest.mark.parametrize("token", [None, "", "wrong", "sandbox-token-sees-everythin"])
def test_a_missing_or_unknown_token_is_a_401(ask: Ask, token: str | None) -> None:
    assert refusal(ask(path("demo", "heart"), token=token)) == (401, "The token is invalid or expired.")


@pytest.mark.parametrize("scheme", ["", "Token ", "Basic ", "Bearer  "])
def test_only_the_bearer_scheme_is_understood(sandbox: Sandbox, scheme: str) -> None:
    answer = httpx.get(
        f"{sandbox.base_url}{path('small', 'heart')}", headers={"Authorization": scheme + sandbox.token}
    )
    assert refusal(answer)[0] == 401


def test_a_stranger_cannot_tell_which_properties_exist(ask: Ask) -> None:
    assert refusal(ask(path("demo", "heart"), token="wrong")) == refusal(
        ask(path("nope", "heart"), token="wrong")
    )


def test_the_limited_token_reads_heart_and_nps_and_lacks_the_right_to_the_rest(ask: Ask) -> None:
    assert ask(path("demo", "heart"), token=LIMITED_TOKEN).status_code == 200
    assert ask(path("demo", "nps"), token=LIMITED_TOKEN).status_code == 200
    for url, word in ((path("demo", "tags"), "tags"), (path("demo", "surveys", "512"), "surveys")):
        status, message = refusal(ask(url, token=LIMITED_TOKEN))
        assert status == 403
        assert word in message


def test_the_small_token_reads_one_property_only(ask: Ask) -> None:
    assert ask(path("small", "tags"), token=SMALL_TOKEN).status_code == 200
    for property_id in set(PROPERTIES) - {"small"}:
        assert refusal(ask(path(property_id, "heart"), token=SMALL_TOKEN))[0] == 403
    assert refusal(ask(path("nope", "heart"), token=SMALL_TOKEN))[0] == 404


@pytest.mark.parametrize(
    ("url", "word"),
    [
        (path("nope", "heart"), "property"),
        (path("demo", "surveys", "999"), "survey"),
        (path("demo", "surveys", "601"), "survey"),
        ("/v1/properties/demo/hearts", "Not Found"),
        ("/v1/properties/demo/surveys", "Not Found"),
        ("/v1/properties/demo/heart/", "Not Found"),
        ("/", "Not Found"),
    ],
)
def test_what_does_not_exist_is_a_404(ask: Ask, url: str, word: str) -> None:
    status, message = refusal(ask(url))
    assert status == 404
    assert word in message


def test_the_api_is_read_only(sandbox: Sandbox) -> None:
    assert refusal(httpx.post(f"{sandbox.base_url}{path('demo', 'heart')}"))[0] == 405


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"limit": 1001}, "limit"),
        ({"limit": 0}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": None}, "limit"),
        ({"page": 0}, "page"),
        ({"page": -1}, "page"),
        ({"page": "1.0"}, "page"),
        ({"page": "9" * 5000}, "page"),
        ({"page": None}, "page"),
        ({"startDate": None}, "startDate"),
        ({"endDate": None}, "endDate"),
        ({"endDate": "2026-04-01T00:00:00+00:00"}, "endDate"),
        ({"endDate": "2026-03-01T00:00:00+00:00"}, "endDate"),
    ],
)
def test_a_parameter_out_of_bounds_is_a_400_that_names_it(
    ask: Ask, changed: dict[str, object], word: str
) -> None:
    status, message = refusal(ask(path("demo", "nps"), **changed))
    assert status == 400
    assert word in message


@pytest.mark.parametrize(
    "text",
    [
        "2026-04-01",
        "2026-04-01T00:00:00",
        "2026-04-01T00:00:00 00:00",
        "2026-04-01 00:00:00+00:00",
        "2026-04-31T00:00:00+00:00",
        "2026-04-01T25:00:00+00:00",
        "20260401T000000+0000",
        "1775001600",
        "01.04.2026",
        "",
    ],
)
def test_a_date_without_offset_or_otherwise_written_is_a_wrong_date_format(ask: Ask, text: str) -> None:
    for name in ("startDate", "endDate"):
        status, message = refusal(ask(path("demo", "heart"), **{name: text}))
        assert status == 400
        assert message.startswith(f"wrong date format: {name}")


def test_an_unescaped_plus_is_a_wrong_date_format_and_an_escaped_one_is_not(sandbox: Sandbox) -> None:
    """The usual failure: `+00:00` in a URL decodes to ` 00:00`."""

    def get(plus: str) -> httpx.Response:
        query = (
            f"startDate=2026-04-01T00:00:00{plus}00:00&endDate=2026-05-01T00:00:00{plus}00:00&page=1&limit=10"
        )
        return httpx.get(
            f"{sandbox.base_url}{path('demo', 'heart')}?{query}",
            headers={"Authorization": f"Bearer {sandbox.token}"},
        )

    assert refusal(get("+"))[0] == 400
    assert "wrong date format" in get("+").json()["message"]
    assert get("%2B").status_code == 200


def test_windows_are_half_open_in_days(ask: Ask) -> None:
    april = [record["date"] for record in ask(path("demo", "heart")).json()["data"]]
    assert (april[0], april[-1], len(april)) == ("2026-04-01", "2026-04-30", 30)


def test_windows_are_half_open_to_the_second(sandbox: Sandbox, ask: Ask) -> None:
    """An answer at the start is inside, one at the end is outside."""
    whole = sandbox.data.records(
        "demo", "nps", datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    )
    first, last = whole[3], whole[9]
    inside = ask(path("demo", "nps"), startDate=first["timestamp"], endDate=last["timestamp"]).json()["data"]
    assert inside == whole[3:9]


def test_days_are_meant_by_the_clock_the_window_is_written_in(ask: Ask) -> None:
    """A day's record has no zone, so April is thirty records in Berlin and New York as in UTC."""
    for offset in ("+02:00", "-05:00"):
        window = {"startDate": f"2026-04-01T00:00:00{offset}", "endDate": f"2026-05-01T00:00:00{offset}"}
        days = [record["date"] for record in ask(path("demo", "heart"), **window).json()["data"]]
        assert (days[0], days[-1]) == ("2026-04-01", "2026-04-30")


def test_instants_are_compared_across_offsets(sandbox: Sandbox, ask: Ask) -> None:
    window = {"startDate": "2026-04-01T00:00:00+02:00", "endDate": "2026-05-01T00:00:00+02:00"}
    there = ask(path("demo", "nps"), **window).json()["data"]
    here = sandbox.data.records(
        "demo", "nps", datetime(2026, 3, 31, 22, tzinfo=UTC), datetime(2026, 4, 30, 22, tzinfo=UTC)
    )
    assert there == here


def test_data_ends_yesterday(ask: Ask) -> None:
    for end in ("2026-05-31T00:00:00+00:00", "2026-06-30T00:00:00-05:00"):
        answer = ask(path("demo", "heart"), startDate="2026-05-01T00:00:00+00:00", endDate=end)
        assert answer.json()["data"][-1]["date"] == "2026-05-13"
    later = {"startDate": "2026-05-14T00:00:00+00:00", "endDate": "2026-06-01T00:00:00+00:00"}
    for dataset in ("heart", "nps", "tags"):
        assert ask(path("demo", dataset), **later).json() == {"data": []}


def test_requests_are_counted(sandbox: Sandbox, ask: Ask) -> None:
    before = sandbox.requests
    ask(path("small", "heart"))
    ask(path("small", "heart"), token="wrong")
    assert sandbox.requests == before + 2


def test_the_sandbox_describes_itself(sandbox: Sandbox) -> None:
    assert sandbox.base_url.startswith("http://127.0.0.1:")
    assert sandbox.properties["demo"] == "Demo: Intranet"
    assert set(sandbox.surveys["demo"]) == {"512", "513", "514"}
    assert (sandbox.properties, sandbox.surveys, sandbox.today) == (PROPERTIES, SURVEYS, TODAY)


def test_unknown_ids_raise_when_asked_for_without_http(sandbox: Sandbox) -> None:
    window = (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
    with pytest.raises(NotFound, match="property"):
        sandbox.data.records("nope", "heart", *window)
    with pytest.raises(NotFound, match="survey"):
        sandbox.data.records("demo", "surveys", *window, "999")


def test_several_run_side_by_side_quietly_and_leave_signals_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with serve(today=date(2026, 3, 2)) as one, serve(today=date(2026, 4, 2)) as other:
        assert one.base_url != other.base_url
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
        latest = []
        for running in (one, other):
            answer = httpx.get(
                running.base_url + path("small", "heart"),
                params={
                    "startDate": "2026-01-01T00:00:00Z",
                    "endDate": "2027-01-01T00:00:00Z",
                    "page": 1,
                    "limit": 1000,
                },
                headers={"Authorization": f"Bearer {running.token}"},
            )
            latest.append(answer.json()["data"][-1]["date"])
    assert latest == ["2026-03-01", "2026-04-01"]
    assert not [record for record in caplog.records if record.name == "uvicorn.access"]


def test_closing_frees_the_port_and_may_be_repeated() -> None:
    first = serve()
    port = int(first.base_url.rpartition(":")[2])
    with pytest.raises(SettingsUnusable, match=str(port)):
        serve(port)
    first.close()
    first.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(first.base_url)
    with serve(port) as again:
        assert again.base_url == first.base_url
        assert httpx.get(again.base_url).status_code == 404


def test_a_port_that_cannot_be_is_refused_in_words() -> None:
    with pytest.raises(SettingsUnusable, match="70000"):
        serve(70_000)


def test_without_a_given_day_the_data_moves_on_at_midnight(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there stays, and the new day is added."""
    clock = [date(2026, 5, 14)]
    datasets: tuple[DatasetName, ...] = ("heart", "nps", "tags")
    monkeypatch.setattr(server, "_utc_today", lambda: clock[0])
    window = (datetime(2026, 4, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))
    with serve() as running:
        before = {dataset: running.data.records("demo", dataset, *window) for dataset in datasets}
        clock[0] = date(2026, 5, 15)
        for dataset, records in before.items():
            after = running.data.records("demo", dataset, *window)
            assert after[: len(records)] == records
            assert len(after) > len(records)
