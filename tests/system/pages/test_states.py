"""Complete, incomplete, stale or empty: every card, chart, table and file of every page says which."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
import time_machine

from tests.stand_in import TOKEN
from tests.system.pages.conftest import MONTH, Open
from tests.system.pages.datasets import Answer, Given, GivenLoad, dataset, in_state, old, partly, rows
from tests.system.pages.screen import DATA_TITLES, Screen, read
from userlane import cache, logs, session
from userlane.contract import DATASETS, Dataset, Query, State, measure
from userlane.errors import (
    ApiFailed,
    EnvelopeUnknown,
    LoadStopped,
    RightsMissing,
    TokenRejected,
    Unreachable,
    UserlaneError,
)
from userlane.metrics import surveys as metrics
from userlane.ui import downloads, loading
from userlane.ui.loaded import build_loaded

OpenGiven = Callable[[Callable[[Query], Answer]], tuple[Screen, Given]]
RETRY = "Retry the missing part"


@pytest.fixture
def given(own: Open, monkeypatch: pytest.MonkeyPatch) -> OpenGiven:
    """A visitor with two surveys, connected to an API that answers as it is told."""

    def opened(answer: Callable[[Query], Answer]) -> tuple[Screen, Given]:
        fetcher = Given(dataset)
        monkeypatch.setattr(cache, "fetcher", lambda: fetcher)
        monkeypatch.setattr("userlane.ui.connect.test_connection", lambda *_: [PROBE])
        visitor = own(property="demo").connect(TOKEN, "demo", "512 Tour\n513 Help")
        fetcher.answer = answer
        visitor.app.session_state["visit"].results.clear()
        fetcher.asked.clear()
        return visitor, fetcher

    return opened


class _Probe:
    ok = True
    query = Query("nps", "demo", MONTH)
    words = "works"
    error = None


PROBE = _Probe()


def everything(state: Callable[[Query], State]) -> Callable[[Query], Answer]:
    """All datasets of the month in this state; the period before is whole."""
    return in_state(dict.fromkeys(DATASETS, state), MONTH)


def retries(visitor: Screen) -> list[str]:
    return [read(button.label) for button in visitor.app.main.button if read(button.label) == RETRY]


def sources(visitor: Screen) -> list[str]:
    """The lines below charts and tables; the property stands only in the one above."""
    lines = [read(line.value) for line in (*visitor.app.main.caption, *visitor.app.main.markdown)]
    return [line for line in lines if MONTH.describe() in line and not line.startswith("demo")]


@pytest.mark.parametrize("title", DATA_TITLES)
@pytest.mark.parametrize(
    ("state", "word"),
    [
        (lambda _: State(), "complete"),
        (partly, "incomplete"),
        (lambda _: old(3), "stale, as of 3 h ago"),
    ],
    ids=["complete", "incomplete", "stale"],
)
def test_every_number_says_the_state_of_its_rows(
    given: OpenGiven, title: str, state: Callable[[Query], State], word: str
) -> None:
    """In its own card, below its own chart and table, and in the name of its own file."""
    visitor, _ = given(everything(state))
    visitor.go(title)
    assert visitor.cards
    for label, card in visitor.cards.items():
        assert card.below.split(" · ")[-1] == word, label
    assert sources(visitor)
    assert all(word in line.split(" · ") for line in sources(visitor)), sources(visitor)
    names = [str(button.key).rpartition(".")[0] for button in visitor.app.download_button]
    assert names
    mark = word.split(",", maxsplit=1)[0]
    assert all(name.endswith(f"-{mark}") == (mark != "complete") for name in names)
    notices = 4 if title == "Overview" else 1
    assert len(retries(visitor)) == (len(visitor.cards) + notices if word == "incomplete" else 0)


@pytest.mark.parametrize("title", DATA_TITLES)
def test_an_incomplete_period_is_compared_with_nothing(given: OpenGiven, title: str) -> None:
    """Half a period against a whole one would be a fall that never was, in a card, a table or in words."""
    visitor, _ = given(everything(partly))
    visitor.go(title)
    assert [card.change for card in visitor.cards.values()] == [""] * len(visitor.cards)
    for frame in visitor.app.dataframe:
        if "change" in frame.value:
            assert frame.value["change"].isna().all()
    if title == "Overview":
        changed = visitor.words.partition("\nHEART\n")[0]
        assert changed.endswith("Not compared, because incomplete: HEART, NPS, surveys, Tags.")
        assert "\n- " not in changed


def test_what_changed_most_leaves_out_only_what_is_incomplete(given: OpenGiven) -> None:
    """The other sentences stay, and what could not be brought up to date says so in its own line."""
    visitor, _ = given(in_state({"heart": lambda _: old(50), "nps": partly}, MONTH))
    lines = visitor.go("Overview").words.partition("\nHEART\n")[0]
    assert "The overall HEART score is 60.0, the same as before. stale, as of 2 days ago" in lines
    assert "NPS is" not in lines
    assert "No tag changed its share of users beyond chance" in lines
    assert "Not compared, because incomplete: NPS." in lines


def test_each_survey_is_in_its_own_state(given: OpenGiven) -> None:
    """One that is incomplete says so, one that nobody answered too; the others are not dragged along."""

    def answer(query: Query) -> Answer:
        if query.survey_id == "513":
            return dataset(query, of=lambda _: [])
        return dataset(query, partly(query) if query.window == MONTH and query.survey_id else None)

    visitor, _ = given(answer)
    cards = visitor.go("Surveys").cards
    assert cards["Tour"].below.endswith("incomplete")
    assert cards["Help"].below == "no answers in this period"
    assert not re.search(r"\d", cards["Help"].value)
    assert cards["Help"].change == ""


def test_a_survey_that_could_not_be_loaded_is_named(given: OpenGiven) -> None:
    """The error says whose it is; the other survey has its card and its change."""

    def answer(query: Query) -> Answer:
        return ApiFailed("The API failed.", "Wait.") if query.survey_id == "512" else dataset(query)

    visitor, _ = given(answer)
    assert "Not loaded: Tour.** The API failed. Wait." in visitor.go("Surveys").alerts
    assert list(visitor.cards) == ["Help"]
    assert visitor.cards["Help"].change == "0.0"
    assert visitor.cards["Help"].below.endswith(" complete")


@pytest.mark.parametrize("title", ["Surveys", "Overview"])
@pytest.mark.parametrize("lost", ["512", "513"])
def test_what_is_of_a_lost_survey_too_is_incomplete(given: OpenGiven, title: str, lost: str) -> None:
    """Every chart, table and file of the surveys together says so, also in what the other survey fills."""

    def answer(query: Query) -> Answer:
        return ApiFailed("The API failed.", "Wait.") if query.survey_id == lost else dataset(query)

    visitor, _ = given(answer)
    visitor.go(title)
    files = [str(button.key).rpartition(".")[0] for button in visitor.app.download_button]
    of_one = [name for name in files if f"-demo-{'513' if lost == '512' else '512'}-" in name]
    of_all = [name for name in files if "download-userlane-surveys-" in name and name not in of_one]
    assert len(of_all) == (8 if title == "Surveys" else 2)
    assert all(name.endswith("-incomplete") for name in of_all)
    assert len(of_one) == (2 if title == "Surveys" else 0)
    assert not any(name.endswith("-incomplete") for name in {*files} - {*of_all})
    if title == "Surveys":
        assert sources(visitor)
        assert all(line.endswith(" incomplete") for line in sources(visitor))
        assert RETRY not in retries(visitor)
    else:
        assert f"because not loaded: {'Tour' if lost == '512' else 'Help'}." in visitor.words


def test_a_file_names_the_survey_that_was_lost() -> None:
    """Whoever reads it alone knows that it does not hold all that it names, and why."""
    asked = [Query("surveys", "demo", MONTH, survey_id) for survey_id in ("512", "513")]
    outcomes: dict[Query, Dataset | UserlaneError] = {
        asked[0]: dataset(asked[0]),
        asked[1]: ApiFailed("The API failed.", "Wait."),
    }
    loaded = build_loaded("surveys", MONTH, asked, outcomes)
    view = downloads.ExportedTable("summary", measure(metrics.summary, loaded.frame), {"surveys": "512, 513"})
    written = json.loads(downloads._write_table(view, "json"))
    assert written["complete"] is False
    assert written["reasons"][0] == "Survey 513 was not loaded. The API failed."
    assert {record["survey_id"] for record in written["records"]} == {"512"}
    assert loaded.missing == ()


def test_nothing_of_one_survey_says_nothing_of_the_one_that_was_lost(given: OpenGiven) -> None:
    """The empty one is named alone."""

    def answer(query: Query) -> Answer:
        if query.survey_id == "512":
            return ApiFailed("The API failed.", "Wait.")
        return dataset(query, of=lambda _: [])

    words = given(answer)[0].go("Surveys").words
    assert (
        f"No survey answers of Help in {MONTH.describe()}. The API answered and the range is complete"
        in words
    )
    assert "Not loaded: Tour." in words


def test_nothing_of_an_incomplete_range_is_not_called_complete(given: OpenGiven) -> None:
    """No row came and some days are missing: nobody knows whether there were answers."""
    visitor, _ = given(lambda query: dataset(query, partly(query), of=lambda _: []))
    visitor.go("NPS")
    assert "Incomplete: NPS responses." in visitor.alerts
    assert "range is complete" not in visitor.words
    assert visitor.numbers_drawn() == 0


def test_nothing_of_long_ago_says_how_long(given: OpenGiven) -> None:
    """There were no answers when the API was last reached."""
    visitor, _ = given(lambda query: dataset(query, old(5), of=lambda _: []))
    assert "That was so 5 h ago; newer data could not be had." in visitor.go("NPS").words
    assert visitor.numbers_drawn() == 0


def test_a_retry_that_fails_hides_nothing(given: OpenGiven) -> None:
    """What was on screen stays there, still marked; what else is missing is not asked for."""
    visitor, fetcher = given(in_state({"nps": partly, "tags": partly}, MONTH))
    before = visitor.go("Overview").cards["NPS"].value

    def away(query: Query) -> Answer:
        return Unreachable("Nobody answers.", "Wait.") if query.dataset == "nps" else dataset(query)

    for answer, end in ((away, "incomplete"), (dataset, "complete")):
        fetcher.asked.clear()
        fetcher.answer = answer
        visitor.press_key("retry-nps")
        asked = {query.dataset for query in fetcher.asked if query.window == MONTH}
        assert "nps" in asked
        assert "tags" not in asked
        assert visitor.cards["NPS"].value == before
        assert visitor.cards["NPS"].below.split(" · ")[-1] == end
        assert ("Nobody answers." in visitor.alerts) == (end == "incomplete")
        assert "Incomplete: Tag interactions." in visitor.alerts


@pytest.mark.parametrize("denied", [False, True])
def test_a_retry_that_breaks_off_sooner_takes_no_rows_away(given: OpenGiven, *, denied: bool) -> None:
    """More rows were there before it; unless the API refused to go on, they stay, with the newer reason."""
    visitor, fetcher = given(in_state({"nps": partly}, MONTH))
    before = visitor.go("NPS").cards["NPS"].below

    def sooner(query: Query) -> Answer:
        if query.window != MONTH:
            return dataset(query)
        state = State(("The API broke off.",), (MONTH,), datetime.now(UTC), denied=denied)
        return dataset(query, state, of=lambda _: rows(query)[:7])

    fetcher.answer = sooner
    visitor.press(RETRY)
    assert (visitor.cards["NPS"].below == before) != denied
    assert "The API broke off." in visitor.alerts


def test_a_retry_that_is_refused_shows_nothing_any_more(given: OpenGiven) -> None:
    """Whoever may not see the rows now does not go on seeing those of before."""
    visitor, fetcher = given(in_state({"nps": partly}, MONTH))
    assert visitor.go("NPS").cards
    fetcher.answer = lambda _: TokenRejected("The API rejected the token.", "Make a new one.")
    visitor.press(RETRY)
    assert visitor.numbers_drawn() == 0
    assert "rejected the token" in visitor.alerts


@pytest.mark.parametrize(("minutes", "asks"), [(14, False), (16, True)])
def test_a_load_that_nobody_waited_for_is_not_shown_for_ever(
    given: OpenGiven, minutes: int, *, asks: bool
) -> None:
    """Who comes back to it later may have lost the right to see it: the API is asked."""
    visitor, fetcher = given(dataset)
    visitor.go("Tags")
    for query in fetcher.asked:
        result = visitor.app.session_state["visit"].results[query]
        result.load = GivenLoad(dataset(query), done=True)
    fetcher.asked.clear()
    fetcher.answer = lambda _: TokenRejected("The API rejected the token.", "Make a new one.")
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)):
        visitor.again()
    assert bool(fetcher.asked) == asks
    assert bool(visitor.numbers_drawn()) != asks
    assert ("rejected the token" in visitor.alerts) == asks


def test_what_is_incomplete_is_shown_no_longer_than_the_api_allowed_it(given: OpenGiven) -> None:
    """A quarter of an hour after it came it is asked for again, whatever retries failed meanwhile."""
    visitor, fetcher = given(in_state({"nps": partly}, MONTH))
    start = datetime.now(UTC)
    visitor.go("NPS")
    fetcher.asked.clear()
    fetcher.answer = lambda _: Unreachable("Nobody answers.", "Wait.")
    with time_machine.travel(start + timedelta(minutes=10)):
        assert visitor.again().cards
        assert not [query for query in fetcher.asked if query.window == MONTH]
        assert visitor.press(RETRY).cards
    fetcher.asked.clear()
    with time_machine.travel(start + timedelta(minutes=17)):
        visitor.again()
        assert [query for query in fetcher.asked if query.window == MONTH]
        assert not visitor.numbers_drawn()
        fetcher.asked.clear()
        assert "Nobody answers." in visitor.again().alerts
        assert not fetcher.asked


def test_a_tab_counts_only_who_is_known(given: OpenGiven) -> None:
    """A number in a label has no place for its state."""
    labels = [
        [tab.label for tab in given(everything(state))[0].go("NPS").app.tabs]
        for state in (lambda _: State(), partly)
    ]
    assert [label.partition(" (")[0] for label in labels[0]] == labels[1] == ["Champions", "At risk"]
    assert all("(" in label for label in labels[0])


def test_a_load_that_breaks_in_an_unknown_way_is_told_with_its_id(given: OpenGiven) -> None:
    """The rest of the Overview stays; the ID leads to the log, and nothing of the error is on screen."""

    def answer(query: Query) -> Answer:
        return ZeroDivisionError("secret detail") if query.dataset == "nps" else dataset(query)

    visitor, _ = given(answer)
    visitor.go("Overview")
    assert "Not loaded: NPS responses." in visitor.alerts
    assert re.search(r"Error ID \w+", visitor.words)
    assert "secret detail" not in visitor.sent
    assert {"Overall", "Tour", "Help"} <= set(visitor.cards)
    assert "NPS" not in visitor.cards


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("Nobody answers.", "Load again."),
        RightsMissing("No right to read NPS.", "Ask for it."),
        EnvelopeUnknown("There is no list of records.", "Look at the address."),
    ],
)
def test_a_load_that_failed_is_told_with_an_id_that_is_logged_once(
    given: OpenGiven, monkeypatch: pytest.MonkeyPatch, error: UserlaneError
) -> None:
    """However often the page is drawn; the log has the kind and not the words."""
    log = Mock()
    monkeypatch.setattr(logs, "log", log)
    visitor, _ = given(lambda query: error if query.dataset == "nps" else dataset(query))
    (identity,) = re.findall(r"Error ID (\w+)", visitor.go("NPS").words)
    assert re.findall(r"Error ID (\w+)", visitor.again().words) == [identity]
    log.warning.assert_called_once_with(
        "load failed", error_id=identity, error=type(error).__name__, dataset="nps"
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LoadStopped("The load was stopped.", "Load again."), "The load was stopped. Load again."),
        (LoadStopped("The page was away.", "Load again."), "The page was away. Load again."),
    ],
)
def test_a_load_that_was_stopped_says_why_and_needs_no_id(
    given: OpenGiven, error: LoadStopped, words: str
) -> None:
    """It need not have been the visitor who stopped it."""
    visitor, _ = given(lambda query: error if query.dataset == "nps" else dataset(query))
    seen = visitor.go("NPS").words
    assert words in seen
    assert "You stopped" not in seen
    assert "Error ID" not in seen
    assert "Not loaded" not in seen


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, ""),
        ({"duplicates": 1}, "1 repeated record left out."),
        ({"outside": 1200}, "1 200 records from outside these days left out."),
        (
            {"duplicates": 3, "outside": 1},
            "3 repeated records and 1 record from outside these days left out.",
        ),
    ],
)
@pytest.mark.parametrize("title", ["HEART", "NPS", "Tags"])
def test_repeats_and_records_of_other_days_are_told_on_the_page(
    given: OpenGiven, title: str, counts: dict[str, Any], words: str
) -> None:
    """They take nothing from the numbers, so no warning is due."""
    visitor, _ = given(everything(lambda _: State(**counts)))
    visitor.go(title)
    assert not visitor.alerts
    told = [read(line.value) for line in visitor.app.main.caption if "left out" in line.value]
    assert told == [f":material/rule: {words}"] * bool(counts)


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("watched", [False, True])
def test_many_surveys_are_loaded_a_few_at_a_time(
    given: OpenGiven, monkeypatch: pytest.MonkeyPatch, *, quick: bool, watched: bool
) -> None:
    """Each of them, and the period before; none is forgotten, however fast the others were, and whether it
    took so long that progress was shown.
    """
    monkeypatch.setattr(loading, "QUIET_SECONDS", 0.0 if watched else 60.0)
    visitor, fetcher = given(dataset)
    fetcher.most_at_once, fetcher.quick = 0, quick
    many = [str(number) for number in range(600, 630)]
    visitor.go("Surveys").choose("survey", many)
    assert len(visitor.cards) == len(many)
    asked = {query.survey_id for query in fetcher.asked if query.window == MONTH}
    assert asked >= set(many)
    assert fetcher.most_at_once == (0 if quick else loading.AT_ONCE)


def test_a_stop_is_for_those_that_wait_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What had not begun does not begin after the visitor has stopped the load."""
    visit = session.Visit()
    running, waiting = Query("nps", "demo", MONTH), Query("heart", "demo", MONTH)
    load = Given(dataset).start(None, running, "")
    visit.results[running] = session.LoadResult(load)  # type: ignore[arg-type]  # stands in for one
    visit.results[waiting] = session.LoadResult()
    monkeypatch.setattr(session, "visit", lambda: visit)
    loading._stop([running, waiting])
    assert load.stopping
    assert isinstance(visit.results[waiting].outcome, LoadStopped)
    assert visit.results[running].outcome is None


def test_a_store_that_cannot_be_used_costs_one_line_and_no_number(given: OpenGiven) -> None:
    visitor, fetcher = given(dataset)
    fetcher.trouble = "Loaded rows cannot be stored (No space left on device)."
    visitor.go("NPS")
    lines = [read(line.value) for line in visitor.app.main.caption]
    assert sum("cannot be stored (No space left on device)" in line for line in lines) == 1
    assert len(visitor.app.main.metric) == 4


def test_more_records_than_a_browser_can_take_are_left_to_the_command_line(
    given: OpenGiven, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables of the page are still offered, and words say where the records can be had."""
    monkeypatch.setattr(downloads, "MOST_RECORDS", 10)
    visitor, _ = given(dataset)
    visitor.go("Tags")
    assert "are too many for a browser" in visitor.words
    keys = [str(button.key) for button in visitor.app.download_button]
    assert keys
    assert len(keys) == 2 * 4
