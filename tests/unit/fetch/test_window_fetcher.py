"""One load's requests: windows are walked again when records changed meanwhile."""

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_in import APRIL, UNHURRIED, Record, ScriptedTransport, connection, query
from tests.unit.fetch.given import LIMITS, QUARTER, status, tag_api
from userlane.client import HttpPool, LoadDeadline
from userlane.errors import TokenRejected
from userlane.fetch.access import AccessPolicy
from userlane.fetch.plan import Plan
from userlane.fetch.probe import ping
from userlane.fetch.window_fetcher import WindowFetcher
from userlane.fetch.window_result import WindowResult, WindowSink
from userlane.settings import Settings
from userlane.store import MemoryStore

Change = Callable[[list[Record]], None]


def run(
    transport: httpx.BaseTransport,
    plan: Plan | None = None,
    *,
    stop: threading.Event | None = None,
    in_flight: int = 3,
    max_rows: int = 10**6,
) -> WindowFetcher:
    deadline, who, store = LoadDeadline(LIMITS, stop), connection(token="any"), MemoryStore()
    http = HttpPool(transport)
    policy = AccessPolicy(
        lambda _: store,
        lambda who, asked, deadline: ping(who, http, asked, deadline, in_flight),
        lambda _: False,
    )
    sink = WindowSink(policy, store, who, deadline)
    settings = Settings(max_in_flight=in_flight, max_rows=max_rows)
    return WindowFetcher(sink, http, plan or Plan(query(), [APRIL]), settings)


def fetch_all(fetcher: WindowFetcher) -> list[WindowResult]:
    return fetcher.fetch_all(lambda _: None)


def only(results: list[WindowResult]) -> WindowResult:
    (result,) = results
    return result


def walk(transport: httpx.BaseTransport, **options: Any) -> WindowResult:
    return only(fetch_all(run(transport, **options)))


def ids(result: WindowResult) -> list[int]:
    return sorted(map(int, result.fetched.table["response_id"].to_pylist()))


def record(number: int, minute: int | None = None) -> Record:
    moment = datetime(2026, 4, 2, tzinfo=UTC) + timedelta(minutes=number if minute is None else minute)
    return {"id": number, "userId": f"u-{number}", "score": number % 11, "timestamp": moment.isoformat()}


class Living(ScriptedTransport):
    """Responds in pages of ten from records, which `changes` changes before the requests of these numbers."""

    def __init__(
        self, records: Iterable[Record], changes: dict[int, Change], *, declares: bool, overlap: int = 0
    ) -> None:
        super().__init__(self._respond)
        self.records = list(records)
        self.changes = changes
        self._declares = declares
        self._overlap = overlap

    @property
    def pages(self) -> list[int]:
        """The pages asked for, in order."""
        return [int(request.url.params["page"]) for request in self.requests]

    def _respond(self, request: httpx.Request, number: int) -> httpx.Response:
        page = int(request.url.params["page"])
        with self._lock:
            if change := self.changes.get(number):
                change(self.records)
            first = (page - 1) * 10
            part = (
                self.records[max(0, first - self._overlap) : first + 10] if first < len(self.records) else []
            )
            meta = {"meta": {"total": len(self.records)}} if self._declares else {}
            return httpx.Response(200, json={"data": part, **meta})


def always(change: Change) -> dict[int, Change]:
    return dict.fromkeys(range(2, 1000), change)


def add_first(records: list[Record]) -> None:
    number = max((each["id"] for each in records), default=0) + 1
    records.insert(0, record(number))


def add_last(records: list[Record]) -> None:
    records.append(record(max(each["id"] for each in records) + 1))


def remove_first(records: list[Record]) -> None:
    del records[0]


def test_a_window_that_did_not_change_is_walked_once() -> None:
    for declares in (False, True):
        api = Living(map(record, range(35)), {}, declares=declares)
        result = walk(api, in_flight=1)
        assert (result.reason, ids(result)) == (None, list(range(35)))
        assert len(api.requests) == 4 + (not declares)


@pytest.mark.parametrize("declares", [False, True])
def test_a_record_added_while_paging_means_a_second_walk_and_then_all_is_there(declares: bool) -> None:  # noqa: FBT001  # the two cases
    api = Living(map(record, range(35)), {3: add_first}, declares=declares)
    result = walk(api, in_flight=1)
    assert (result.reason, ids(result)) == (None, list(range(36)))
    assert (result.fetched.duplicates, result.complete) == (0, True)
    assert api.pages == [*range(1, 5 + (not declares))] * 2


def test_a_record_removed_while_paging_is_seen_by_a_declared_total_that_falls() -> None:
    api = Living(map(record, range(35)), {3: remove_first}, declares=True)
    result = walk(api, in_flight=1)
    assert (result.reason, ids(result)) == (None, list(range(1, 35)))


def test_records_that_are_added_at_the_end_and_have_come_cost_no_second_walk() -> None:
    api = Living(map(record, range(35)), {3: add_last}, declares=True)
    result = walk(api, in_flight=1)
    assert (result.reason, ids(result)) == (None, list(range(36)))
    assert api.pages == [1, 2, 3, 4]


