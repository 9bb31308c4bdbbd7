"""Tag names from the Portal's CSV: joined, counted, and kept for the visit."""

import pytest

from tests.system.pages.conftest import Open
from tests.system.pages.screen import Screen
from userlane.sandbox import TOKEN, tag_names_csv

SENTENCE = "57 of 60 tags named; 3 without a name; 1 name unused"


def tags_shown(visitor: Screen) -> set[str]:
    """What the tags of the page's table are called."""
    return set(next(frame.value for frame in visitor.app.dataframe if "per_user" in frame.value)["tag"])


def test_the_sample_comes_with_its_names(sample: Screen) -> None:
    """The match is one line, with the lists behind it; unnamed tags stay visible by their ID."""
    assert SENTENCE in sample.go("Tags").words
    (behind,) = (each for each in sample.app.expander if each.label == SENTENCE)
    lists = " ".join(each.value for each in behind.markdown)
    unnamed = {name.removeprefix("Tag ") for name in tags_shown(sample) if name.startswith("Tag ")}
    assert len(unnamed) == 3
    assert all(tag_id in lists for tag_id in unnamed)
    assert "Shared whiteboard" in lists


def test_an_upload_names_the_tags_on_every_page_for_the_rest_of_the_visit(own: Open) -> None:
    """Names come with the visitor's own file, stay when pages change, and are gone with the connection."""
    visitor = own().connect(TOKEN, "demo").go("Tags")
    assert all(name.startswith("Tag ") for name in tags_shown(visitor))
    assert "of 60 tags named" not in visitor.words
    visitor.go("Connect").upload("Tag Analytics.csv", tag_names_csv("demo"))
    for title in ("Overview", "NPS", "Tags"):
        visitor.go(title)
    assert SENTENCE in visitor.words
    assert sum(name.startswith("Tag ") for name in tags_shown(visitor)) == 3
    most, least = (frame.value for frame in visitor.go("Overview").app.dataframe)
    assert not all(name.startswith("Tag ") for name in (*most["tag"], *least["tag"]))
    visitor.go("Connect").press("Disconnect").connect(TOKEN, "demo").go("Tags")
    assert all(name.startswith("Tag ") for name in tags_shown(visitor))


def test_another_visitor_sees_no_names_of_this_one(own: Open) -> None:
    """An upload belongs to the visit that brought it, also with the same token."""
    own().connect(TOKEN, "demo").go("Connect").upload("names.csv", tag_names_csv("demo"))
    assert all(name.startswith("Tag ") for name in tags_shown(own().connect(TOKEN, "demo").go("Tags")))


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\x00", b"", b"Colour,Size\nred,3\n", b"Tag ID,Name\n"]
)
def test_a_file_that_is_no_list_of_names_is_refused_and_changes_nothing(
    sample: Screen, content: bytes
) -> None:
    """The message says what was expected; the names that were there stay."""
    sample.go("Connect").upload("Tag Analytics.csv", content)
    assert "Tag Analytics" in sample.alerts
    assert SENTENCE in sample.go("Tags").words


def test_a_name_is_text_and_nothing_else(own: Open) -> None:
    """Markdown in a name would call images from foreign hosts; it is shown letter by letter."""
    nasty = "![x](https://tracker.example/pixel.png) :red[**now**]"
    visitor = own().connect(TOKEN, "demo").go("Connect")
    visitor.upload("names.csv", f'Tag ID,Name\n1,"{nasty}"\n'.encode()).go("Tags")
    assert nasty in visitor.words
    written = [each.value for each in visitor.app.markdown]
    assert not any("](https" in text or ":red[" in text for text in written)
