"""Kinds of pasted text beyond one clean request: every form of “Try it”, what surrounds it, what it lost.

`fixtures/try_it.json` holds the forms in which the snippet package of readme.com writes one request:
language, client, code.
"""

import html
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.request_import.rendering import LANGUAGES, Sent
from userlane.errors import RequestUnusable
from userlane.request_import import ImportResult, assemble, import_request, read, redact_secrets, to_toml
from userlane.request_import.read import find_requests

TOKEN = "qX7made0up4f2a9cZ"
FORMS: list[dict[str, str]] = json.loads(
    (Path(__file__).parent / "fixtures" / "try_it.json").read_text("utf-8")
)
NAMES = [f"{form['language']}, {form['client']}" for form in FORMS]
READ = [name for name in NAMES if name != "JSON, Native JSON"]
"""All forms but the one that writes only a body, which a GET has none of."""

CODE = dict(zip(NAMES, (form["code"] for form in FORMS), strict=True))
DATES = (("startDate", "2026-04-01T00:00:00+00:00"), ("endDate", "2026-05-01T00:00:00+00:00"))
BASE = "https://api.userlane.com"
PATH = (
    "/nps/8mkyx?startDate=2026-04-01T00%3A00%3A00%2B00%3A00&endDate=2026-05-01T00%3A00%3A00%2B00%3A00"
    "&page=1&limit=1000"
)
URL = BASE + PATH


def import_nps(code: str) -> ImportResult:
    return import_request(code, "nps", "8mkyx")


def names(result: ImportResult) -> tuple[str, str, str, str]:
    return result.route.start, result.route.end, result.route.page, result.route.limit


def assert_read(result: ImportResult, header: str = "Authorization", scheme: str = "Bearer") -> None:
    assert names(result) == ("startDate", "endDate", "page", "limit")
    assert result.route.dates == "offset"
    assert result.auth
    assert (result.auth.header.lower(), result.auth.scheme) == (header.lower(), scheme)
    assert result.settled


def test_the_forms_are_those_of_one_request_in_all_languages() -> None:
    assert len(FORMS) == 34
    assert len({form["language"] for form in FORMS}) == 19


@pytest.mark.parametrize("name", READ)
def test_each_form_of_try_it_is_read_and_its_token_is_redacted(name: str) -> None:
    result = import_nps(CODE[name])
    assert_read(result)
    assert result.route.url == f"{BASE}/v1/properties/{{property_id}}/nps"
    assert result.token
    assert result.token.header("") == TOKEN
    left = redact_secrets(CODE[name], ["8mkyx"])
    assert TOKEN not in left + to_toml(assemble([result])) + repr(result)
    assert import_nps(left).route == result.route


@pytest.mark.parametrize("header", ["x-userlane-key", "X-Api-Key", "userlane-session", "X-Secret"])
@pytest.mark.parametrize("token", [TOKEN, "abcdefghijkl", "4711-0815-4711"])
@pytest.mark.parametrize("name", READ)
def test_a_token_in_a_header_of_its_own_leaves_every_form(name: str, header: str, token: str) -> None:
    code = re.sub("authorization", header, CODE[name], flags=re.IGNORECASE).replace(f"Bearer {TOKEN}", token)
    assert token in code
    left = read(code, ["8mkyx"]).redacted
    assert token not in left
    assert "8mkyx" in left


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.data(), name=st.sampled_from(READ), header=st.sampled_from(["Authorization", "x-userlane-key"])
)
def test_a_lost_sign_never_leaves_the_token_in_the_box(data: st.DataObject, name: str, header: str) -> None:
    """One quote, bracket or separator less, or the end cut off within or behind the token."""
    code = re.sub("authorization", header, CODE[name], flags=re.IGNORECASE)
    if header != "Authorization":
        code = code.replace("Bearer ", "")
    signs = [match.start() for match in re.finditer(r"[\"'`()\[\]{},:=>@\\]", code)]
    lost = data.draw(st.sampled_from(signs))
    cut = data.draw(st.sampled_from([len(code), code.index(TOKEN) + len(TOKEN), code.index(TOKEN) + 12]))
    paste = (code[:lost] + code[lost + 1 :])[:cut]
    reading = read(paste, ["8mkyx"])
    assert TOKEN[:12] not in reading.redacted
    for request in reading.requests:
        assert TOKEN not in repr(request)


