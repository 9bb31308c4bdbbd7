"""The numbers on screen against a plain count of the sandbox's records."""

import re
from datetime import date

import pytest

from tests import truth
from tests.system.pages.conftest import MONTH, TODAY
from tests.system.pages.screen import DATA_TITLES, Screen
from userlane.contract import LABELS, SCORES, Window
from userlane.sandbox import SURVEYS, Sandbox

BEFORE = MONTH.previous()
SPACES = str.maketrans("", "", "\u202f ")


def number(text: str) -> float:
    """The first number of a text, as people read it."""
    found = re.search(r"[-−+]?\d+(\.\d+)?", text.translate(SPACES))
    assert found, f"no number in {text!r}"
    return float(found[0].replace("−", "-"))


def counted(below: str, noun: str) -> int:
    """How many of a thing the line below a card says there are."""
    found = re.search(rf"(\d[\d ]*) {noun}", below)
    assert found, f"no {noun} in {below!r}"
    return int(found[1].translate(SPACES))


def test_heart_cards_are_means_of_the_days_measured(sample: Screen, api: Sandbox) -> None:
    """A day without a score is left out of the mean, not taken for 0; the change is that of the means."""
    days, earlier = truth.records(api, "heart", MONTH), truth.records(api, "heart", BEFORE)
    for title in ("Overview", "HEART"):
        cards = sample.go(title).cards
        for letter in SCORES:
            now, before = truth.measured(days, letter), truth.measured(earlier, letter)
            card = cards[LABELS[letter]]
            assert number(card.value) == pytest.approx(truth.mean(now), abs=0.051)
            behind = "days" if len(now) == MONTH.days else f"of {MONTH.days} days"
            assert counted(card.below, behind) == len(now)
            assert number(card.change) == pytest.approx(truth.mean(now) - truth.mean(before), abs=0.051)
    assert len(truth.measured(days, "task_success")) < len(days), "no gap in the month: it proves too little"


def test_nps_counts_each_user_once_unless_told_otherwise(sample: Screen, api: Sandbox) -> None:
    """The switch decides whether all answers count or each user's latest; score, groups and n follow."""
    answers = truth.records(api, "nps", Window(date(2026, 1, 1), TODAY))
    sample.choose("period", "Year to date").go("NPS")
    for every, counting in ((False, truth.latest_per_user(answers)), (True, answers)):
        sample.choose("nps-latest", not every)
        split = truth.split(counting)
        cards = sample.cards
        assert number(cards["NPS"].value) == pytest.approx(split.score, abs=0.051)
        assert counted(cards["NPS"].below, "answers") == split.n
        groups = {label.split()[0].lower(): card for label, card in cards.items()}
        for group, count in split._asdict().items():
            assert number(groups[group].value) == count
    assert len(truth.latest_per_user(answers)) < len(answers), "nobody answered twice: it proves too little"


def test_the_nps_of_the_overview_is_that_of_its_page(sample: Screen) -> None:
    """One number has one value, one n and one change, wherever it stands."""
    assert sample.go("Overview").cards["NPS"] == sample.go("NPS").cards["NPS"]


def test_survey_cards_show_share_mean_and_n(sample: Screen, api: Sandbox) -> None:
    """Side by side, each survey under its name."""
    for title in ("Overview", "Surveys"):
        cards = sample.go(title).cards
        for survey_id, name in SURVEYS["demo"].items():
            answers = truth.records(api, "surveys", MONTH, survey_id=survey_id)
            card = cards[name]
            assert f"{truth.favourable(answers):.0f} %" in card.value + card.below
            assert f"{truth.mean([answer['score'] for answer in answers]):.2f}" in card.value + card.below
            assert counted(card.below, "answers") == len(answers)


def test_tag_cards_and_table_count_users_and_interactions(sample: Screen, api: Sandbox) -> None:
    """Users are counted once however many tags they use; the table has a row for every tag in use."""
    uses = truth.records(api, "tags", MONTH)
    users = truth.tag_users(uses)
    cards = sample.go("Tags").cards
    seen = len(set().union(*users.values()))
    interactions = sum(use["interactions"] for use in uses)
    assert [number(card.value) for card in cards.values()] == [seen, interactions, len(users)]
    table = next(frame.value for frame in sample.app.dataframe if "per_user" in frame.value)
    rows = table.set_index("tag_id")
    assert rows["users"].to_dict() == {tag_id: len(who) for tag_id, who in users.items()}
    assert rows["interactions"].sum() == interactions
    for tag_id, who in users.items():
        assert rows["share"][tag_id] == pytest.approx(100 * len(who) / seen)
    assert rows["users"].is_monotonic_decreasing


def test_without_comparison_nothing_is_compared(sample: Screen) -> None:
    """The switch takes every change off every page, and the period before with it."""
    sample.choose("compare", False)
    for title in DATA_TITLES:
        cards = sample.go(title).cards
        assert [card.change for card in cards.values()] == [""] * len(cards)
        assert BEFORE.describe() not in sample.words
    assert len(sample.go("HEART").beside("plotly_chart")) == 1
    sample.choose("compare", True)
    assert sample.cards["Overall"].change
    assert len(sample.beside("plotly_chart")) == 2


def test_seven_answers_give_counts_but_no_score(sample: Screen, api: Sandbox) -> None:
    """Below ten answers a score would be noise with a number on it: the card stays empty and says why."""
    sample.choose("property", "small")
    answers = truth.records(api, "nps", MONTH, "small")
    for every, counting in ((False, truth.latest_per_user(answers)), (True, answers)):
        cards = sample.go("NPS").choose("nps-latest", not every).cards
        assert not re.search(r"\d", cards["NPS"].value)
        assert not cards["NPS"].change
        assert counted(cards["NPS"].below, "answers") == len(counting)
        groups = [card for label, card in cards.items() if label != "NPS"]
        assert [number(card.value) for card in groups] == list(truth.split(counting))
        assert "%" not in "".join(card.below for card in cards.values())
    assert len(answers) == 7
    overview = sample.choose("nps-latest", True).go("Overview").cards
    assert not re.search(r"\d", overview["NPS"].value)
    assert "NPS" not in sample.words.partition("HEART")[0]
    (survey,) = sample.go("Surveys").cards.values()
    assert not re.search(r"\d", survey.value)
    assert counted(survey.below, "answers") == 5


@pytest.mark.parametrize("title", DATA_TITLES)
def test_an_empty_property_says_so_and_draws_no_number(sample: Screen, title: str) -> None:
    """The API answered, there is just nothing: no 0, no empty chart, no file, but a sentence."""
    sample.choose("property", "empty").go(title)
    assert sample.numbers_drawn() == 0
    assert sample.alerts == ""
    told = [info.value for info in sample.app.main.info if MONTH.describe() in info.value]
    assert len(told) == (4 if title == "Overview" else 1)
    assert all(sentence.startswith("No ") for sentence in told)


def test_without_a_survey_the_page_says_where_to_name_one(sample: Screen) -> None:
    """No survey chosen is no failure."""
    sample.choose("survey", []).go("Surveys")
    assert sample.numbers_drawn() == 0
    assert sample.alerts == ""
    assert "survey ID" in sample.words
