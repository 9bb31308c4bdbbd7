"""Pictures of every page for the documentation, taken in a real Chromium and kept small.

The dashboard is the one of the browser tests: a server of its own on a free port, without any settings,
ended when the pictures are taken. What is on them is the sample data of the days before today.
"""

import io
import sys
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, Visit, dashboard

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
LARGEST = 250_000
"""Bytes; larger pictures would make every clone slow."""

COLOURS = (256, 192, 128, 96, 64)


class Shot(NamedTuple):
    """One picture: the page by its title, how it is looked at, and how far down it may go."""

    name: str
    title: str
    theme: str = "light"
    width: int = 1440
    height: int = 1000


SHOTS = (
    Shot("overview-light", "Overview"),
    Shot("overview-dark", "Overview", theme="dark"),
    Shot("heart", "HEART"),
    Shot("nps", "NPS"),
    Shot("surveys", "Surveys"),
    Shot("tags", "Tags"),
    Shot("connect", "Connect"),
    Shot("overview-phone", "Overview", width=390, height=844),
)


def take(browser: Browser, address: str, shot: Shot) -> bytes:
    """A visit that opens the sample data and the page, as a PNG. A page that failed raises `RuntimeError`."""
    scheme = "dark" if shot.theme == "dark" else "light"
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height}, color_scheme=scheme, reduced_motion="reduce"
    )
    try:
        visit = Visit(context.new_page(), address).open()
        if shot.name != "connect":
            visit.press("Open the sample data")
        if shot.title not in {"Overview", "Connect"}:
            visit.go(shot.title)
        if visit.page.get_by_test_id("stException").count():
            raise RuntimeError(f"{shot.title} shows an error")
        return still(visit.page)
    finally:
        context.close()


def still(page: Page, tries: int = 40) -> bytes:
    """The page once two pictures in a row are the same: charts and tables are drawn after the script ends."""
    before = b""
    for _ in range(tries):
        picture = page.screenshot(animations="disabled", caret="hide")
        if picture == before:
            return picture
        before = picture
        page.wait_for_timeout(400)
    raise RuntimeError("the page does not come to rest")


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
    """Take all pictures; nothing is replaced unless every one of them came out."""
    if CHROMIUM is None:
        sys.exit("There is no Chromium; on Debian  sudo apt-get install -y chromium fonts-dejavu-core  brings it.")
    with dashboard() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        pictures = {shot.name: small(take(browser, address, shot)) for shot in SHOTS}
        browser.close()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        (FOLDER / f"{name}.png").write_bytes(picture)
        print(f"docs/screenshots/{name}.png  {len(picture) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
