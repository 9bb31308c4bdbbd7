"""Visitors with different tokens at one dashboard, asking the same: each gets their own, or nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.outside.browser.conftest import Begin, dashboard, link
from tests.outside.browser.visit import DATA_TITLES, Visit
from tests.responses import document, enveloped, status
from tests.server import Request, Response, Server
from tests.stand_in import Record
from userlane.contract import Window

MONTH = Window(date(2026, 9, 1), date(2026, 10, 1))
ANSWERS = 9000
ANNA, BERT, NOBODY = "made-up-anna", "made-up-bert", "made-up-none"


class Api:
    """Has NPS and Tags: for each known token the rows that bear its name, of one size for all."""

    def __init__(self) -> None:
        self.tokens = {ANNA: "anna", BERT: "bert"}

    def __call__(self, request: Request) -> Response:
        owner = self.tokens.get(request.token)
        if owner is None:
            return status(401, says="unknown token")
        start, end = (datetime.combine(day, time(), UTC) for day in (request.start, request.end))
        rows = [row for at, row in self._rows(owner, request.path.split("/")[4]) if start <= at < end]
        return document(enveloped(rows[(request.page - 1) * request.limit : request.page * request.limit]))

    @staticmethod
    def _rows(owner: str, dataset: str) -> Iterator[tuple[datetime, Record]]:
        midnight = datetime.combine(MONTH.start, time(), UTC)
        for number in range(ANSWERS if dataset in {"nps", "tags"} else 0):
            at = midnight + timedelta(minutes=4 * number)
            user = f"{owner}-{number:05d}"
            if dataset == "tags":
                yield at, {"date": f"{at:%Y-%m-%d}", "tagId": 4711, "userId": user, "interactions": 1}
            else:
                remark = f"{owner} writes remark {number:05d}, as long as any other: " + 60 * "."
                yield at, {"userId": user, "score": 9, "comment": remark, "timestamp": at.isoformat()}


@contextmanager
def company(**settings: str) -> Iterator[tuple[Api, str]]:
    """An API and a dashboard for it."""
    api = Api()
    with (
        Server(api) as server,
        dashboard(USERLANE_BASE_URL=server.base_url, USERLANE_SANDBOX="off", **settings) as address,
    ):
        yield api, address


def shown(visit: Visit) -> str:
    """Every word that reached the browser, drawn or not."""
    return b"".join(visit.received).decode("utf-8", "replace") + visit.page.content()


def sees(visit: Visit, words: str, tries: int = 200) -> bool:
    """Whether these words reach the browser within 20 seconds: rows arrive after the page stands."""
    for _ in range(tries):
        if words in shown(visit):
            return True
        visit.page.wait_for_timeout(100)
    return False


def enter(visit: Visit, token: str) -> Visit:
    """Open the link everybody got and connect with one's own token."""
    return visit.open(link("/nps", MONTH) + "&compare=false").connect(token)


@pytest.mark.parametrize("first", [ANNA, BERT])
def test_two_visitors_see_their_own_rows_and_a_refused_one_none_in_any_order(
    begin: Begin, tmp_path: Path, first: str
) -> None:
    """On a disk store, where rows of all lie side by side."""
    second = BERT if first == ANNA else ANNA
    with company(USERLANE_STORE=str(tmp_path)) as (api, address):
        turned_away = 0
        for token in (first, NOBODY, second, NOBODY, first):
            visit = begin(address)
            if token == NOBODY:
                visit.open(link("/nps", MONTH)).fill(token).press("Connect")
                expect(visit.main.get_by_text("token rejected").first).to_be_visible()
                assert not {"anna", "bert"} & set(shown(visit).replace("-", " ").split())
                assert visit.main.get_by_test_id("stMetric").count() == 0
                turned_away += 1
                continue
            own = api.tokens[token]
            (other,) = {"anna", "bert"} - {own}
            enter(visit, token)
            for title in DATA_TITLES:
                visit.go(title)
            visit.go("NPS")
            assert sees(visit, f"{own} writes")
            assert other not in shown(visit)
        assert turned_away == 2


def test_downloads_of_one_shape_above_a_megabyte_are_each_visitors_own(begin: Begin) -> None:
    with company() as (api, address):
        visits = {token: enter(begin(address), token) for token in (ANNA, BERT)}
        for kind in ("csv", "json"):
            files = {token: visit.download(kind) for token, visit in visits.items()}
            assert len({len(content) for _, content in files.values()}) == 1
            for token, (_, content) in files.items():
                assert len(content) > 2**20
                own = api.tokens[token].encode()
                assert content.count(own) == 2 * ANSWERS
                for other in set(api.tokens.values()) - {own.decode()}:
                    assert other.encode() not in content
        names = {name for name, _ in files.values()}
        assert len(names) == 2
        assert all(json.loads(content)["rows"] == ANSWERS for _, content in files.values())


def test_a_token_that_was_revoked_opens_nothing_any_more_after_a_reload(begin: Begin, tmp_path: Path) -> None:
    with company(USERLANE_STORE=str(tmp_path)) as (api, address):
        enter(begin(address), ANNA)
        enter(begin(address), BERT)
        del api.tokens[ANNA]
        visit = begin(address)
        visit.open(link("/nps", MONTH)).fill(ANNA).press("Connect")
        expect(visit.main.get_by_text("token rejected").first).to_be_visible()
        assert "anna writes" not in shown(visit)
        assert sees(enter(begin(address), BERT), "bert writes")
