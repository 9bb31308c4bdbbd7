"""Every page as it is drawn for the sample data: whole, and no number without what it rests on."""

import re
from datetime import timedelta

import pytest

from tests.system.pages.conftest import MONTH
from tests.system.pages.screen import DATA_TITLES, TITLES, Screen


@pytest.mark.parametrize("title", TITLES)
def test_a_page_is_drawn_whole(sample: Screen, title: str) -> None:
    """The sample data give every page something to show and nothing to complain about."""
    sample.go(title)
    assert not sample.app.exception
    assert sample.alerts == ""
    assert sample.title == title


@pytest.mark.parametrize("title", DATA_TITLES)
def test_every_page_says_which_days_it_shows_and_how_it_counts(sample: Screen, title: str) -> None:
    """Property, range and comparison stand above the numbers; how they are computed is one click away."""
    sample.go(title)
    (above, *_) = (line for line in sample.words.splitlines() if MONTH.describe() in line)
    assert MONTH.previous().describe() in above
    assert "Intranet" in above
    assert "UTC" in above
    assert any("computed" in each.label for each in sample.app.expander)


@pytest.mark.parametrize("title", DATA_TITLES)
def test_no_number_stands_without_its_n_and_state(sample: Screen, title: str) -> None:
    """Below each card stands how much it counts, and whether that is all."""
    cards = sample.go(title).cards
    assert cards
    for label, card in cards.items():
        assert re.search(r"\b\d[\d ]* (days?|answers?|records?|users?)\b", card.below), label
        assert card.below.endswith("complete"), label


@pytest.mark.parametrize("title", ["HEART", "NPS", "Surveys", "Tags"])
def test_every_chart_has_a_title_words_for_the_blind_and_a_source(sample: Screen, title: str) -> None:
    """Above a chart stands what it shows, below it its range, n and state; screen readers get words too."""
    charts = sample.go(title).beside("plotly_chart")
    assert charts
    headings = {each.value for each in sample.app.subheader}
    assert len(headings) >= len(charts)
    for _, chart, below in charts:
        assert chart.proto.alt, "a chart without words"
        assert MONTH.describe() in below.value
        assert re.search(r"\d (days?|answers?|records?)\b", below.value)
        assert "complete" in below.value


def test_a_year_of_scores_says_whose_single_days_it_does_not_show(sample: Screen) -> None:
    """A month shows them all, and so does a year of two scores."""
    note = "the 7-day mean stands for the single days of Happiness, Engagement, Adoption"
    assert note not in sample.go("HEART").words
    year = (MONTH.last - timedelta(days=364), MONTH.last)
    assert note in sample.choose("range", year).words
    assert note not in sample.choose("heart-scores", ["overall", "adoption"]).words


@pytest.mark.parametrize("title", DATA_TITLES)
def test_every_page_offers_its_tables_as_csv_and_json(sample: Screen, title: str) -> None:
    """Each table is there in both forms, under names no two of which are the same."""
    keys = [str(each.key) for each in sample.go(title).app.download_button]
    assert keys
    assert len(set(keys)) == len(keys)
    csv = {key.removesuffix(".csv") for key in keys if key.endswith(".csv")}
    json = {key.removesuffix(".json") for key in keys if key.endswith(".json")}
    assert csv == json
    assert len(csv) == len(keys) / 2


@pytest.mark.parametrize("title", ["Overview", "Connect"])
def test_a_page_without_charts_has_the_browser_load_what_draws_them(sample: Screen, title: str) -> None:
    (only,) = sample.go(title).app.get("plotly_chart")
    assert only.proto.alt == "Empty chart"
    assert '"data":[]' in only.proto.spec


def test_a_visitor_can_go_through_all_pages_and_back(sample: Screen) -> None:
    """What a page keeps for its visitor does not stand in the way of another page, nor of a second look."""
    for title in (*TITLES, *reversed(TITLES)):
        assert not sample.go(title).app.exception
        assert sample.title == title
