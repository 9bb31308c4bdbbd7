"""Pictures of every page for the documentation, taken in a real Chromium and kept small.

Server and moves are those of the browser tests: a dashboard of its own on a free port, ended when the
pictures are taken. What is on them is the sample data of the days before today.
"""

import io
import sys
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

from tests.outside.browser.conftest import CHROMIUM, Visit, dashboard

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
LARGEST = 250_000
"""Bytes; with larger pictures every clone would be slow."""

TALLEST = 1400
"""Pixels; longer pages are cut above a heading."""

COLOURS = (256, 192, 128, 96, 64)


class Shot(NamedTuple):
    """One picture: the page by its title, and how it is looked at."""

    name: str
    title: str
    dark: bool = False
    width: int = 1440


SHOTS = (
    Shot("overview-light", "Overview"),
    Shot("overview-dark", "Overview", dark=True),
    Shot("heart", "HEART"),
    Shot("nps", "NPS"),
    Shot("surveys", "Surveys"),
    Shot("tags", "Tags"),
    Shot("overview-phone", "Overview", width=390),
)
FORM = Shot("connect", "Connect")


def visited(browser: Browser, address: str, shot: Shot) -> Visit:
    """A visit in a window of the shot's width, at the first page."""
    context = browser.new_context(
        viewport={"width": shot.width, "height": 900}, color_scheme="dark" if shot.dark else "light"
    )
    return Visit(context.new_page(), address).open()


def sample(browser: Browser, address: str, shot: Shot) -> bytes:
    """A page with the sample data."""
    visit = visited(browser, address, shot).press("Open the sample data")
    # On a phone the menu is closed; the first page is there without it.
    return taken(visit if shot.title == "Overview" else visit.go(shot.title))


def taken(visit: Visit) -> bytes:
    """The page from its top through its last section that fits, as a PNG. Ends the visit.

    Raises `RuntimeError` when the page shows an error or never stands still.
    """
    page = visit.page
    page.set_viewport_size({"width": _width(page), "height": _heights(page)[-1]})
    visit.settled()
    if page.get_by_test_id("stException").count():
        raise RuntimeError(f"{page.url} shows an error")
    height = max((height for height in _heights(page) if height <= TALLEST), default=TALLEST)
    picture = still(page, {"x": 0, "y": 0, "width": _width(page), "height": height})
    page.context.close()
    return picture


def still(page: Page, part: FloatRect, tries: int = 40) -> bytes:
    """The picture once two in a row are the same: charts and tables are drawn after the script has ended."""
    before = b""
    for _ in range(tries):
        picture = page.screenshot(clip=part, animations="disabled")
        if picture == before:
            return picture
        before = picture
        page.wait_for_timeout(400)
    raise RuntimeError(f"{page.url} does not stand still")


def _width(page: Page) -> int:
    width: int = page.evaluate("innerWidth")
    return width


def _heights(page: Page) -> list[int]:
    """Where the page can be cut: above each section's heading, and at its end."""
    heights: list[int] = page.get_by_test_id("stMain").evaluate(
        "main => [...main.querySelectorAll('h3')].map(heading => heading.getBoundingClientRect().top)"
        ".concat(Math.max(main.scrollHeight, innerHeight)).map(Math.floor)"
    )
    return heights


def small(picture: bytes) -> bytes:
    """The picture with as many colours as fit into `LARGEST` bytes."""
    full = Image.open(io.BytesIO(picture)).convert("RGB")
    for colours in COLOURS:
        packed = io.BytesIO()
        full.quantize(colours, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
        if packed.tell() < LARGEST:
            return packed.getvalue()
    raise RuntimeError(f"the picture does not fit into {LARGEST:,} bytes")


def main() -> None:
    """Take all pictures; none is replaced before every one has come out."""
    if CHROMIUM is None:
        sys.exit("There is no Chromium: on Debian  sudo apt-get install -y chromium  brings it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        with dashboard() as address:
            pictures = {shot.name: small(sample(browser, address, shot)) for shot in SHOTS}
        with dashboard(USERLANE_BASE_URL="https://api.example.com") as address:
            pictures[FORM.name] = small(taken(visited(browser, address, FORM).go(FORM.title)))
        browser.close()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (FOLDER / f"{name}.png").write_bytes(picture)
        print(f"docs/screenshots/{name}.png  {len(picture) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
