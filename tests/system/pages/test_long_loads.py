"""A long load is announced before it begins; Refresh asks anew once; what is stored can be deleted."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.stand_in import TOKEN
from tests.system.pages.conftest import MONTH, TODAY, Open
from tests.system.pages.datasets import Answer, Given, GivenLoad, dataset, old
from tests.system.pages.screen import Screen, read
from userlane import cache
from userlane.contract import Query, Window
from userlane.errors import ConsentNeeded, RightsMissing, UserlaneError
from userlane.fetch import Progress
from userlane.ui import loading

BEFORE = MONTH.previous()
YEAR = Window(TODAY - timedelta(days=364), TODAY + timedelta(days=1))


class Asked(Given):
    """Remembers how each load was asked for, and announces those of tags that nobody has agreed to."""

    def __init__(self) -> None:
        super().__init__(dataset)
        self.options: list[tuple[Query, Mapping[str, Any]]] = []
        self.long: set[Window] = set()
        self.deleted: list[str] = []
        self.refusal: UserlaneError | None = None

    def start(self, _connection: object, query: Query, _owner: str, **options: Any) -> GivenLoad:
        self.options.append((query, options))
        announced = query.dataset == "tags" and query.window in self.long and options["at_most"] is not None
        told: Callable[[Query], Answer] = self.answer
        self.answer = (lambda _: ConsentNeeded(1_234_567, 190.0)) if announced else told
        try:
            return super().start(_connection, query, _owner)
        finally:
            self.answer = told

    def delete(self, _connection: object, property_id: str) -> int:
        if self.refusal:
            raise self.refusal
        self.deleted.append(property_id)
        return 3


class _Probe:
    ok = True
    query = Query("nps", "demo", MONTH)
    words = "works"
    error = None


@pytest.fixture
def fetcher(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked = Asked()
    monkeypatch.setattr(cache, "fetcher", lambda: asked)
    monkeypatch.setattr("userlane.ui.connect.test_connection", lambda *_: [_Probe()])
    return asked


@pytest.fixture
def visitor(own: Open, fetcher: Asked) -> Screen:
    """Connected, with nothing loaded yet that a test would have to look away from."""
    connected = own(property="demo").connect(TOKEN, "demo", "512 Tour")
    fetcher.options.clear()
    return connected


def labels(visitor: Screen) -> list[str]:
    return [read(button.label) for button in visitor.app.main.button]


# The box before a long load


def test_a_long_load_says_what_it_would_bring_and_waits_to_be_agreed_to(
    visitor: Screen, fetcher: Asked
) -> None:
    fetcher.long = {MONTH, BEFORE}
    visitor.go("Tags")
    assert "These days hold about 1 200 000 tag records that are not here yet." in visitor.words
    assert "Getting them takes about 3 minutes;" in visitor.words
    assert "Load them" in labels(visitor)
    assert visitor.numbers_drawn() == 0
    asked = len(fetcher.options)
    visitor.again().again()
    assert len(fetcher.options) == asked
    visitor.press("Load them")
    assert [options["at_most"] for _, options in fetcher.options[asked:]] == [None, None]
    assert {query.window for query, _ in fetcher.options[asked:]} == {MONTH, BEFORE}
    assert visitor.cards
    assert "Load them" not in labels(visitor)


def test_shorter_ranges_are_offered_and_taken(visitor: Screen, fetcher: Asked) -> None:
    """Those that are shorter than the one chosen; of a month, none."""
    fetcher.long = {MONTH, YEAR}
    visitor.go("Tags")
    assert [label for label in labels(visitor) if label.startswith("Last ")] == []
    visitor.choose("range", (YEAR.start, YEAR.last))
    assert [label for label in labels(visitor) if label.startswith("Last ")] == [
        "Last 30 days",
        "Last 90 days",
    ]
    visitor.press("Last 90 days")
    window = (
        fetcher.options[-1][0].window
        if not visitor.cards
        else visitor.app.session_state["visit"].filters.window
    )
    assert window.days == 90
    assert visitor.cards


def test_only_the_period_before_is_long_and_the_page_is_drawn_without_a_comparison(
    visitor: Screen, fetcher: Asked
) -> None:
    fetcher.long = {BEFORE}
    visitor.go("Tags")
    assert visitor.cards
    assert not any(card.change for card in visitor.cards.values())
    assert "The period before holds about 1 200 000 tag records that are not here yet." in visitor.words
    visitor.press("Load the period before")
    assert any(card.change for card in visitor.cards.values())
    assert "not here yet" not in visitor.words


def test_other_pages_are_drawn_while_tags_wait_to_be_agreed_to(visitor: Screen, fetcher: Asked) -> None:
    fetcher.long = {MONTH, BEFORE}
    for title in ("HEART", "NPS", "Surveys"):
        assert visitor.go(title).cards
    visitor.go("Overview")
    assert "not here yet" in visitor.words
    assert visitor.cards


# How far a load is


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress(), "0 records so far"),
        (Progress(records=1, seconds=1), "1 record so far"),
        (Progress(records=1500, seconds=1, expected=9000), "1 500 records so far"),
        (
            Progress(records=2000, seconds=10, expected=50_000),
            "2 000 of about 50 000 records · 200 records a second · about 4 minutes left",
        ),
        (
            Progress(records=40_000, seconds=10, expected=50_000),
            "40 000 of about 50 000 records · 4 000 records a second · less than a minute left",
        ),
    ],
)
def test_progress_says_how_far_how_fast_and_how_long_still(progress: Progress, words: str) -> None:
    assert read(loading._describe_amount(progress)) == words


def test_a_wait_for_another_load_is_told_beside_the_progress(fetcher: Asked) -> None:
    load = fetcher.start(None, Query("tags", "demo", MONTH), "", at_most=None)
    load.progress = Progress(
        records=5,
        waiting_until=datetime.now(UTC) + timedelta(seconds=30),
        waiting="Another load is fetching.",
    )
    told = read(loading._describe_progress({Query("tags", "demo", MONTH): load}))  # type: ignore[dict-item]
    assert "5 records so far · Another load is fetching. 30 seconds left." in told


# Refresh


def refresh(visitor: Screen) -> Screen:
    return visitor.press("Refresh")


def test_refresh_asks_for_these_days_anew_and_not_for_newer_ones_on_each_rerun(
    visitor: Screen, fetcher: Asked
) -> None:
    """The moment from which on rows count stays that of the press: what was fetched since is fresh enough."""
    visitor.go("NPS")
    assert {options["since"] for _, options in fetcher.options} == {None}
    fetcher.options.clear()
    before = datetime.now(UTC)
    refresh(visitor)
    (since,) = {options["since"] for _, options in fetcher.options}
    assert before <= since <= datetime.now(UTC)
    assert {query.window for query, _ in fetcher.options} == {MONTH, BEFORE}
    visitor.again()
    visitor.go("HEART")
    assert {options["since"] for _, options in fetcher.options} == {since}


def test_other_days_are_not_asked_for_anew(visitor: Screen, fetcher: Asked) -> None:
    visitor.go("NPS")
    refresh(visitor)
    fetcher.options.clear()
    visitor.choose("range", (MONTH.start, MONTH.start + timedelta(days=6)))
    assert {options["since"] for _, options in fetcher.options} == {None}


def test_what_was_stale_is_asked_for_again_by_refresh(visitor: Screen, fetcher: Asked) -> None:
    fetcher.answer = lambda query: dataset(query, old(3))
    visitor.go("NPS")
    assert "Stale" in visitor.alerts
    asked = len(fetcher.options)
    visitor.again()
    assert len(fetcher.options) == asked
    fetcher.answer = dataset
    refresh(visitor)
    assert "Stale" not in visitor.alerts


def test_what_is_on_screen_is_asked_for_anew_without_a_question(visitor: Screen, fetcher: Asked) -> None:
    """Its records are here: they are not hidden behind what is said of those that are not."""
    visitor.go("Tags")
    assert visitor.cards
    fetcher.long = {MONTH, BEFORE}
    refresh(visitor)
    assert visitor.cards
    assert "not here yet" not in visitor.words


def test_refresh_agrees_to_no_long_load_that_waits(own: Open, fetcher: Asked) -> None:
    fetcher.long = {MONTH, BEFORE}
    visitor = own(property="demo").connect(TOKEN, "demo", "512 Tour").go("Tags")
    assert "Load them" in labels(refresh(visitor))
    assert visitor.numbers_drawn() == 0


def test_nobody_who_is_not_connected_can_refresh(own: Open) -> None:
    (button,) = [each for each in own().app.sidebar.button if each.label == "Refresh"]
    assert button.disabled


# Stored records


def test_what_is_stored_of_the_property_is_deleted_and_that_is_said(visitor: Screen, fetcher: Asked) -> None:
    visitor.go("Connect")
    assert "Records that were loaded are kept in the server's memory" in visitor.words
    visitor.press("Delete what is stored of demo")
    assert fetcher.deleted == ["demo"]
    assert "Deleted: 3 stored ranges." in visitor.words


def test_who_may_not_read_a_property_deletes_nothing_and_is_told_why(visitor: Screen, fetcher: Asked) -> None:
    fetcher.refusal = RightsMissing("The token has no right to read this.", "Ask for it.")
    visitor.go("Connect").press("Delete what is stored of demo")
    assert fetcher.deleted == []
    assert "Nothing was deleted. The token has no right to read this. Ask for it." in visitor.words


def test_what_is_said_of_one_property_is_not_said_of_another(visitor: Screen) -> None:
    visitor.go("Connect").press("Delete what is stored of demo")
    visitor.choose("property", "other")
    assert "Deleted: 3 stored ranges." not in visitor.words


def test_a_folder_is_named_with_how_long_records_stay(
    own: Open, fetcher: Asked, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("USERLANE_STORE", str(tmp_path))
    monkeypatch.setenv("USERLANE_STORE_DAYS", "90")
    cache.settings.clear()
    visitor = own(property="demo").connect(TOKEN, "demo", "").go("Connect")
    assert fetcher.deleted == []
    assert "kept on the server for 90 days" in visitor.words


def test_the_sample_offers_nothing_to_delete(sample: Screen) -> None:
    assert not any("Delete" in label for label in labels(sample.go("Connect")))
