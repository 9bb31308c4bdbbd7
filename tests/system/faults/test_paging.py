"""Where a walk ends, and what happens when pages are not what they should be."""

from collections.abc import Sequence

import msgspec
import pytest

from tests.responses import document, enveloped, redirect, status
from tests.server import Request, Response, Server
from tests.system.faults.loads import Driver, fetching, is_marked, is_whole
from tests.system.faults.records import APRIL, Api, Record, exported, nps, query
from tests.system.faults.table import Notes, covers
from userlane.contract import ASSUMED, Profile

CAP = 25
NPS = query("nps")


def page_of(records: Sequence[Record], number: int, size: int = CAP) -> list[Record]:
    return list(records[(number - 1) * size : number * size])


@covers("exact multiple")
@pytest.mark.parametrize("pages", [1, 2, 3, 6])
@pytest.mark.parametrize("in_flight", [1, 4])
def test_an_exact_multiple_of_the_page_loses_and_repeats_nothing(
    pages: int, in_flight: int, notes: Notes
) -> None:
    records = nps(pages * CAP)
    with (
        notes.line("exact multiple") as line,
        fetching(in_flight=in_flight) as fetcher,
        Server(Api(records, CAP)) as over,
    ):
        loaded = Driver(over, fetcher).load(NPS)
        found = is_whole(loaded, exported("nps", records))
        assert found.state.duplicates == 0
        assert pages + 1 <= len(loaded.requests) <= pages + in_flight
        line.add(len(loaded.requests), loaded.shown, pages)


@covers("exact multiple")
def test_a_full_page_of_the_limit_is_followed_by_another_request(notes: Notes) -> None:
    records = nps(2000)
    with notes.line("exact multiple") as line, fetching() as fetcher, Server(Api(records, 5000)) as over:
        loaded = Driver(over, fetcher).load(NPS)
        is_whole(loaded, exported("nps", records))
        assert [each.page for each in loaded.requests] == [1, 2, 3]
        assert {each.limit for each in loaded.requests} == {1000}
        line.add(len(loaded.requests), loaded.shown)