def _mail(code: str) -> str:
    return "\n".join(f"> {line}" for line in code.split("\n"))


def _chat(code: str) -> str:
    return "Anna  10:42 AM\n```\n" + code.replace("'", "’").replace('"', "”") + "\n```"


SURROUNDED: Mapping[str, Callable[[str], str]] = {
    "mail": _mail,
    "mail, twice": lambda code: _mail(_mail(code)),
    "mail, bars": lambda code: "\n".join(f"| {line}" for line in code.split("\n")),
    "chat": _chat,
    "HTML": html.escape,
    "HTML, ampersands": lambda code: code.replace("&", "&amp;"),
    "HTML, numbers": lambda code: code.replace("'", "&#39;").replace('"', "&#34;"),
    "HTML, twice": lambda code: html.escape(html.escape(code)),
    "JSON": lambda code: code.replace("&", "\\u0026"),
    "no-break spaces": lambda code: code.replace(" ", "\u00a0"),
    "zero-width spaces": lambda code: code.replace("&", "\u200b&").replace("//", "//\u2060"),
    "byte order mark": lambda code: f"\ufeff{code}",
    "fence": lambda code: f"Look:\n\n~~~bash\n{code}\n~~~\n",
    "Windows lines": lambda code: code.replace("\r", "").replace("\n", "\r\n"),
}


@pytest.mark.parametrize("surround", SURROUNDED)
@pytest.mark.parametrize("name", [name for name in READ if name != "Clojure, clj-http"])
def test_what_mail_chats_and_pages_add_is_taken_off(name: str, surround: str) -> None:
    """In HTML, `<-` of R is escaped, too; OCaml's lone backtick is no quote in any of them."""
    code = SURROUNDED[surround](CODE[name])
    assert_read(import_nps(code))
    assert TOKEN not in read(code, ["8mkyx"]).redacted


CURL = f"curl '{URL}' \\\n  -H 'X-Api-Key: {TOKEN}'"
WINDOWS_CURL = f'curl "{URL}" ^\n  -H "X-Api-Key: {TOKEN}"'
POWERSHELL = f"Invoke-RestMethod -Uri '{URL}' -Headers @{{'X-Api-Key'='{TOKEN}'}}"
PROMPTS = {
    "bash": "$ " + CURL.replace("\n", "\n> "),
    "bash with a place": "anna@host:~/work$ " + CURL.replace("\n", "\n> "),
    "bash with an environment": "(venv) anna@host:~$ " + CURL,
    "zsh": "anna@mac ~ % " + CURL.replace("\n", "\n> "),
    "zsh, short": "% " + CURL,
    "fish": "❯ " + CURL,
    "PowerShell": "PS C:\\Users\\anna> " + POWERSHELL,
    "PowerShell on Linux": "PS /home/anna> " + POWERSHELL,
    "PowerShell, going on": "PS C:\\> " + POWERSHELL.replace(" -Headers", " `\n>> -Headers"),
    "Windows": "C:\\Users\\anna>" + WINDOWS_CURL.replace("\n", "\nMore? "),
    "notebook": "!" + CURL,
    "notebook, whole cell": "%%bash\n" + CURL,
    "notebook, input": "In [3]: !" + CURL,
    "notebook, packages first": "!pip install requests\n%matplotlib inline\nimport requests\n"
    f"r = requests.get('{URL}', headers={{'X-Api-Key': '{TOKEN}'}})",
    "Python 2": (
        f"import urllib2\nq = urllib2.Request('{URL}')\nq.add_header('X-Api-Key', '{TOKEN}')\nprint q"
    ),
    "mail of a terminal": _mail("$ " + CURL.replace("\n", "\n> ")),
    "alias": f"curl '{URL}' -Headers @{{'X-Api-Key'='{TOKEN}'}}",
    "alias with its options": f'curl -Uri "{URL}" -Method Get -Headers @{{ "X-Api-Key" = "{TOKEN}" }}',
    "wget as an alias": f"wget '{URL}' -Headers @{{'X-Api-Key'='{TOKEN}'}}",
    "after other commands": f"cd /tmp && curl '{URL}' -H 'X-Api-Key: {TOKEN}' | jq .",
    "link of a chat": f'curl "<{URL.replace("&", "&amp;")}|api.userlane.com>" -H "X-Api-Key: {TOKEN}"',
}


