"""Who may see what: the form, what it answers, and where the token never is."""

from unittest.mock import Mock, call

import pytest
import streamlit as st

from tests.system.pages.conftest import MONTH, Open
from tests.system.pages.screen import DATA_TITLES, TITLES, Screen
from userlane import cache
from userlane.sandbox import LIMITED_TOKEN, SMALL_TOKEN, TOKEN, Sandbox
from userlane.ui import connect

RENEW = "Settings > API Token"


@pytest.mark.parametrize("title", TITLES)
def test_without_a_connection_a_page_is_the_form_and_nothing_else(own: Open, title: str) -> None:
    """A page that is reached by a link asks for a token before anything else is drawn or asked for."""
    visitor = own().go(title)
    assert visitor.title == title
    assert visitor.numbers_drawn() == 0
    assert {"Connect", "Test connection"} <= {button.label for button in visitor.app.main.button}
    token, *_ = visitor.form
    assert token.proto.type == token.proto.PASSWORD
    assert token.proto.autocomplete == "current-password"


def test_a_form_that_is_drawn_again_is_not_emptied_before(own: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the two arrive apart, a browser forgets what is typed in one box while another has it redrawn."""
    done = Mock()
    done.empty.side_effect, done.show_form.side_effect = st.empty, connect.show_form
    monkeypatch.setattr(st, "empty", done.empty)
    monkeypatch.setattr(connect, "show_form", done.show_form)
    visitor = own().go("NPS").again()
    # Streamlit empties what is behind the form when a script is stopped.
    assert done.mock_calls == [call.show_form(), call.empty()] * 3
    visitor.connect(TOKEN, "demo")
    done.reset_mock()
    visitor.again()
    assert done.mock_calls[0] == call.empty(), "its place is emptied before anything else is drawn"
    assert call.show_form() not in done.mock_calls


@pytest.mark.parametrize("title", TITLES)
def test_without_any_settings_every_page_offers_the_sample(title: str) -> None:
    """Somebody who has just started the dashboard can look around, and learns what is missing for more."""
    visitor = Screen().go(title)
    assert visitor.numbers_drawn() == 0
    assert "Open the sample data" in {button.label for button in visitor.app.main.button}
    assert not visitor.form
    assert "USERLANE_BASE_URL" in visitor.words


def test_the_sample_is_not_offered_where_it_is_switched_off(
    own: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`USERLANE_SANDBOX` decides; with it, sample and own data stand side by side."""
    assert "sample" not in own().words
    monkeypatch.setenv("USERLANE_SANDBOX", "on")
    cache.settings.clear()
    both = Screen()
    assert {button.label for button in both.app.main.button} > {"Open the sample data", "Connect"}


def test_a_good_token_opens_every_page(own: Open) -> None:
    """After connecting the property that was typed in is shown, with the surveys and their names."""
    visitor = own().connect(TOKEN, "demo", "512 After onboarding\n513")
    assert visitor.app.multiselect[0].value == ["512", "513"]
    for title in DATA_TITLES:
        assert visitor.go(title).cards
        assert visitor.alerts == ""
    assert set(visitor.go("Surveys").cards) == {"After onboarding", "Survey 513"}


def test_what_people_paste_around_a_token_is_taken_off(own: Open) -> None:
    """White space, quotes, invisible signs and `Bearer` come along with copying."""
    visitor = own().connect(f'\u200b "Bearer {TOKEN}"\u00a0\n', "demo")
    assert visitor.cards


@pytest.mark.parametrize("token", ["", "   ", "tökén-with-umlauts"])
def test_what_can_be_no_token_is_refused_without_a_request(own: Open, api: Sandbox, token: str) -> None:
    """An empty token, or one with characters that cannot travel, is not even tried."""
    before = api.requests
    visitor = own().connect(token, "demo")
    assert len(visitor.app.error) == 1
    assert "token" in visitor.alerts
    assert RENEW in visitor.alerts
    assert api.requests == before


@pytest.mark.parametrize("property_id", ["", "de mo", "../demo", "x" * 65])
def test_what_can_be_no_property_is_refused_without_a_request(
    own: Open, api: Sandbox, property_id: str
) -> None:
    """A property ID becomes part of an address, so only what looks like one is used."""
    before = api.requests
    visitor = own().connect(TOKEN, property_id)
    assert "property ID" in visitor.alerts
    assert api.requests == before


def test_a_wrong_token_opens_nothing_and_says_where_to_get_a_new_one(own: Open, api: Sandbox) -> None:
    """Each API says that the token was rejected; the form stays, and the token is not in it any more."""
    before = api.requests
    visitor = own().connect("sandbox-token-of-yesterday", "demo", "512")
    assert visitor.words.count(f"token rejected: make a new one under {RENEW}") == 4
    assert api.requests == before + 4
    assert visitor.numbers_drawn() == 0
    assert visitor.form
    assert "sandbox-token-of-yesterday" not in visitor.sent


def test_testing_answers_for_each_api_and_connects_nobody(own: Open) -> None:
    """The test says in plain words what works; only Connect connects."""
    visitor = own().connect(LIMITED_TOKEN, "demo", "512 After onboarding", press="Test connection")
    heart, nps, surveys, tags = (
        next(line for line in visitor.words.splitlines() if f"**{name}" in line)
        for name in ("HEART", "NPS", "Survey", "Tag")
    )
    assert heart.endswith("works")
    assert nps.endswith("works")
    assert "512" in surveys
    assert "no right" in surveys
    assert "no right" in tags
    assert visitor.go("HEART").numbers_drawn() == 0


def test_a_token_with_few_rights_keeps_the_pages_it_may_see(own: Open) -> None:
    """Missing rights to surveys and tags are told where they matter and close no other page."""
    visitor = own().connect(LIMITED_TOKEN, "demo", "512")
    for title in ("HEART", "NPS"):
        assert visitor.go(title).cards
        assert visitor.alerts == ""
    for title in ("Surveys", "Tags"):
        assert visitor.go(title).numbers_drawn() == 0
        assert title.lower() in visitor.alerts.lower()
        assert "“demo”" in visitor.alerts
        assert "Portal" in visitor.alerts
    overview = visitor.go("Overview")
    assert {"Overall", "NPS"} <= set(overview.cards)
    assert len(overview.app.main.error) == 2


def test_a_refusal_is_not_asked_for_again_by_itself(own: Open, api: Sandbox) -> None:
    """A second look at a page that was refused asks the API nothing; pressing the button does."""
    visitor = own().connect(LIMITED_TOKEN, "demo").go("Tags")
    before = api.requests
    visitor.go("NPS").go("Tags")
    visitor.again()
    nps = api.requests - before
    visitor.go("Tags").press("Try again")
    assert api.requests > before + nps
    assert "“demo”" in visitor.alerts


def test_an_unknown_property_connects_nobody_and_is_named_as_unknown(own: Open) -> None:
    """A mistyped property is told apart from a rejected token."""
    visitor = own().connect(TOKEN, "nowhere")
    assert visitor.words.count("no such property or survey") == 3
    assert visitor.numbers_drawn() == 0


def test_a_property_chosen_later_that_does_not_exist_is_named(own: Open) -> None:
    """The filter takes any ID; the page says which one the API does not know and where to look it up."""
    visitor = own().connect(TOKEN, "demo").go("NPS").choose("property", "nowhere")
    assert "“nowhere”" in visitor.alerts
    assert "Portal" in visitor.alerts
    assert visitor.numbers_drawn() == 0
    assert visitor.choose("property", "demo").cards


def test_a_property_beyond_the_tokens_rights_shows_nothing_of_it(own: Open) -> None:
    """A token of one property sees no number of another, also where that was shown to someone else before."""
    assert own().connect(TOKEN, "demo").go("NPS").cards
    other = own().connect(SMALL_TOKEN, "small").go("NPS")
    assert other.cards
    other.choose("property", "demo")
    assert other.numbers_drawn() == 0
    assert "“demo”" in other.alerts


def test_an_unknown_survey_leaves_the_others_in_place(own: Open) -> None:
    """One mistyped survey ID is named; the survey beside it is drawn."""
    visitor = own().connect(TOKEN, "demo", "512\n999").go("Surveys")
    assert "“999”" in visitor.alerts
    assert set(visitor.cards) == {"Survey 512"}


def test_properties_of_the_deployment_are_offered_by_name(own: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """`USERLANE_PROPERTIES` spares everyone the looking up of IDs."""
    monkeypatch.setenv("USERLANE_PROPERTIES", "demo=The intranet, small=The pilot")
    visitor = own()
    _, property_id, _ = visitor.form
    assert property_id.options == ["The intranet", "The pilot"]
    visitor.connect(TOKEN, "small")
    assert "The pilot" in visitor.words
    assert visitor.app.sidebar.selectbox[0].value == "small"


def test_one_token_for_the_deployment_connects_everybody(own: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `USERLANE_TOKEN` nobody is asked for one, sees it, or can take it away from the others."""
    monkeypatch.setenv("USERLANE_TOKEN", TOKEN)
    visitor = own(property="demo")
    assert visitor.cards
    for title in TITLES:
        assert not visitor.go(title).form
        assert TOKEN not in visitor.sent
    assert "Disconnect" not in [button.label for button in visitor.app.button]
    somebody = own()
    assert somebody.numbers_drawn() == 0
    assert somebody.choose("property", "small").go("NPS").cards


def test_disconnecting_forgets_the_token_and_all_it_brought(own: Open, api: Sandbox) -> None:
    """Afterwards every page asks for a token again, and nothing is asked with the old one."""
    visitor = own().connect(TOKEN, "demo").go("Connect").press("Disconnect")
    before = api.requests
    for title in TITLES:
        assert visitor.go(title).numbers_drawn() == 0
        assert visitor.form[0].value == ""
        assert TOKEN not in visitor.sent
    assert api.requests == before
    kept = visitor.app.session_state["visit"]
    assert kept.connection is None
    assert not kept.results


def test_the_token_is_in_nothing_the_browser_is_sent(own: Open, api: Sandbox) -> None:
    """No element of any page holds it, before connecting, after it, or in a message of failure."""
    visitor = own().connect(TOKEN, "demo", "512", press="Test connection")
    assert TOKEN not in visitor.sent
    visitor.connect(TOKEN, "demo", "512")
    for title in TITLES:
        assert TOKEN not in visitor.go(title).sent
    assert TOKEN not in visitor.go("Connect").press("Test connection").sent
    assert api.base_url in visitor.sent, "not even what the page says is in it"
    assert TOKEN not in visitor.go("Tags").choose("property", "nowhere").sent
    assert TOKEN not in str(visitor.app.query_params)
    assert MONTH.describe() in visitor.words
