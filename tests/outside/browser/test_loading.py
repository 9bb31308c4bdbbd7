"""What loading costs the API, and who is in charge of it."""

import re
from datetime import timedelta

from playwright.sync_api import expect

from tests.outside.browser.conftest import Begin, link
from tests.outside.browser.visit import DATA_TITLES
from userlane.contract import Window
from userlane.sandbox import TOKEN, Sandbox

PROGRESS = re.compile(r"[1-9][\d\s]* (records so far|of about)")


def test_fewer_days_of_what_is_loaded_cost_no_request(
    own_dashboard: str, begin: Begin, sandbox: Sandbox, month: Window
) -> None:
    """A narrower range, the pages again, a chart's switch: all of it is answered from what is there."""
    visit = begin(own_dashboard).open(link("/", month, "demo", "512")).connect(TOKEN)
    for title in DATA_TITLES:
        visit.go(title)
    before = sandbox.requests
    visit.choose("Period", "Last 7 days")
    week = Window(month.end - timedelta(days=7), month.end)
    for title in ("HEART", "Tags", "Overview"):
        assert week.describe() in visit.go(title).text
    visit.sidebar.get_by_text("Compare with").click()
    visit.settled()
    assert sandbox.requests == before
    visit.choose("Period", "Last 90 days")
    assert sandbox.requests > before


def test_a_long_load_shows_how_far_it_is_and_stops_when_told(
    begin: Begin, own_dashboard: str, sandbox: Sandbox
) -> None:
    """Ten million records: a count that grows, a button, then no request more and no number unmarked."""
    year = Window(sandbox.today - timedelta(days=365), sandbox.today)
    visit = begin(own_dashboard).open(link("/tags", year, "large") + "&compare=false")
    before = sandbox.requests
    visit.fill(TOKEN)
    visit.main.get_by_role("button", name="Connect", exact=True).click()
    visit.main.get_by_role("button", name="Load them").click()
    stop = visit.main.get_by_role("button", name=re.compile("^Stop"))
    expect(stop).to_be_visible()
    progress = visit.main.get_by_text(PROGRESS)
    expect(progress).to_be_visible()
    first = progress.inner_text()
    expect(progress).not_to_have_text(first)
    stop.click()
    expect(stop).to_have_count(0)
    visit.settled()
    asked = sandbox.requests
    assert 0 < asked - before < 10_000
    expect(visit.main.get_by_role("alert").first).to_contain_text("stopped")
    for card in visit.main.get_by_test_id("stMetric").all():
        around = card.locator("xpath=ancestor::*[@data-testid='stVerticalBlock'][1]")
        expect(around).to_contain_text("incomplete")
    visit.go("Connect").go("Tags")
    assert sandbox.requests == asked


def test_leaving_a_long_load_stops_its_requests(begin: Begin, own_dashboard: str, sandbox: Sandbox) -> None:
    """Another range takes the place of the one that was loading; nobody waits for what nobody wants."""
    year = Window(sandbox.today - timedelta(days=365), sandbox.today)
    visit = begin(own_dashboard).open(link("/tags", year, "large") + "&compare=false")
    visit.fill(TOKEN)
    visit.main.get_by_role("button", name="Connect", exact=True).click()
    visit.main.get_by_role("button", name="Load them").click()
    expect(visit.main.get_by_text(PROGRESS)).to_be_visible()
    visit.sidebar.get_by_role("combobox", name="Property").fill("small")
    visit.page.keyboard.press("Enter")
    expect(visit.main.get_by_test_id("stMetric").first).to_be_visible()
    visit.settled()
    asked = sandbox.requests
    visit.go("Connect").go("Tags")
    assert sandbox.requests == asked


def test_the_requests_of_a_closed_tab_end_within_five_seconds(
    begin: Begin, own_dashboard: str, sandbox: Sandbox
) -> None:
    """Ten million records are under way when their reader goes; a reader of another page had not gone."""
    year = Window(sandbox.today - timedelta(days=365), sandbox.today)
    visit = begin(own_dashboard).open(link("/tags", year, "large") + "&compare=false")
    visit.fill(TOKEN)
    visit.main.get_by_role("button", name="Connect", exact=True).click()
    visit.main.get_by_role("button", name="Load them").click()
    expect(visit.main.get_by_text(PROGRESS)).to_be_visible()
    visit.page.goto("about:blank")
    visit.page.wait_for_timeout(5_000)
    asked = sandbox.requests
    visit.page.wait_for_timeout(2_000)
    assert sandbox.requests == asked
