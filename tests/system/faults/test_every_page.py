"""Each fault at each page of a walk: once, and for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest

from tests.server import Request, Response, Server
from tests.system.faults.faults import FAULTS, HASTY, UNHURRIED, Fault
from tests.system.faults.loads import Driver, Loaded, fetching, is_marked, is_refused, is_whole
from tests.system.faults.records import APRIL, Api, exported, nps, query
from tests.system.faults.table import Notes
from userlane.errors import Throttled
from userlane.export import FORMATS, records_file
from userlane.fetch import Fetcher

CAP = 25
FULL = 6
PAGES = range(1, FULL + 2)
"""The last one is empty and ends the walk."""

RECORDS = nps(FULL * CAP)


def overridden(page: int, fault: Fault, *, once: bool) -> Server:
    def override(request: Request, body: bytes) -> Response | None:
        return fault.sent(body) if request.page == page and (not once or request.attempt == 1) else None

    return Server(Api(RECORDS, CAP, override))


def rows_before(page: int) -> list[dict[str, Any]]:
    return exported("nps", RECORDS[: (page - 1) * CAP])


@cache
def files() -> dict[str, bytes]:
    """The bytes of each file when nothing fails."""
    with Server(Api(RECORDS, CAP)) as server, fetching() as fetcher:
        found = is_whole(Driver(server, fetcher).load(query("nps")), exported("nps", RECORDS))
        return {kind: records_file(found, kind) for kind in FORMATS}


def fails(loaded: Loaded, page: int, fault: Fault) -> None:
    """Refused where it is the first page, else incomplete with what came before."""
    if page == 1:
        is_refused(loaded, fault.error, fault.says)
    else:
        is_marked(loaded, rows_before(page), [APRIL], fault.says)


def once(page: int, fault: Fault, fetcher: Fetcher) -> Loaded:
    """The page fails at its first try; whatever asking again can mend is mended."""
    with overridden(page, fault, once=True) as server:
        drive = Driver(server, fetcher)
        first = drive.load(query("nps"))
        if fault.passes:
            found = is_whole(first, exported("nps", RECORDS))
            assert {kind: records_file(found, kind) for kind in FORMATS} == files()
            assert len(first.requests) == len(PAGES) + 1
        else:
            fails(first, page, fault)
            assert len(first.requests) == page
            mended(drive, server, fault)
        return first


def for_ever(page: int, fault: Fault, fetcher: Fetcher) -> Loaded:
    """The page fails whenever it is asked for, until the load has given up."""
    with overridden(page, fault, once=False) as server:
        drive = Driver(server, fetcher)
        first = drive.load(query("nps"))
        fails(first, page, fault)
        assert len(first.requests) == page - 1 + fault.tries
        server.respond = Api(RECORDS, CAP)
        mended(drive, server, fault)
        return first


def mended(drive: Driver, server: Server, fault: Fault) -> None:
    """Asking again gives all of it; where the API wants to be left alone, only a later process asks."""
    again = drive.load(query("nps"))
    if fault.shut:
        is_refused(again, Throttled, "asks to wait 60 min")
        assert len(again.requests) == 0
        with fetching() as later:
            again = Driver(server, later).load(query("nps"))
    is_whole(again, exported("nps", RECORDS))
    assert len(again.requests) - len(PAGES) in ({0, 1} if fault.spills else {0})


Attempt = Callable[[int, Fault, Fetcher], Loaded]
ATTEMPTS: dict[str, Attempt] = {"once": once, "for ever": for_ever}


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("fault", HASTY, ids=str)
def test_a_fault_at_any_page_is_overcome_or_marked(fault: Fault, attempt: str, notes: Notes) -> None:
    with notes.line(fault.name) as line, fetching(fault.limits) as fetcher:
        for page in PAGES:
            loaded = ATTEMPTS[attempt](page, fault, fetcher)
            line.add(len(loaded.requests), loaded.shown, page)


@pytest.mark.parametrize("fault", UNHURRIED, ids=str)
def test_a_fault_that_takes_its_time_is_overcome_or_marked(fault: Fault, notes: Notes) -> None:
    cases = [(page, attempt) for page in PAGES for attempt in ATTEMPTS.values()]
    with (
        notes.line(fault.name) as line,
        fetching(fault.limits) as fetcher,
        ThreadPoolExecutor(len(cases)) as together,
    ):
        tried = together.map(lambda case: case[1](case[0], fault, fetcher), cases)
        for (page, _), loaded in zip(cases, tried, strict=True):
            line.add(len(loaded.requests), loaded.shown, page)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_with_several_pages_in_flight_the_same_rows_arrive(fault: Fault, notes: Notes) -> None:
    page = 4
    with (
        notes.line(fault.name) as line,
        fetching(fault.brief, in_flight=4) as fetcher,
        overridden(page, fault, once=False) as server,
    ):
        loaded = Driver(server, fetcher).load(query("nps"))
        fails(loaded, page, fault)
        assert len(loaded.requests) <= page - 1 + fault.brief.tries + 3
        line.add(len(loaded.requests), loaded.shown, page)