@pytest.mark.parametrize("change", [add_first, remove_first])
def test_records_that_never_stop_changing_are_marked_after_the_second_walk(change: Change) -> None:
    api = Living(map(record, range(100)), always(change), declares=True)
    result = walk(api, in_flight=1)
    assert result.reason == "Records changed while they were loaded, twice: some may be missing."
    assert not result.complete
    assert len(api.requests) < 2 * 25


def test_an_api_whose_pages_always_overlap_is_complete_with_its_repeats_counted() -> None:
    api = Living(map(record, range(35)), {}, declares=False, overlap=2)
    result = walk(api, in_flight=1)
    assert (result.reason, ids(result)) == (None, list(range(35)))
    assert result.fetched.duplicates == 6
    assert len(api.requests) == 2 * 5


def test_repeats_within_one_page_are_no_sign_of_a_change() -> None:
    twice = [record(number // 2) for number in range(20)]
    api = Living(twice, {}, declares=False)
    result = walk(api, in_flight=1)
    assert (result.reason, result.fetched.duplicates, len(api.requests)) == (None, 10, 3)


def test_the_second_walk_takes_no_more_room_and_counts_no_record_twice() -> None:
    api = Living(map(record, range(35)), {3: add_first}, declares=False)
    load = run(api, in_flight=1, max_rows=36)
    assert only(fetch_all(load)).reason is None
    assert load.progress.records == 36


def test_a_second_walk_that_fails_leaves_the_rows_of_the_first_marked() -> None:
    api = Living(map(record, range(35)), {3: add_first}, declares=False)
    result = walk(_failing(api, after=7, answer=status(401)), in_flight=1)
    assert isinstance(result.error, TokenRejected)
    assert result.reason is not None
    assert result.reason.startswith("Records changed while they were loaded, and")
    assert "again broke off: The API rejected the token. Make a new one" in result.reason
    assert ids(result) == [*range(35)]
    assert len(api.requests) == 7


def test_a_stop_ends_a_second_walk() -> None:
    stop = threading.Event()
    changes: dict[int, Change] = {3: add_first, 7: lambda _: stop.set()}
    api = Living(map(record, range(35)), changes, declares=False)
    result = walk(api, in_flight=1, stop=stop)
    assert "broke off: The load was stopped" in (result.reason or "")
    assert len(api.requests) <= 8


@UNHURRIED
@given(
    amount=st.integers(0, 45),
    when=st.integers(2, 8),
    where=st.floats(0, 1),
    adds=st.booleans(),
    in_flight=st.integers(1, 3),
)
def test_one_record_added_or_removed_anywhere_at_any_time_never_makes_a_complete_answer_false(
    amount: int,
    when: int,
    where: float,
    adds: bool,  # noqa: FBT001  # drawn
    in_flight: int,
) -> None:
    def change(records: list[Record]) -> None:
        if adds:
            records.insert(round(where * len(records)), record(99))
        elif records:
            del records[int(where * (len(records) - 1))]

    records = [record(number) for number in range(amount)]
    api = Living(records, {when: change}, declares=True)
    result = walk(api, in_flight=in_flight)
    after = [*records]
    change(after)
    moments = [sorted(each["id"] for each in some) for some in (records, after)]
    assert result.complete
    assert ids(result) in moments


def test_a_rejected_token_stops_all_windows_at_once_though_an_earlier_page_is_still_on_its_way() -> None:
    rejected = threading.Event()

    def fault(_request: httpx.Request, number: int) -> httpx.Response | None:
        time.sleep(0.1)  # an API that answers at once is asked for fewer pages at a time
        if number == 10:
            assert rejected.wait(10)
            time.sleep(0.2)
        elif number > 12:
            rejected.set()
            return status(401)
        return None

    api = tag_api(a_day=500, most=100, fault=fault)
    results = fetch_all(run(api, Plan(query("tags", QUARTER), QUARTER.split(7)), in_flight=4))
    assert len(api.requests) <= 12 + 4
    failed = [result for result in results if not result.complete]
    assert len(failed) == len(results)
    assert all(isinstance(result.error, TokenRejected) for result in failed)


def _failing(api: ScriptedTransport, after: int, answer: httpx.Response) -> ScriptedTransport:
    """The same API, which has this response from some request on."""

    def respond(request: httpx.Request, number: int) -> httpx.Response:
        correct = api.handle_request(request)
        return answer if number >= after else correct

    return ScriptedTransport(respond)


@pytest.mark.parametrize("in_flight", [1, 2, 3, 4, 8, 40])
def test_every_window_is_fetched_however_many_are_fetched_side_by_side(in_flight: int) -> None:
    plan = Plan(query("tags", QUARTER), QUARTER.split(3))
    results = fetch_all(run(tag_api(a_day=20), plan, in_flight=in_flight))
    assert tuple(result.fetched.window for result in results) == QUARTER.split(3)
    assert all(result.complete and result.fetched.rows.num_rows == 3 * 20 for result in results)
