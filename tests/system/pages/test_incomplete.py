"""Loads that fail, break off or are stopped: what is shown is marked, and what is asked for again."""

import threading
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta

import httpx
import pytest

from tests.stand_in import TOKEN, Api, Record, nps_records, tag_records
from tests.system.pages.conftest import TODAY, Open
from tests.system.pages.screen import DATA_TITLES, Screen
from userlane.contract import DatasetName, Window
from userlane.sandbox import TOKEN as SANDBOX_TOKEN

NINETY = Window(TODAY - timedelta(days=90), TODAY)
GAP = Window(NINETY.start + timedelta(days=28), NINETY.start + timedelta(days=56))
"""The second of the windows that 90 days of tags are fetched in."""

Behind = Callable[[httpx.BaseTransport], None]
VisitorOf = Callable[..., Screen]
Fault = Callable[[httpx.Request, int], httpx.Response | None]


def first_day(request: httpx.Request) -> date:
    return datetime.fromisoformat(request.url.params["startDate"]).date()


def asked_for(request: httpx.Request, dataset: DatasetName, window: Window = NINETY) -> bool:
    """Whether a page of this dataset is wanted that begins in the window; the connection's test is none."""
    inside = window.start <= first_day(request) < window.end
    return dataset in request.url.path and inside and request.url.params["limit"] != "1"


@pytest.fixture
def visitor_of(own: Open, behind: Behind, monkeypatch: pytest.MonkeyPatch) -> VisitorOf:
    """A visitor whose requests go to a stand-in for the API, connected, without the period before."""
    monkeypatch.setenv("USERLANE_BASE_URL", "http://127.0.0.1:9")

    def connected(api: Api, known_to: Callable[[Screen], None] = lambda _: None) -> Screen:
        behind(api)
        days = [NINETY.start.isoformat(), NINETY.last.isoformat()]
        visitor = own(range=days, compare="false", property="demo")
        known_to(visitor)
        return visitor.connect(TOKEN, "demo", "512")

    return connected


def three_months(fault: Fault | None = None) -> Api:
    """Tags and NPS of 90 days, 20 and 3 records a day."""
    records: dict[DatasetName, list[Record]] = {
        "tags": tag_records(NINETY, 20),
        "nps": nps_records(NINETY, 3),
    }
    return Api(records, fault=fault)


def test_a_gap_is_told_in_the_notice_in_every_card_and_in_the_files(
    visitor_of: VisitorOf,
) -> None:
    """A window that fails leaves the others usable, and no number of them without the mark."""
    down = httpx.Response(500, json={"message": "down"})
    api = three_months(lambda request, _: down if asked_for(request, "tags", GAP) else None)
    visitor = visitor_of(api).go("Tags")
    assert "Incomplete" in visitor.alerts
    assert GAP.describe() in visitor.alerts
    assert visitor.cards
    assert all(card.below.endswith("incomplete") for card in visitor.cards.values())
    assert all("incomplete" in below.value for _, _, below in visitor.beside("plotly_chart"))
    names = [str(button.key).rpartition(".")[0] for button in visitor.app.download_button]
    assert names
    assert all(name.endswith("-incomplete") for name in names)
    assert "Incomplete" not in visitor.go("NPS").alerts
    assert all(card.below.endswith(" complete") for card in visitor.cards.values())
    overview = visitor.go("Overview")
    assert "Incomplete" in overview.alerts
    assert overview.cards["NPS"].below.endswith(" complete")


def test_retrying_asks_only_for_what_is_missing(visitor_of: VisitorOf) -> None:
    """What arrived is kept: the button fetches the gap, and nothing asks for it before."""
    broken = threading.Event()
    broken.set()
    down = httpx.Response(500, json={"message": "down"})
    api = three_months(
        lambda request, _: down if broken.is_set() and asked_for(request, "tags", GAP) else None
    )
    visitor = visitor_of(api).go("Tags")
    broken.clear()
    so_far = len(api.requests)
    visitor.again().go("NPS").go("Tags")
    assert not any(asked_for(request, "tags") for request in api.requests[so_far:])
    so_far = len(api.requests)
    visitor.press("Retry the missing part")
    again = api.requests[so_far:]
    assert again
    assert all(asked_for(request, "tags", GAP) for request in again)
    assert visitor.alerts == ""
    assert all(card.below.endswith(" complete") for card in visitor.cards.values())
    assert "1 800 records" in visitor.words


