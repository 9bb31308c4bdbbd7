"""Results that are kept between runs: a page is the same with and without them, and changes none of them."""

import pickle
import re

import pytest

from tests.system.pages.conftest import Open
from tests.system.pages.screen import DATA_TITLES, Screen
from userlane import cache
from userlane.cache import ResultCache
from userlane.fetch import Fetcher
from userlane.sandbox import TOKEN


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> ResultCache:
    """Nothing is kept yet, and all that is computed will be."""
    results = ResultCache()
    monkeypatch.setattr(cache, "results", results)
    return results


def view(screen: Screen, title: str) -> str:
    """All that the browser is sent to draw a page, without the numbers that each run draws for its files."""
    sent = screen.go(title).sent
    for number in re.findall(r'deferred_file_id: "([0-9a-f]{32})"', sent):
        sent = sent.replace(number, "")
    return sent


@pytest.mark.parametrize("title", DATA_TITLES)
def test_a_page_is_the_same_with_and_without_kept_results(
    title: str, sample: Screen, results: ResultCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, again = view(sample, title), view(sample, title)
    assert results.size
    monkeypatch.setattr(cache, "results", ResultCache(most=0))
    assert first == again == view(sample, title)
    assert cache.results.size == 0


def test_pages_change_nothing_that_is_kept(sample: Screen, results: ResultCache) -> None:
    """What one visitor's page did to a table, all others would see."""

    def contents() -> dict[str, bytes]:
        return {key: pickle.dumps(kept.value) for key, kept in results._kept.items()}

    for title in DATA_TITLES:
        view(sample, title)
    before = contents()
    for title in DATA_TITLES:
        view(sample, title)
    assert contents() == before


def test_what_was_shown_once_is_not_computed_again(
    sample: Screen, results: ResultCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither for the same visitor nor for another who is given the same rows."""
    for title in DATA_TITLES:
        view(sample, title)
    computed: list[object] = []
    monkeypatch.setattr(results, "_keep", lambda _key, value: computed.append(value))
    other = Screen().open_sample()
    for title in DATA_TITLES:
        view(sample, title)
        view(other, title)
    assert computed == []


def test_what_was_computed_of_deleted_rows_goes_with_them(own: Open, results: ResultCache) -> None:
    """A comment that somebody has deleted does not stay in memory."""
    visitor = own().connect(TOKEN, "demo").go("NPS")
    assert results.size
    visitor.go("Connect").press("Delete what is stored of demo")
    assert "Deleted: " in visitor.words
    assert results.size == 0


def test_a_page_whose_rows_are_stored_begins_no_load(sample: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run for which nothing is to be loaded opens the rows itself, without a thread."""
    for title in DATA_TITLES:
        sample.go(title)
        with monkeypatch.context() as without_loads:
            without_loads.setattr(Fetcher, "start", None)
            assert sample.again().numbers_drawn()
