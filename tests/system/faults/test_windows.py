"""A load of three windows: what is missing is named to the day, and asking again asks for nothing else."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from tests.responses import status
from tests.server import Request, Response, Server
from tests.system.faults.faults import ACCESS, FAULTS, PASSING, PATIENT, Fault
from tests.system.faults.loads import Driver, Loaded, fetching, is_marked, is_whole
from tests.system.faults.records import TWELVE_WEEKS, Api, Record, day_of, exported, query, tags
from tests.system.faults.table import Notes, covers
from userlane.contract import Window

RECORDS = tags(TWELVE_WEEKS, 3)
CAP = 42
PARTS = TWELVE_WEEKS.split(28)
PAGES = range(1, 4)
"""Two with rows and the empty one, in each window."""

TAGS = query("tags", TWELVE_WEEKS)
QUICK = {fault.name: fault for fault in FAULTS if not fault.unhurried}


def held(windows: Iterable[Window]) -> list[Record]:
    """The rows of these windows."""
    wanted = list(windows)
    return exported("tags", (r for r in RECORDS if any(w.start <= day_of(r) < w.end for w in wanted)))


def before(window: Window, page: int) -> list[Record]:
    """The rows of the pages of a window before this one."""
    inside = [record for record in RECORDS if window.start <= day_of(record) < window.end]
    return inside[: (page - 1) * CAP]


def asked_for(requests: Sequence[Request]) -> set[Window]:
    return {Window(each.start, each.end) for each in requests}


def server(override: Callable[[Request, bytes], Response | None]) -> Server:
    return Server(Api(RECORDS, CAP, override))


def mended(drive: Driver, over: Server, missing: Sequence[Window], *, forgotten: bool = False) -> Loaded:
    """Asking again asks for the missing windows alone, and gives all rows; after a token was turned away it
    has to show first what it may see.
    """
    over.respond = Api(RECORDS, CAP)
    again = drive.load(TAGS)
    is_whole(again, exported("tags", RECORDS))
    assert set(missing) <= asked_for(again.requests)
    if not forgotten:
        assert asked_for(again.requests) == set(missing)
    return again


@covers("several windows")
@pytest.mark.parametrize("fault", [fault for fault in QUICK.values() if not fault.shut], ids=str)
def test_a_fault_in_the_second_window_leaves_the_others(fault: Fault, notes: Notes) -> None:
    second = PARTS[1]
    missing = PARTS[1:] if fault.final else PARTS[1:2]
    with notes.line(fault.name) as line, fetching(fault.limits) as fetcher:
        for page in PAGES:

            def override(request: Request, body: bytes, page: int = page) -> Response | None:
                return fault.sent(body) if (request.start, request.page) == (second.start, page) else None

            with server(override) as over:
                drive = Driver(over, fetcher)
                first = drive.load(TAGS)
                whole = [part for part in PARTS if part not in missing]
                rows = held(whole) + exported("tags", before(second, page))
                rows.sort(key=lambda row: (row["date"], row["tag_id"], row["user_id"]))
                is_marked(first, rows, joined(missing), fault.says)
                mended(drive, over, missing, forgotten=fault in ACCESS)
                line.add(len(first.requests), first.shown, page)
    with notes.line("several windows") as line:
        line.add(len(first.requests), first.shown)


def joined(windows: Sequence[Window]) -> list[Window]:
    """Neighbours as one, as the missing days are named."""
    return list(TWELVE_WEEKS.without([part for part in PARTS if part not in windows]))


@covers("several windows")
@pytest.mark.parametrize("fault", PASSING, ids=str)
def test_a_fault_that_passes_in_every_window_costs_no_row(fault: Fault, notes: Notes) -> None:
    def override(request: Request, body: bytes) -> Response | None:
        return (
            fault.sent(body)
            if request.attempt == 1 and request.page == 1 + PARTS.index(part(request))
            else None
        )

    with (
        notes.line(fault.name) as line,
        fetching(fault.limits, in_flight=3) as fetcher,
        server(override) as over,
    ):
        loaded = Driver(over, fetcher).load(TAGS)
        is_whole(loaded, exported("tags", RECORDS))
        line.add(len(loaded.requests), loaded.shown)


def part(request: Request) -> Window:
    return Window(request.start, request.end)


@covers("page n fails for ever", "several windows")
@pytest.mark.parametrize("in_flight", [1, 4])
def test_two_windows_of_three_fail_and_are_both_named(in_flight: int, notes: Notes) -> None:
    with notes.line("page n fails for ever") as line, fetching(PATIENT, in_flight=in_flight) as fetcher:
        for page in PAGES:

            def override(request: Request, _: bytes, page: int = page) -> Response | None:
                return status(500) if request.start != PARTS[1].start and request.page == page + 1 else None

            with server(override) as over:
                drive = Driver(over, fetcher)
                first = drive.load(TAGS)
                if page == PAGES[-1]:
                    is_whole(first, exported("tags", RECORDS))  # nobody asks for a page after the empty one
                else:
                    rows = [*before(PARTS[0], page + 1), *before(PARTS[2], page + 1)]
                    both = (PARTS[0], PARTS[2])
                    found = exported("tags", rows + [r for r in RECORDS if in_window(r, PARTS[1])])
                    is_marked(first, found, both, r"\(500\)")
                    assert len(first.requests) <= 3 * len(PAGES) + 2 * 3 + 3 * in_flight
                    mended(drive, over, both)
                line.add(len(first.requests), first.shown, page)


def in_window(record: Record, window: Window) -> bool:
    return window.start <= day_of(record) < window.end


@covers("several faults")
def test_a_fault_while_the_missing_part_is_asked_for_leaves_it_missing(notes: Notes) -> None:
    second = PARTS[1]

    def override(request: Request, _: bytes) -> Response | None:
        return status(502) if request.start == second.start and request.page == 2 else None

    with notes.line("several faults") as line, fetching() as fetcher, server(override) as over:
        drive = Driver(over, fetcher)
        rows = held([PARTS[0], PARTS[2]]) + exported("tags", before(second, 2))
        rows.sort(key=lambda row: (row["date"], row["tag_id"], row["user_id"]))
        first = drive.load(TAGS)
        is_marked(first, rows, [second], r"\(502\)")
        again = drive.load(TAGS)
        is_marked(again, rows, [second], r"\(502\)")
        assert asked_for(again.requests) == {second}
        assert len(again.requests) == 1 + 4
        third = mended(drive, over, [second])
        line.add(len(first.requests) + len(again.requests) + len(third.requests), third.shown)


@covers("several faults")
def test_older_rows_are_shown_as_stale_when_newer_ones_cannot_be_had(notes: Notes) -> None:
    recent = Window(date(2026, 6, 20), date(2026, 7, 1))
    records = tags(recent, 3)
    wanted = query("tags", recent)
    with (
        notes.line("several faults") as line,
        time_machine.travel(datetime(2026, 6, 30, 12, tzinfo=UTC)) as clock,
        fetching() as fetcher,
        Server(Api(records, CAP)) as over,
    ):
        drive = Driver(over, fetcher)
        is_whole(drive.load(wanted), exported("tags", records))
        clock.shift(timedelta(minutes=10))
        is_whole(
            drive.load(query("tags", Window(date(2026, 6, 1), date(2026, 7, 1)))), exported("tags", records)
        )
        clock.shift(timedelta(minutes=6))
        over.respond = Api(records, CAP, lambda *_: status(503))
        loaded = drive.load(wanted)
        line.add(len(loaded.requests), loaded.shown)
        assert loaded.dataset is not None
        assert (loaded.shown, loaded.dataset.rows) == ("stale", len(records))
