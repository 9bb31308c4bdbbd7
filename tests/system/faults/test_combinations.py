"""Several faults in one walk: on different pages, on one page, and by chance."""

import random
from collections.abc import Mapping, Sequence

import pytest

from tests.responses import document, status
from tests.server import Request, Response, Server
from tests.system.faults.faults import ACCESS, FAULTS, NO_DATA, NO_RECORDS, PASSING, Fault
from tests.system.faults.loads import Driver, fetching, is_marked, is_refused, is_whole
from tests.system.faults.records import APRIL, Api, exported, nps, query
from tests.system.faults.table import Notes, covers

CAP = 25
PAGES = range(1, 8)
RECORDS = nps(6 * CAP)
TRUTH = exported("nps", RECORDS)
BY_NAME = {fault.name: fault for fault in FAULTS}
TRIES = 4
QUICK = (*PASSING, BY_NAME["429 without a time"])
FINAL = (*ACCESS, *NO_DATA, *NO_RECORDS)

Plan = Mapping[int, Sequence[Fault]]
"""What strikes each page, try after try."""


def server(plan: Plan) -> Server:
    def override(request: Request, body: bytes) -> Response | None:
        faults = plan.get(request.page, ())
        return faults[request.attempt - 1].sent(body) if request.attempt <= len(faults) else None

    return Server(Api(RECORDS, CAP, override))


def plan_of(**named: str) -> Plan:
    return {
        int(page.removeprefix("page_")): [BY_NAME[name] for name in names.split(", ")]
        for page, names in named.items()
    }


MENDED = (
    plan_of(page_2="429 without a time", page_3="reset mid-body", page_5="500"),
    plan_of(page_1="truncated body, 503", page_7="not HTTP, truncated gzip, 502"),
    plan_of(page_4="reset mid-head, Content-Length too long, truncated chunks"),
    plan_of(page_1="hung up", page_2="hung up", page_3="hung up", page_4="hung up", page_5="hung up"),
)


@covers("several faults")
@pytest.mark.parametrize("plan", MENDED, ids=range(len(MENDED)))
@pytest.mark.parametrize("in_flight", [1, 4])
def test_faults_that_pass_cost_no_row_wherever_they_meet(plan: Plan, in_flight: int, notes: Notes) -> None:
    with notes.line("several faults") as line, fetching(in_flight=in_flight) as fetcher, server(plan) as over:
        loaded = Driver(over, fetcher).load(query("nps"))
        is_whole(loaded, TRUTH)
        expected = len(PAGES) + sum(map(len, plan.values()))
        assert expected <= len(loaded.requests) <= expected + in_flight - 1
        line.add(len(loaded.requests), loaded.shown)


@covers("several faults")
def test_a_wait_then_a_reset_then_a_failure_on_one_page_are_overcome(notes: Notes) -> None:
    plan = plan_of(page_3="429 in seconds, reset mid-body, 500")
    with notes.line("several faults") as line, fetching() as fetcher, server(plan) as over:
        loaded = Driver(over, fetcher).load(query("nps"))
        is_whole(loaded, TRUTH)
        third = [each.at for each in loaded.requests if each.page == 3]
        assert len(third) == TRIES
        assert third[1] - third[0] >= 1.0, "asked before the API wanted"
        line.add(len(loaded.requests), loaded.shown)


@covers("several faults")
def test_the_last_of_four_different_faults_is_the_reason(notes: Notes) -> None:
    plan = plan_of(page_4="500, reset mid-body, truncated gzip, 504")
    with notes.line("several faults") as line, fetching() as fetcher, server(plan) as over:
        loaded = Driver(over, fetcher).load(query("nps"))
        is_marked(loaded, exported("nps", RECORDS[: 3 * CAP]), [APRIL], r"\(504\)")
        assert len(loaded.requests) == 3 + TRIES
        line.add(len(loaded.requests), loaded.shown)


@covers("several faults")
@pytest.mark.parametrize("seed", range(30))
def test_whatever_strikes_the_rows_are_true_or_marked(seed: int, notes: Notes) -> None:
    """By chance, but the same each time: some pages fail, once or several times, in ways that pass or not."""
    in_flight = 1 + seed % 4
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    plan = {
        page: [chance.choice(QUICK) for _ in range(chance.choice((1, 1, 2, 3, 4)))]
        for page in PAGES
        if chance.random() < 0.4
    }
    if chance.random() < 0.5:
        page = chance.choice(PAGES)
        plan[page] = [*plan.get(page, [])[: TRIES - 1], chance.choice(FINAL)]
    fatal = [page for page, faults in sorted(plan.items()) if not _passes(faults)]
    with (
        notes.line("several faults") as line,
        fetching(in_flight=in_flight) as fetcher,
        server(plan) as over,
    ):
        drive = Driver(over, fetcher)
        loaded = drive.load(query("nps"))
        line.add(len(loaded.requests), loaded.shown)
        if not fatal:
            is_whole(loaded, TRUTH)
        elif fatal[0] == 1:
            first = _last(plan[1])
            is_refused(loaded, first.error, first.says)
        else:
            assert loaded.dataset is not None
            came, half = divmod(loaded.dataset.rows, CAP)
            # Pages side by side: one that no other can survive ends those that are being tried again.
            assert (came + 1 == fatal[0]) if in_flight == 1 else (0 < came < fatal[0])
            assert half == 0
            says = "|".join(_last(plan[page]).says for page in fatal)
            is_marked(loaded, exported("nps", RECORDS[: came * CAP]), [APRIL], says)
        assert len(loaded.requests) <= len(PAGES) + sum(map(len, plan.values())) + 3
        over.respond = Api(RECORDS, CAP)
        is_whole(drive.load(query("nps")), TRUTH)


def _passes(faults: Sequence[Fault]) -> bool:
    return len(faults) < TRIES and all(fault.passes for fault in faults)


def _last(faults: Sequence[Fault]) -> Fault:
    """The one after which the page is given up."""
    return next((fault for fault in faults if not fault.passes), faults[-1])


@covers("several faults")
def test_a_hundred_failing_loads_ask_less_and_less(notes: Notes) -> None:
    """Retries are shared by the process: an API that is down is not asked four times by everybody."""
    with (
        notes.line("several faults") as line,
        fetching() as fetcher,
        Server(lambda _: status(503)) as over,
    ):
        drive = Driver(over, fetcher)
        counts = [len(drive.load(query("nps")).requests) for _ in range(60)]
        assert counts[0] == TRIES
        assert counts[-1] == 1
        assert sum(counts) <= 60 + 110
        over.respond = lambda _: document(b'{"data": []}')
        assert drive.load(query("nps")).shown == "empty"
        line.add(sum(counts), "exit 5")
