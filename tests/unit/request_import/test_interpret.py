"""What a request teaches: by value, by name; what is unsure is asked; what cannot be used is refused."""

import re
import traceback
from urllib.parse import quote

import pytest

from userlane.contract import Auth, DatasetName
from userlane.errors import IdentifierUnusable, InputUnusable, RequestUnusable
from userlane.request_import import ImportResult, Question, import_request

TOKEN = "sentinel-4f2a-9c81"
DATES = "startDate=2026-04-01&endDate=2026-05-01"


def curl(rest: str, *headers: str, origin: str = "https://api.userlane.com") -> str:
    options = "".join(f" -H '{header}'" for header in headers or (f"Authorization: Bearer {TOKEN}",))
    return f"curl '{origin}{rest}'{options}"


def taught(
    rest: str, *headers: str, dataset: DatasetName = "nps", survey_id: str | None = None
) -> ImportResult:
    return import_request(curl(rest, *headers), dataset, "8mkyx", survey_id)


def asked(lesson: ImportResult) -> dict[str, Question]:
    return {question.role: question for question in lesson.questions}


def found(lesson: ImportResult, item: str) -> str:
    return next(finding.found for finding in lesson.findings if finding.item == item)


@pytest.mark.parametrize(
    ("start", "end", "dates"),
    [
        ("2026-04-01T00%3A00%3A00%2B00%3A00", "2026-05-01T00%3A00%3A00%2B00%3A00", "offset"),
        ("2026-04-01T00:00:00+00:00", "2026-05-01T00:00:00+00:00", "offset"),
        ("2026-04-01T00:00:00%2B0200", "2026-05-01T00:00:00%2B0200", "offset"),
        ("2026-04-01T00:00:00.000%2B00:00", "2026-04-30T23:59:59.999%2B00:00", "offset"),
        ("2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z", "utc"),
        ("2026-04-01T00:00:00.000Z", "2026-05-01T00:00:00.000Z", "utc-milliseconds"),
        ("2026-04-01T00:00:00", "2026-05-01T00:00:00", "plain"),
        ("2026-04-01%2000:00:00", "2026-05-01+00:00:00", "plain"),
        ("2026-04-01", "2026-05-01", "date"),
        ("1775001600", "1777593600", "seconds"),
        ("1775001600000", "1777593600000", "milliseconds"),
    ],
)
def test_dates_are_written_as_the_request_writes_them(start: str, end: str, dates: str) -> None:
    lesson = taught(f"/8mkyx/nps?b={end}&a={start}&page=1&limit=10")
    assert lesson.settled
    assert (lesson.route.start, lesson.route.end, lesson.route.dates) == ("a", "b", dates)


def test_two_dates_of_different_form_are_asked_about() -> None:
    lesson = taught("/8mkyx/nps?start=2026-04-01&end=2026-04-30T23:59:59Z&page=1&limit=10")
    assert asked(lesson)["dates"].candidates == ("date", "utc")
    assert lesson.answer({"dates": "utc"}).route.dates == "utc"


def test_a_date_in_no_known_form_is_asked_about_with_examples() -> None:
    lesson = taught("/8mkyx/nps?startDate=04/01/2026&endDate=05/01/2026&page=1&limit=10")
    assert list(asked(lesson)) == ["dates"]
    assert "04/01/2026" in asked(lesson)["dates"].words
    assert lesson.answer({"dates": "date"}).route.dates == "date"
    with pytest.raises(RequestUnusable, match="no way to write dates"):
        lesson.answer({"dates": "american"})


def test_dates_left_open_are_taken_by_name_and_written_as_the_vendor_shows_them() -> None:
    lesson = taught("/8mkyx/nps?startDate=&endDate=YOUR_END&page=&limit=")
    assert lesson.settled
    assert (lesson.route.start, lesson.route.end, lesson.route.dates) == ("startDate", "endDate", "offset")


