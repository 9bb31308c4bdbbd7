"""Pages in a real Chromium: from the click until the page stands still.

A view ends when the page has the right heading and the script rests, and both stay so for a quarter of a
second and fifteen frames; the time is that at which this rest began, seen from within the page, frame by
frame. Three kinds are told apart:

link   the address is opened in a new tab; the browser has the dashboard's files already
first  the page is chosen in the menu of a tab that has not shown it before
again  it is chosen once more, after another page

The moves are those of the browser tests, which also look for errors on the way.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Error, sync_playwright

from benchmarks import generated, ours
from benchmarks.dashboard import Dashboard, running, settings
from benchmarks.filled import fill_store
from benchmarks.table import Row, Say, Section, at_most, counted, middle
from tests.outside.browser.conftest import CHROMIUM, link
from tests.outside.browser.visit import DATA_TITLES, Visit
from userlane.contract import Window
from userlane.sandbox import serve

TYPICAL, LARGE = "demo", "large"
LARGE_DAYS = (30, 365)

Figures = dict[str, float]

_WATCH = """
    window.userlaneWatch = {begun: 0, busy: 0, title: null};
    const look = () => {
        const app = document.querySelector('[data-testid="stApp"]')
        const heading = document.querySelector('[data-testid="stMain"] h1')
        const {title} = window.userlaneWatch
        const rests = app && app.dataset.testScriptState === 'notRunning'
            && app.dataset.testConnectionState === 'CONNECTED'
            && heading && (title === null || heading.textContent.trim() === title)
        if (!rests) window.userlaneWatch.busy = performance.now()
        requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
"""
_BEGIN = "title => { const now = performance.now(); window.userlaneWatch = {begun: now, busy: now, title} }"
_TOOK = "(window.userlaneWatch.busy - window.userlaneWatch.begun) / 1000"


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser. Raises `RuntimeError` where there is none."""
    if CHROMIUM is None:
        raise RuntimeError("there is no Chromium; on Debian  sudo apt-get install -y chromium  brings it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        try:
            yield browser
        except Error as error:
            raise RuntimeError(f"the browser gave up: {error.message.splitlines()[0]}") from error
        finally:
            browser.close()


class Tab:
    """A tab whose views are timed, in seconds. A page that shows an error raises `RuntimeError`."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.visit = Visit(context.new_page(), address)
        self.visit.page.set_default_timeout(120_000)
        self.visit.page.add_init_script(_WATCH)

    def opens(self, path: str) -> float:
        """Open an address: the seconds since the browser began to go there."""
        self.visit.open(path)
        return self._took()

    def chooses(self, title: str) -> float:
        """Choose a page in the menu: the seconds since just before the click."""
        self.visit.page.evaluate(_BEGIN, title)
        self.visit.go(title)
        return self._took()

    def close(self) -> None:
        """End the session."""
        self.visit.page.close()

    def _took(self) -> float:
        page = self.visit.page
        if page.get_by_test_id("stException").count() or page.get_by_test_id("stAlertContentError").count():
            raise RuntimeError(f"{page.url} shows an error: {self.visit.text[:200]}")
        seconds: float = page.evaluate(_TOOK)
        return seconds


def viewed(
    context: BrowserContext, dashboard: Dashboard, parameters: str, titles: Sequence[str], name: str
) -> Figures:
    """Each page from the menu and once more, then by its link in a tab of its own."""
    figures: Figures = {}
    tab = Tab(context, dashboard.address)
    tab.opens(f"/connect{parameters}")
    for title in titles:
        figures[f"{name} {title} first"] = tab.chooses(title)
    for title in titles:
        if len(titles) == 1:
            tab.chooses("Connect")
        figures[f"{name} {title} again"] = tab.chooses(title)
    tab.close()
    for title in titles:
        other = Tab(context, dashboard.address)
        figures[f"{name} {title} link"] = other.opens(f"{_path(title)}{parameters}")
        other.close()
    return figures


def _path(title: str) -> str:
    return "/" if title == "Overview" else f"/{title.lower()}"


def _parameters(property_id: str, days: int, *surveys: str) -> str:
    window = Window(generated.latest(days).window.start, generated.today())
    return link("", window, property_id, *surveys)


def compared(browser: Browser, rows: int) -> Figures:
    """One run in a fresh server: the typical property, then the Tags page of the large one from its store."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(today=generated.today(), large_records=rows) as sandbox,
    ):
        place = ours.Place(sandbox.base_url, Path(folder), token=sandbox.token)
        filled = fill_store(place, generated.latest(generated.DAYS), generated.records(rows))
        figures: Figures = {"fill": filled.seconds, "rows": filled.rows}
        surveys = tuple(sandbox.surveys[TYPICAL])
        with running(settings(sandbox, Path(folder))) as dashboard:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            typical = _parameters(TYPICAL, generated.DAYS, *surveys)
            # Somebody has loaded the rows before: what a load takes is measured elsewhere.
            warming = Tab(context, dashboard.address)
            warming.opens(f"/connect{typical}")
            for title in DATA_TITLES:
                warming.chooses(title)
            warming.close()
            figures |= viewed(context, dashboard, typical, DATA_TITLES, TYPICAL)
            for days in LARGE_DAYS:
                # There is no year before the one stored.
                alone = "&compare=false" if days == generated.DAYS else ""
                parameters = _parameters(LARGE, days) + alone
                figures |= viewed(context, dashboard, parameters, ("Tags",), f"{LARGE} {days}")
            context.close()
    return figures


def views(rows: int, runs: int, say: Say) -> list[Section]:
    """The typical property's pages, and the Tags page of many rows."""
    found: list[Figures] = []
    with chromium() as browser:
        for _ in range(runs):
            say(f"pages, with {counted(rows)} stored records")
            found.append(compared(browser, rows))
    typical = [
        row
        for title in DATA_TITLES
        for row in _rows(found, f"{TYPICAL} {title}", title, first=1.0, again=0.5)
    ]
    large = [
        Row(
            f"filling the store with {counted(rows)} records",
            f"{middle(found, 'fill'):.1f} s",
        )
    ]
    for days, first in zip(LARGE_DAYS, (1.0, 1.5), strict=True):
        again = 0.5 if days == LARGE_DAYS[-1] else None
        large += _rows(found, f"{LARGE} {days} Tags", f"Tags, {days} days", first=first, again=again)
    return [
        Section("Pages of a typical property (demo, one year), loaded before, in a real browser", typical),
        Section(f"The Tags page out of {counted(rows)} stored records, not opened before", large),
    ]


def _rows(found: Sequence[Figures], name: str, words: str, *, first: float, again: float | None) -> list[Row]:
    seconds = {kind: middle(found, f"{name} {kind}") for kind in ("first", "again", "link")}
    shown = {kind: f"{value:.2f} s" for kind, value in seconds.items()}
    return [
        Row(f"{words}: first view", shown["first"], "", *at_most(seconds["first"], first, "s")),
        Row(
            f"{words}: view again",
            shown["again"],
            "",
            *(at_most(seconds["again"], again, "s") if again else ()),
        ),
        Row(f"{words}: by its link in a new tab", shown["link"]),
    ]
