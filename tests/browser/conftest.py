"""A real dashboard and a real Chromium.

Every visit is watched: a console error, a script error or a request to a foreign host fails its test.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from userlane.sandbox import Sandbox, serve

ROOT = Path(__file__).parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all of this folder as browser tests; without Chromium they cannot run."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None and not os.environ.get("CI"):
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


@contextmanager
def dashboard(**environment: str) -> Iterator[str]:
    """A fresh server with these settings; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("USERLANE_")}
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    options = [f"--server.port={port}", "--server.headless=true", "--server.address=127.0.0.1"]
    process = subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        env=kept | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            assert process.poll() is None, "the server ended"
            try:
                if httpx.get(f"{address}/healthz", timeout=1).json() == {"status": "ok"}:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def sample_dashboard() -> Iterator[str]:
    """A dashboard without any settings: it offers the sample data."""
    with dashboard() as address:
        yield address


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The stand-in for the API."""
    with serve() as running:
        yield running


@pytest.fixture(scope="session")
def own_dashboard(sandbox: Sandbox) -> Iterator[str]:
    """A dashboard that is set up for an API and asks for tokens."""
    with dashboard(USERLANE_BASE_URL=sandbox.base_url, USERLANE_SANDBOX="off") as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; each visit is a context of its own."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        yield running
        running.close()


@dataclass
class Visit:
    """A browser tab at one dashboard, with the moves a visitor makes."""

    page: Page
    address: str
    troubles: list[str] = field(default_factory=list)

    def open(self, path: str = "/") -> "Visit":
        """Go to a path and wait until it is drawn."""
        self.page.goto(self.address + path)
        return self.settled()

    def settled(self) -> "Visit":
        """Wait until the script has run to its end and the page has stood still for a moment."""
        app = self.page.locator('[data-testid="stApp"]')
        for _ in range(3):
            self.page.wait_for_timeout(150)
            app.and_(
                self.page.locator(
                    '[data-test-script-state="notRunning"][data-test-connection-state="CONNECTED"]'
                )
            ).wait_for(timeout=30_000)
        return self

    def press(self, name: str) -> "Visit":
        """Press a button and wait."""
        self.page.get_by_role("button", name=name, exact=True).click()
        return self.settled()

    def go(self, title: str) -> "Visit":
        """Choose a page in the navigation and wait."""
        self.page.get_by_test_id("stSidebarNav").get_by_role("link", name=title, exact=True).click()
        self.page.get_by_role("heading", name=title, level=1, exact=True).wait_for()
        return self.settled()

    def text(self) -> str:
        """All words of the main part of the page."""
        return self.page.get_by_test_id("stMain").inner_text()

    def download(self, button: str) -> tuple[str, bytes]:
        """Press a download button; answers the file's name and content."""
        with self.page.expect_download() as coming:
            self.page.locator(f'[class*="st-key-{button}"] button').click()
        arrived = coming.value
        return arrived.suggested_filename, Path(arrived.path()).read_bytes()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens visits in contexts of their own; afterwards none may have seen trouble."""
    visits: list[Visit] = []

    def begin(address: str, width: int = 1440, height: int = 900) -> Visit:
        context = browser.new_context(viewport={"width": width, "height": height})
        visited = Visit(context.new_page(), address)
        host = urlsplit(address).netloc
        page = visited.page
        page.on("pageerror", lambda error: visited.troubles.append(f"script error: {error}"))
        page.on(
            "console", lambda line: line.type == "error" and visited.troubles.append(f"console: {line.text}")
        )
        page.on(
            "request",
            lambda request: (
                urlsplit(request.url).netloc not in {host, ""}
                and visited.troubles.append(f"foreign request: {request.url}")
            ),
        )
        visits.append(visited)
        return visited

    yield begin
    troubles = [trouble for visited in visits for trouble in visited.troubles]
    exceptions = [visited.page.get_by_test_id("stException").count() for visited in visits]
    for visited in visits:
        visited.page.context.close()
    assert troubles == []
    assert not any(exceptions)