@pytest.mark.parametrize("name", PROMPTS)
def test_prompts_and_aliases_cost_neither_header_nor_parameters(name: str) -> None:
    result = import_nps(PROMPTS[name])
    assert_read(result, "X-Api-Key", "")
    assert TOKEN not in read(PROMPTS[name], ["8mkyx"]).redacted


OWN_CODE = {
    "Node, host and path": (
        f"const options = {{ hostname: 'api.userlane.com', path: '{PATH}', "
        f"headers: {{ 'X-Api-Key': '{TOKEN}' }} }};\n"
        "https.request(options, () => {}).end();"
    ),
    "Python, connection": (
        f'c = http.client.HTTPSConnection("api.userlane.com")\nc.request("GET", "{PATH}", '
        f'headers={{"X-Api-Key": "{TOKEN}"}})'
    ),
    "Power Query": (
        f'let a = Json.Document(Web.Contents("{BASE}", [RelativePath="nps/8mkyx", Query=[startDate='
        '"2026-04-01T00:00:00+00:00", endDate="2026-05-01T00:00:00+00:00", page="1", limit="1000"], '
        f'Headers=[#"X-Api-Key"="{TOKEN}"]])) in a'
    ),
    "C#, base and path": (
        f'var client = new RestClient("{BASE}");\nvar request = new RestRequest("{PATH}");\n'
        f'request.AddHeader("X-Api-Key", "{TOKEN}");'
    ),
    "PHP, streams": (
        f"<?php $o = ['http' => ['method' => 'GET', 'header' => \"X-Api-Key: {TOKEN}\\r\\nAccept: */*\"]];\n"
        f"echo file_get_contents('{URL}', false, stream_context_create($o));"
    ),
    "PHP, joined": (
        f"<?php $base = '{BASE}'; $c = curl_init($base . '{PATH}');\n"
        f"curl_setopt($c, CURLOPT_HTTPHEADER, ['X-Api-Key: {TOKEN}']);"
    ),
    "VBA": (
        f'Dim h\nSet h = CreateObject("MSXML2.XMLHTTP")\nh.Open "GET", "{URL}", False\n'
        f'h.setRequestHeader "X-Api-Key", "{TOKEN}"'
    ),
    "Rust": f'let r = reqwest::Client::new().get("{URL}").header("X-Api-Key", "{TOKEN}").send();',
    "Perl": f"use strict; my $ua = LWP::UserAgent->new;\n$ua->get('{URL}', 'X-Api-Key' => '{TOKEN}');",
    "Dart": f"final r = await http.get(Uri.parse('{URL}'), headers: {{'X-Api-Key': '{TOKEN}'}});",
    "Elixir": f'HTTPoison.get!("{URL}", [{{"X-Api-Key", "{TOKEN}"}}])',
    "Python, list of pairs": (
        f"requests.get('{BASE}/nps/8mkyx', params=[('startDate', '2026-04-01T00:00:00+00:00'), ('endDate', "
        f"'2026-05-01T00:00:00+00:00'), ('page', 1), ('limit', 1000)], headers={{'X-Api-Key': '{TOKEN}'}})"
    ),
    "HTTPie, parameters": (
        f"http GET {BASE}/nps/8mkyx startDate==2026-04-01T00:00:00+00:00 endDate==2026-05-01T00:00:00+00:00 "
        f"page==1 limit==1000 X-Api-Key:{TOKEN}"
    ),
    "JavaScript, URL and parameters": (
        f"const url = new URL('/nps/8mkyx', '{BASE}');\nurl.searchParams.append('startDate', "
        "'2026-04-01T00:00:00+00:00');\nurl.searchParams.append('endDate', '2026-05-01T00:00:00+00:00');\n"
        "url.searchParams.append('page', 1); url.searchParams.append('limit', 1000);\n"
        f"fetch(url, {{headers: {{'X-Api-Key': '{TOKEN}'}}}})"
    ),
}


@pytest.mark.parametrize("name", OWN_CODE)
def test_code_that_people_write_themselves_is_read(name: str) -> None:
    result = import_nps(OWN_CODE[name])
    assert_read(result, "X-Api-Key", "")
    assert result.route.url == f"{BASE}/nps/{{property_id}}"
    assert TOKEN not in read(OWN_CODE[name], ["8mkyx"]).redacted


