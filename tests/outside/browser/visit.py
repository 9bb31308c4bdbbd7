"""A browser tab at a dashboard, and the moves a visitor makes in it."""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Locator, Page, Request, WebSocket, expect
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

TITLES = ("Overview", "HEART", "NPS", "Surveys", "Tags", "Connect")
DATA_TITLES = TITLES[:-1]

# A run of the script begins a moment after a click, and charts keep the page busy: it has settled when the
# script has been at rest and all charts drawn for a quarter of a second and fifteen frames, and nothing that
# the page asked of the server is open, which on a busy machine takes longer to begin than any such moment.
_AT_REST = """wait => {
    const app = document.querySelector('[data-testid="stApp"]')
    const rests = app && app.dataset.testScriptState === 'notRunning'
        && app.dataset.testConnectionState === 'CONNECTED'
        && !document.querySelector('[data-testid="stSkeleton"]')
        && [...document.querySelectorAll('.js-plotly-plot')].every(each => each.querySelector('.main-svg'))
    const calm = window.userlaneCalm
    if (!rests || !calm || calm.wait !== wait) {
        window.userlaneCalm = {wait, since: performance.now(), frames: 0}
        return false
    }
    calm.frames += 1
    return calm.frames > 15 && performance.now() - calm.since > 250
}"""
_WAITS = count()

_UPLOAD = "/_stcore/upload_file/"
# What a page asks over its WebSocket that sets something off, and the message that ends it.
_ANSWERED_BY = {"rerun_script": "script_finished", "file_urls_request": "file_urls_response"}

# Opened by a deep link, Streamlit first looks for its server below the page's own path, where there is none.
_FEELING_ITS_WAY = re.compile(r"/[a-z]+/_stcore/(health|host-config)$")

_SIDEWAYS = """() => [document.documentElement, document.querySelector('[data-testid="stMain"]')]
    .filter(element => element.scrollWidth > element.clientWidth)
    .map(element => `${element.tagName}: ${element.scrollWidth} > ${element.clientWidth}`)"""

PATIENCE = 60_000
"""Milliseconds after which something that was waited for will not come any more."""

NARROW = 768


