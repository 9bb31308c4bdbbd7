"""Whatever the language and the names, the same request teaches the same."""

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.request_import.rendering import LANGUAGES, Sent
from userlane.contract import DATASETS, Auth, DatasetName, DateFormat, Query, Window, format_window
from userlane.request_import import assemble, import_request, redact_secrets, to_toml
from userlane.request_import.naming import meaning

NAMED = {
    "start": (
        "startDate",
        "start_date",
        "start",
        "from",
        "dateFrom",
        "from-date",
        "filter[start]",
        "StartTime",
    ),
    "end": ("endDate", "end_date", "end", "to", "dateTo", "to-date", "filter[end]", "EndTime"),
    "page": ("page", "pageNumber", "page_no", "page[number]", "pageIndex"),
    "limit": ("limit", "pageSize", "per_page", "size", "page[size]", "PerPage"),
}
UNNAMED = ("von", "bis", "seite", "anzahl", "alpha", "beta", "x1", "q-2", "z.z", "α")
FIXED = (
    ("format", "json"),
    ("lang", "en-GB"),
    ("include", "comments,users"),
    ("q", "a b&c=d+e/é%"),
    ("v", "2"),
)
ORIGINS = (
    "https://api.userlane.com",
    "https://eu.api.userlane.com:8443",
    "http://127.0.0.1:8765",
    "https://gateway.example",
)
PATHS = (
    "/v1/properties/{p}/{d}",
    "/{d}/{p}",
    "/api/v2/{d}",
    "/rest/apps/{p}/export/{d}.json",
    "/{d}s?app={p}",
)
HARMLESS = (
    ("accept", "application/json"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
    ("sec-ch-ua", '"Chromium";v="120", "Not?A_Brand";v="8"'),
    ("referer", "https://dev.example.com/"),
    ("x-csrf-token", "c5rf-0123456789abcdef"),
)


@dataclass(frozen=True)
class Case:
    """A request, and what it must teach."""

    sent: Sent
    dataset: DatasetName
    property_id: str
    survey_id: str
    names: tuple[str, str, str, str]
    dates: DateFormat
    auth: Auth
    token: str
    url: str


@st.composite
def cases(draw: st.DrawFn) -> Case:
    dataset = draw(st.sampled_from(DATASETS))
    property_id = draw(
        st.sampled_from(["8mkyx", "4711", "Prop-7_x"]) | st.from_regex(r"[a-z0-9]{5,12}", fullmatch=True)
    )
    survey_id = draw(st.sampled_from(["512", "s-77", "900001"]).filter(lambda each: each != property_id))
    names = _names(draw)
    dates = draw(st.sampled_from(DateFormat.__args__))  # type: ignore[attr-defined]  # a Literal's choices
    first = draw(st.dates(date(2020, 1, 1), date(2029, 1, 1)))
    window = Window(first, first + timedelta(days=draw(st.integers(1, 400))))
    start, end = format_window(Query("heart", "any", window), dates)
    values = (start, end, draw(st.sampled_from(["0", "1"])), draw(st.sampled_from(["1000", "500", "100"])))
    roles = list(zip(names, values, strict=True))
    fixed = [
        pair
        for pair in draw(st.lists(st.sampled_from(FIXED), max_size=3, unique=True))
        if pair[0] not in names
    ]
    path = draw(st.sampled_from(PATHS)).replace(
        "{d}", {"surveys": "survey", "tags": "tag"}.get(dataset, dataset)
    )
    path, _, query = path.partition("?")
    ids = [("app", "{p}")] if query else []
    if "{p}" not in path + query:
        ids.append((draw(st.sampled_from(["propertyId", "application_id", "wer"])), "{p}"))
    if dataset == "surveys":
        ids.append((draw(st.sampled_from(["surveyId", "survey", "welche"])), "{s}"))
    parameters = draw(st.permutations([*roles, *fixed, *ids]))
    auth = draw(
        st.builds(
            Auth,
            st.sampled_from(["Authorization", "X-Api-Key", "X-Userlane-Token"]),
            st.sampled_from(["Bearer", "", "Token", "JWT"]),
        )
    )
    token = draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._~+/=!$%&@-]{10,40}7[A-Za-z0-9]", fullmatch=True))
    header = draw(st.sampled_from([auth.header, auth.header.lower(), auth.header.upper()]))
    carried = (header, f"{auth.scheme} {token}".strip())
    headers = draw(st.permutations([carried, *draw(st.lists(st.sampled_from(HARMLESS), unique=True))]))
    shown = auth.header if auth.header == "Authorization" else header

    def filled(text: str) -> str:
        return text.replace("{p}", property_id).replace("{s}", survey_id)

    origin = draw(st.sampled_from(ORIGINS))
    sent = Sent(filled(origin + path), [(name, filled(value)) for name, value in parameters], headers)
    kept = Sent(origin + path, [pair for pair in parameters if pair not in roles], ()).url
    url = (
        kept.replace("{p}", "{property_id}")
        .replace("%7Bp%7D", "{property_id}")
        .replace("%7Bs%7D", "{survey_id}")
    )
    return Case(sent, dataset, property_id, survey_id, names, dates, Auth(shown, auth.scheme), token, url)


def _names(draw: st.DrawFn) -> tuple[str, str, str, str]:
    """Names known and unknown, in any mixture."""
    pair = draw(st.integers(0, len(NAMED["start"]) - 1))
    known = [NAMED["start"][pair], NAMED["end"][pair]]
    known += [draw(st.sampled_from(NAMED[role])) for role in ("page", "limit")]
    unknown = draw(st.permutations(UNNAMED))
    chosen = [draw(st.sampled_from(each)) for each in zip(known, unknown, strict=False)]
    return chosen[0], chosen[1], chosen[2], chosen[3]


def test_the_unknown_names_are_unknown() -> None:
    assert [name for name in UNNAMED if meaning(name)] == []


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases())
def test_a_request_teaches_the_same_in_every_language(language: str, case: Case) -> None:
    """Route, header and token come out as they went in, nothing is asked, and no text holds the token."""
    code = LANGUAGES[language](case.sent)
    if language == "HTTP" and case.url.startswith("http://"):
        assert "127.0.0.1" in case.url  # the scheme is not written; on this machine it is http
    lesson = import_request(
        code,
        case.dataset,
        case.property_id,
        case.survey_id,
        allowed_hosts=("*.userlane.com", "gateway.example", "127.0.0.1"),
    )
    assert lesson.questions == ()
    route = lesson.route
    assert (route.start, route.end, route.page, route.limit) == case.names
    # Some languages write a space as a plus, which is the same.
    assert (route.url.replace("+", "%20"), route.dates, route.first_page) == (case.url, case.dates, "auto")
    assert lesson.auth == case.auth
    assert lesson.token
    assert lesson.token.header("") == case.token

    profile = assemble([lesson])
    for text in (repr(lesson), str(lesson.findings), to_toml(profile), json.dumps(repr(profile))):
        assert case.token not in text
    left = redact_secrets(code)
    assert left
    assert case.token not in left
    again = import_request(
        left,
        case.dataset,
        case.property_id,
        case.survey_id,
        allowed_hosts=("*.userlane.com", "gateway.example", "127.0.0.1"),
    )
    assert (again.route, again.auth, again.token) == (route, case.auth, None)
    assert not re.search(r"c5rf", left)
