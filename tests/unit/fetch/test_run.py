"""One load's requests: windows are proved by their ends, and walked again when records changed meanwhile."""

import random
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_in import APRIL, UNHURRIED, Api, Record, as_json, connection, nps_records, query
from tests.unit.fetch.given import LIMITS, QUARTER, status, tag_api
from userlane.client import LoadDeadline, open_http_pool
from userlane.contract import Query
from userlane.decode import Decoder
from userlane.errors import TokenRejected
from userlane.fetch.access_check import digest
from userlane.fetch.concurrency import Gauge
from userlane.fetch.outcome import Outcome
from userlane.fetch.plan import Plan
from userlane.fetch.window_fetcher import Run
from userlane.store import Piece, Proof

Change = Callable[[list[Record]], None]


def run(
    transport: httpx.BaseTransport,
    asked: Query | None = None,
    *,
    who: str = "any",
    stop: threading.Event | None = None,
    in_flight: int = 3,
    max_rows: int = 10**6,
) -> Run:
    patience = LoadDeadline(LIMITS, stop)
    asked = asked or query()
    http = open_http_pool(transport)
    return Run(connection(token=who), http, asked, patience, in_flight=in_flight, max_rows=max_rows)


def only(outcomes: list[Outcome]) -> Outcome:
    (outcome,) = outcomes
    return outcome


class Passing:
    """Stores nothing, and nobody else does."""

    def keep(self, piece: Piece) -> Piece:
        return piece

    def claim(self, _query: Query) -> AbstractContextManager[object]:
        return nullcontext()

    def news(self, _query: Query) -> bool:
        return False

    def found(self, _query: Query) -> tuple[Piece, ...]:
        return ()


def walk(transport: httpx.BaseTransport, **options: Any) -> Outcome:
    return only(run(transport, **options).go(Plan(query(), [APRIL]), lambda _: None, Passing()))


def ids(outcome: Outcome) -> list[int]:
    return sorted(map(int, outcome.piece.table["response_id"].to_pylist()))


def record(number: int, minute: int | None = None) -> Record:
    moment = datetime(2026, 4, 2, tzinfo=UTC) + timedelta(minutes=number if minute is None else minute)
    return {"id": number, "userId": f"u-{number}", "score": number % 11, "timestamp": moment.isoformat()}


class Living(httpx.BaseTransport):
    """Answers in pages of ten from records that change: before the request with this number, this happens."""

    def __init__(
        self, records: Iterable[Record], changes: dict[int, Change], *, declares: bool, overlap: int = 0
    ) -> None:
        self.records = list(records)
        self.changes = changes
        self.requests: list[int] = []
        self._declares = declares
        self._overlap = overlap
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        page = int(request.url.params["page"])
        with self._lock:
            self.requests.append(page)
            if change := self.changes.get(len(self.requests)):
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
        outcome = walk(api, in_flight=1)
        assert (outcome.reason, ids(outcome)) == (None, list(range(35)))
        assert len(api.requests) == 4 + (not declares)


@pytest.mark.parametrize("declares", [False, True])
def test_a_record_added_while_paging_means_a_second_walk_and_then_all_is_there(declares: bool) -> None:  # noqa: FBT001  # the two cases
    api = Living(map(record, range(35)), {3: add_first}, declares=declares)
    outcome = walk(api, in_flight=1)
    assert (outcome.reason, ids(outcome)) == (None, list(range(36)))
    assert (outcome.piece.duplicates, outcome.complete) == (0, True)
    assert api.requests == [*range(1, 5 + (not declares))] * 2


def test_a_record_removed_while_paging_is_seen_by_a_declared_total_that_falls() -> None:
    api = Living(map(record, range(35)), {3: remove_first}, declares=True)
    outcome = walk(api, in_flight=1)
    assert (outcome.reason, ids(outcome)) == (None, list(range(1, 35)))


def test_records_that_are_added_at_the_end_and_have_come_cost_no_second_walk() -> None:
    api = Living(map(record, range(35)), {3: add_last}, declares=True)
    outcome = walk(api, in_flight=1)
    assert (outcome.reason, ids(outcome)) == (None, list(range(36)))
    assert api.requests == [1, 2, 3, 4]


