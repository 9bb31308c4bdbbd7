"""The NPS page answers to the mouse and the keyboard."""

import re

from playwright.sync_api import expect

from tests import truth
from tests.outside.browser.conftest import Begin, link
from tests.outside.browser.visit import Visit
from userlane.contract import BUCKETS, Window
from userlane.sandbox import TOKEN, Sandbox


def click_bar(visit: Visit, place: int) -> None:
    """Click into the middle of a bar of the split, where its colour is."""
    bar = visit.page.locator(".st-key-nps-split .barlayer .trace .point path").nth(place)
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box
    visit.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_clicking_a_bar_of_the_split_shows_its_comments(
    own_dashboard: str, begin: Begin, sandbox: Sandbox, month: Window
) -> None:
    """A click on promoters, passives or detractors leaves the comments of these, and says so in the file."""
    visit = begin(own_dashboard).open(link("/nps", month)).connect(TOKEN)
    everything = visit.table("comments")["records"]
    latest = truth.latest_per_user(truth.records(sandbox, "nps", month))
    written = [answer for answer in latest if (answer["comment"] or "").strip()]
    assert len(everything) == len(written)
    for place, bucket in enumerate(BUCKETS):
        click_bar(visit, place)
        chosen = visit.main.locator(".st-key-nps-buckets").get_by_role("button", pressed=True)
        expect(chosen).to_have_text(re.compile(bucket, re.IGNORECASE))
        narrowed = visit.settled().table("comments")
        assert narrowed["filters"]["buckets"] == bucket
        assert narrowed["records"] == [record for record in everything if record["bucket"] == bucket]
        assert narrowed["records"]


def test_comments_are_searched_as_typed(
    own_dashboard: str, begin: Begin, sandbox: Sandbox, month: Window
) -> None:
    """The search takes text, not patterns, in any case, and the file has what the table has."""
    visit = begin(own_dashboard).open(link("/nps", month)).connect(TOKEN)
    latest = truth.latest_per_user(truth.records(sandbox, "nps", month))
    word = next(answer["comment"] for answer in latest if answer["comment"]).split()[0].upper()
    field = visit.main.locator(".st-key-nps-search input")
    field.fill(word)
    field.press("Enter")
    found = visit.settled().table("comments")
    assert found["filters"]["search"] == word
    expected = [answer for answer in latest if word.lower() in (answer["comment"] or "").lower()]
    assert len(found["records"]) == len(expected)
    field.fill(".*")
    field.press("Enter")
    visit.settled()
    expect(visit.main.locator(".st-key-comments-nps")).to_have_count(0)
