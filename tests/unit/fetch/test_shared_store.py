"""A shared store: one set of rows for all tokens that the API lets see the same days."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import time_machine

from tests.stand_in import APRIL, Api, connection, nps_records, query, tag_records
from tests.unit.fetch.given import LIMITS, NOW, QUARTER, days, nps_api, status, tag_api
from userlane.contract import ASSUMED, Connection, Profile
from userlane.errors import RightsMissing, ServerFailed, UserlaneError
from userlane.fetch import Fetcher
from userlane.settings import Settings
from userlane.store import FolderStore, MemoryStore, Store


def shared(api: httpx.BaseTransport, store: Store | None = None, **options: Any) -> Fetcher:
    settings = Settings(base_url=connection().base_url, store_shared=True, **options)
    return Fetcher(settings, store, api, LIMITS)


def asked_by(api: Api) -> list[tuple[str, str]]:
    """Who asked, and for how many records a page."""
    return [
        (each.headers["authorization"].removeprefix("Bearer "), each.url.params["limit"])
        for each in api.requests
    ]


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_another_token_opens_what_one_loaded_after_one_request_for_one_record(
    tmp_path: Path, kind: str
) -> None:
    api = tag_api()
    store = MemoryStore() if kind == "memory" else FolderStore(tmp_path)
    with closing(shared(api, store)) as fetch:
        first = fetch.load(connection(token="anna"), query("tags", QUARTER))
        api.requests.clear()
        for _ in range(2):
            second = fetch.load(connection(token="ben"), query("tags", QUARTER))
    assert asked_by(api) == [("ben", "1")]
    assert second is first


def test_a_new_process_opens_a_stored_range_with_one_request(tmp_path: Path) -> None:
    api = tag_api()
    for _ in range(2):
        api.requests.clear()
        with closing(shared(api, FolderStore(tmp_path))) as fetch:
            assert fetch.load(connection(token="anna"), query("tags", QUARTER)).rows == QUARTER.days * 50
    assert asked_by(api) == [("anna", "1")]


def test_what_one_loaded_itself_it_opens_without_a_request_for_a_quarter_of_an_hour() -> None:
    api = tag_api()
    with closing(shared(api)) as fetch, time_machine.travel(NOW) as clock:
        fetch.load(connection(), query("tags", QUARTER))
        api.requests.clear()
        clock.shift(timedelta(minutes=14))
        fetch.load(connection(), query("tags", QUARTER))
        assert api.requests == []
        clock.shift(timedelta(minutes=2))
        fetch.load(connection(), query("tags", QUARTER))
        assert len(api.requests) == 1


@pytest.mark.parametrize("code", [401, 403, 404])
def test_who_is_refused_opens_nothing_and_is_told_why(code: int) -> None:
    def fault(request: httpx.Request, _number: int) -> httpx.Response | None:
        return status(code) if request.headers["authorization"] == "Bearer mallory" else None

    api = nps_api(fault=fault)
    with closing(shared(api)) as fetch:
        fetch.load(connection(token="anna"), query())
        with pytest.raises(UserlaneError) as caught:
            fetch.load(connection(token="mallory"), query())
        assert caught.value.status == code or caught.value.exit_code in {4, 5}
        assert fetch.stored(connection(token="mallory"), query()) is None
        assert fetch.load(connection(token="anna"), query()).rows == 300


def test_while_the_api_fails_stored_rows_stay_shut_for_who_has_not_been_answered() -> None:
    api = nps_api()
    with closing(shared(api)) as fetch:
        fetch.load(connection(token="anna"), query())
        api.fault = lambda *_: status(503)
        with pytest.raises(ServerFailed):
            fetch.load(connection(token="ben"), query())
        assert fetch.load(connection(token="anna"), query()).rows == 300


class Empty(Api):
    """Mallory is answered, and gets no records."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        whole = super().handle_request(request)
        nothing = request.headers["authorization"] == "Bearer mallory"
        return httpx.Response(200, json={"data": []}) if nothing else whole


