"""The global filters: what a link carries, what a visitor may change, and what changing it costs."""

from datetime import date, timedelta

import pytest

from tests.system.pages.conftest import MONTH, TODAY, Open
from tests.system.pages.screen import DATA_TITLES, Screen
from userlane.contract import Window
from userlane.sandbox import SURVEYS, TOKEN, Sandbox
from userlane.url import MOST_SURVEYS

MARCH = Window(date(2026, 3, 1), date(2026, 4, 1))
LINK: dict[str, str | list[str]] = {
    "property": "demo",
    "range": ["2026-03-01", "2026-03-31"],
    "survey": ["513", "514"],
    "compare": "false",
}


def test_a_link_keeps_its_filters_through_connecting(own: Open) -> None:
    """Whoever gets a link sees the same days, surveys and comparison once they are connected themselves."""
    visitor = own(**LINK)
    assert visitor.numbers_drawn() == 0
    assert [field.value for field in visitor.form] == ["", "demo", "513\n514"]
    visitor.connect(TOKEN, "demo", "513\n514").go("NPS")
    assert MARCH.describe() in visitor.words
    assert visitor.app.sidebar.multiselect[0].value == ["513", "514"]
    assert visitor.app.sidebar.toggle[0].value is False
    assert [card.change for card in visitor.cards.values()] == [""] * 4


def test_a_link_without_a_connection_says_what_it_opens_and_why_to_connect(own: Open) -> None:
    """So does the open tab of a server that restarted: the visit is gone, the URL has property and days."""
    visitor = own(**LINK)
    (told,) = visitor.app.main.info
    assert told.value.startswith(f"Connect to see **demo**, {MARCH.describe()}.")
    assert "the server restarted" in told.value
    assert not own().app.main.info
    assert all("Connect to see" not in each.value for each in visitor.connect(TOKEN, "demo").app.main.info)


def test_a_link_with_many_surveys_shows_the_first_and_says_how_many_are_left_out(
    own: Open, api: Sandbox
) -> None:
    """Each survey is a question of its own to the API, also while the connection is tested."""
    visitor = own(property="demo", survey=[str(number) for number in range(900)])
    shown = [str(number) for number in range(MOST_SURVEYS)]
    assert visitor.app.sidebar.multiselect[0].value == shown
    assert visitor.form[2].value.split() == shown
    assert "Shown are 50; 850 others left out." in visitor.app.sidebar.caption[-1].value
    before = api.requests
    visitor.connect(TOKEN, "demo", "\n".join(map(str, range(900))))
    assert "More than 50 surveys are named." in visitor.alerts
    assert api.requests == before


def test_what_is_connected_to_is_in_the_link(own: Open) -> None:
    """Property, days and surveys can be passed on; the token cannot."""
    visitor = own().connect(TOKEN, "demo", "512 After onboarding\n513")
    for title in DATA_TITLES:
        assert visitor.go(title).app.query_params == {
            "property": "demo",
            "range": [MONTH.start.isoformat(), MONTH.last.isoformat()],
            "survey": ["512", "513"],
        }


@pytest.mark.parametrize(
    ("parameter", "rubbish"),
    [
        ("range", ["2026-03-31", "2026-03-01"]),
        ("range", ["2026-13-01", "2026-13-31"]),
        ("range", ["2031-01-01", "2031-01-31"]),
        ("range", "2026-03-01"),
        ("range", "yesterday"),
        ("compare", "perhaps"),
        ("property", "../../etc"),
        ("property", ["demo", "small"]),
        ("survey", "a/b"),
        ("survey", ["512", "512"]),
        ("utm_source", "<script>"),
    ],
)
def test_rubbish_in_a_link_does_no_harm(
    own: Open, api: Sandbox, parameter: str, rubbish: str | list[str]
) -> None:
    """A link can be cut off or tampered with; the page is drawn, and asks the API for nothing odd."""
    visitor = own(**{parameter: rubbish})
    before = api.requests
    visitor.connect(TOKEN, "demo").go("HEART")
    assert visitor.cards
    assert visitor.alerts == ""
    assert api.requests > before


