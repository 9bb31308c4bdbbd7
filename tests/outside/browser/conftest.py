"""A real dashboard and a real Chromium.

Every visit is watched: an exception on the page, a console error, a script error or a request to a foreign
host fails its test.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.outside.browser.visit import PATIENCE, Visit
from tests.ports import reserved
from userlane.contract import Window
from userlane.sandbox import Sandbox, serve

ROOT = Path(__file__).parents[3]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SECONDS_TO_START = 60

Begin = Callable[..., Visit]


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
    kept = {name: value for name, value in os.environ.items() if not name.startswith("USERLANE_")}
    own = {"USERLANE_STORE": "none"} | environment
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    options = ["--server.headless=true", "--server.address=127.0.0.1"]
    with tempfile.TemporaryFile() as said, reserved() as port:
        process = subprocess.Popen(
            [*command, *options, f"--server.port={port}"],
            cwd=ROOT,
            env=kept | own,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            if not _ready(address, process):
                said.seek(0)
                pytest.fail(f"The server did not come up.\n{said.read().decode()}")
            yield address
        finally:
            process.terminate()
            process.wait(10)


def _ready(address: str, process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < until:
        try:
            return httpx.get(f"{address}/healthz", timeout=5).is_success
        except httpx.TransportError:
            time.sleep(0.05)
    return False


@pytest.fixture(scope="session")
def sample_dashboard() -> Iterator[str]:
    """A dashboard without any settings: it offers the sample data."""
    with dashboard() as address:
        yield address


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The stand-in for the API, on the day this run began."""
    with serve(today=datetime.now(UTC).date()) as running:
        yield running


@pytest.fixture(scope="session")
def month(sandbox: Sandbox) -> Window:
    """The last 30 days of the sandbox."""
    return Window(sandbox.today - timedelta(days=30), sandbox.today)


@pytest.fixture(scope="session")
def own_dashboard(sandbox: Sandbox) -> Iterator[str]:
    """A dashboard that is set up for an API and asks for tokens."""
    with dashboard(USERLANE_BASE_URL=sandbox.base_url, USERLANE_SANDBOX="off") as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; each visit is a context of its own."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        yield running
        running.close()


@contextmanager
def _visits(browser: Browser) -> Iterator[Begin]:
    visits: list[Visit] = []

    def beginning(address: str, **context: Any) -> Visit:
        visits.append(Visit.begin(browser, address, **context))
        return visits[-1]

    yield beginning
    troubles = [trouble for visit in visits for trouble in visit.troubles]
    exceptions = sum(visit.page.get_by_test_id("stException").count() for visit in visits)
    for visit in visits:
        visit.page.context.close()
    assert troubles == []
    assert exceptions == 0


@pytest.fixture
def begin(browser: Browser) -> Iterator[Begin]:
    """Begins visits, each in a context of its own; afterwards none may have seen trouble."""
    with _visits(browser) as beginning:
        yield beginning


@pytest.fixture(scope="module")
def begin_once(browser: Browser) -> Iterator[Begin]:
    """The same for what several tests of a module look at."""
    with _visits(browser) as beginning:
        yield beginning


def link(path: str, window: Window, property_id: str = "demo", *survey_ids: str) -> str:
    """A link to a page with filters, as the address bar would have it."""
    days = f"range={window.start.isoformat()}&range={window.last.isoformat()}"
    surveys = "".join(f"&survey={survey_id}" for survey_id in survey_ids)
    return f"{path}?property={property_id}&{days}{surveys}"