@pytest.mark.parametrize("kind", ["memory", "folder"])
@pytest.mark.parametrize("name", ["nps", "tags"])
def test_who_gets_no_records_sees_none_and_takes_none_from_others(
    tmp_path: Path, kind: str, name: Any
) -> None:
    """Whoever comes first."""
    rows = {"nps": 300, "tags": 1500}[name]
    api = Empty({"nps": nps_records(APRIL, 10), "tags": tag_records(APRIL, 50)})
    store: Store = MemoryStore() if kind == "memory" else FolderStore(tmp_path)
    with time_machine.travel(NOW) as clock, closing(shared(api, store)) as fetch:
        for _ in range(2):
            for who, due in (("mallory", 0), ("anna", rows), ("mallory", 0), ("ben", rows), ("mallory", 0)):
                loaded = fetch.load(connection(token=who), query(name))
                assert (loaded.rows, loaded.state.complete) == (due, True)
            clock.shift(timedelta(minutes=16))


def test_days_without_records_between_stored_ones_are_opened_like_any_others() -> None:
    some = [
        each for each in nps_records(APRIL, 10) if not "2026-04-10" <= each["timestamp"][:10] < "2026-04-20"
    ]
    api = Api({"nps": some})
    with closing(shared(api)) as fetch:
        fetch.load(connection(token="anna"), query())
        api.requests.clear()
        assert fetch.load(connection(token="ben"), query(window=days(12, 15))).rows == 0
        assert fetch.load(connection(token="ben"), query(window=days(1, 3))).rows == 30
    assert asked_by(api) == [("ben", "1")] * 2


def test_a_right_to_one_dataset_opens_no_other() -> None:
    def fault(request: httpx.Request, _number: int) -> httpx.Response | None:
        ben = request.headers["authorization"] == "Bearer ben"
        return status(403) if ben and request.url.path.endswith("/tags") else None

    api = Api({"nps": nps_records(APRIL, 10), "tags": tag_records(APRIL, 50)}, fault=fault)
    with closing(shared(api)) as fetch:
        for name in ("nps", "tags"):
            fetch.load(connection(token="anna"), query(name))
        assert fetch.load(connection(token="ben"), query("nps")).rows == 300
        with pytest.raises(RightsMissing):
            fetch.load(connection(token="ben"), query("tags"))


def own_profile() -> Profile:
    return msgspec.structs.replace(ASSUMED, nps=msgspec.structs.replace(ASSUMED.nps, limit="size"))


@pytest.mark.parametrize("whose", ["profile", "address"])
def test_a_visitors_own_profile_keeps_rows_apart(whose: str) -> None:
    """Whoever can say where an API is and how it is read could otherwise put rows before others."""

    def to(token: str) -> Connection:
        given = connection(token=token)
        if whose == "profile":
            return Connection(given.base_url, given.token, own_profile())
        return Connection("https://elsewhere.example.com", given.token)

    api = nps_api()
    api.handle_request = _sized(api.handle_request)  # type: ignore[method-assign]
    with closing(shared(api)) as fetch:
        first = fetch.load(to("anna"), query())
        second = fetch.load(to("ben"), query())
    assert first.rows == second.rows == 300
    assert first.fingerprint != second.fingerprint
    assert {each.headers["authorization"] for each in api.requests} == {"Bearer anna", "Bearer ben"}


def _sized(handle: Any) -> Any:
    """Understands `size` where the assumed contract says `limit`."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "size" in request.url.params:
            request.url = request.url.copy_set_param("limit", request.url.params["size"])
        whole: httpx.Response = handle(request)
        return whole

    return answer


# What is there needs no thread


@pytest.mark.parametrize("on", [True, False])
def test_what_is_stored_and_may_be_opened_is_had_without_a_request_or_a_thread(*, on: bool) -> None:
    api = nps_api()
    settings = Settings(base_url=connection().base_url, store_shared=on)
    with (
        closing(Fetcher(settings, None, api, LIMITS)) as fetch,
        time_machine.travel(NOW, tick=False) as clock,
    ):
        assert fetch.stored(connection(), query()) is None
        loaded = fetch.load(connection(), query())
        api.requests.clear()
        clock.shift(timedelta(minutes=14))
        found = fetch.stored(connection(), query())
        assert found is not None
        assert found[0] is loaded
        assert found[1] == NOW
        assert fetch.stored(connection(), query(window=QUARTER)) is None
        assert fetch.stored(connection(), query(), since=NOW + timedelta(minutes=1)) is None
        assert fetch.stored(connection(token="ben"), query()) is None
        clock.shift(timedelta(minutes=2))
        assert fetch.stored(connection(), query()) is None
        fetch.load(connection(), query())
        fetch.forget(connection())
        assert fetch.stored(connection(), query()) is None
    assert len(api.requests) == 1
