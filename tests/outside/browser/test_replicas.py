"""Two dashboards on one bucket: what one has loaded, the other shows without loading it."""

from pathlib import Path

from tests.object_storage import running
from tests.outside.browser.conftest import Begin, dashboard, link
from tests.outside.browser.proxy import Proxy
from userlane.contract import Window
from userlane.sandbox import TOKEN, Sandbox


def test_the_second_dashboard_asks_for_a_record_only_and_shows_the_same(
    begin: Begin, sandbox: Sandbox, month: Window, tmp_path: Path
) -> None:
    there = running()
    store = there.url(there.bucket())
    shown, asked = [], []
    with Proxy(sandbox.base_url) as api:
        for name in ("a", "b"):
            with dashboard(
                USERLANE_BASE_URL=api.base_url,
                USERLANE_SANDBOX="off",
                USERLANE_STORE=store,
                USERLANE_STORE_CACHE=str(tmp_path / name),
            ) as address:
                visit = begin(address).open(link("/tags", month))
                visit.connect(TOKEN)
                shown.append(visit.text)
                visit.page.goto("about:blank")  # it would look for its server after this has ended
                asked.append(list(api.requests))
                api.requests.clear()
    first, second = ([each for each in several if each.path.endswith("/tags")] for several in asked)
    assert shown[0] == shown[1]
    assert {each.page for each in second} == {1}
    assert len(second) <= 3 < len(first), "a test of the connection, and a look at both periods"
