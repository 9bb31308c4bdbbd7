"""A company's own dashboard: who gets in, what they are told, and where their token never is."""

import re

from playwright.sync_api import expect

from tests.outside.browser.conftest import Begin, link
from tests.outside.browser.visit import TITLES, Visit
from userlane.contract import Window
from userlane.sandbox import LIMITED_TOKEN, TOKEN

RENEW = "Settings > API Token"


DOCUMENT = """() => {
    const page = document.documentElement.cloneNode(true)
    page.querySelectorAll('input[type="password"]').forEach(field => field.removeAttribute('value'))
    return page.outerHTML
}"""
"""The whole page, but for what its visitor has just typed into the password field."""
STORAGE = "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state])"


def traces(visit: Visit, token: str) -> list[str]:
    """The places in a browser that hold a token, though they must never."""
    page = visit.page
    secret = token.encode()
    places = {
        "page": page.evaluate(DOCUMENT),
        "words": page.locator("body").inner_text(),
        "title": page.title(),
        "address": page.url,
        "console": "\n".join(visit.console),
        "storage": page.evaluate(STORAGE),
    }
    found = [place for place, text in places.items() if token in text]
    return found + [f"message {number}" for number, frame in enumerate(visit.received) if secret in frame]


def test_the_token_travels_to_the_server_and_never_back(
    own_dashboard: str, begin: Begin, month: Window
) -> None:
    """Not in the page, its address, its console, its storage, nor in any message from the server."""
    visit = begin(own_dashboard).open(link("/connect", month, "demo", "512"))
    visit.fill(LIMITED_TOKEN).press("Test connection")
    assert traces(visit, LIMITED_TOKEN) == []
    visit.connect(TOKEN)
    for title in TITLES:
        assert traces(visit.go(title), TOKEN) == []
    visit.press("Test connection")
    assert traces(visit, TOKEN) == []
    visit.press("Disconnect")
    assert traces(visit, TOKEN) == []
    assert any(TOKEN.encode() in frame for frame in visit.sent), "the frames were not seen at all"
    assert len(visit.received) > len(TITLES)


def test_a_wrong_token_is_told_and_may_be_replaced(own_dashboard: str, begin: Begin) -> None:
    """The form stays, says which API said what and where a new token is made; the next one is taken."""
    wrong = "a-token-of-yesterday"
    visit = begin(own_dashboard).open("/nps").fill(wrong, "demo", ["512"]).press("Connect")
    expect(visit.main.get_by_text(f"token rejected: make a new one under {RENEW}")).to_have_count(4)
    expect(visit.main.get_by_test_id("stMetric")).to_have_count(0)
    assert traces(visit, wrong) == []
    visit.connect(TOKEN, "demo")
    expect(visit.main.get_by_test_id("stMetric").first).to_be_visible()


def test_testing_the_connection_lists_every_api(own_dashboard: str, begin: Begin, month: Window) -> None:
    """Before connecting and after it, each API says for itself whether it works and what to do if not."""
    visit = begin(own_dashboard).open(link("/connect", month, "demo", "512"))
    visit.fill(LIMITED_TOKEN).press("Test connection")
    for _ in range(2):
        for api, answer in (
            ("HEART", "works"),
            ("NPS", "works"),
            ("Survey", "no right"),
            ("Tag", "no right"),
        ):
            line = visit.main.get_by_test_id("stMarkdown").filter(
                has_text=re.compile(rf"{api}.*: .*{answer}")
            )
            expect(line).to_be_visible()
        if visit.main.locator("input[type=password]").count():
            visit.connect(LIMITED_TOKEN).press("Test connection")


def test_disconnecting_forgets(own_dashboard: str, begin: Begin, month: Window) -> None:
    """The field is empty again, every page asks again, and the back button brings nothing back."""
    visit = begin(own_dashboard).open(link("/nps", month)).connect(TOKEN).go("Connect")
    visit.press("Disconnect")
    field = visit.main.locator("input[type=password]")
    expect(field).to_have_value("")
    expect(field).to_have_attribute("autocomplete", "current-password")
    for title in TITLES:
        expect(visit.go(title).main.locator("input[type=password]")).to_have_value("")
        expect(visit.main.get_by_test_id("stMetric")).to_have_count(0)
    visit.page.go_back()
    visit.settled()
    expect(visit.main.get_by_test_id("stMetric")).to_have_count(0)


def test_a_limited_token_keeps_the_pages_it_may_see(own_dashboard: str, begin: Begin, month: Window) -> None:
    """A missing right is told on its page, with a way to another token; other pages keep their numbers."""
    visit = begin(own_dashboard).open(link("/tags", month, "demo", "512")).connect(LIMITED_TOKEN)
    expect(visit.main.get_by_role("alert")).to_contain_text("no right to read Tags")
    expect(visit.main.get_by_test_id("stMetric")).to_have_count(0)
    expect(visit.go("NPS").main.get_by_test_id("stMetric").first).to_be_visible()
    expect(visit.go("Overview").main.get_by_test_id("stMetric").first).to_be_visible()
    visit.main.get_by_test_id("stPageLink").first.get_by_role("link").click()
    expect(visit.main.get_by_role("heading", level=1)).to_have_text("Connect")
    visit.settled()