UNREAD = {
    "PHP": f"<?php\n$api->setToken('{TOKEN}');\necho $api->nps('8mkyx')->body();",
    "Ruby": f"require 'userlane'\nclient = Userlane.new(token: '{TOKEN}')\nputs client.nps",
    "Java": f'HttpRequest request = build(url, "{TOKEN}");',
    "Kotlin": f'val request = build(url, "{TOKEN}")',
    "C#": f'var client = new HttpClient();\nclient.Token = "{TOKEN}";',
    "Go": f'package main\nfunc main() {{ key := "{TOKEN}"; load(key) }}',
    "Swift": f'import Foundation\nlet token = "{TOKEN}"\nload(token)',
    "Node's api package": (
        f"const sdk = require('api')('@userlane/v1.0#abcdef');\nsdk.auth('{TOKEN}');\nsdk.getNps();"
    ),
    "JavaScript": f"const token = '{TOKEN}';\nfetch(url)",
    "R": f"library(httr)\nkey <- '{TOKEN}'\nGET(url, add_headers(k = key))",
}


@pytest.mark.parametrize("language", UNREAD)
def test_where_nothing_is_found_the_language_is_named_and_the_way_out(language: str) -> None:
    with pytest.raises(RequestUnusable, match=f"This is {re.escape(language)}") as caught:
        import_nps(UNREAD[language])
    assert "Choose Shell (cURL) above the code" in caught.value.next_step
    assert TOKEN not in str(caught.value) + read(UNREAD[language]).redacted


COMMENTS = (
    "# {}",
    "// {}",
    "/* {} */",
    "-- {}",
    "# my old one: {}",
    "# TOKEN={}",
    "(* {} *)",
    "; {}",
    "<!-- {} -->",
)


@pytest.mark.parametrize("comment", COMMENTS)
@pytest.mark.parametrize("name", ["Shell, cURL", "Python, Requests", "Go, NewRequest", "HTTP, HTTP/1.1"])
def test_a_second_token_in_a_comment_goes_too(name: str, comment: str) -> None:
    other = "zP9other1up4f2a9cQ"
    code = f"{comment.format(other)}\n{CODE[name]}\n{comment.format(other)}"
    left = read(code, ["8mkyx"]).redacted
    assert TOKEN not in left
    assert other not in left


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    language=st.sampled_from(sorted(LANGUAGES)),
    token=st.from_regex(r"[A-Za-z0-9]{4}[A-Za-z0-9._~+/=-]{4,30}[A-Za-z0-9]", fullmatch=True),
    header=st.sampled_from(["Authorization", "X-Api-Key", "x-userlane-key", "X-Userlane", "api-secret"]),
    scheme=st.sampled_from(["", "Bearer ", "Token "]),
    surround=st.sampled_from(sorted(SURROUNDED)),
)
def test_no_token_of_any_look_stays_whatever_surrounds_it(
    language: str, token: str, header: str, scheme: str, surround: str
) -> None:
    sent = Sent(f"{BASE}/nps/8mkyx", [*DATES, ("page", "1"), ("limit", "1000")], [(header, scheme + token)])
    code = SURROUNDED[surround](LANGUAGES[language](sent))
    assert token not in read(code, ["8mkyx"]).redacted


@pytest.mark.parametrize(
    ("parameter", "word"),
    [("sessionId=12", "sessionId"), ("mySecret=abc", "mySecret"), ("passcode=1234", "passcode"),
     ("q=aB3other0up4f2a9cZ", "q"), ("cred=x9", "cred"), ("sigv=77", "sigv")],
)  # fmt: skip
def test_a_parameter_that_may_be_a_secret_is_asked_about_and_stays_out_until_then(
    parameter: str, word: str
) -> None:
    result = import_nps(f"curl '{URL}&{parameter}' -H 'X-Api-Key: {TOKEN}'")
    (question,) = result.questions
    assert word in question.words
    assert parameter.partition("=")[2] not in question.words
    assert parameter not in result.route.url
    assert all(parameter not in finding.found for finding in result.findings)
    assert parameter in result.answer({question.role: "no secret"}).route.url
    left_out = result.answer({question.role: "leave out"})
    assert left_out.settled
    assert parameter not in left_out.route.url
    with pytest.raises(RequestUnusable, match="leave out"):
        result.answer({question.role: "perhaps"})