def test_a_load_that_outgrows_its_limit_is_marked(own: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """`USERLANE_MAX_ROWS` protects the server; whoever hits it sees how much they look at."""
    monkeypatch.setenv("USERLANE_MAX_ROWS", "5_000")
    visitor = own().connect(SANDBOX_TOKEN, "demo").go("Tags")
    assert "Incomplete" in visitor.alerts
    assert "USERLANE_MAX_ROWS" in visitor.alerts
    assert all(card.below.endswith("incomplete") for card in visitor.cards.values())


def test_a_token_revoked_on_the_way_is_told_and_nothing_stays_unmarked(
    visitor_of: VisitorOf,
) -> None:
    """A 401 in the midst of a load ends it; what came before is not taken for the whole."""
    no = httpx.Response(401, json={"message": "expired"})
    api = three_months(lambda request, _: no if asked_for(request, "tags", GAP) else None)
    visitor = visitor_of(api).go("Tags")
    assert "rejected the token" in visitor.alerts
    assert all(card.below.endswith("incomplete") for card in visitor.cards.values())
    after = [request for request in api.requests if asked_for(request, "tags", GAP)]
    assert len(after) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, json={"message": "down"}),
        httpx.Response(502, text="<html>Bad gateway</html>"),
        httpx.Response(200, text="<!doctype html><title>Log in</title>"),
        httpx.Response(200, json={"error": "no"}),
        httpx.Response(200, content=b""),
        httpx.Response(302, headers={"Location": "https://elsewhere.example/"}),
    ],
    ids=["500", "502", "web page", "wrong envelope", "empty", "redirect"],
)
def test_an_api_that_gives_no_data_is_a_cause_and_a_next_step(
    visitor_of: VisitorOf, answer: httpx.Response
) -> None:
    """No number is drawn, nothing breaks, and other pages stay as they are."""
    api = three_months(lambda request, _: answer if asked_for(request, "nps") else None)
    visitor = visitor_of(api).go("NPS")
    assert visitor.numbers_drawn() == 0
    (error,) = visitor.app.main.error
    cause, _, next_step = error.value.removeprefix("**").partition("**")
    assert cause
    assert next_step.strip()
    assert visitor.go("Tags").cards
    assert visitor.alerts == ""


def test_an_api_that_asks_to_wait_is_not_asked_by_another_page(visitor_of: VisitorOf) -> None:
    """An hour is longer than anybody waits: it is said at once, on every page, without another request."""
    wait = httpx.Response(429, headers={"Retry-After": "3600"})
    api = three_months(lambda request, _: wait if asked_for(request, "nps") else None)
    visitor = visitor_of(api).go("NPS")
    for title in ("NPS", "Tags"):
        so_far = len(api.requests)
        visitor.go(title)
        # Tags may have had their first page before NPS was told to wait.
        assert all(card.below.endswith("incomplete") for card in visitor.cards.values())
        assert "60 min" in visitor.alerts
        assert len(api.requests) == so_far


def test_an_api_that_cannot_be_reached_is_told_and_can_be_tried_again(
    visitor_of: VisitorOf,
) -> None:
    """As soon as it is back, one press is enough."""
    away = threading.Event()
    away.set()

    def unplugged(request: httpx.Request, _number: int) -> None:
        if away.is_set() and asked_for(request, "nps"):
            raise httpx.ConnectError("unplugged", request=request)

    visitor = visitor_of(three_months(unplugged)).go("NPS")
    assert visitor.numbers_drawn() == 0
    assert visitor.alerts
    away.clear()
    assert visitor.press("Try again").cards
    assert visitor.alerts == ""


def test_values_left_out_are_counted_on_the_page(visitor_of: VisitorOf) -> None:
    """An NPS of 11 is not an answer; the page says that one is missing, and counts the rest."""
    api = three_months()
    api.records["nps"][5]["score"] = 11
    visitor = visitor_of(api).go("NPS")
    assert "1 " in visitor.alerts
    assert "left out" in visitor.alerts
    visitor.choose("nps-latest", False)
    assert "269 answers" in visitor.cards["NPS"].below


class Hand:
    """A visitor's hand on the stop: while it is of a visitor, each request that fits stops their loads."""

    def __init__(self, fits: Callable[[httpx.Request], bool]) -> None:
        self._fits = fits
        self.visitor: Screen | None = None

    def of(self, visitor: Screen | None) -> None:
        self.visitor = visitor

    def __call__(self, request: httpx.Request, _number: int) -> None:
        if self.visitor and self._fits(request):
            results = self.visitor.app.session_state["visit"].results
            # A load's first request may come a moment before the visit knows of the load.
            for _ in range(200):
                loading = [query for query, result in list(results.items()) if result.load is not None]
                if any(f"/{query.dataset}" in request.url.path for query in loading):
                    break
                time.sleep(0.01)
            for load in [result.load for result in list(results.values()) if result.load is not None]:
                load.stop()


def test_a_stopped_load_shows_what_arrived_and_asks_for_nothing_more(visitor_of: VisitorOf) -> None:
    """After a stop the rows at hand are shown as incomplete, and the rest waits for the visitor to ask."""
    hand = Hand(lambda request: asked_for(request, "tags", GAP))
    api = three_months(hand)
    visitor = visitor_of(api, hand.of).go("Tags")
    hand.of(None)
    assert all(card.below.endswith("incomplete") for card in visitor.cards.values())
    assert "stopped" in visitor.alerts
    so_far = len(api.requests)
    visitor.again().go("NPS").go("Tags")
    assert not any("tags" in request.url.path for request in api.requests[so_far:])
    visitor.press("Retry the missing part")
    assert all(card.below.endswith(" complete") for card in visitor.cards.values())


@pytest.mark.parametrize("title", DATA_TITLES)
def test_a_load_stopped_before_anything_came_says_so(visitor_of: VisitorOf, title: str) -> None:
    """There is no number then, only the word that it was stopped, and a way to go on."""
    hand = Hand(lambda request: request.url.params["limit"] != "1")
    api = three_months(hand)
    visitor = visitor_of(api, hand.of).go(title)
    assert visitor.numbers_drawn() == 0
    assert "stopped" in visitor.words
    hand.of(None)
    so_far = len(api.requests)
    visitor.again()
    assert len(api.requests) == so_far

    visitor.press("Try again")
    assert len(api.requests) > so_far
