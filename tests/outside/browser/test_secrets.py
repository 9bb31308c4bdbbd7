"""A visitor's token is in their browser until it is sent, then in the server's memory, and nowhere else.

One visit goes down the whole river with a token that can be recognised, at an API that repeats it in every
refusal; afterwards everything that could hold it is searched for it, in every form. A second dashboard has
defects planted that raise errors with the token in their words.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Error, Request, Response, expect

from tests import responses, secret_search
from tests.outside.browser.conftest import ROOT, Begin, _ready, link
from tests.outside.browser.visit import DATA_TITLES, TITLES, Visit
from tests.ports import reserved
from tests.server import Request as ApiRequest
from tests.server import Response as ApiResponse
from tests.server import Server
from userlane.contract import Window
from userlane.sandbox import TOKEN, Sandbox

SENTINEL = "sentinel+4f2a/Zq=7-canary"
MISTAKEN = "mistaken+9c1d/Yw=3-canary"

STORAGE = """async () => JSON.stringify([
    {...localStorage}, {...sessionStorage}, document.cookie, history.state, await indexedDB.databases()
])"""


class Echo(Server):
    """The sandbox, for `SENTINEL` alone. Where it refuses, the token is wherever one fits in the response."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(self._echo)
        self.refuses_with: int | None = None
        self.refused = 0
        self._sandbox = sandbox

    def _echo(self, request: ApiRequest) -> ApiResponse:
        token = request.token
        status = 401 if token != SENTINEL else self.refuses_with
        if status is None:
            url = f"{self._sandbox.base_url}{request.target}"
            response = httpx.get(url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
            return responses.document(response.content, response.status_code)
        self.refused += 1
        escaped = quote(token, safe="")
        words = f"No luck with {token} or {escaped} or {json.dumps({'Authorization': token})}"
        location = f"Location: https://{escaped}.example/{escaped}?token={escaped}"
        return responses.status(status, location, f"Set-Cookie: {token}", says=words)


@dataclass
class Dashboard:
    """A running dashboard, and the files its words and rows go to."""

    address: str
    process: "subprocess.Popen[bytes]"
    log: Path
    store: Path

    def lines(self) -> list[dict[str, str]]:
        """The log, decoded, without what Streamlit prints when it starts."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def running(tree: Path, folder: Path, **environment: str) -> Iterator[Dashboard]:
    """The dashboard in `tree`, as talkative as it can be."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("USERLANE_")}
    log, store = folder / "log", folder / "store"
    own = {"USERLANE_STORE": str(store), "USERLANE_LOG_LEVEL": "debug", "USERLANE_SANDBOX": "off"}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--logger.level=debug"]
    options = ["--server.headless=true", "--server.address=127.0.0.1"]
    with log.open("wb") as said, reserved() as port:
        process = subprocess.Popen(
            [*command, *options, f"--server.port={port}"],
            cwd=tree,
            env=kept | own | environment,
            stdout=said,
            stderr=said,
        )
        server = Dashboard(f"http://127.0.0.1:{port}", process, log, store)
        try:
            assert _ready(server.address, process), log.read_text()
            yield server
        finally:
            process.terminate()
            process.wait(10)


@dataclass
class Evidence:
    """All that could hold a token, by the kind of place, then by the place."""

    visit: Visit
    kinds: dict[str, dict[str, bytes | str]] = field(default_factory=dict)
    _responses: list[Response] = field(default_factory=list)
    _seen: int = 0

    @classmethod
    def of(cls, visit: Visit) -> "Evidence":
        """Watch a visit that has not begun."""
        evidence = cls(visit)
        visit.page.on("request", evidence._hear)
        visit.page.on("response", evidence._hear_answer)
        return evidence

    def _hear(self, request: Request) -> None:
        self.put("requests", f"{request.url} {request.headers} {request.post_data}")

    def _hear_answer(self, response: Response) -> None:
        self._responses.append(response)

    def put(self, kind: str, content: bytes | str, place: str = "") -> None:
        """Keep what was found."""
        places = self.kinds.setdefault(kind, {})
        places[f"{len(places)} {place}"] = content

    def look(self, where: str) -> None:
        """Keep what the browser holds now."""
        page = self.visit.page
        for frame in page.frames:
            self.put("page", frame.content(), where)
        self.put("page", f"{page.url} {page.title()} {page.locator('body').inner_text()}", where)
        self.put("storage", page.evaluate(STORAGE), where)
        self.put("storage", json.dumps(page.context.storage_state()), where)
        while self._responses:
            response = self._responses.pop()
            self.put("answers", f"{response.url} {response.headers}", where)
            if "content-disposition" in response.headers:  # a download, which is read as a file
                continue
            try:
                self.put("answers", response.body(), response.url)
            except Error:  # an answer without a body, or one the browser did not keep
                self.put("unread", response.url)
        self._keep_sent("sent")

    def submit(self, button: str) -> None:
        """Press a button of the form: the one message that may hold the token goes out now."""
        self._keep_sent("sent")
        self.visit.press(button)
        self._keep_sent("submitted")

    def _keep_sent(self, kind: str) -> None:
        news, self._seen = self.visit.sent[self._seen :], len(self.visit.sent)
        for frame in news:
            self.put(kind, frame)

    def take_every_file(self, where: str) -> None:
        """Press every button of the page's download menu."""
        page = self.visit.page
        page.get_by_test_id("stPopoverButton").click()
        buttons = page.locator('[class*="st-key-download-"]').get_by_role("button")
        expect(buttons.first).to_be_visible()
        for button in buttons.all():
            with page.expect_download() as coming:
                button.click()
            self.put("files", f"{coming.value.suggested_filename} {coming.value.url}", where)
            self.put("files", Path(coming.value.path()).read_bytes(), coming.value.suggested_filename)
        page.keyboard.press("Escape")
        self.visit.settled()


def stored(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder as it is, its name, and the rows of those that are packed."""
    for file in folder.rglob("*"):
        yield "name", str(file).encode()
        if file.is_file():
            yield str(file), file.read_bytes()
            if file.read_bytes()[:4] == b"PAR1":
                table = pq.read_table(file)
                yield str(file), f"{table.schema.metadata} {table.to_pylist()}".encode()


@pytest.fixture(scope="module")
def evidence(
    sandbox: Sandbox, begin_once: Begin, month: Window, tmp_path_factory: pytest.TempPathFactory
) -> Evidence:
    """The whole river: a wrong token, the right one, every page and file, failures, the way out."""
    folder = tmp_path_factory.mktemp("secrets")
    with Echo(sandbox) as api, running(ROOT, folder, USERLANE_BASE_URL=api.base_url) as server:
        visit = begin_once(server.address)
        found = Evidence.of(visit)
        visit.open(link("/", month, "demo", "512"))
        visit.fill(MISTAKEN, "demo", ["512"])
        found.submit("Connect")
        found.look("with a wrong token")
        assert api.refused
        visit.fill(SENTINEL)
        found.submit("Test connection")
        found.look("after a test")
        visit.fill(SENTINEL)
        found.submit("Connect")
        for title in TITLES:
            visit.go(title)
            found.look(title)
            if title in DATA_TITLES:
                found.take_every_file(title)
        visit.press("Test connection")
        visit.main.get_by_text("Check this connection").click()
        visit.settled().press("Check now")
        found.look("examined")
        for status, period in ((302, "Last 7 days"), (500, "Last 90 days")):
            api.refuses_with, before = status, api.refused
            visit.go("Connect").press("Test connection")
            visit.go("Overview").choose("Period", period)
            assert api.refused > before
            for title in ("Overview", "Tags", "Connect"):
                visit.go(title)
                found.look(f"{title} at {status}")
        process = Path("/proc") / str(server.process.pid)
        found.put("process", (process / "cmdline").read_bytes())
        found.put("process", (process / "environ").read_bytes())
        visit.go("Connect").press("Disconnect")
        found.look("after disconnecting")
        visit.page.go_back()
        visit.settled()
        found.look("back")
        visit.page.goto("about:blank")  # it would complain of the server that ends
    for place, content in stored(server.store):
        found.put("store", content, place)
    found.put("log", server.log.read_bytes())
    for number, frame in enumerate(visit.received):
        found.put("received", frame, f"message {number}")
    for line in visit.console:
        found.put("console", line)
    return found


KNOWN = {
    "answers": "<title>",
    "files": "userlane-nps-demo-",
    "log": '"event"',
    "page": "Compare with the period before",
    "process": "streamlit",
    "received": "Overview",
    "requests": "/_stcore/",
    "sent": "demo",
    "storage": "[",
    "store": "PAR1",
}
"""What must be seen in each kind of place; where even this is not seen, nothing was looked at."""


@pytest.mark.parametrize("kind", [*KNOWN, "console"])
def test_no_token_is_in_any_of_them(evidence: Evidence, kind: str) -> None:
    """Neither the wrong one nor the right one, in none of its forms; and the place was looked at."""
    places = evidence.kinds.get(kind, {})
    if kind in KNOWN:
        assert secret_search.found(KNOWN[kind], places), f"nothing was seen of {kind}"
    assert secret_search.found(SENTINEL, places) == []
    assert secret_search.found(MISTAKEN, places) == []


def test_the_token_was_there_to_be_found(evidence: Evidence) -> None:
    """The messages that submit the form hold it: what watches the others can see."""
    seen = secret_search.found(SENTINEL, evidence.kinds["submitted"])
    assert len([each for each in seen if each.endswith(": plain")]) == 2
    assert secret_search.found(MISTAKEN, evidence.kinds["submitted"])


PLANTED = "raise LookupError([each.header('Bearer') for each in _LIVE.values()])"
DEFECTS = {
    "pages/heart.py": f"""
from userlane.contract.connection import _LIVE
{PLANTED}
""",
    "userlane/url.py": f"""
def choose_period(now):
    from userlane.contract.connection import _LIVE
    {PLANTED}
""",
    "userlane/export/__init__.py": f"""
def view_file(*arguments, **options):
    from userlane.contract.connection import _LIVE
    {PLANTED}
""",
    "userlane/fetch/fetcher.py": f"""
def _broken(self, connection, query, *arguments, _load=Fetcher._load, **options):
    from userlane.contract.connection import _LIVE
    if query.dataset == "tags":
        {PLANTED}
    return _load(self, connection, query, *arguments, **options)
Fetcher._load = _broken
""",
}
"""A page, a callback, what makes a file, and a load in its thread: each raises an error with every token."""


@pytest.fixture(scope="module")
def defective(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A copy of the dashboard with defects in it, before an API that knows the sentinel."""
    folder = tmp_path_factory.mktemp("defective")
    tree = folder / "tree"
    for name in ("userlane", "pages", ".streamlit"):
        shutil.copytree(ROOT / name, tree / name)
    shutil.copy(ROOT / "app.py", tree)
    for file, defect in DEFECTS.items():
        (tree / file).write_text((tree / file).read_text() + defect)
    with Echo(sandbox) as api, running(tree, folder, USERLANE_BASE_URL=api.base_url) as server:
        yield server


def boxed(
    visit: Visit, server: Dashboard, words: str = "Something went wrong that should not."
) -> dict[str, str]:
    """The one error box of the page, in these words; answers the line of the log that its ID leads to."""
    (alert,) = visit.main.get_by_role("alert").all()
    assert words in alert.inner_text()
    assert "defect" in alert.inner_text()
    caption = visit.main.get_by_text(re.compile(r"^Error ID [0-9a-f]{8}$"))
    identity = caption.inner_text().removeprefix("Error ID ")
    (line,) = [
        line
        for line in server.lines()
        if line.get("error_id") == identity and line["event"] == "unexpected error"
    ]
    assert "LookupError" in line["exception"]
    assert secret_search.found(SENTINEL, {"page": visit.page.content()}) == []
    return line


def test_defects_are_told_in_one_box_and_the_visit_goes_on(
    defective: Dashboard, begin: Begin, month: Window
) -> None:
    """Whatever breaks: the error ID leads to the cause, no old number stays, other pages are as they were."""
    visit = begin(defective.address).open(link("/nps", month, "demo", "512")).connect(SENTINEL)
    numbers = visit.main.get_by_test_id("stMetric")
    shown = numbers.all_inner_texts()
    assert shown

    assert boxed(visit.go("HEART"), defective)["page"] == "HEART"
    line = boxed(visit.go("Tags"), defective, "broke off")
    assert "in _broken" in line["exception"]
    expect(numbers).to_have_count(0)
    assert visit.go("NPS").main.get_by_test_id("stMetric").all_inner_texts() == shown

    visit.choose("Period", "Last 7 days")
    assert "in choose_period" in boxed(visit, defective)["exception"]
    expect(numbers).to_have_count(0)
    visit.press("Try again")
    assert numbers.all_inner_texts() == shown
    period = visit.sidebar.get_by_role("combobox", name="Period", exact=True)
    expect(period).to_have_value("Last 30 days")
    assert visit.link["range"] == [month.start.isoformat(), month.last.isoformat()]

    visit.page.get_by_test_id("stPopoverButton").click()
    visit.page.locator('[class*="st-key-download-"]').get_by_role("button").first.click()
    expect(visit.page.get_by_text("Failed to generate file for download")).to_be_visible()
    assert any("in view_file" in line.get("exception", "") for line in defective.lines())

    assert secret_search.found("LookupError", {"log": defective.log.read_bytes()}), "no defect was logged"
    assert secret_search.found(SENTINEL, {"log": defective.log.read_bytes()}) == []