@pytest.mark.parametrize(
    "parameter",
    ["withSessions=true", "tenant=550e8400-e29b-41d4-a716-446655440000", "propertyKey=8mkyx", "v=2026-04-01",
     "include=comments,users", "fields=score2,score3", "sort=-createdAt", "number=12345678901234567890"],
)  # fmt: skip
def test_ids_dates_numbers_and_words_are_no_secrets(parameter: str) -> None:
    result = import_nps(f"curl '{URL}&{parameter}' -H 'X-Api-Key: {TOKEN}'")
    assert result.settled
    assert parameter in read(f"curl '{URL}&{parameter}'", ["8mkyx"]).redacted


@pytest.mark.parametrize("option", ["--frobnicate", "-@", "--header2 x", "'X-Other: 1'", "-H nonsense"])
def test_an_option_that_is_not_understood_is_shown_and_unsure(option: str) -> None:
    result = import_nps(f"curl '{URL}' {option} -H 'X-Api-Key: {TOKEN}'")
    (row,) = [finding for finding in result.findings if finding.item == "Not understood"]
    assert not row.sure
    assert import_nps(CURL + " --silent -kL --compressed").findings == import_nps(CURL).findings


@pytest.mark.parametrize(
    "escape", [quote(TOKEN), TOKEN.replace("4", "\\u0034"), TOKEN[:5] + "\u200b" + TOKEN[5:]]
)
def test_a_token_written_otherwise_is_redacted_or_the_box_is_emptied(escape: str) -> None:
    left = read(f'fetch("{URL}", {{"headers": {{"X-Api-Key": "{escape}"}}}})', ["8mkyx"]).redacted
    assert TOKEN not in left
    assert escape not in left


def test_find_requests_needs_no_ids() -> None:
    assert [request.method for request in find_requests(CURL)] == ["GET"]


@pytest.mark.parametrize(
    "code",
    [
        f"```curl '{URL}' -H 'X-Api-Key: {TOKEN}'```",
        f"```curl '{URL}' \\\n  -H 'X-Api-Key: {TOKEN}'\n```",
        f"Anna Beck 10:42 AM\nthis one works for me:\n```curl '{URL}' \\\n  -H 'X-Api-Key: {TOKEN}'```",
        f"```\ncurl '{URL}' -H 'X-Api-Key: {TOKEN}'```",
        f"```sh\ncurl '{URL}' -H 'X-Api-Key: {TOKEN}'\n```",
    ],
    ids=["one line", "begins on the line", "below a name", "ends on the line", "lines of its own"],
)
def test_the_fences_of_a_chat_are_no_part_of_the_code(code: str) -> None:
    result = import_nps(code)
    assert_read(result, "X-Api-Key", "")
    assert result.token
    assert result.token.header("") == TOKEN
    assert TOKEN not in redact_secrets(code)


@pytest.mark.parametrize(
    "call",
    [
        '[request setValue:@"{token}" forHTTPHeaderField:@"X-Api-Key"];',
        '[request addValue:@"{token}" forHTTPHeaderField:@"X-Api-Key"];',
        'request.setValue("{token}", forHTTPHeaderField: "X-Api-Key")',
        'request.addValue("{token}", forHTTPHeaderField: "X-Api-Key")',
    ],
)
def test_a_header_is_read_whose_value_stands_before_its_name(call: str) -> None:
    is_swift = call.startswith("request")
    url = f'let url = URL(string: "{URL}")!' if is_swift else f'NSURL *url = [NSURL URLWithString:@"{URL}"];'
    code = f"{url}\n{call.format(token=TOKEN)}\n"
    assert_read(import_nps(code), "X-Api-Key", "")
    assert TOKEN not in redact_secrets(code)


def test_what_may_be_a_secret_in_the_path_is_not_shown_until_it_is_said_to_be_none() -> None:
    result = import_nps(f"curl '{BASE}/{TOKEN}{PATH}' -H 'X-Api-Key: made-up'")
    assert not [finding for finding in result.findings if TOKEN in finding.found]
    (question,) = result.questions
    assert question.suggestion is None
    answered = result.answer({question.role: question.candidates[0]})
    assert [finding.item for finding in answered.findings if TOKEN in finding.found] == ["Path"]


def test_objective_c_and_clojure_are_named() -> None:
    assert read('NSDictionary *headers = @{ @"accept": @"application/json" };').refusal.startswith(
        "This is Objective-C"
    )
    assert read("(require '[clj-http.client :as client])").refusal.startswith("This is Clojure")
