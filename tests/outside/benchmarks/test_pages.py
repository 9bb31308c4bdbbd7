"""A view is timed in a real browser, and an error on the page is no view."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest

from benchmarks import pages
from benchmarks.dashboard import running, settings
from tests.outside.browser.conftest import CHROMIUM
from tests.outside.browser.visit import DATA_TITLES
from userlane.sandbox import serve

T = TypeVar("T")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"), reason="no Chromium on this machine"
)


def in_a_thread_of_its_own(work: Callable[[], T]) -> T:
    """Playwright runs once in a thread, and the browser tests' may run in this one already."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(work).result()


def some_views() -> pages.Figures:
    """Three views of a page; then one whose error must be told."""
    with (
        serve() as sandbox,
        running(settings(sandbox)) as dashboard,
        pages.chromium() as browser,
        browser.new_context() as context,
    ):
        figures = pages.viewed(context, dashboard, "?property=small", ("HEART",), "small")
        with pytest.raises(RuntimeError, match="shows an error"):
            pages.Tab(context, dashboard.address).opens("/heart?property=nobody-has-this")
        return figures


def test_each_kind_of_view_is_timed_and_an_error_on_the_page_is_none() -> None:
    figures = in_a_thread_of_its_own(some_views)
    assert figures.keys() == {f"small HEART {kind}" for kind in ("first", "again", "link")}
    assert all(seconds > 0 for seconds in figures.values())


def test_the_rows_of_the_table_name_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"{pages.TYPICAL} {title}" for title in DATA_TITLES]
    names += [f"{pages.LARGE} {days} Tags" for days in pages.LARGE_DAYS]
    figures = {f"{name} {kind}": 0.4 for name in names for kind in ("first", "again", "link")}
    monkeypatch.setattr(pages, "compared", lambda *_: figures | {"fill": 1.0})
    typical, large = in_a_thread_of_its_own(partial(pages.views, 10_000, 2, lambda _: None))
    assert len(typical.rows) == 3 * len(DATA_TITLES)
    assert [row.target for row in large.rows if row.target] == ["≤ 1 s", "≤ 1.5 s", "≤ 0.5 s"]