@pytest.mark.parametrize(
    "dates",
    [
        "startDate=2026-05-01&endDate=2026-04-01",
        "endDate=2026-04-01&other=2026-05-01",
        "a=2026-04-01&b=2026-04-01",
        "a=2026-04-01&b=2026-05-01&c=2026-06-01",
        "a=2026-04-01&version=2026-05-01",
    ],
)
def test_dates_that_names_and_values_do_not_settle_are_asked_about(dates: str) -> None:
    names = re.findall(r"(\w+)=", dates)
    lesson = taught(f"/8mkyx/nps?{dates}&page=1&limit=10")
    assert list(asked(lesson)) == ["start", "end"]
    assert set(asked(lesson)["start"].candidates) <= set(names)
    settled = lesson.answer({"start": names[0], "end": names[1]})
    assert settled.settled
    assert (settled.route.start, settled.route.end) == (names[0], names[1])


def test_equal_dates_are_taken_by_their_names() -> None:
    lesson = taught("/8mkyx/nps?to=2026-04-01&from=2026-04-01&page=1&limit=10")
    assert (lesson.settled, lesson.route.start, lesson.route.end) == (True, "from", "to")


def test_one_answer_settles_the_other_date() -> None:
    lesson = taught("/8mkyx/nps?a=2026-04-01&b=2026-04-01&page=1&limit=10")
    assert lesson.answer({"end": "a"}).route.start == "b"


@pytest.mark.parametrize(
    ("numbers", "page", "limit"),
    [
        ("page=1&limit=1000", "page", "limit"),
        ("page=7&size=20", "page", "size"),
        ("x=0&y=1000", "x", "y"),
        ("y=500&x=1", "x", "y"),
        ("x=1&y=1000&z=50", "x", "y"),
        ("pageSize=1&pageNumber=1", "pageNumber", "pageSize"),
        ("x=1&per_page=1", "x", "per_page"),
        ("page=2&x=200&v=1", "page", "x"),
        ("page[number]=1&page[size]=100", "page[number]", "page[size]"),
        ("page=1&limit=100&count=5", "page", "limit"),
        ("p=1&page=1&size=100", "page", "size"),
        ("page=1&offset=0&limit=10", "page", "limit"),
        ("x=1&limit=100&withComments=1", "x", "limit"),
        ("page=1&x=100&npsId=500", "page", "x"),
    ],
)
def test_page_and_limit_are_found_by_name_and_by_number(numbers: str, page: str, limit: str) -> None:
    lesson = taught(f"/8mkyx/nps?{DATES}&{numbers}")
    assert lesson.questions == ()
    assert (lesson.route.page, lesson.route.limit, lesson.route.first_page) == (page, limit, "auto")


@pytest.mark.parametrize(
    ("numbers", "roles"),
    [
        ("x=3&y=7", ["page", "limit"]),
        ("x=1&y=0&limit=10", ["page"]),
        ("page=1&x=50&y=20", ["limit"]),
        ("page=1&x=5", ["limit"]),
        ("page=1&year=2026", ["limit"]),
        ("page=1&x=2026", ["limit"]),
        ("limit=100&includeComments=1", ["page"]),
        ("limit=100&nps_id=1", ["page"]),
        ("size=5&max=6&page=1", ["limit"]),
        ("limit=100", ["page"]),
        ("page=1", ["limit"]),
        ("", ["page", "limit"]),
    ],
)
def test_numbers_that_could_be_either_are_asked_about(numbers: str, roles: list[str]) -> None:
    lesson = taught(f"/8mkyx/nps?{DATES}&{numbers}")
    assert list(asked(lesson)) == roles
    assert [finding.sure for finding in lesson.findings].count(False) == len(roles)
    settled = lesson.answer({role: f"the-{role}" for role in roles})
    assert settled.settled
    assert [getattr(settled.route, role) for role in roles] == [f"the-{role}" for role in roles]


def test_what_the_request_lacks_is_asked_with_the_assumed_name_as_the_likely_one() -> None:
    page = asked(taught(f"/8mkyx/nps?{DATES}&limit=10"))["page"]
    assert (page.candidates, page.suggestion, page.free) == ((), "page", True)