@dataclass
class Visit:
    """One visitor: a page in a browser context of its own, watched from the first request on."""

    page: Page
    address: str
    troubles: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    asked: int = 0
    open_questions: set[str] = field(default_factory=set)

    @classmethod
    def begin(cls, browser: Browser, address: str, **context: Any) -> Self:
        """A new visitor, who has not opened anything yet."""
        viewport = {"width": 1440, "height": 900}
        page = browser.new_context(**{"viewport": viewport} | context).new_page()
        page.set_default_timeout(PATIENCE)
        visit = cls(page, address)
        page.on("pageerror", lambda error: visit.troubles.append(f"script error: {error}"))
        page.on("console", visit._hear)
        page.on("request", visit._ask)
        page.on("requestfinished", visit._answered)
        page.on("requestfailed", visit._answered)
        page.on("websocket", visit._listen)
        return visit

    def _hear(self, line: Any) -> None:
        self.console.append(line.text)
        if line.type == "error" and not _FEELING_ITS_WAY.search(line.location["url"]):
            self.troubles.append(f"console: {line.text} {line.location['url']}")

    def _check_host(self, url: str) -> None:
        if urlsplit(url).netloc not in {urlsplit(self.address).netloc, ""}:
            self.troubles.append(f"foreign request: {url}")

    def _ask(self, request: Request) -> None:
        self._check_host(request.url)
        if _UPLOAD in request.url:
            self._open_question(request.url)

    def _answered(self, request: Request) -> None:
        self.open_questions.discard(request.url)

    def _open_question(self, answer: str) -> None:
        self.asked += 1
        self.open_questions.add(answer)

    def _listen(self, socket: WebSocket) -> None:
        self._check_host(socket.url)
        self.open_questions.clear()
        socket.on("framereceived", lambda frame: self._receive(_bytes(frame)))
        socket.on("framesent", lambda frame: self._send(_bytes(frame)))

    def _send(self, frame: bytes) -> None:
        self.sent.append(frame)
        if answer := _ANSWERED_BY.get(BackMsg.FromString(frame).WhichOneof("type")):
            self._open_question(answer)

    def _receive(self, frame: bytes) -> None:
        self.received.append(frame)
        message = ForwardMsg.FromString(frame)
        # A run that ends early does so because another one was asked for, which is still to come.
        if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self.open_questions.discard(message.WhichOneof("type"))

    def open(self, path: str = "/") -> Self:
        """Go to a path, or to a whole link, and wait until it is drawn."""
        self.page.goto(path if path.startswith("http") else self.address + path)
        return self.settled()

    def settled(self) -> Self:
        """Wait until the server has answered, the script has ended and the page has stood still a moment."""
        until = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < until:
            if self.open_questions:
                self.page.wait_for_timeout(20)
                continue
            asked = self.asked
            self.page.wait_for_function(_AT_REST, arg=next(_WAITS))
            if self.asked == asked:
                return self
        raise AssertionError(f"the page never came to rest: {sorted(self.open_questions)}")

    @property
    def main(self) -> Locator:
        """The page without the sidebar."""
        return self.page.get_by_test_id("stMain")

    @property
    def sidebar(self) -> Locator:
        """Navigation and filters."""
        return self.page.get_by_test_id("stSidebar")

    @property
    def text(self) -> str:
        """All words of the main part of the page."""
        return self.main.inner_text().replace("\u202f", " ").replace("\u2060", "")

    @property
    def link(self) -> dict[str, list[str]]:
        """The parameters in the address bar."""
        return parse_qs(urlsplit(self.page.url).query)

    def press(self, name: str) -> Self:
        """Press a button of the page and wait."""
        self.main.get_by_role("button", name=name, exact=True).first.click()
        return self.settled()

    def open_sample(self) -> Self:
        """Open the app and take the offer that needs no token."""
        return self.open().press("Open the sample data")

    def fill(self, token: str, property_id: str | None = None, surveys: Sequence[str] | None = None) -> Self:
        """Fill in the connection form; what is not given stays as it is."""
        form = self.main.get_by_test_id("stForm")
        form.locator("input[type=password]").fill(token)
        if property_id is not None:
            form.get_by_role("textbox", name=re.compile("^Property")).fill(property_id)
        if surveys is not None:
            form.get_by_role("textbox", name=re.compile("^Survey")).fill("\n".join(surveys))
        return self

    def connect(
        self, token: str, property_id: str | None = None, surveys: Sequence[str] | None = None
    ) -> Self:
        """Fill in the connection form, press Connect, and wait until something else is drawn."""
        self.fill(token, property_id, surveys).press("Connect")
        expect(self.main.locator("input[type=password]")).to_have_count(0)
        return self.settled()

    def go(self, title: str) -> Self:
        """Choose a page in the navigation, which on a narrow screen has to be unfolded first, and wait."""
        unfold = self.page.get_by_test_id("stExpandSidebarButton")
        if unfold.is_visible():
            unfold.click()
        self.page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
        expect(self.main.get_by_role("heading", level=1)).to_have_text(title)
        return self.settled()

    def fold_sidebar_if_narrow(self) -> Self:
        """On a narrow screen the sidebar lies over the page: put it away."""
        fold = self.page.get_by_test_id("stSidebarCollapseButton").get_by_role("button")
        unfold = self.page.get_by_test_id("stExpandSidebarButton")
        if self.page.evaluate("innerWidth") < NARROW and not unfold.is_visible():
            fold.click()
            expect(unfold).to_be_visible()
        return self.settled()

    def choose(self, name: str, option: str) -> Self:
        """Choose an option of a list in the sidebar and wait."""
        self.sidebar.get_by_role("combobox", name=name, exact=True).click()
        self.page.get_by_role("option", name=option, exact=True).click()
        return self.settled()

    def download(self, kind: str, view: str | None = None, survey_id: str | None = None) -> tuple[str, bytes]:
        """Take a file from the page's downloads: a table by the name in its file's name, or the raw records.

        Answers the file's name and content.
        """
        menu = self.page.get_by_test_id("stPopoverButton")
        if not self.page.get_by_test_id("stPopoverBody").is_visible():
            menu.click()
        buttons = self.page.locator('[class*="st-key-download-"]')
        expect(buttons.first).to_be_visible()
        days = r"\d{4}-\d\d-\d\d_\d{4}-\d\d-\d\d"
        survey, slug = survey_id or "", view or ""
        wanted = re.compile(
            rf"{survey}-{days}-{slug}{'-' if slug else ''}[0-9a-f]{{8}}(-[a-z]+)?-{kind}(\s|$)"
        )
        classes: list[str] = buttons.evaluate_all("all => all.map(each => each.className)")
        (place,) = (place for place, names in enumerate(classes) if wanted.search(names))
        with self.page.expect_download() as coming:
            buttons.nth(place).get_by_role("button").click()
        arrived = coming.value
        content = Path(arrived.path()).read_bytes()
        self.page.keyboard.press("Escape")
        self.settled()
        return arrived.suggested_filename, content

    def table(self, view: str) -> dict[str, Any]:
        """A table of the page as its JSON file has it."""
        found: dict[str, Any] = json.loads(self.download("json", view)[1])
        return found

    def sideways(self) -> list[str]:
        """What of the page is wider than the screen and would have to be scrolled."""
        found: list[str] = self.page.evaluate(_SIDEWAYS)
        return found


def _bytes(frame: str | bytes) -> bytes:
    return frame if isinstance(frame, bytes) else frame.encode()
