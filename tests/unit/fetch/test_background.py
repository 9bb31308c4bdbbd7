"""Loads run in the background, are shared, followed and stopped."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.responses import document, in_json, silence
from tests.server import Request, Response, Server
from tests.stand_in import (
    APRIL,
    TOKEN,
    Api,
    connection,
    nps_records,
    query,
    tag_records,
)
from tests.unit.fetch.given import QUARTER, days, fetcher, nps_api, result_of, status, tag_api
from userlane.contract import Connection, DatasetName, Token, Window
from userlane.errors import (
    LoadStopped,
    NotFound,
)
from userlane.fetch import Progress
from userlane.store import FolderStore


@contextmanager
def silent_after(pages: int) -> Iterator[tuple[str, threading.Event]]:
    """A server that falls silent after some pages; the event says that it has."""
    silent = threading.Event()

    def respond(request: Request) -> Response:
        if request.page > pages:
            silent.set()
            return silence
        return document(in_json(nps_records(days(request.page, request.page), 1000)))

    with Server(respond) as server:
        yield server.base_url, silent


def test_equal_questions_with_one_token_share_one_load_while_it_runs() -> None:
    with silent_after(0) as (base_url, silent), closing(fetcher()) as fetch:
        who = connection(base_url)
        load = fetch.start(who, query())
        assert fetch.start(Connection(base_url, Token(TOKEN)), replace(query())) is load
        others = [
            fetch.start(who, query(window=days(1, 2))),
            fetch.start(connection(base_url, "ben"), query()),
        ]
        assert load not in others
        assert silent.wait(10)
        for each in (load, *others):
            each.stop()
        again = fetch.start(who, query())
        assert again is not load
        again.stop()


@pytest.mark.parametrize("name", ["heart", "nps", "surveys", "tags"])
def test_two_visitors_with_one_token_who_ask_the_same_have_each_page_fetched_once(name: DatasetName) -> None:
    api = Api(
        {"nps": nps_records(APRIL, 60), "tags": tag_records(APRIL, 60)}, fault=lambda *_: time.sleep(0.05)
    )
    with closing(fetcher(api)) as fetch:
        loads = [fetch.start(connection(), query(name), owner) for owner in ("one", "two")]
        found = [load.outcome for load in loads if load.wait(30)]
    assert found[0] is found[1]
    asked = [request.url for request in api.requests if request.url.params["limit"] == "1000"]
    assert len(asked) == len(set(map(str, asked))) > 0


def test_a_load_gives_its_result_to_all_who_ask_and_a_later_one_is_new() -> None:
    with closing(fetcher(nps_api())) as fetch:
        load = fetch.start(connection(), query())
        assert load.wait(10)
        assert result_of(load) is result_of(load)
        assert result_of(load).rows == 300
        assert (load.progress.records, load.progress.requests) == (300, 2)
        later = fetch.start(connection(), query())
        assert later is not load
        assert result_of(later) is result_of(load)


def test_a_load_hands_its_error_on() -> None:
    with closing(fetcher(nps_api(fault=lambda *_: status(404)))) as fetch:
        load = fetch.start(connection(), query())
        for _ in range(2):
            with pytest.raises(NotFound):
                result_of(load)


def test_a_stop_before_anything_has_arrived_is_an_error() -> None:
    with silent_after(0) as (base_url, silent), closing(fetcher()) as fetch:
        load = fetch.start(connection(base_url), query())
        assert silent.wait(10)
        assert not load.wait(0)
        load.stop()
        with pytest.raises(LoadStopped):
            result_of(load)


def test_a_stop_keeps_what_has_arrived_as_incomplete() -> None:
    with silent_after(2) as (base_url, silent), closing(fetcher()) as fetch:
        load = fetch.start(connection(base_url), query())
        assert silent.wait(10)
        for _ in range(1000):
            if load.progress.records == 2000:
                break
            assert not load.wait(0.01)
        assert load.progress.window == APRIL
        load.stop()
        loaded = result_of(load)
    assert loaded.state.reasons == ("The load was stopped.",)
    assert loaded.state.missing == (APRIL,)
    assert loaded.rows > 0


def test_closing_stops_what_runs() -> None:
    with silent_after(0) as (base_url, silent):
        fetch = fetcher()
        load = fetch.start(connection(base_url), query())
        assert silent.wait(10)
        fetch.close()
        with pytest.raises(LoadStopped):
            result_of(load)


def test_progress_is_told_in_the_callers_thread_and_grows() -> None:
    heard: list[Progress] = []
    threads: set[str] = set()

    def hear(progress: Progress) -> None:
        heard.append(progress)
        threads.add(threading.current_thread().name)

    with closing(fetcher(tag_api(most=100))) as fetch:
        fetch.load(connection(), query("tags", QUARTER), progress=hear)
    assert threads == {threading.current_thread().name}
    counts = [progress.records for progress in heard]
    assert counts == sorted(counts)
    assert counts[-1] == QUARTER.days * 50
    assert any(progress.window for progress in heard)


def test_when_the_listener_fails_the_requests_end() -> None:
    class Gone(Exception):  # a test's own
        pass

    def leave(_progress: Progress) -> None:
        raise Gone

    with silent_after(1) as (base_url, silent), closing(fetcher()) as fetch:
        with pytest.raises(Gone):
            fetch.load(connection(base_url), query(), progress=leave)
        silent.wait(0.3)
        assert not [t for t in threading.enumerate() if t.name == "userlane-page" and _lasts(t)]


def _lasts(thread: threading.Thread) -> bool:
    thread.join(3)
    return thread.is_alive()


def test_a_wait_the_api_asks_for_is_announced_and_the_load_is_complete() -> None:
    heard: list[Progress] = []
    api = nps_api(fault=lambda _, number: status(429, retry_after="1") if number == 2 else None)
    with closing(fetcher(api)) as fetch:
        loaded = fetch.load(connection(token="patient"), query(), progress=heard.append)
    assert loaded.state.complete
    (announced,) = {progress.waiting for progress in heard if progress.waiting_until}
    assert announced == "The API asks to wait 1 s."
    assert heard[-1].waiting_until is None


def test_a_load_nobody_wants_any_more_is_stopped_within_five_seconds_and_a_blink_does_not_stop_it() -> None:
    with silent_after(0) as (base_url, silent), closing(fetcher()) as fetch:
        there = threading.Event()
        there.set()
        load = fetch.start(connection(base_url), query(), wanted=there.is_set)
        assert silent.wait(10)
        there.clear()
        assert not load.wait(1)
        there.set()
        assert not load.wait(2.5)
        there.clear()
        assert load.wait(5)
        with pytest.raises(LoadStopped, match="not connected for some seconds"):
            result_of(load)


def test_a_load_that_its_visitor_stops_says_nothing_of_a_page_that_was_gone() -> None:
    with silent_after(0) as (base_url, silent), closing(fetcher()) as fetch:
        load = fetch.start(connection(base_url), query(), wanted=lambda: True)
        assert silent.wait(10)
        load.stop()
        with pytest.raises(LoadStopped, match=r"^The load was stopped\. "):
            result_of(load)


def test_a_window_that_is_whole_is_kept_before_the_load_ends_and_a_restart_asks_for_the_others_alone(
    tmp_path: Path,
) -> None:
    """Three windows of tag rows; from April on the API hangs, and the process is lost."""
    hangs, lost = threading.Event(), threading.Event()
    april = Window(QUARTER.start + timedelta(days=56), QUARTER.end).start

    def fault(request: httpx.Request, _number: int) -> None:
        if datetime.fromisoformat(request.url.params["startDate"]).date() >= april:
            hangs.set()
            lost.wait(20)

    api = tag_api(fault=fault)
    first = fetcher(api, FolderStore(tmp_path))
    load = first.start(connection(), query("tags", QUARTER))
    assert hangs.wait(20)
    until = time.monotonic() + 20
    while len(list(tmp_path.rglob("*_*.parquet"))) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    load.stop()
    lost.set()
    load.wait(20)
    with closing(fetcher(again := tag_api(), FolderStore(tmp_path))) as second:
        loaded = second.load(connection(), query("tags", QUARTER))
    assert loaded.state.complete
    assert loaded.rows == QUARTER.days * 50
    asked = [request.url.params for request in again.requests]
    earlier = [each["page"] for each in asked if each["startDate"][:10] < april.isoformat()]
    assert earlier == ["1"], "one record, to be let in"
    first.close()
