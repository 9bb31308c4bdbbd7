"""Links: what they carry, what they ask of whoever opens them, and that any page may be the first."""

from playwright.sync_api import expect

from tests.outside.browser.conftest import Begin, dashboard
from tests.outside.browser.visit import TITLES, Visit
from userlane.contract import Window
from userlane.sandbox import LIMITED_TOKEN, TOKEN, Sandbox


def asks_for_a_token(visit: Visit) -> None:
    """The form is there, and no number is."""
    expect(visit.main.locator("input[type=password]")).to_be_visible()
    expect(visit.main.get_by_test_id("stMetric")).to_have_count(0)
    expect(visit.main.get_by_test_id("stPlotlyChart")).to_have_count(0)
    expect(visit.main.get_by_test_id("stDataFrame")).to_have_count(0)


def test_a_link_shows_the_same_page_to_whoever_connects(own_dashboard: str, begin: Begin) -> None:
    """A link carries property, days and surveys but no token; with a token of one's own it shows the same."""
    mine = begin(own_dashboard).open().connect(TOKEN, "demo", ["512 After onboarding", "514"])
    mine.choose("Period", "Last 7 days").go("NPS")
    carried = mine.link
    assert carried["property"] == ["demo"]
    assert carried["survey"] == ["512", "514"]
    assert len(carried["range"]) == 2
    assert TOKEN not in mine.page.url

    theirs = begin(own_dashboard).open(mine.page.url)
    asks_for_a_token(theirs)
    expect(theirs.main.get_by_role("heading", level=1)).to_have_text("NPS")
    assert theirs.link == carried
    theirs.connect(LIMITED_TOKEN)
    expect(theirs.main.get_by_role("heading", level=1)).to_have_text("NPS")
    assert theirs.link == carried
    assert theirs.text == mine.text
    for control in ("Property", "Period"):
        chosen = mine.sidebar.get_by_role("combobox", name=control).input_value()
        expect(theirs.sidebar.get_by_role("combobox", name=control)).to_have_value(chosen)


def test_a_link_follows_the_visitor_through_pages_and_reloads(
    own_dashboard: str, begin: Begin, month: Window
) -> None:
    """The address bar is worth copying at any time, from the first page on; nobody has to touch a filter."""
    visit = begin(own_dashboard).open().connect(TOKEN, "demo", ["513"])
    for title in TITLES:
        carried = visit.go(title).link
        assert carried["property"] == ["demo"]
        assert carried["survey"] == ["513"]
        assert len(carried["range"]) == 2, title
    visit.go("Surveys").page.reload()
    visit.settled()
    asks_for_a_token(visit)
    assert visit.connect(TOKEN).link == carried
    assert Window.describe(month) in visit.text


def test_any_page_may_be_the_first_that_a_server_is_asked_for(sandbox: Sandbox, begin: Begin) -> None:
    """A deep link as the very first request after a start: title, form and navigation, no bare script."""
    with dashboard(USERLANE_BASE_URL=sandbox.base_url, USERLANE_SANDBOX="off") as cold:
        visit = begin(cold).open("/nps")
        expect(visit.main.get_by_role("heading", level=1)).to_have_text("NPS")
        asks_for_a_token(visit)
        names = visit.page.get_by_test_id("stSidebarNav").get_by_role("link").all_inner_texts()
        assert [name.strip().splitlines()[-1] for name in names] == list(TITLES)
        assert visit.page.title().startswith(("NPS", "Userlane"))
        assert visit.connect(TOKEN, "demo").page.url.startswith(f"{cold}/nps?")
        expect(visit.main.get_by_test_id("stMetric").first).to_be_visible()


def test_rubbish_in_a_link_is_passed_over(own_dashboard: str, begin: Begin) -> None:
    """A range the wrong way round, and values that are none, leave a page that works."""
    visit = begin(own_dashboard)
    visit.open("/heart?property=demo&range=2026-03-31&range=2026-03-01&compare=maybe&survey=a/b&x=<y>")
    visit.connect(TOKEN, surveys=[])
    expect(visit.main.get_by_role("heading", level=1)).to_have_text("HEART")
    assert "1 Mar – 31 Mar 2026" in visit.text
