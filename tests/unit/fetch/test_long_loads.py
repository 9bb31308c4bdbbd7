"""Many tag records: windows are cut, fetched once whoever asks, and announced before they take long."""

import threading
import time
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import APRIL, UNHURRIED, Api, Record, connection, query, tag_records
from tests.unit.fetch.given import NOW, QUARTER, fetcher, result_of, status, tag_api
from userlane.contract import Window
from userlane.errors import ConsentNeeded, UserlaneError
from userlane.fetch import Progress, plan
from userlane.fetch.plan import sample_day
from userlane.store import FolderStore

FORTNIGHT = Window(date(2026, 1, 1), date(2026, 1, 15))


class PagesOf(Api):
    """Pages of at most 100 records: fifty of them are what a window of tests may hold."""

    def __init__(self, window: Window, a_day: int) -> None:
        super().__init__({"tags": tag_records(window, a_day)}, most=100)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """What a window may hold: 50 pages of 10."""
    monkeypatch.setattr(plan, "MOST_RECORDS", 500)
    return 500


def windows_asked(api: Api) -> list[tuple[str, str]]:
    return [(r.url.params["startDate"][:10], r.url.params["endDate"][:10]) for r in api.requests]


def pages_asked(api: Api) -> Counter[tuple[str, str, str]]:
    """How often each page was asked for."""
    return Counter(
        (*each, r.url.params["page"]) for each, r in zip(windows_asked(api), api.requests, strict=True)
    )


# Windows that hold too much


@pytest.mark.parametrize("a_day", [60, 550])
def test_a_window_of_too_many_pages_is_cut_and_each_record_is_counted_once(small: int, a_day: int) -> None:
    """In the rows, in what progress says at the end, and in what the row cap has room for."""
    api = PagesOf(FORTNIGHT, a_day)
    heard: list[Progress] = []
    records = FORTNIGHT.days * a_day
    with closing(fetcher(api, max_rows=records)) as fetch:
        loaded = fetch.load(connection(), query("tags", FORTNIGHT), heard.append)
    assert loaded.rows == records
    assert loaded.state.complete
    assert loaded.state.duplicates == 0
    assert max(each.records for each in heard) <= records + small + 4 * 100
    assert heard[-1].records == records
    assert heard[-1].expected == records


def test_what_was_cut_is_stored_in_windows_that_hold_no_more(small: int, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with closing(fetcher(PagesOf(FORTNIGHT, 60), store)) as fetch:
        fetch.load(connection(), query("tags", FORTNIGHT))
        sizes = [each.rows for each in store.list_windows()]
    assert sum(sizes) == FORTNIGHT.days * 60
    assert max(sizes) <= small


@settings(UNHURRIED, max_examples=6)
@given(a_day=st.lists(st.integers(0, 160), min_size=1, max_size=9))
def test_however_many_records_the_days_have_all_are_there_once(a_day: list[int]) -> None:
    records: list[Record] = []
    for number in range(28):
        day = Window(QUARTER.start + timedelta(days=number), QUARTER.start + timedelta(days=number + 1))
        records += tag_records(day, a_day[number % len(a_day)])
    window = Window(QUARTER.start, QUARTER.start + timedelta(days=28))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "MOST_RECORDS", 500)
        with closing(fetcher(Api({"tags": records}, most=100))) as fetch:
            loaded = fetch.load(connection(), query("tags", window))
    assert loaded.state.complete
    assert loaded.rows == len(records)


# What is there already is not asked for again


def test_a_load_that_was_interrupted_goes_on_with_the_windows_that_are_missing(
    small: int,  # noqa: ARG001 - windows are short
    tmp_path: Path,
) -> None:
    """In the same process and in a later one, which is let in with one request."""
    api = PagesOf(FORTNIGHT, 100)

    def fails_late(request: httpx.Request, _number: int) -> httpx.Response | None:
        return status(404) if request.url.params["startDate"] >= "2026-01-09" else None

    api.fault = fails_late
    first_store, second_store = FolderStore(tmp_path / "one"), FolderStore(tmp_path / "two")
    for store, restarts in ((first_store, False), (second_store, True)):
        api.fault = fails_late
        fetch = fetcher(api, store)
        first = fetch.load(connection(), query("tags", FORTNIGHT))
        assert first.state.missing
        assert first.rows
        if restarts:
            fetch.close()
            fetch = fetcher(api, FolderStore(tmp_path / "two"))
        api.fault = None
        api.requests.clear()
        second = fetch.load(connection(), query("tags", FORTNIGHT))
        fetch.close()
        assert second.state.complete
        assert second.rows == FORTNIGHT.days * 100
        missing = {day.start.isoformat() for each in first.state.missing for day in each.split(1)}
        had = [each for each in windows_asked(api) if each[0] not in missing]
        assert len(had) <= (1 if restarts else 0)


