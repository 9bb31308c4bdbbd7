"""No more is asked than is missing."""

import threading
import time
from contextlib import closing
from datetime import timedelta

import httpx
import time_machine

from tests.stand_in import (
    connection,
    query,
)
from tests.unit.fetch.given import NOW, QUARTER, asked_windows, days, fetcher, nps_api, tag_api


def test_tags_are_asked_for_in_windows_of_28_days_and_others_in_one() -> None:
    api = tag_api()
    with closing(fetcher(api)) as fetch:
        loaded = fetch.load(connection(), query("tags", QUARTER))
        assert loaded.rows == QUARTER.days * 50
        assert loaded.state.complete
        assert asked_windows(api) == {
            (part.start.isoformat(), part.end.isoformat()) for part in QUARTER.split(28)
        }
        api.requests.clear()
        fetch.load(connection(), query("nps", QUARTER))
        assert asked_windows(api) == {("2026-01-01", "2026-04-01")}


def test_only_the_days_that_are_missing_are_asked_for() -> None:
    api = nps_api()
    with closing(fetcher(api)) as fetch:
        fetch.load(connection(), query(window=days(5, 10)))
        fetch.load(connection(), query(window=days(15, 20)))
        api.requests.clear()
        loaded = fetch.load(connection(), query(window=days(1, 20)))
    assert asked_windows(api) == {("2026-04-01", "2026-04-05"), ("2026-04-11", "2026-04-15")}
    assert loaded.rows == 200
    assert loaded.table["timestamp"].to_pylist() == sorted(loaded.table["timestamp"].to_pylist())


def test_the_last_days_are_fetched_again_after_a_quarter_of_an_hour_and_the_rest_after_a_month() -> None:
    api = nps_api()
    with closing(fetcher(api)) as fetch, time_machine.travel(NOW.replace(month=4, day=20)) as clock:
        fetch.load(connection(), query(window=days(1, 20)))
        for later, expected in (
            (timedelta(minutes=14), set()),
            # One record of the whole window shows that this token is still answered.
            (timedelta(minutes=2), {("2026-04-17", "2026-04-21"), ("2026-04-01", "2026-04-21")}),
            (timedelta(days=30), {("2026-04-01", "2026-04-21")}),
        ):
            clock.shift(later)
            api.requests.clear()
            assert fetch.load(connection(), query(window=days(1, 20))).rows == 200
            assert asked_windows(api) == expected


def test_requests_in_flight_stay_within_the_setting_however_many_windows_there_are() -> None:
    together = most = 0
    lock = threading.Lock()

    def fault(_request: httpx.Request, _number: int) -> None:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        time.sleep(0.03)
        with lock:
            together -= 1

    with closing(fetcher(tag_api(most=100, fault=fault), max_in_flight=3)) as fetch:
        assert fetch.load(connection(token="counted"), query("tags", QUARTER)).rows == QUARTER.days * 50
    assert most == 3