@pytest.mark.parametrize(
    ("name", "window"),
    [
        ("Last 7 days", Window(TODAY - timedelta(days=7), TODAY)),
        ("Last 90 days", Window(TODAY - timedelta(days=90), TODAY)),
        ("This month", Window(date(2026, 5, 1), TODAY)),
        ("Last month", Window(date(2026, 4, 1), date(2026, 5, 1))),
        ("Year to date", Window(date(2026, 1, 1), TODAY)),
    ],
)
def test_a_named_period_sets_the_dates(sample: Screen, name: str, window: Window) -> None:
    """The picker fills in the dates, and the page shows these days and no others."""
    sample.choose("period", name).go("HEART")
    assert sample.app.sidebar.date_input[0].value == (window.start, window.last)
    assert window.describe() in sample.words
    assert sample.cards["Overall"].below.split(" · ")[1] == f"{window.days} days"


def test_dates_chosen_by_hand_are_a_period_of_their_own(sample: Screen) -> None:
    """The picker does not go on naming a period that is no longer shown, and names one that is."""
    sample.choose("range", (date(2026, 3, 1), date(2026, 3, 31)))
    assert sample.app.sidebar.selectbox[1].value == "Custom"
    assert MARCH.describe() in sample.words
    sample.choose("range", (date(2026, 4, 1), date(2026, 4, 30)))
    assert sample.app.sidebar.selectbox[1].value == "Last month"


def test_a_range_half_chosen_leaves_the_page_as_it_was(sample: Screen) -> None:
    """Between the click on the first day and that on the last, the days before stay in force."""
    sample.choose("range", (date(2026, 3, 1), date(2026, 3, 31))).choose("range", (date(2026, 4, 1),))
    assert MARCH.describe() in sample.words
    assert sample.cards


def test_a_survey_can_be_left_out_and_taken_in_by_its_id(own: Open) -> None:
    """The filter starts with the surveys of the connection and takes any other ID."""
    visitor = own().connect(TOKEN, "demo", "512 After onboarding\n513").go("Surveys")
    visitor.choose("survey", ["512", "514"])
    assert set(visitor.cards) == {"After onboarding", "Survey 514"}


def test_another_property_is_shown_with_its_own_surveys(sample: Screen) -> None:
    """Survey IDs mean nothing in another property: each comes with those that are known of it."""
    for property_id in ("small", "empty", "demo"):
        sample.go("Surveys").choose("property", property_id)
        assert sample.app.sidebar.multiselect[0].value == list(SURVEYS[property_id])
        assert sample.alerts == ""
    assert set(sample.cards) == set(SURVEYS["demo"].values())


def test_a_survey_that_is_left_out_leaves_the_pages_own_filter_too(sample: Screen) -> None:
    """What a page was narrowed to may be gone when its visitor comes back with other surveys."""
    sample.go("Surveys").choose("survey-comments-of", ["512"])
    sample.choose("survey", ["513"])
    assert set(sample.cards) == {SURVEYS["demo"]["513"]}
    sample.go("NPS").choose("property", "small").go("Surveys")
    assert set(sample.cards) == set(SURVEYS["small"].values())


@pytest.mark.usefixtures("restarted")
@pytest.mark.parametrize("title", DATA_TITLES)
def test_fewer_days_of_what_is_loaded_cost_no_request(sample: Screen, api: Sandbox, title: str) -> None:
    """A range within the one on screen is cut out of what is there, and so is its period before."""
    sample.go(title)
    before = api.requests
    sample.choose("period", "Last 7 days")
    assert Window(TODAY - timedelta(days=7), TODAY).describe() in sample.words
    assert sample.cards
    sample.choose("compare", False)
    assert api.requests == before


@pytest.mark.usefixtures("restarted")
def test_more_days_ask_only_for_those_that_are_not_there(sample: Screen, api: Sandbox) -> None:
    """HEART of another week: one window more, its records and the empty page behind them."""
    sample.choose("compare", False).choose("survey", []).go("NPS")
    before = api.requests
    sample.choose("range", (MONTH.start - timedelta(days=7), MONTH.last))
    assert api.requests == before + 2