@pytest.mark.parametrize("kind", ["one process", "two processes"])
def test_two_fetchers_that_load_the_same_at_the_same_time_ask_for_each_page_once(
    small: int,  # noqa: ARG001 - there are many windows
    tmp_path: Path,
    kind: str,
) -> None:
    """But for one request by which the second is let in to what the first one fetched."""
    api = PagesOf(QUARTER, 30)
    api.fault = lambda *_: time.sleep(0.005)
    same = FolderStore(tmp_path)
    stores = [same, same if kind == "one process" else FolderStore(tmp_path)]
    fetchers = [fetcher(api, store, max_in_flight=1) for store in stores]
    loads = [
        fetch.start(connection(), query("tags", QUARTER), owner)
        for fetch, owner in zip(fetchers, ("a", "b"), strict=True)
    ]
    found = [result_of(load) for load in loads]
    for fetch in fetchers:
        fetch.close()
    assert [each.rows for each in found] == [QUARTER.days * 30] * 2
    assert all(each.state.complete for each in found)
    between = Counter({each: n for each, n in pages_asked(api).items() if each[2] == "3"})
    twice = [each for each, n in between.items() if n > 1]
    assert len(between) > 3
    assert len(twice) <= 1, twice  # the window that shows each load that 28 days are too much


def test_who_waits_for_another_load_says_so_and_goes_on_when_that_dies(tmp_path: Path) -> None:
    api, store = tag_api(APRIL, 5), FolderStore(tmp_path)
    scope = f"{connection().api}/{connection().token.keyed_hash(store.key)}"
    lease = FolderStore(tmp_path).acquire_lease(scope, query("tags", APRIL.split(28)[0]))
    assert lease is not None
    heard: list[Progress] = []
    waited = threading.Event()

    def hear(progress: Progress) -> None:
        heard.append(progress)
        if progress.waiting and not waited.is_set():
            waited.set()
            assert lease is not None
            lease.__exit__(None, None, None)

    with closing(fetcher(api, store)) as fetch:
        loaded = fetch.load(connection(), query("tags", APRIL), hear)
    assert loaded.rows == 150
    assert "Another load is fetching the same days." in {each.waiting for each in heard}


# A long load is announced