def test_an_answer_that_cannot_be_is_refused_and_says_what_could() -> None:
    lesson = taught(f"/8mkyx/nps?{DATES}&x=3&y=7")
    for answers in ({"page": "two words"}, {"page": ""}, {"page": "x", "limit": "x"}, {"colour": "red"}):
        with pytest.raises(RequestUnusable, match="expected"):
            lesson.answer(answers)


@pytest.mark.parametrize(
    ("rest", "url"),
    [
        ("/v1/properties/8mkyx/nps?{}", "/v1/properties/{property_id}/nps"),
        ("/8mkyx?{}", "/{property_id}"),
        ("/nps?app=8mkyx&{}", "/nps?app={property_id}"),
        ("/8mkyx/nps?owner=8mkyx&{}", "/{property_id}/nps?owner={property_id}"),
        ("/nps/8mkyx.json?{}", "/nps/{property_id}.json"),
        ("/nps(8mkyx)?{}", "/nps({property_id})"),
        ("/nps?filter=property:8mkyx&{}", "/nps?filter=property:{property_id}"),
        ("/nps-8mkyxa/8mkyx?{}", "/nps-8mkyxa/{property_id}"),
        ("/%38mkyx/nps/?{}", "/{property_id}/nps/"),
        ("/properties/{{propertyId}}/nps?{}", "/properties/{property_id}/nps"),
        ("/properties/:propertyId/nps?{}", "/properties/{property_id}/nps"),
        ("/properties/property_id/nps?{}", "/properties/{property_id}/nps"),
        ("/nps?propertyId=&{}", "/nps?propertyId={property_id}"),
        ("/8mkyx/nps?{}&format=json&q=a%20b%26c&flag&x[]=1%2C2", None),
        ("/8mkyx/nps?{}&note={{x}}", "/{property_id}/nps?note=%7Bx%7D"),
        ("/8mkyx/ä b/nps?{}", "/{property_id}/%C3%A4%20b/nps"),
    ],
)
def test_the_property_is_found_wherever_it_stands_and_the_rest_stays(rest: str, url: str | None) -> None:
    lesson = taught(rest.format(f"{DATES}&page=1&limit=10"))
    assert lesson.questions == ()
    expected = url or "/{property_id}/nps?format=json&q=a%20b%26c&flag&x[]=1%2C2"
    assert lesson.route.url == f"https://api.userlane.com{expected}"


def test_a_short_id_is_taken_where_it_is_named_and_asked_about_where_it_is_not() -> None:
    named = import_request(curl(f"/api/1/properties/1/nps?{DATES}&page=1&limit=10"), "nps", "1")
    assert (named.settled, named.route.url[24:]) == (True, "/api/1/properties/{property_id}/nps")
    assert named.route.page == "page"
    unnamed = import_request(curl(f"/1/nps/1?{DATES}&page=1&limit=10"), "nps", "1")
    choice = f"/1/nps/{{property_id}}?{DATES}&page=1&limit=10"
    assert choice in asked(unnamed)["property_id"].candidates
    assert unnamed.answer({"property_id": choice}).route.url[24:] == "/1/nps/{property_id}"


def test_an_example_of_another_property_is_asked_about() -> None:
    lesson = taught(f"/v1/properties/abc12/nps?{DATES}&page=1&limit=10&lang=en")
    question = asked(lesson)["property_id"]
    assert (question.candidates, question.suggestion) == (("abc12",), "abc12")
    assert lesson.answer({"property_id": "abc12"}).route.url.endswith(
        "/v1/properties/{property_id}/nps?lang=en"
    )
    unnamed = taught(f"/v1/abc12/nps?{DATES}&page=1&limit=10&lang=en")
    assert asked(unnamed)["property_id"].candidates == ("abc12", "lang=en")
    assert unnamed.answer({"property_id": "abc12"}).settled
    with pytest.raises(RequestUnusable, match="abc12"):
        unnamed.answer({"property_id": "other"})


