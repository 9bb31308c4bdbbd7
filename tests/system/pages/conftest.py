"""The app in this process, on one day of the sandbox, over the same HTTP as ever."""

import os
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial

import httpx
import pytest

from tests.system.pages.screen import Screen
from userlane import cache, url
from userlane.client import Limits
from userlane.contract import Window
from userlane.fetch import Fetcher
from userlane.sandbox import Sandbox, serve

TODAY = date(2026, 5, 14)
MONTH = Window(date(2026, 4, 14), TODAY)
"""The last 30 days, which a visit begins with."""

IMPATIENT = Limits(tries=1, backoff=0.01)

Open = Callable[..., Screen]


@pytest.fixture(scope="package")
def api() -> Iterator[Sandbox]:
    """The stand-in for the API; what its `records` say is the truth."""
    with serve(today=TODAY) as running:
        yield running


def _forget_loads() -> None:
    cache.fetcher().close()
    cache.fetcher.clear()


@pytest.fixture(scope="module", autouse=True)
def _process() -> Iterator[None]:
    """What one process keeps for all its visitors is kept through a module."""
    yield
    _forget_loads()


@pytest.fixture(autouse=True)
def _deployment(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings, and always the same day."""
    for name in [name for name in os.environ if name.startswith("USERLANE_") and name != "USERLANE_STORE"]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(url, "today", lambda _timezone: TODAY)
    monkeypatch.setattr(cache, "sandbox", lambda: api)
    cache.settings.clear()
    yield
    cache.settings.clear()


@pytest.fixture
def restarted() -> Iterator[None]:
    """A process that has loaded nothing yet."""
    _forget_loads()
    yield
    _forget_loads()


@pytest.fixture
def sample() -> Screen:
    """A visitor who has opened the sample data."""
    return Screen().open_sample()


@pytest.fixture
def own(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens the app of a company that has set up its API and asks for tokens; takes a link's parameters."""
    monkeypatch.setenv("USERLANE_BASE_URL", api.base_url)
    monkeypatch.setenv("USERLANE_SANDBOX", "off")
    return Screen


@pytest.fixture
def behind(
    restarted: None,  # noqa: ARG001  # a fetcher that is already there has another transport
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[httpx.BaseTransport], None]:
    """Has the app's requests go through a transport, each tried only once."""

    def put(transport: httpx.BaseTransport) -> None:
        monkeypatch.setattr(cache, "Fetcher", partial(Fetcher, transport=transport, limits=IMPATIENT))

    return put
