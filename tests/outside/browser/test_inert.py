"""What an API or a file says is shown letter by letter: it loads, links and formats nothing."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from playwright.sync_api import FilePayload

from tests.outside.browser.conftest import Begin, dashboard, link
from tests.outside.browser.visit import Visit
from tests.responses import document, in_json
from tests.server import Request, Response, Server
from userlane.contract import Window

HOST = "tracker.example"
TOKEN = "made-up-token-91c0"
NOW = datetime.now(UTC)
TODAY = NOW.date()
WEEKS = Window(TODAY - timedelta(days=14), TODAY)

ARSENAL = (
    f"![seen](https://{HOST}/pixel.png)",
    f"[click](https://{HOST}/a) <https://{HOST}/b>",
    f"see https://{HOST}/c, www.{HOST}, mail me@{HOST}",
    f"<img src=https://{HOST}/d.png onerror=alert(1)>",
    f"<a href='https://{HOST}/e'>link</a><b>bold</b><br>broken",
    "[run](javascript:alert(1)) javascript:alert(2)",
    f"<script src=//{HOST}/f.js></script><style>*{{display:none}}</style>",
    ":material/delete: :smile: :red[**red**] :blue-badge[badge] :streamlit:",
    r"$\LaTeX$ and $$\frac12$$ and \(x\)",
    "# head **bold** _slanted_ `code` ~~gone~~ | a | b |",
    "1. one - two > three --- [^1] [x] &amp; &lt;b&gt; %{x} {0}",
    "=HYPERLINK(1) invoice\u202egpj.exe\u2066 zero\u200bwidth שלום",
)
LONG = "long " * 2_000

# Whatever the page made of foreign text besides text.
_MADE = """host => {
    const found = []
    for (const each of document.querySelectorAll('*')) {
        for (const {name, value} of each.attributes) {
            const points = ['src', 'href', 'xlink:href', 'srcset', 'action', 'data', 'poster'].includes(name)
            if (points && (value.includes(host) || value.trim().toLowerCase().startsWith('javascript:')))
                found.push(`${each.tagName} ${name}=${value}`)
            if (/^on/.test(name)) found.push(`${each.tagName} ${name}`)
        }
    }
    const made = '.katex, script[src*="//"], del, [data-testid="stMarkdownColoredText"]'
    for (const each of document.querySelectorAll(made)) found.push(each.outerHTML.slice(0, 120))
    for (const each of document.querySelectorAll('strong, em, code, b, i, h2, li, tspan[style*="bold"]'))
        if (/^(bold|slanted|code|red|badge|head.*)$/.test(each.textContent.trim()))
            found.push(each.outerHTML.slice(0, 120))
    return found
}"""

Records = list[dict[str, Any]]


def noon(days_ago: int) -> str:
    return datetime.combine(TODAY - timedelta(days=days_ago), time(12), UTC).isoformat()


def answers(top: int) -> Records:
    texts = [*ARSENAL, LONG, "x" * 5_000_000]
    return [
        {
            "id": f"r{number}",
            "userId": texts[number % len(ARSENAL)],
            "score": number % (top + 1) or top,
            "comment": texts[number % len(texts)],
            "timestamp": noon(1 + number % 13),
        }
        for number in range(40)
    ]


def tag_use() -> Records:
    return [
        {
            "date": (TODAY - timedelta(days=day)).isoformat(),
            "tagId": tag,
            "userId": f"{user} {ARSENAL[user]}",
            "interactions": 3,
        }
        for day in range(1, 14)
        for place, tag in enumerate((*ARSENAL, "T" * 10_000, "named"))
        for user in range(len(ARSENAL) - place % 5)
    ]


RECORDS: Mapping[str, Records] = {
    "heart": [
        {"date": (TODAY - timedelta(days=day)).isoformat(), "heart": 70.0, "happiness": 60.0 + day}
        for day in range(1, 14)
    ],
    "nps": answers(10),
    "surveys": answers(5),
    "tags": tag_use(),
}


def pages(records: Mapping[str, Records]) -> Mapping[str, tuple[int, Any]]:
    """First pages that hold these records."""
    return {name: (200, {"data": found}) for name, found in records.items()}


def api(first_pages: Mapping[str, tuple[int, Any]]) -> Server:
    """An API of the assumed contract with a status and a document for each first page."""

    def respond(request: Request) -> Response:
        status, first = first_pages[request.path.split("/")[4]]
        return document(in_json(first if request.page == 1 else {"data": []}), status)

    return Server(respond)


@pytest.fixture(scope="module")
def armed() -> Iterator[str]:
    """A dashboard at an API whose every text is a weapon."""
    with (
        api(pages(RECORDS)) as server,
        dashboard(USERLANE_BASE_URL=server.base_url, USERLANE_SANDBOX="off") as address,
    ):
        yield address


def letters(text: str) -> str:
    """What a reader sees: without the invisible signs that part, set apart or vanish."""
    return " ".join("".join(sign for sign in text if sign.isprintable() or sign.isspace()).split())


def read(visitor: Visit) -> str:
    """All words on the page, also those in fields and tips."""
    return letters(visitor.page.locator("body").inner_text())


def inert(visitor: Visit) -> None:
    """Nothing on the page was made of foreign text; that nothing was asked for is watched all along."""
    assert visitor.page.evaluate(_MADE, HOST) == []


def surveys_named() -> list[str]:
    """What a visitor types into the form: the surveys with the names they are to have."""
    return [f"{512 + place} {place}: {weapon}" for place, weapon in enumerate(ARSENAL)]


@pytest.fixture(scope="module")
def visitor(begin_once: Begin, armed: str) -> Visit:
    """Someone who looks at all of it, with surveys that bear the same names."""
    return begin_once(armed).open(link("/surveys", WEEKS)).connect(TOKEN, "demo", surveys_named())


def test_survey_names_on_cards_and_in_notices(visitor: Visit) -> None:
    inert(visitor.go("Surveys"))
    words = read(visitor)
    assert [weapon for weapon in ARSENAL if letters(weapon) not in words] == []


@pytest.mark.parametrize("title", ["Overview", "HEART", "NPS", "Surveys", "Tags", "Connect"])
def test_every_page_is_free_of_foreign_elements(visitor: Visit, title: str) -> None:
    inert(visitor.go(title))


def test_names_in_charts(visitor: Visit) -> None:
    """The tip over a point shows a name as it is; legend and axes show as much of it as there is room for."""
    for title, key in (("Surveys", "survey-trend"), ("Tags", "tag-trend")):
        chart = visitor.go(title).main.locator(f".st-key-{key}")
        chart.scroll_into_view_if_needed()
        points = chart.locator(".scatterlayer .point")
        for place in range(points.count()):
            box = points.nth(place).bounding_box()
            assert box is not None
            visitor.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            if chart.locator(".hoverlayer text").count():
                break
        told = letters(" ".join(chart.locator(".hoverlayer text").all_text_contents()))
        assert any(letters(weapon)[:12] in told for weapon in ARSENAL), told
        assert "<" in letters(" ".join(chart.locator(".legendtext").all_text_contents()))
        inert(visitor)


def test_comments_and_ids_in_tables(visitor: Visit) -> None:
    """An opened cell shows its text, a chosen row the whole comment; neither links anywhere."""
    table = visitor.go("NPS").main.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    for place in range(8):
        row = box["y"] + 38 + 35 * place + 17
        visitor.page.mouse.dblclick(box["x"] + box["width"] / 2, row)
        inert(visitor)
        visitor.page.keyboard.press("Escape")
        visitor.page.mouse.click(box["x"] + 20, row)
        visitor.settled()
        chosen = visitor.main.get_by_test_id("stText").inner_text()
        assert any(letters(weapon) == letters(chosen) for weapon in (*ARSENAL, LONG.strip())) or (
            len(chosen) == 10_001 and chosen.endswith("…")
        )
        inert(visitor)


def test_tag_names_and_the_name_of_their_file(visitor: Visit) -> None:
    """Every name, with the ID it belongs to, in the list of those that match nothing."""
    rows = [
        "Tag ID,Name",
        *(f'id-{place},"{name}"' for place, name in enumerate(n.replace('"', '""') for n in ARSENAL)),
    ]
    file_name = f"![x](https://{HOST}/g.png)<b>bold</b>\u202e.csv".replace("/", "_")
    visitor.go("Tags").main.get_by_text("Tags are shown by their ID").click()
    upload = FilePayload(name=file_name, mimeType="text/csv", buffer="\n".join(rows).encode())
    visitor.main.locator("input[type=file]").set_input_files(upload)
    visitor.settled()
    words = read(visitor)
    assert letters(file_name)[:30] in words
    assert [weapon for weapon in ARSENAL if words.count(letters(weapon)) < 2] == []
    assert "T" * 100 not in words
    inert(visitor)


def test_names_in_the_download_menu_and_in_file_names(visitor: Visit) -> None:
    visitor.go("Surveys").page.get_by_test_id("stPopoverButton").click()
    inert(visitor)
    visitor.page.keyboard.press("Escape")
    name, content = visitor.download("csv", "summary")
    assert re.fullmatch(r"userlane-surveys-[0-9a-z_.-]+\.csv", name)
    assert not re.search(r'(^|[,;\t\n])"?[=@]', content.decode("utf-8-sig"))


def test_no_table_lets_out_an_unescaped_copy(visitor: Visit) -> None:
    """Neither by its own button, which would know no mark of a state, nor by the clipboard."""
    for title in ("NPS", "Surveys", "Tags", "Overview", "HEART"):
        visitor.go(title)
        table = visitor.main.get_by_test_id("stDataFrame").first
        table.hover()
        buttons = visitor.page.get_by_test_id("stElementToolbarButton").get_by_role("button")
        names: list[str] = buttons.evaluate_all("all => all.map(each => each.ariaLabel)")
        assert any(name.startswith("Search") for name in names)
        assert not any("Download" in name for name in names)
    visitor.go("NPS").page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.page.evaluate("navigator.clipboard.writeText('untouched')")
    table = visitor.main.get_by_test_id("stDataFrame").first
    box = table.bounding_box()
    assert box is not None
    visitor.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 55)
    visitor.page.keyboard.press("ControlOrMeta+C")
    assert visitor.page.evaluate("navigator.clipboard.readText()") == "untouched"


COMPLAINTS: Mapping[str, tuple[int, Any]] = {
    "heart": (400, {"message": " ".join(ARSENAL[:3])}),
    "nps": (200, dict.fromkeys(ARSENAL, 1)),
    "surveys": (200, {"data": [dict.fromkeys(ARSENAL, "2026-04-01")]}),
    "tags": (200, {"data": []}),
}


def test_what_an_api_says_of_itself(begin: Begin) -> None:
    """Its messages and the keys of its records stand in errors and in lists to choose from."""
    with api(COMPLAINTS) as server, dashboard(
        USERLANE_BASE_URL=server.base_url, USERLANE_SANDBOX="off"
    ) as address:  # fmt: skip
        visitor = begin(address).open(link("/heart", WEEKS)).connect(TOKEN, "demo", ["512"])
        assert letters(ARSENAL[0]) in read(visitor.go("HEART"))
        inert(visitor)
        assert letters(ARSENAL[0]) in read(visitor.go("NPS"))
        inert(visitor)
        visitor.go("Surveys").main.get_by_role("combobox").first.click()
        options = [letters(option) for option in visitor.page.get_by_role("option").all_inner_texts()]
        assert letters(ARSENAL[0]) in options
        inert(visitor)