@pytest.mark.parametrize("change", [add_first, remove_first])
def test_records_that_never_stop_changing_are_marked_after_the_second_walk(change: Change) -> None:
    api = Living(map(record, range(100)), always(change), declares=True)
    outcome = walk(api, in_flight=1)
    assert outcome.reason == "Records changed while they were loaded, twice: some may be missing."
    assert not outcome.complete
    assert outcome.piece.proof is None
    assert len(api.requests) < 2 * 25


def test_an_api_whose_pages_always_overlap_is_complete_with_its_repeats_counted() -> None:
    api = Living(map(record, range(35)), {}, declares=False, overlap=2)
    outcome = walk(api, in_flight=1)
    assert (outcome.reason, ids(outcome)) == (None, list(range(35)))
    assert outcome.piece.duplicates == 6
    assert len(api.requests) == 2 * 5


def test_repeats_within_one_page_are_no_sign_of_a_change() -> None:
    twice = [record(number // 2) for number in range(20)]
    api = Living(twice, {}, declares=False)
    outcome = walk(api, in_flight=1)
    assert (outcome.reason, outcome.piece.duplicates, len(api.requests)) == (None, 10, 3)


def test_the_second_walk_takes_no_more_room_and_counts_no_record_twice() -> None:
    api = Living(map(record, range(35)), {3: add_first}, declares=False)
    load = run(api, in_flight=1, max_rows=36)
    assert only(load.go(Plan(query(), [APRIL]), lambda _: None, Passing())).reason is None
    assert load.progress.records == 36


def test_a_second_walk_that_fails_leaves_the_rows_of_the_first_marked() -> None:
    api = Living(map(record, range(35)), {3: add_first}, declares=False)
    outcome = walk(_failing(api, after=7, answer=status(401)), in_flight=1)
    assert isinstance(outcome.error, TokenRejected)
    assert outcome.reason is not None
    assert outcome.reason.startswith("Records changed while they were loaded, and")
    assert "again broke off: The API rejected the token. Make a new one" in outcome.reason
    assert (ids(outcome), outcome.piece.proof) == ([*range(35)], None)
    assert len(api.requests) == 7


def test_a_stop_ends_a_second_walk() -> None:
    stop = threading.Event()
    changes: dict[int, Change] = {3: add_first, 7: lambda _: stop.set()}
    api = Living(map(record, range(35)), changes, declares=False)
    outcome = walk(api, in_flight=1, stop=stop)
    assert "broke off: The load was stopped" in (outcome.reason or "")
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
    outcome = walk(api, in_flight=in_flight)
    after = [*records]
    change(after)
    moments = [sorted(each["id"] for each in some) for some in (records, after)]
    assert outcome.complete
    assert ids(outcome) in moments


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
    outcomes = run(api, query("tags", QUARTER), in_flight=4).go(
        Plan(query("tags", QUARTER), QUARTER.split(7)), lambda _: None, Passing()
    )
    assert len(api.requests) <= 12 + 4
    failed = [outcome for outcome in outcomes if not outcome.complete]
    assert len(failed) == len(outcomes)
    assert all(isinstance(outcome.error, TokenRejected) for outcome in failed)


def _failing(api: Any, after: int, answer: httpx.Response) -> httpx.MockTransport:
    """The same API, which gives this answer from some request on."""
    count = 0
    lock = threading.Lock()

    def handle(request: httpx.Request) -> httpx.Response:
        nonlocal count
        with lock:
            count += 1
            number = count
        whole: httpx.Response = api.handle_request(request)
        return answer if number >= after else whole

    return httpx.MockTransport(handle)


# ---- proofs


def proof_of(records: list[Record], most: int = 100, **options: Any) -> Proof:
    outcome = walk(Api({"nps": records}, most=most), **options)
    assert outcome.piece.proof is not None
    return outcome.piece.proof


def test_a_window_is_proved_by_its_first_and_its_last_page_that_holds_records() -> None:
    proof = proof_of(nps_records(APRIL, 10))
    assert (proof.first, proof.last) == (1, 3)
    assert proof.first_digest != proof.last_digest
    assert proof == proof_of(nps_records(APRIL, 10), who="other", in_flight=1)
    short = proof_of(nps_records(APRIL, 1))
    assert (short.first, short.last) == (1, 1)


def test_no_proof_without_records_or_of_a_part() -> None:
    assert walk(Api({})).piece.proof is None
    part = Api({"nps": nps_records(APRIL, 10)}, most=100, fault=_page_fails("3"))
    assert walk(part).piece.proof is None


def _page_fails(page: str) -> Callable[[httpx.Request, int], httpx.Response | None]:
    return lambda request, _: status(500) if request.url.params["page"] == page else None


@pytest.mark.parametrize(("a_day", "requests"), [(10, 3), (1, 2)])
def test_who_gets_the_same_ends_and_nothing_after_has_proved_it(a_day: int, requests: int) -> None:
    proof = proof_of(nps_records(APRIL, a_day))
    api = Api({"nps": nps_records(APRIL, a_day)}, most=100)
    assert run(api, who="other").proves(proof)
    assert len(api.requests) == requests


def test_who_gets_more_behind_a_full_last_page_has_proved_nothing() -> None:
    """Both ends are the same, and yet the other token sees a page more."""
    records = nps_records(APRIL, 10)
    proof = proof_of(records[:200])
    assert run(Api({"nps": records[:200]}, most=100)).proves(proof)
    assert not run(Api({"nps": records}, most=100)).proves(proof)


@pytest.mark.parametrize("changed", [0, 299])
@pytest.mark.parametrize("key", ["score", "comment", "userId", "timestamp"])
def test_another_value_at_either_end_is_no_proof(changed: int, key: str) -> None:
    records = nps_records(APRIL, 10)
    proof = proof_of(records)
    others = {"score": 3, "comment": "else", "userId": "else", "timestamp": "2026-04-09T09:00:00Z"}
    records[changed] = {**records[changed], key: others[key]}
    assert not run(Api({"nps": records}, most=100)).proves(proof)


def test_one_row_less_in_the_middle_is_no_proof_because_the_last_page_begins_elsewhere() -> None:
    records = nps_records(APRIL, 10)
    proof = proof_of(records)
    assert not run(Api({"nps": records[:150] + records[151:]}, most=100)).proves(proof)
    assert not run(Api({}, most=100)).proves(proof)


def test_a_refusal_while_proving_is_raised() -> None:
    proof = proof_of(nps_records(APRIL, 10))
    with pytest.raises(TokenRejected):
        run(Api({}, fault=lambda *_: status(401))).proves(proof)


def test_a_digest_is_the_same_in_every_process_and_however_the_page_was_read() -> None:
    records = [record(1), {**record(2), "comment": None}, {**record(3), "comment": "ü"}]
    body = as_json(records)
    fresh = Decoder(query())
    experienced = Decoder(query())
    experienced.decode(as_json([{**record(9), "score": "9.0", "comment": 3, "more": {}}, {}]))
    golden = "b123d7f3e99042c1a751e852220b33641f3db6af5c8a2a65b8ec762c9841aa91"
    assert {digest(decoder.decode(body)) for decoder in (fresh, fresh, experienced)} == {golden}


def test_a_declared_total_is_part_of_the_digest() -> None:
    pages = [
        Decoder(query()).decode(httpx.Response(200, json={"data": [record(1)], **said}).content)
        for said in ({}, {"total": 1}, {"total": 2})
    ]
    assert len({digest(page) for page in pages}) == 3


@pytest.mark.parametrize("seed", range(6))
def test_every_window_is_walked_however_many_walkers_are_of_use_from_one_moment_to_the_next(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)  # noqa: S311 - which moments is no secret
    monkeypatch.setattr(Gauge, "useful", property(lambda _: chance.randint(1, 6)))
    outcomes = run(tag_api(a_day=20), query("tags", QUARTER), in_flight=4).go(
        Plan(query("tags", QUARTER), QUARTER.split(3)), lambda _: None, Passing()
    )
    assert tuple(outcome.piece.window for outcome in outcomes) == QUARTER.split(3)
    assert all(outcome.complete and outcome.piece.rows.num_rows == 3 * 20 for outcome in outcomes)