def test_a_survey_needs_its_own_id_beside_the_propertys() -> None:
    rest = f"/properties/8mkyx/surveys/512/responses?{DATES}&page=1&limit=10"
    lesson = taught(rest, dataset="surveys", survey_id="512")
    assert lesson.route.url.endswith("/properties/{property_id}/surveys/{survey_id}/responses")
    query = taught(f"/8mkyx/surveys?survey=512&{DATES}&page=1&limit=10", dataset="surveys", survey_id="512")
    assert query.route.url.endswith("/{property_id}/surveys?survey={survey_id}")
    with pytest.raises(IdentifierUnusable, match="survey ID"):
        taught(rest, dataset="surveys")
    same = import_request(curl(f"/properties/77/surveys/77?{DATES}&page=1&limit=10"), "surveys", "77", "77")
    assert same.route.url.endswith("/properties/{property_id}/surveys/{survey_id}")


@pytest.mark.parametrize(
    ("header", "auth"),
    [
        (f"Authorization: Bearer {TOKEN}", Auth()),
        (f"authorization:   bearer   {TOKEN}", Auth("Authorization", "bearer")),
        (f"AUTHORIZATION: {TOKEN}", Auth("Authorization", "")),
        (f"Authorization: Token {TOKEN}", Auth("Authorization", "Token")),
        (f"Authorization: Bearer Bearer {TOKEN}", Auth()),
        (f"X-Api-Key: {TOKEN}", Auth("X-Api-Key", "")),
        (f"x-userlane-auth-token: ApiKey {TOKEN}", Auth("x-userlane-auth-token", "ApiKey")),
    ],
)
def test_the_token_is_found_in_its_header_with_its_word(header: str, auth: Auth) -> None:
    lesson = taught(
        f"/8mkyx/nps?{DATES}&page=1&limit=10", "Accept: */*", header, "Cookie: a=b", "Sec-Fetch-Mode: x"
    )
    assert (lesson.auth, lesson.settled) == (auth, True)
    assert lesson.token
    assert lesson.token.header("") == TOKEN
    assert TOKEN not in repr(lesson)


@pytest.mark.parametrize(
    "value",
    [
        "<token>",
        "YOUR_TOKEN",
        "{token}",
        "$TOKEN",
        "${API_TOKEN}",
        "%TOKEN%",
        "xxxxxxxx",
        "•••••••",
        "",
        "[REDACTED]",
    ],
)
def test_a_token_left_open_teaches_header_and_word_only(value: str) -> None:
    lesson = taught(f"/8mkyx/nps?{DATES}&page=1&limit=10", f"Authorization: Bearer {value}")
    assert (lesson.auth, lesson.token, lesson.settled) == (Auth(), None, True)


def test_a_request_without_a_token_teaches_the_route_all_the_same() -> None:
    lesson = taught(f"/8mkyx/nps?{DATES}&page=1&limit=10", "Accept: */*")
    assert (lesson.auth, lesson.token, lesson.settled) == (None, None, True)


def test_a_word_before_the_token_that_is_not_written_out_is_asked_about() -> None:
    url = f"https://api.userlane.com/8mkyx/nps?{DATES}&page=1&limit=10"
    code = f"requests.get('{url}', headers={{'Authorization': t}})"
    lesson = import_request(code, "nps", "8mkyx")
    assert asked(lesson)["scheme"].candidates == ("Bearer", "Token", "none")
    assert lesson.answer({"scheme": "none"}).auth == Auth("Authorization", "")
    with pytest.raises(RequestUnusable, match="Bearer"):
        lesson.answer({"scheme": "Basic"})


