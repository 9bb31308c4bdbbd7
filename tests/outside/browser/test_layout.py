"""Every page in both themes, on a desk and in a hand."""

import re

import pytest
from playwright.sync_api import expect

from tests.outside.browser.conftest import Begin
from tests.outside.browser.visit import DATA_TITLES, TITLES, Visit

DESK, HAND = (1440, 900), (390, 844)


@pytest.mark.parametrize("size", [DESK, HAND], ids=["desk", "hand"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_fits_the_screen(
    sample_dashboard: str, begin: Begin, theme: str, size: tuple[int, int]
) -> None:
    """Nothing has to be scrolled sideways, nothing breaks, and the theme is the visitor's own."""
    width, height = size
    visit = begin(
        sample_dashboard,
        viewport={"width": width, "height": height},
        color_scheme=theme,
        has_touch=width == HAND[0],
    ).open()
    assert visit.sideways() == []
    visit.fold_sidebar_if_narrow().press("Open the sample data")
    for title in TITLES:
        visit.go(title).fold_sidebar_if_narrow()
        assert visit.sideways() == [], title
        assert visit.page.get_by_test_id("stException").count() == 0, title
        assert drawn_whole(visit), title
        if title in DATA_TITLES:
            expect(visit.main.get_by_test_id("stMetric").first).to_be_visible()
    assert is_dark(visit) == (theme == "dark")


def is_dark(visit: Visit) -> bool:
    """Whether the page's background is."""
    colour = visit.page.evaluate(
        """() => getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor"""
    )
    red, green, blue, *_ = map(float, re.findall(r"[\d.]+", colour))
    return red + green + blue < 3 * 128


def drawn_whole(visit: Visit) -> bool:
    """Whether every chart of the page is drawn, and none is higher or wider than the screen."""
    screen = visit.page.viewport_size
    boxes = [
        chart.bounding_box()
        for chart in visit.main.get_by_test_id("stPlotlyChart").locator(".main-svg").all()
    ]
    return screen is not None and all(
        box
        and 0 <= box["x"] <= box["x"] + box["width"] <= screen["width"]
        and box["height"] <= screen["height"]
        for box in boxes
    )
