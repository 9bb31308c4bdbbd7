"""A number whose rows are not all there, as a visitor meets it: marked, and mended by a press in its card."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, expect

from tests.outside.browser.conftest import Begin, dashboard, link
from tests.outside.browser.proxy import Proxy
from tests.outside.browser.visit import Visit
from userlane.contract import Window
from userlane.sandbox import TOKEN, Sandbox

RETRY = "Retry the missing part"


@pytest.fixture(scope="module")
def api(sandbox: Sandbox) -> Iterator[Proxy]:
    """The sandbox, behind a server that fails when it is told to."""
    with Proxy(sandbox.base_url) as running:
        yield running


@pytest.fixture(scope="module")
def failing_dashboard(api: Proxy) -> Iterator[str]:
    """A dashboard that asks that server."""
    with dashboard(USERLANE_BASE_URL=api.base_url, USERLANE_SANDBOX="off") as address:
        yield address


def cards(visit: Visit) -> list[Locator]:
    """The cards of the page: each number with what stands below it."""
    metrics = visit.main.get_by_test_id("stMetric").all()
    return [metric.locator("xpath=ancestor::*[@data-testid='stVerticalBlock'][1]") for metric in metrics]


def test_a_press_in_an_incomplete_card_fetches_what_is_missing_and_nothing_else(
    failing_dashboard: str, begin: Begin, api: Proxy, month: Window
) -> None:
    """The rows at hand stay on screen all the while; only the days that failed are asked for again."""
    visit = begin(failing_dashboard).open(link("/tags", month) + "&compare=false").connect(TOKEN)
    whole = visit.table("adoption")
    assert whole["complete"]
    gap = Window(month.end - timedelta(days=90), month.start)
    api.fails = lambda request: request.end <= gap.end
    visit.choose("Period", "Last 90 days")
    for card in cards(visit):
        expect(card).to_contain_text("incomplete")
        expect(card.get_by_role("button", name=RETRY)).to_be_visible()
        assert card.evaluate("card => card.scrollWidth <= card.clientWidth")
    partly = visit.table("adoption")
    assert not partly["complete"]
    assert sum(row["users"] for row in partly["records"]) >= sum(row["users"] for row in whole["records"])
    name, content = visit.download("csv", "adoption")
    assert name.endswith("-incomplete.csv")
    assert content.decode("utf-8-sig").splitlines()[0].endswith(",incomplete")

    before = [card.get_by_test_id("stMetricValue").inner_text() for card in cards(visit)]
    api.requests.clear()
    cards(visit)[1].get_by_role("button", name=RETRY).click()
    visit.settled()
    again = [card.get_by_test_id("stMetricValue").inner_text() for card in cards(visit)]
    assert again == before, "a retry that fails takes nothing away"
    assert api.requests

    api.fails = lambda _: False
    api.requests.clear()
    cards(visit)[1].get_by_role("button", name=RETRY).click()
    visit.settled()
    for card in cards(visit):
        expect(card).to_contain_text("complete")
        expect(card).not_to_contain_text("incomplete")
    expect(visit.main.get_by_role("button", name=RETRY)).to_have_count(0)
    assert api.requests
    for request in api.requests:
        assert request.path.endswith("/tags")
        assert gap.start <= request.start < request.end <= gap.end
    assert visit.table("adoption")["complete"]
    assert json.dumps(visit.table("adoption")["reasons"]) == "[]"


def test_a_page_that_fails_leaves_the_others_and_is_named(
    failing_dashboard: str, begin: Begin, api: Proxy, month: Window
) -> None:
    """On the Overview one box says whose numbers are not there; the rest is drawn."""
    earlier = Window(month.start - timedelta(days=200), month.end - timedelta(days=200))
    api.fails = lambda request: request.path.endswith("/nps") and request.start < month.start
    visit = begin(failing_dashboard).open(link("/", earlier, "demo", "512") + "&compare=false").connect(TOKEN)
    expect(visit.main.get_by_role("alert").first).to_contain_text("Not loaded: NPS responses.")
    assert len(cards(visit)) == 7
    api.fails = lambda _: False
    visit.press("Try again")
    expect(visit.main.get_by_role("alert")).to_have_count(0)
    assert len(cards(visit)) == 8