def test_two_headers_with_tokens_are_asked_about() -> None:
    headers = (f"X-Api-Key: {TOKEN}", "Authorization: Bearer other-5e5e5e5e5e")
    lesson = taught(f"/8mkyx/nps?{DATES}&page=1&limit=10", *headers)
    assert asked(lesson)["header"].candidates == ("X-Api-Key", "Authorization", "none")
    chosen = lesson.answer({"header": "X-Api-Key"})
    assert chosen.auth == Auth("X-Api-Key", "")
    assert chosen.token
    assert chosen.token.header("") == TOKEN
    assert found(chosen, "Left out") == "Authorization"
    with pytest.raises(RequestUnusable, match="X-Api-Key"):
        lesson.answer({"header": "Cookie"})


def test_a_header_that_only_looks_as_if_it_carried_the_token_is_asked_about() -> None:
    lesson = taught(f"/8mkyx/nps?{DATES}&page=1&limit=10", f"X-Userlane: {TOKEN}")
    assert asked(lesson)["header"].candidates == ("X-Userlane", "none")
    assert lesson.answer({"header": "X-Userlane"}).auth == Auth("X-Userlane", "")
    assert lesson.answer({"header": "none"}).auth is None


def test_the_request_of_another_api_is_noticed() -> None:
    lesson = taught(f"/8mkyx/surveys?{DATES}&page=1&limit=10")
    assert "surveys" in asked(lesson)["box"].words
    assert lesson.answer({"box": "yes"}).settled
    assert taught(f"/heart/8mkyx/npsdata?{DATES}&page=1&limit=10").settled
    assert taught(f"/feed/8mkyx?{DATES}&page=1&limit=10").settled


def test_a_request_through_the_documentations_relay_is_read_as_where_it_goes() -> None:
    inner = f"https://api.userlane.com/8mkyx/nps?{DATES}&page=1&limit=10"
    lesson = import_request(curl(f"/{inner}", origin="https://try.readme.io"), "nps", "8mkyx")
    assert lesson.origin == "https://api.userlane.com"
    with pytest.raises(RequestUnusable, match=r"evil\.example"):
        import_request(curl("/https://evil.example/8mkyx", origin="https://try.readme.io"), "nps", "8mkyx")


def test_the_table_says_what_was_understood_and_what_is_left_out() -> None:
    lesson = taught(
        f"/8mkyx/nps?{DATES}&page=1&limit=10&lang=en",
        f"Authorization: Bearer {TOKEN}",
        "X-Tenant: blue",
        "Accept: */*",
    )
    rows = {finding.item: finding.found for finding in lesson.findings}
    assert rows == {
        "Method": "GET",
        "Host": "https://api.userlane.com",
        "Path": "/{property_id}/nps",
        "Property ID": "8mkyx in the path",
        "Start date": "startDate = 2026-04-01",
        "End date": "endDate = 2026-05-01",
        "Dates written as": "date",
        "Page": "page = 1",
        "Limit": "limit = 10",
        "Fixed parameters": "lang=en",
        "Token header": "Authorization: Bearer <token>",
        "Token": "in the request",
        "Left out": "X-Tenant",
    }
    assert all(finding.sure for finding in lesson.findings)


@pytest.mark.parametrize(
    ("origin", "hosts"),
    [
        ("https://eu.api.userlane.com", ("*.userlane.com",)),
        ("https://API.Userlane.com", ("api.userlane.com",)),
        ("http://127.0.0.1:9123", ("127.0.0.1",)),
        ("http://localhost", ("localhost",)),
        ("http://[::1]:80", ("x.example", "::1")),
        ("https://gateway.example:8443", ("other.example", "gateway.example")),
    ],
)
def test_allowed_hosts_are_accepted(origin: str, hosts: tuple[str, ...]) -> None:
    lesson = import_request(
        curl(f"/8mkyx/nps?{DATES}&page=1&limit=10", origin=origin), "nps", "8mkyx", allowed_hosts=hosts
    )
    assert lesson.origin == origin.lower()