class Slow(Api):
    """Each page takes a moment."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        time.sleep(0.01)
        return super().handle_request(request)


YEAR = Window(date(2025, 5, 1), date(2026, 5, 1))


def slow(a_day: int = 40, most: int = 1000) -> Slow:
    return Slow({"tags": tag_records(YEAR, a_day)}, most=most)


def test_a_long_load_is_announced_after_one_day_which_is_kept(tmp_path: Path) -> None:
    """The estimate is about right: each day here has as many records as any other, so .8 of them."""
    api = slow()
    with time_machine.travel(NOW), closing(fetcher(api, FolderStore(tmp_path))) as fetch:
        load = fetch.start(connection(), query("tags", YEAR), at_most=0.01)
        with pytest.raises(ConsentNeeded) as caught:
            result_of(load)
        days = {date.fromisoformat(start) for start, _ in windows_asked(api)}
        (day,) = days
        assert day.weekday() == 2
        assert YEAR.start <= day < YEAR.end
        assert caught.value.records == 12_000
        assert caught.value.seconds > 0.01
        asked = len(api.requests)
        assert asked <= 3
        with pytest.raises(ConsentNeeded):
            result_of(fetch.start(connection(), query("tags", YEAR), at_most=0.01))
        assert len(api.requests) <= asked + 3
        api.requests.clear()
        loaded = result_of(fetch.start(connection(), query("tags", YEAR)))
    assert loaded.rows == YEAR.days * 40
    assert loaded.state.complete
    starts = {date.fromisoformat(start) for start, _ in windows_asked(api)}
    assert day not in starts


def test_a_load_that_takes_no_longer_than_agreed_is_not_announced() -> None:
    api = slow()
    with time_machine.travel(NOW), closing(fetcher(api)) as fetch:
        assert result_of(fetch.start(connection(), query("tags", YEAR), at_most=3600)).rows == YEAR.days * 40


def test_few_days_and_other_records_are_never_announced() -> None:
    month = Window(date(2026, 3, 1), date(2026, 4, 4))
    with time_machine.travel(NOW), closing(fetcher(slow())) as fetch:
        assert result_of(fetch.start(connection(), query("tags", month), at_most=0.0)).rows == 34 * 40
        assert result_of(fetch.start(connection(), query("nps", YEAR), at_most=0.0)).rows == 0


def test_what_is_stored_already_is_not_announced() -> None:
    with time_machine.travel(NOW), closing(fetcher(slow())) as fetch:
        fetch.load(connection(), query("tags", YEAR))
        assert result_of(fetch.start(connection(), query("tags", YEAR), at_most=0.0)).rows == YEAR.days * 40


def test_a_refusal_of_the_day_that_is_asked_first_is_the_loads() -> None:
    api = slow()
    api.fault = lambda *_: status(403)
    with time_machine.travel(NOW), closing(fetcher(api)) as fetch:
        with pytest.raises(UserlaneError) as caught:
            result_of(fetch.start(connection(), query("tags", YEAR), at_most=0.0))
        assert not isinstance(caught.value, ConsentNeeded)
        assert len(api.requests) == 1


@settings(UNHURRIED, max_examples=100)
@given(first=st.integers(0, 400), days=st.integers(1, 400))
def test_the_day_that_is_asked_first_is_one_of_those_that_are_missing(first: int, days: int) -> None:
    start = YEAR.start + timedelta(days=first)
    gap = Window(start, start + timedelta(days=days))
    day = sample_day(gap)
    assert day.days == 1
    assert gap.start <= day.start < gap.end
    if days >= 7 + 4:
        assert day.start.weekday() == 2


def test_where_only_short_stretches_are_missing_no_day_is_counted_twice(tmp_path: Path) -> None:
    """Together they are long, and each is so short that the Wednesday before its end is stored already."""
    with time_machine.travel(NOW), closing(fetcher(slow(5), FolderStore(tmp_path))) as fetch:
        window = Window(YEAR.start + timedelta(days=14), YEAR.start + timedelta(days=134))
        for number in range(0, 120, 10):
            start = window.start + timedelta(days=number)
            fetch.load(connection(), query("tags", Window(start, start + timedelta(days=6))))
        loaded = result_of(fetch.start(connection(), query("tags", window), at_most=3600))
    assert loaded.rows == window.days * 5
    assert loaded.table.num_rows == len({tuple(each.values()) for each in loaded.table.to_pylist()})


# Refresh


def test_since_a_moment_everything_is_fetched_anew_once(tmp_path: Path) -> None:
    api = tag_api(APRIL, 5)
    with time_machine.travel(NOW) as clock, closing(fetcher(api, FolderStore(tmp_path))) as fetch:
        fetch.load(connection(), query("tags", APRIL))
        clock.shift(timedelta(minutes=5))
        since = datetime.now(UTC)
        clock.shift(timedelta(seconds=1))
        api.records = {"tags": tag_records(APRIL, 6)}
        api.requests.clear()
        assert fetch.load(connection(), query("tags", APRIL)).rows == 150
        assert api.requests == []
        assert result_of(fetch.start(connection(), query("tags", APRIL), since=since)).rows == 180
        asked = len(api.requests)
        assert asked
        assert result_of(fetch.start(connection(), query("tags", APRIL), since=since)).rows == 180
        assert fetch.load(connection(), query("tags", APRIL)).rows == 180
        assert len(api.requests) == asked


def test_when_newer_rows_cannot_be_had_the_older_ones_stay_and_are_called_stale() -> None:
    api = tag_api(APRIL, 5)
    with time_machine.travel(NOW) as clock, closing(fetcher(api)) as fetch:
        fetch.load(connection(), query("tags", APRIL))
        fetched_at = datetime.now(UTC)
        clock.shift(timedelta(minutes=5))
        api.fault = lambda *_: status(503)
        loaded = result_of(fetch.start(connection(), query("tags", APRIL), since=datetime.now(UTC)))
    assert loaded.rows == 150
    assert loaded.state.stale
    assert loaded.state.complete
    assert loaded.state.fetched_at
    assert fetched_at - loaded.state.fetched_at < timedelta(minutes=1)


# How far, how fast


@pytest.mark.parametrize(
    ("progress", "rate", "left"),
    [
        (Progress(), 0.0, None),
        (Progress(records=500, seconds=1.0, expected=1000), 500.0, None),
        (Progress(records=500, seconds=5.0), 100.0, None),
        (Progress(records=500, seconds=5.0, expected=1000), 100.0, 5.0),
        (Progress(records=0, seconds=5.0, expected=1000), 0.0, None),
        (Progress(records=1200, seconds=5.0, expected=1000), 240.0, 0.0),
    ],
)
def test_how_fast_and_how_long_still_is_said_once_it_can_be_known(
    progress: Progress, rate: float, left: float | None
) -> None:
    assert progress.rate == rate
    assert progress.left == left
