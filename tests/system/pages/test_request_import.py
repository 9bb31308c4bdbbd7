"""The screen where the API speaks otherwise than assumed."""

from collections.abc import Callable
from datetime import date
from typing import Any

import httpx

from tests.stand_in import Api, Record, nps_records
from tests.system.pages.conftest import MONTH, Open
from tests.system.pages.screen import Screen
from userlane.sandbox import TOKEN

Behind = Callable[[httpx.BaseTransport], None]

ADDRESS = "https://api.eu.userlane.com/v1/properties/demo/nps"
SPAN = "from=2026-04-01T00%3A00%3A00Z&to=2026-05-01T00%3A00%3A00Z&page=0&limit=1000"
REQUEST = f"curl --url '{ADDRESS}?{SPAN}' --header 'X-Api-Key: made-up-and-secret-4711'"


class Renamed(Api):
    """An API whose NPS responses carry their score under a key that nobody has heard of."""

    def __init__(self) -> None:
        super().__init__({"nps": nps_records(MONTH, 4)})

    def _page(self, request: httpx.Request) -> list[Record]:
        renamed = [dict(record) for record in super()._page(request)]
        for record in renamed:
            record["grade_given"] = record.pop("score")
        return renamed


def box(visitor: Screen, dataset: str) -> str:
    (field,) = (field for field in visitor.app.text_area if field.key == f"taught-{dataset}")
    return str(field.value)


def labels(visitor: Screen) -> list[str]:
    """What can be downloaded."""
    buttons: list[Any] = list(visitor.app.get("download_button"))
    return [button.label for button in buttons]


def told(visitor: Screen) -> str:
    """What the page remarks without alarm."""
    return " ".join(str(each.value) for each in visitor.app.info).replace("\\", "")


def paste(visitor: Screen, **requests: str) -> Screen:
    """Type the property ID and paste a request into the box of each API."""
    for line in visitor.app.text_input:
        if line.key == "taught-property":
            line.set_value("demo")
    for field in visitor.app.text_area:
        if field.key and field.key.removeprefix("taught-") in requests:
            field.set_value(requests[field.key.removeprefix("taught-")])
    return visitor.press("Read the requests")


def test_a_request_is_understood_before_it_is_used_and_loses_its_token() -> None:
    """What was found stands in a table; the token is struck from the box and in no other place on screen."""
    visitor = paste(Screen(), nps=REQUEST)
    (table,) = visitor.app.dataframe
    found = dict(zip(table.value["What"], table.value["Found"], strict=True))
    assert found["Host"] == "https://api.eu.userlane.com"
    assert "X-Api-Key" in found["Token header"]
    assert "<token>" in box(visitor, "nps")
    assert "made-up-and-secret" not in visitor.sent
    visitor.press("Use this")
    assert visitor.form
    assert "Download the profile" in labels(visitor)


def test_what_is_no_request_is_told_and_the_others_stay() -> None:
    """One box that cannot be read costs nothing that was entered into the others."""
    visitor = paste(
        Screen(), nps=REQUEST, tags="hello", heart=REQUEST.replace("userlane.com", "evil.example")
    )
    assert "not a request" in visitor.alerts
    assert "evil" in visitor.alerts
    assert box(visitor, "tags") == "hello"
    assert "/v1/properties/demo/nps" in box(visitor, "nps")


def test_requests_that_send_their_tokens_differently_are_not_used_however_often_it_is_asked() -> None:
    """None of them is dropped, and no token of one goes out in the header of another."""
    other = REQUEST.replace("/nps", "/heart").replace("X-Api-Key", "X-Userlane-Key")
    visitor = paste(Screen(), nps=REQUEST, heart=other)
    for _ in range(2):
        visitor.press("Use this")
        assert "the same way was expected" in visitor.alerts
        (table,) = visitor.app.dataframe
        assert set(table.value["API"]) == {"HEART scores", "NPS responses"}
        assert "Download the profile" not in labels(visitor)
    assert visitor.app.session_state["visit"].found_token is None


def test_a_box_of_blanks_is_emptied() -> None:
    """Its placeholder says again what belongs there."""
    visitor = paste(Screen(), nps=" " * 1_000 + "\n")
    assert box(visitor, "nps") == ""


def test_a_field_nobody_has_heard_of_is_asked_for_and_then_read(own: Open, behind: Behind) -> None:
    """The keys that were seen are offered; the chosen one is used at once and is in the profile."""
    behind(Renamed())
    visitor = own(property="demo", compare="false").connect(TOKEN, "demo").go("NPS")
    assert visitor.numbers_drawn() == 0
    assert "score" in visitor.alerts
    (asked,) = (field for field in visitor.app.selectbox if field.key == "mapping-nps-score")
    asked.set_value("grade_given")
    visitor.press("Use these keys")
    assert f"{4 * MONTH.days} answers" in visitor.choose("nps-latest", value=False).words
    visitor.go("Connect")
    assert "Download the profile" in labels(visitor)


def test_a_period_before_that_is_not_whole_is_not_compared_with(own: Open, behind: Behind) -> None:
    """Half a period before would be drawn as a change that never was: none is, and the page says why."""
    before = MONTH.previous()

    def broken(request: httpx.Request, _number: int) -> httpx.Response | None:
        first = date.fromisoformat(request.url.params["startDate"][:10])
        late = int(request.url.params["page"]) > 1
        return httpx.Response(500) if first < MONTH.start and late else None

    records = [*nps_records(before, 4), *nps_records(MONTH, 4)]
    behind(Api({"nps": records}, most=50, fault=broken))
    visitor = own(property="demo").connect(TOKEN, "demo").go("NPS")
    assert f"No comparison. The period before, {before.describe()}, is incomplete" in told(visitor)
    assert "Load it again" in [button.label for button in visitor.app.button]
    assert all(metric.delta in {"", None} for metric in visitor.app.metric)


def test_an_empty_period_before_is_not_compared_with(own: Open, behind: Behind) -> None:
    """Where nothing was recorded before, everything would look like a rise."""
    behind(Api({"nps": nps_records(MONTH, 4)}))
    visitor = own(property="demo").connect(TOKEN, "demo").go("NPS")
    assert "holds nothing" in told(visitor)
    assert "Load it again" not in [button.label for button in visitor.app.button]
    assert all(metric.delta in {"", None} for metric in visitor.app.metric)


def test_a_link_of_one_day_shows_that_day(own: Open) -> None:
    """First and last day are the same, and both are in the link."""
    visitor = own(range=["2026-04-20", "2026-04-20"], property="demo").connect(TOKEN, "demo").go("HEART")
    assert "20 Apr 2026" in visitor.words
    assert visitor.app.query_params["range"] == ["2026-04-20", "2026-04-20"]


def test_a_page_without_anything_to_ask_stops_no_load_of_another(own: Open, behind: Behind) -> None:
    """Looking at Surveys without a survey leaves what failed elsewhere as it was: nothing is asked again."""
    api = Api({}, fault=lambda request, _number: httpx.Response(500) if "/nps" in request.url.path else None)
    behind(api)
    visitor = own(property="demo", compare="false").connect(TOKEN, "demo").go("NPS")
    asked = len(api.requests)
    visitor.go("Surveys").go("NPS")
    assert len(api.requests) == asked