REFUSED = {
    "no request": ("the token is sentinel-4f2a-9c81", "not a request"),
    "an answer": ('{"data": [{"comment": "sentinel-4f2a-9c81"}]}', "JSON"),
    "two requests": (curl("/8mkyx/nps") + "\n" + curl("/8mkyx/heart"), "2 requests"),
    "two requests in two languages": (
        curl("/8mkyx") + f"\nfetch('https://api.userlane.com/{TOKEN}')",
        "2 requests",
    ),
    "a foreign host": (curl("/8mkyx", origin="https://evil.example"), "evil.example"),
    "a host that ends alike": (curl("/8mkyx", origin="https://notuserlane.com"), "notuserlane.com"),
    "a host that begins alike": (
        curl("/8mkyx", origin="https://api.userlane.com.evil.example"),
        "evil.example",
    ),
    "the bare domain": (curl("/8mkyx", origin="https://userlane.com"), "userlane.com"),
    "a number for this machine": (curl("/8mkyx", origin="http://2130706433"), "2130706433"),
    "another machine nearby": (curl("/8mkyx", origin="http://169.254.169.254"), "169.254.169.254"),
    "another scheme": (curl("/8mkyx", origin="file://api.userlane.com"), "no web address"),
    "a backslash before the host's end": (
        curl("/8mkyx", origin="https://evil.example\\\\@api.userlane.com"),
        "web address",
    ),
    "a POST": (curl("/8mkyx/nps") + " -X POST", "POST"),
    "data": (curl("/8mkyx/nps") + f" -d token={TOKEN}", "POST"),
    "a GET with a body": (curl("/8mkyx/nps") + f" -X GET -d token={TOKEN}", "body"),
    "a user in the address": (curl("/8mkyx", origin=f"https://me:{TOKEN}@api.userlane.com"), "user name"),
    "a user beside it": (curl("/8mkyx/nps") + f" -u me:{TOKEN}", "user name"),
    "no encryption": (curl("/8mkyx/nps", origin="http://api.userlane.com"), "not encrypted"),
    "the token in the address": (
        curl(f"/8mkyx/nps?{DATES}&page=1&limit=9&access_token={TOKEN}"),
        "access_token",
    ),
    "the header's token in the address": (curl(f"/8mkyx/nps?{DATES}&page=1&limit=9&id={TOKEN}"), "the token"),
    "the token in the path": (curl(f"/{quote(TOKEN)}/8mkyx/nps?{DATES}&page=1&limit=9"), "the token"),
    "no property": (curl(f"/v1/nps?{DATES}&page=1&limit=10"), "8mkyx"),
    "both dates in one": (curl("/8mkyx/nps?range=2026-04-01..2026-05-01&page=1&limit=10"), "both dates"),
    "dates in the path": (curl("/8mkyx/nps/2026-04-01/2026-05-01?page=1&limit=10"), "path"),
    "records to skip": (curl(f"/8mkyx/nps?{DATES}&offset=0&limit=10"), "offset"),
    "words before the token": (curl("/8mkyx/nps", f"Authorization: Key one {TOKEN}"), "Authorization"),
    "an address not written out": (
        f"requests.get('https://api.userlane.com/8mkyx/' + name, headers={{'x-api-key': '{TOKEN}'}})",
        "written out",
    ),
    "no end of parts": (curl("/8mkyx" * 200), "parts"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_that_cannot_be_used_is_told_in_one_sentence_without_the_token(case: str) -> None:
    code, words = REFUSED[case]
    with pytest.raises(RequestUnusable, match=words) as caught:
        import_request(code, "nps", "8mkyx")
    error = caught.value
    assert "expected" in error.cause
    assert error.cause.endswith(".")
    assert not re.search(r"\. [A-Z]", str(error))
    assert TOKEN not in "".join(traceback.format_exception(error)).replace(repr(code), "")
    assert TOKEN not in repr(error)
    assert error.exit_code == InputUnusable.exit_code == 2


@pytest.mark.parametrize("property_id", ["", "../x", "a b", "{property_id}"])
def test_an_id_that_is_none_is_refused_before_anything_is_read(property_id: str) -> None:
    with pytest.raises(IdentifierUnusable, match="property ID"):
        import_request("no request", "nps", property_id)
