"""Rows that are added or removed while they are fetched: fetched once more, or marked."""

from collections.abc import Callable

import pytest

from tests.responses import document, enveloped
from tests.server import Request, Response, Server
from tests.system.faults.loads import Driver, fetching, is_whole
from tests.system.faults.records import APRIL, Record, exported, nps, query
from tests.system.faults.table import Notes, covers
from tests.system.faults.test_paging import CAP, page_of

NPS = query("nps")
Change = Callable[[list[Record]], None]
ADDED = {**nps(1)[0], "id": 5, "userId": "late"}


def add(records: list[Record]) -> None:
    """A record comes in before all others, as with the newest first."""
    records.insert(0, {**ADDED, "id": ADDED["id"] + len(records)})


def remove(records: list[Record]) -> None:
    """The first record goes."""
    del records[0]


class Moving:
    """Holds records that change just before a page is sent, the first `times` times that one is asked for."""

    def __init__(self, change: Change, page: int, times: int, *, total: bool) -> None:
        self.records = nps(6 * CAP)
        self._change = change
        self._page = page
        self._left = times
        self._total = total

    def __call__(self, request: Request) -> Response:
        """What to send."""
        if request.page == self._page and self._left:
            self._left -= 1
            self._change(self.records)
        said = {"total": len(self.records)} if self._total else {}
        return document(enveloped(page_of(self.records, request.page), **said))


@covers("rows added once", "rows removed once")
@pytest.mark.parametrize(
    ("fault", "change", "total"),
    [("rows added once", add, False), ("rows added once", add, True), ("rows removed once", remove, True)],
)
def test_rows_that_changed_while_they_were_fetched_are_fetched_once_more(
    fault: str, change: Change, *, total: bool, notes: Notes
) -> None:
    with notes.line(fault) as line, fetching() as fetcher:
        for page in range(2, 7):
            moving = Moving(change, page, 1, total=total)
            with Server(moving) as over:
                loaded = Driver(over, fetcher).load(NPS)
                is_whole(loaded, exported("nps", moving.records))
                assert len(loaded.requests) <= 2 * 8
                line.add(len(loaded.requests), loaded.shown, page)


@covers("rows added again and again", "rows removed again and again")
@pytest.mark.parametrize(
    ("fault", "change", "total"),
    [
        ("rows added again and again", add, False),
        ("rows added again and again", add, True),
        ("rows removed again and again", remove, True),
    ],
)
def test_rows_that_never_hold_still_are_marked(
    fault: str, change: Change, *, total: bool, notes: Notes
) -> None:
    with notes.line(fault) as line, fetching() as fetcher:
        for page in range(2, 7):
            moving = Moving(change, page, 100, total=total)
            with Server(moving) as over:
                loaded = Driver(over, fetcher).load(NPS)
                assert loaded.shown == "incomplete"
                assert loaded.dataset is not None
                assert loaded.dataset.state.missing == (APRIL,)
                assert "changed" in " ".join(loaded.dataset.state.reasons)
                ids = loaded.dataset.table["response_id"].to_pylist()
                assert len(set(ids)) == len(ids), "a repeated row was counted twice"
                assert len(loaded.requests) <= 2 * 8
                line.add(len(loaded.requests), loaded.shown, page)
