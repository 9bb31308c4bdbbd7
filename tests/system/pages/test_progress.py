"""While a load is under way the page says how far it is, and that the API asks to wait where it does."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.delta_generator import DeltaGenerator

from tests.stand_in import TOKEN
from tests.system.pages.conftest import MONTH, Open
from tests.system.pages.datasets import GivenLoad, dataset
from tests.system.pages.screen import Screen, read
from tests.system.pages.test_states import PROBE
from userlane import cache
from userlane.contract import Dataset, Query
from userlane.fetch import Progress
from userlane.ui import loading

Seen = Callable[[Progress], tuple[list[str], Screen]]

WAITS = "The API asks to wait 60 s."


class Slow(GivenLoad):
    """A load that shows its progress a few times before it is done."""

    def __init__(self, answer: Dataset, progress: Progress) -> None:
        super().__init__(answer, done=False)
        self.progress = progress
        self._looks = 3

    def wait(self, _seconds: float | None = None) -> bool:
        self._looks -= 1
        return super().wait() if not self._looks else False


@dataclass
class Fetching:
    """Stands in for the fetcher; the month's NPS is slow, and shows this progress."""

    progress: Progress
    trouble: str = ""

    def start(self, _connection: object, query: Query, _owner: str, **_options: object) -> GivenLoad:
        if query == Query("nps", "demo", MONTH):
            return Slow(dataset(query), self.progress)
        return GivenLoad(dataset(query), done=True)

    def stored(self, *_: object) -> None:
        """Nothing is stored."""

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def seen(own: Open, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Opens NPS while its load shows some progress; answers what could be read meanwhile, and the page."""
    shown: list[str] = []
    write = DeltaGenerator.markdown

    def heard(place: DeltaGenerator, body: Any, **options: Any) -> DeltaGenerator:
        if str(body).startswith("Loading from the API"):
            shown.append(read(body))
        return write(place, body, **options)

    def opened(progress: Progress) -> tuple[list[str], Screen]:
        monkeypatch.setattr(loading, "QUIET_SECONDS", 0)
        monkeypatch.setattr(cache, "fetcher", lambda: Fetching(progress))
        monkeypatch.setattr("userlane.ui.connect.test_connection", lambda *_: [PROBE])
        visitor = own(property="demo").connect(TOKEN, "demo")
        monkeypatch.setattr(DeltaGenerator, "markdown", heard)
        return shown, visitor.go("NPS")

    return opened


def test_that_the_api_asks_to_wait_is_on_the_page_with_the_seconds_left(seen: Seen) -> None:
    """They are counted down, never below nothing, and gone when the rows are there."""
    until = datetime.now(UTC) + timedelta(seconds=60)
    shown, visitor = seen(Progress(records=1234, requests=3, waiting_until=until, waiting=WAITS))
    assert shown
    told = re.search(rf"{WAITS} (\d+) seconds? left", shown[0])
    assert told, shown
    assert 0 < int(told[1]) <= 60
    assert "1 234 records so far" in shown[0]
    assert visitor.cards
    assert WAITS not in visitor.words


def test_a_wait_that_is_over_has_no_seconds_below_nothing(seen: Seen) -> None:
    until = datetime.now(UTC) - timedelta(seconds=60)
    shown, _ = seen(Progress(waiting_until=until, waiting=WAITS))
    assert f"{WAITS} 0 seconds left." in shown[0]


def test_without_a_wait_nothing_is_said_of_one(seen: Seen) -> None:
    shown, _ = seen(Progress(records=7))
    assert "7 records so far" in shown[0]
    assert not any("left" in line or "wait" in line for line in shown)