@covers("lower cap")
@pytest.mark.parametrize("cap", [1, 7, 49, 50, 51])
def test_a_server_that_caps_the_limit_gives_all_its_rows(cap: int, notes: Notes) -> None:
    records = nps(50)
    pages = -(-50 // cap)
    with notes.line("lower cap") as line, fetching() as fetcher, Server(Api(records, cap)) as over:
        loaded = Driver(over, fetcher).load(NPS)
        is_whole(loaded, exported("nps", records))
        assert len(loaded.requests) == pages + 1
        line.add(len(loaded.requests), loaded.shown, pages)


@covers("pages of any size")
@pytest.mark.parametrize("short", range(1, 7))
@pytest.mark.parametrize("in_flight", [1, 4])
def test_a_page_shorter_than_others_ends_nothing(short: int, in_flight: int, notes: Notes) -> None:
    sizes = [3 if number == short else CAP for number in range(1, 7)]
    records = nps(sum(sizes))

    def respond(request: Request) -> Response:
        start = sum(sizes[: request.page - 1])
        return document(
            enveloped(records[start : start + sizes[request.page - 1]] if request.page < 7 else [])
        )

    with (
        notes.line("pages of any size") as line,
        fetching(in_flight=in_flight) as fetcher,
        Server(respond) as over,
    ):
        loaded = Driver(over, fetcher).load(NPS)
        is_whole(loaded, exported("nps", records))
        assert 7 <= len(loaded.requests) <= 6 + in_flight
        line.add(len(loaded.requests), loaded.shown, short)


@covers("page ignored")
@pytest.mark.parametrize("rows", [CAP, 1000])
@pytest.mark.parametrize("in_flight", [1, 4])
def test_an_ignored_page_number_is_noticed_within_three_requests(
    rows: int, in_flight: int, notes: Notes
) -> None:
    records = nps(rows)
    with (
        notes.line("page ignored") as line,
        fetching(in_flight=in_flight) as fetcher,
        Server(lambda _: document(enveloped(records))) as over,
    ):
        loaded = Driver(over, fetcher).load(NPS)
        is_marked(loaded, exported("nps", records), [APRIL], "ignores the page number")
        assert len(loaded.requests) <= 3
        line.add(len(loaded.requests), loaded.shown, 1)


@covers("page ignored")
@pytest.mark.parametrize("stuck", range(1, 7))
def test_a_page_number_ignored_from_some_page_on_is_noticed(stuck: int, notes: Notes) -> None:
    """The answers differ in form from one to the next, as with a time of day beside the records."""
    records = nps(6 * CAP)

    def respond(request: Request) -> Response:
        return document(enveloped(page_of(records, min(request.page, stuck)), served=request.number))

    with notes.line("page ignored") as line, fetching() as fetcher, Server(respond) as over:
        loaded = Driver(over, fetcher).load(NPS)
        is_marked(loaded, exported("nps", records[: stuck * CAP]), [APRIL], "ignores the page number")
        assert len(loaded.requests) == stuck + 1
        line.add(len(loaded.requests), loaded.shown, stuck)


@covers("endless pages")
@pytest.mark.parametrize("in_flight", [1, 4])
def test_pages_without_end_stop_at_the_row_cap(in_flight: int, notes: Notes) -> None:
    def respond(request: Request) -> Response:
        fresh = [{**each, "id": each["id"] + request.page * 1000} for each in nps(CAP)]
        return document(enveloped(fresh))

    with (
        notes.line("endless pages") as line,
        fetching(in_flight=in_flight, max_rows=10 * CAP + 3) as fetcher,
        Server(respond) as over,
    ):
        loaded = Driver(over, fetcher).load(NPS)
        fresh = [{**each, "id": each["id"] + page * 1000} for page in range(1, 11) for each in nps(CAP)]
        is_marked(loaded, exported("nps", fresh), [APRIL], "USERLANE_MAX_ROWS")
        assert 11 <= len(loaded.requests) <= 10 + in_flight
        line.add(len(loaded.requests), loaded.shown)


def counting_from(first_page: object) -> Profile:
    route = msgspec.structs.replace(ASSUMED.nps, first_page=first_page)
    return msgspec.structs.replace(ASSUMED, nps=route)


@covers("page base 0")
@pytest.mark.parametrize("first_page", ["auto", 0])
@pytest.mark.parametrize("rows", [10, CAP, 6 * CAP])
def test_where_pages_count_from_0_the_first_is_not_lost(first_page: object, rows: int, notes: Notes) -> None:
    records = nps(rows)
    with (
        notes.line("page base 0") as line,
        fetching() as fetcher,
        Server(Api(records, CAP, base=0)) as over,
    ):
        drive = Driver(over, fetcher, profile=counting_from(first_page))
        loaded = drive.load(NPS)
        is_whole(loaded, exported("nps", records))
        assert len(loaded.requests) == -(-rows // CAP) + 1
        line.add(len(loaded.requests), loaded.shown)


@covers("page base 0")
@pytest.mark.parametrize("page_zero", ["empty", "refused", "not found", "as page 1"])
def test_where_pages_count_from_1_asking_for_page_0_costs_nothing(page_zero: str, notes: Notes) -> None:
    records = nps(3 * CAP)

    def override(request: Request, body: bytes) -> Response | None:
        if request.page != 0:
            return None
        first = enveloped(page_of(records, 1))
        bad = {"refused": status(400), "not found": status(404), "as page 1": document(first)}
        return bad.get(page_zero, document(body))

    with (
        notes.line("page base 0") as line,
        fetching() as fetcher,
        Server(Api(records, CAP, override)) as over,
    ):
        loaded = Driver(over, fetcher, profile=counting_from("auto")).load(NPS)
        is_whole(loaded, exported("nps", records))
        assert len(loaded.requests) == 5
        line.add(len(loaded.requests), loaded.shown)


@covers("total declared higher", "total declared lower")
@pytest.mark.parametrize(("fault", "more"), [("total declared higher", 7), ("total declared lower", -7)])
@pytest.mark.parametrize("in_flight", [1, 4])
def test_a_total_that_is_another_than_what_came_marks_the_rows(
    fault: str, more: int, in_flight: int, notes: Notes
) -> None:
    records = nps(6 * CAP)

    def respond(request: Request) -> Response:
        return document(enveloped(page_of(records, request.page), total=len(records) + more))

    with notes.line(fault) as line, fetching(in_flight=in_flight) as fetcher, Server(respond) as over:
        loaded = Driver(over, fetcher).load(NPS)
        is_marked(loaded, exported("nps", records), [APRIL], r"declared \d+ records and sent 150")
        assert len(loaded.requests) <= 7 + in_flight
        line.add(len(loaded.requests), loaded.shown)


@covers("total declared higher")
@pytest.mark.parametrize("lost", range(1, 7))
def test_an_empty_page_before_the_declared_total_is_no_end(lost: int, notes: Notes) -> None:
    records = nps(6 * CAP)

    def respond(request: Request) -> Response:
        rows = [] if request.page >= lost else page_of(records, request.page)
        return document(enveloped(rows, total=len(records)))

    with notes.line("total declared higher") as line, fetching() as fetcher, Server(respond) as over:
        loaded = Driver(over, fetcher).load(NPS)
        is_marked(loaded, exported("nps", records[: (lost - 1) * CAP]), [APRIL], "declared 150 records")
        assert len(loaded.requests) == lost
        line.add(len(loaded.requests), loaded.shown, lost)


@covers("pages of any size")
@pytest.mark.parametrize("code", [400, 404, 410, 416, 422])
@pytest.mark.parametrize("in_flight", [1, 4])
def test_pages_that_are_refused_past_a_short_last_one_are_the_end(
    code: int, in_flight: int, notes: Notes
) -> None:
    """What is refused is looked into: the page after it, and the last page once more."""
    records = nps(5 * CAP + 3)

    def override(request: Request, _: bytes) -> Response | None:
        return status(code, says="no such page") if request.page > 6 else None

    with (
        notes.line("pages of any size") as line,
        fetching(in_flight=in_flight) as fetcher,
        Server(Api(records, CAP, override)) as over,
    ):
        loaded = Driver(over, fetcher).load(NPS)
        is_whole(loaded, exported("nps", records))
        assert 9 <= len(loaded.requests) <= 8 + in_flight
        line.add(len(loaded.requests), loaded.shown)


@covers("pages of any size")
@pytest.mark.parametrize("code", [404, 422])
@pytest.mark.parametrize("short", range(2, 6))
@pytest.mark.parametrize("in_flight", [1, 4])
def test_one_page_that_is_refused_after_a_short_one_is_not_the_end(
    code: int, short: int, in_flight: int, notes: Notes
) -> None:
    sizes = [3 if number == short else CAP for number in range(1, 7)]
    records = nps(sum(sizes))

    def respond(request: Request) -> Response:
        if request.page == short + 1:
            return status(code, says="no such page")
        start = sum(sizes[: request.page - 1])
        return document(
            enveloped(records[start : start + sizes[request.page - 1]] if request.page < 7 else [])
        )

    with (
        notes.line("pages of any size") as line,
        fetching(in_flight=in_flight) as fetcher,
        Server(respond) as over,
    ):
        loaded = Driver(over, fetcher).load(NPS)
        is_marked(loaded, exported("nps", records[: sum(sizes[:short])]), [APRIL], "no such page")
        line.add(len(loaded.requests), loaded.shown, short + 1)


@covers("404 property")
def test_a_property_that_is_gone_after_a_short_page_is_not_the_end(notes: Notes) -> None:
    records = nps(CAP + 3)

    def override(request: Request, _: bytes) -> Response | None:
        return status(404, says="no such property") if request.number > 2 else None

    with (
        notes.line("404 property") as line,
        fetching() as fetcher,
        Server(Api(records, CAP, override)) as over,
    ):
        loaded = Driver(over, fetcher).load(NPS)
        is_marked(loaded, exported("nps", records), [APRIL], "knows no property")
        assert [each.page for each in loaded.requests] == [1, 2, 3, 4, 2]
        line.add(len(loaded.requests), loaded.shown, 3)


@covers("page ignored")
@pytest.mark.parametrize("stuck", range(2, 6))
@pytest.mark.parametrize("in_flight", [1, 4])
def test_a_short_page_that_comes_again_for_ever_is_marked(stuck: int, in_flight: int, notes: Notes) -> None:
    """What comes would be just the same if there were no more records."""
    records = nps(6 * CAP)

    def respond(request: Request) -> Response:
        page = page_of(records, min(request.page, stuck))
        return document(enveloped(page[:3] if request.page >= stuck else page))

    with (
        notes.line("page ignored") as line,
        fetching(in_flight=in_flight) as fetcher,
        Server(respond) as over,
    ):
        loaded = Driver(over, fetcher).load(NPS)
        says = f"gave page {stuck} again in place of page {stuck + 1}; whether there is more is not known"
        is_marked(loaded, exported("nps", records[: (stuck - 1) * CAP + 3]), [APRIL], says)
        assert stuck + 1 <= len(loaded.requests) <= stuck + in_flight
        line.add(len(loaded.requests), loaded.shown, stuck)


@covers("page base 0")
def test_no_rows_where_pages_count_from_0_and_others_are_refused_is_an_empty_answer(notes: Notes) -> None:
    def override(request: Request, _: bytes) -> Response | None:
        return status(404, says="no such page") if request.page > 0 else None

    with (
        notes.line("page base 0") as line,
        fetching() as fetcher,
        Server(Api([], CAP, override, base=0)) as over,
    ):
        loaded = Driver(over, fetcher, profile=counting_from("auto")).load(NPS)
        is_whole(loaded, [])
        assert [each.page for each in loaded.requests] == [0, 1, 2, 0]
        line.add(len(loaded.requests), loaded.shown)


@covers("pages of any size")
def test_a_redirect_after_a_short_page_is_not_the_end(notes: Notes) -> None:
    sizes = [CAP, CAP, 3]
    records = nps(6 * CAP)

    def respond(request: Request) -> Response:
        if request.page == 4:
            return redirect(302, "http://127.0.0.1:9")
        start = sum(sizes[: request.page - 1])
        return document(enveloped(records[start : start + sizes[request.page - 1]]))

    with notes.line("pages of any size") as line, fetching() as fetcher, Server(respond) as over:
        loaded = Driver(over, fetcher).load(NPS)
        is_marked(loaded, exported("nps", records[: sum(sizes)]), [APRIL], "points elsewhere")
        line.add(len(loaded.requests), loaded.shown, 4)
