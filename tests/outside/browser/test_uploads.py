"""What visitors give to the page: files within their quota, and a token that leaves it as it is sent."""

import re

from playwright.sync_api import FilePayload, expect

from tests.outside.browser.conftest import Begin
from tests.outside.browser.visit import Visit
from userlane.sandbox import TOKEN, Sandbox, tag_names_csv
from userlane.web.upload_quota import MAX_FILES

# Where in the page a text is: as what a field holds, or as any attribute.
_HOLDING = """text => [...document.querySelectorAll('*')].filter(each =>
    String(each.value ?? '').includes(text) || [...each.attributes].some(({value}) => value.includes(text))
).map(each => each.tagName)"""


def holding(visitor: Visit, secret: str) -> list[str]:
    found: list[str] = visitor.page.evaluate(_HOLDING, secret)
    return found


def file(name: str, content: bytes) -> FilePayload:
    return FilePayload(name=name, mimeType="application/octet-stream", buffer=content)


def test_a_token_leaves_the_page_as_it_is_sent(own_dashboard: str, begin: Begin, sandbox: Sandbox) -> None:
    """Refused or taken: no field or attribute holds it, and password managers still know its place."""
    visitor = begin(own_dashboard).open("/nps")
    field = visitor.main.locator("input[type=password]")
    for token, press in (("wrong-token-5b1e", "Connect"), (sandbox.token, "Test connection")):
        visitor.fill(token, "demo")
        assert holding(visitor, token) == ["INPUT"]
        visitor.press(press)
        assert "NPS responses" in visitor.text
        assert holding(visitor, token) == []
        assert token not in visitor.page.content()
        assert field.input_value() == ""
        assert field.get_attribute("autocomplete") == "current-password"
    visitor.press("Connect")
    expect(field).to_have_count(0)
    assert "95 % sure" in visitor.settled().text
    assert holding(visitor, sandbox.token) == []
    assert sum(sandbox.token.encode() in frame for frame in visitor.sent) == 1
    assert not any(sandbox.token.encode() in frame for frame in visitor.received)


def test_names_that_are_forgotten_stay_forgotten(own_dashboard: str, begin: Begin) -> None:
    """The upload is empty again once its file has been read, so nothing brings its names back."""
    visitor = begin(own_dashboard).open("/connect").connect(TOKEN, "demo")
    upload = visitor.main.get_by_test_id("stFileUploader")
    upload.locator("input[type=file]").set_input_files(file("tags.csv", tag_names_csv("demo")))
    expect(visitor.main.get_by_text("58 names from tags.csv")).to_be_visible()
    assert "tags.csv" not in upload.inner_text()
    visitor.settled().press("Forget the names")
    visitor.press("Test connection")
    assert "names from" not in visitor.text


def test_a_visit_has_a_quota_and_is_told_so(own_dashboard: str, begin: Begin) -> None:
    """The last file is one too many: nothing is opened, the page says why; a new visit may again."""
    visitor = begin(own_dashboard).open("/nps")
    answer = b'[{"id": 1, "userId": "u", "score": 9, "timestamp": "2026-04-01T08:00:00Z"}]'
    for files, opens in ((MAX_FILES + 1, False), (1, True)):
        visitor.main.get_by_text("Open saved JSON").click()
        visitor.settled()
        uploader = visitor.main.locator(".st-key-saved-nps")
        assert f"{MAX_FILES} files" in visitor.text
        uploader.locator("input[type=file]").set_input_files(
            [file(f"{number}.json", answer) for number in range(files)]
        )
        expect(uploader.get_by_role("button", name=re.compile("uploading", re.IGNORECASE))).to_have_count(0)
        visitor.settled().press("Open the files")
        assert ("all that one may" in visitor.text) != opens
        assert ("Reload the page" in visitor.text) != opens
        assert ("from files, completeness unknown" in visitor.text) == opens
        if not opens:
            visitor.page.reload()
            visitor.settled()
