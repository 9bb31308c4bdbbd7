"""Code becomes the request it would send, without being run, or one sentence."""

import sys
import traceback

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from userlane.errors import RequestUnusable, UserlaneError
from userlane.request_import import import_request, read, redact_secrets
from userlane.request_import.parsers.common import UNWRITTEN, Request
from userlane.request_import.read import find_requests

URL = "https://api.userlane.com/v1/nps?page=1"
TOKEN = "made-up-4f2a"
BEARER = f"authorization: Bearer {TOKEN}"


def read_one(code: str) -> Request:
    """The one request in `code`; raises the refusal."""
    reading = read(code)
    if reading.refusal:
        raise RequestUnusable(reading.refusal, reading.next_step)
    (request,) = reading.requests
    return request


SNIPPETS = {
    "options of one word and many lines": f"curl --request=GET --url={URL} --header='{BEARER}'",
    "joined letters": f"curl -sSLXGET '{URL}' -H'{BEARER}' -o out.json",
    "a prompt, a comment, a pipe": f"# the scores\n$ curl -s '{URL}' -H '{BEARER}' | jq .data > x",
    "variables of the shell": (
        f"export TOKEN={TOKEN}\nBASE=https://api.userlane.com\n"
        'curl "$BASE/v1/nps?page=1" -H "authorization: Bearer ${TOKEN}"'
    ),
    "an address without quotes": f"curl {URL} -H authorization:\\ Bearer\\ {TOKEN}",
    "line ends with space behind them": f"curl \\  \n '{URL}' \\ \n -H '{BEARER}'",
    "line ends lost": f"curl '{URL}'\n  -H '{BEARER}'",
    "line ends of PowerShell": f"curl.exe '{URL}' `\n -H '{BEARER}'",
    "bearer as an option": f"curl '{URL}' --oauth2-bearer {TOKEN}",
    "-G with -d": f"curl -G https://api.userlane.com/v1/nps -d page=1 -H '{BEARER}'",
    "--url-query": f"curl https://api.userlane.com/v1/nps --url-query page=1 -H '{BEARER}'",
    "quotes a word processor bent": f"curl –request GET “{URL}” -H ‘{BEARER}’",
    "fences": f"```bash\ncurl '{URL}' -H '{BEARER}'\n```",
    "HTTP with the whole address": f"GET {URL} HTTP/1.1\n{BEARER}\n",
    "HTTP over several lines": (f"GET https://api.userlane.com/v1/nps\n    ?page=1\n{BEARER}"),
    "HTTP as browsers show it": (
        ":authority: api.userlane.com\n:method: GET\n:path: /v1/nps?page=1\n:scheme: https\n"
        f"accept: */*\n{BEARER}"
    ),
    "Python, session": (
        "import requests\nwith requests.Session() as s:\n"
        f"    s.headers.update({{'authorization': 'Bearer {TOKEN}'}})\n    r = s.get('{URL}')\n"
    ),
    "Python, client with a base": (
        "import httpx\nclient = httpx.Client(base_url='https://api.userlane.com/v1', "
        f"headers={{'authorization': 'Bearer {TOKEN}'}})\nclient.get('nps', params=[('page', 1)])"
    ),
    "Python, f-string and assignment by key": (
        f"import requests\nBASE = 'https://api.userlane.com'\ntoken = '{TOKEN}'\n"
        "headers = dict(accept='*/*')\n"
        "headers['authorization'] = f'Bearer {token}'\n"
        "def load():\n    return requests.get(BASE + '/v1/nps', headers=headers, params={'page': '1'})\n"
    ),
    "Python at its prompt": (
        f">>> import requests\n>>> h = {{'authorization':\n...      'Bearer {TOKEN}'}}\n"
        f">>> requests.get('{URL}', headers=h)\n<Response [200]>"
    ),
    "fetch with URL and Headers": (
        "const url = new URL('https://api.userlane.com/v1/nps'); url.searchParams.set('page', 1)\n"
        f"const h = new Headers()\nh.append('authorization', 'Bearer ' + '{TOKEN}')\n"
        "const answer = await fetch(url, {headers: h})\nconsole.log(await answer.json())"
    ),
    "fetch with a template": (
        f"async function load() {{ const token: string = `{TOKEN}`; // mine\n"
        "  const p = new URLSearchParams({page: '1'});\n"
        "  return window.fetch(`https://api.userlane.com/v1/nps?${p}`, "
        "{ headers: {'authorization': `Bearer ${token}`} }) }"
    ),
    "axios, instance": (
        "import axios from 'axios';\n"
        "const api = axios.create({baseURL: 'https://api.userlane.com/v1', "
        f"headers: {{authorization: 'Bearer {TOKEN}'}}}});\n"
        "api.get('/nps', {params: {page: 1}}).then((r) => console.log(r.data));"
    ),
    "axios, in one line": f'axios.get("{URL}", {{"headers": {{"authorization": "Bearer {TOKEN}"}}}})',
    "PowerShell, splatted": (
        f"$token = '{TOKEN}'\n$call = @{{\n  Uri = '{URL}'\n"
        '  Headers = @{ authorization = "Bearer $token" }\n  Method = "Get"\n}\n'
        "(Invoke-RestMethod @call).data | ConvertTo-Json"
    ),
    "PowerShell, dictionary": (
        '$h = New-Object "System.Collections.Generic.Dictionary[[String],[String]]"\n'
        f'$h.Add("authorization", "Bearer {TOKEN}")\n$h["accept"] = "*/*" # both\n'
        f"irm '{URL}' -Headers $h -TimeoutSec 30"
    ),
    "PowerShell, body in the address": (
        "Invoke-RestMethod https://api.userlane.com/v1/nps -Body @{ page = 1 } "
        f"-Headers:@{{'authorization'='Bearer {TOKEN}'; 'accept'='*/*'}}"
    ),
}


@pytest.mark.parametrize("name", SNIPPETS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_snippet_is_read_as_what_it_would_send(name: str, line_end: str) -> None:
    request = read_one(SNIPPETS[name].replace("\n", line_end))
    assert (request.method, request.url, request.body, request.sign_in) == ("GET", URL, None, None)
    headers = {header.lower(): value for header, value in request.headers}
    assert headers.pop("authorization") == f"Bearer {TOKEN}"
    assert headers in ({}, {"accept": "*/*"})


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_request_shows_neither_address_nor_token(name: str) -> None:
    text = repr(read_one(SNIPPETS[name]))
    assert TOKEN not in text
    assert "userlane.com" not in text


@pytest.mark.parametrize(
    ("code", "method"),
    [
        (f"curl -X POST {URL}", "POST"),
        (f"curl {URL} -d a=b", "POST"),
        (f"curl {URL} --json '{{}}'", "POST"),
        (f"curl -I {URL}", "HEAD"),
        (f"curl -T file {URL}", "PUT"),
        ("DELETE /v1/nps HTTP/1.1\nHost: api.userlane.com", "DELETE"),
        (f"requests.post('{URL}', json={{'a': 1}})", "POST"),
        (f"requests.request(method='patch', url='{URL}')", "PATCH"),
        (f"fetch('{URL}', {{method: 'post', body: '{{}}'}})", "POST"),
        (f"axios.delete('{URL}')", "DELETE"),
        (f"axios({{method: 'put', url: '{URL}', data: {{a: 1}}}})", "PUT"),
        (f"Invoke-WebRequest -Method Post -Uri '{URL}' -Body 'a=b'", "POST"),
    ],
)
def test_the_method_is_read_where_it_is_written_or_follows_from_the_rest(code: str, method: str) -> None:
    assert read_one(code).method == method


@pytest.mark.parametrize(
    "code",
    [
        f"curl -u me:word {URL}",
        f"requests.get('{URL}', auth=('me', 'word'))",
        f"requests.get('{URL}', auth=HTTPBasicAuth('me', 'word'))",
        f"axios.get('{URL}', {{auth: {{username: 'me', password: 'word'}}}})",
    ],
)
def test_a_user_name_and_a_password_are_noticed(code: str) -> None:
    assert read_one(code).sign_in == "me:word"


@pytest.mark.parametrize(
    "code",
    [
        f"requests.get('{URL}', headers={{'authorization': 'Bearer ' + os.environ['TOKEN']}})",
        f"fetch('{URL}', {{headers: {{authorization: `Bearer ${{process.env.TOKEN}}`}}}})",
        f'Invoke-RestMethod "{URL}" -Headers @{{authorization = "Bearer $env:TOKEN"}}',
    ],
)
def test_what_only_running_the_code_would_tell_is_marked(code: str) -> None:
    assert read_one(code).headers == (("authorization", f"Bearer {UNWRITTEN}"),)


def test_code_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Expressions that would do something when run leave no trace."""
    monkeypatch.setattr(sys, "ran", False, raising=False)
    for code in (
        f"requests.get('{URL}', headers={{'a': __import__('sys').__setattr__('ran', True)}})",
        f"requests.get('{URL}'.format(setattr(__import__('sys'), 'ran', True)))",
        f'curl {URL} -H "a: $(touch ran)"',
    ):
        find_requests(code)
    assert sys.ran is False  # type: ignore[attr-defined]  # put there above


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("", "Nothing was pasted"),
        ("   \n", "Nothing was pasted"),
        ("please load the scores", "not a request"),
        ("curl is a fine tool", "looks like cURL"),
        ("import requests\nrequests.get(url", "This is Python"),
        ("requests.get(url)", "This is Python"),
        ("fetch(url)", "This is JavaScript"),
        ("Invoke-RestMethod -Uri $url", "This is PowerShell"),
        ('{"data": [{"score": 9}]}', "JSON, perhaps an answer"),
        ("[]", "JSON, perhaps an answer"),
        ("HTTP/1.1 200 OK\nContent-Type: application/json\n\n{}", "a server's answer"),
        ("<!DOCTYPE html><html></html>", "a web page"),
        ("x" * 70_000, "more than 60,000 signs"),
        (f"curl {URL}\ncurl {URL}", "2 requests in one box"),
        (f"curl {URL} {URL}&x=1", "2 requests in one box"),
        (f"curl {URL} --next {URL}", "2 requests in one box"),
        (f"requests.get('{URL}'); requests.get('{URL}')", "2 requests in one box"),
        (f"fetch('{URL}'); fetch('{URL}')", "2 requests in one box"),
        (f"Invoke-WebRequest '{URL}'\nirm '{URL}'\n$r = iwr '{URL}'", "3 requests in one box"),
        (f"GET {URL}\n\nGET {URL}\n", "2 requests in one box"),
        (f"curl {URL}\n\nGET {URL}\n", "2 requests in one box"),
    ],
)
def test_what_is_not_one_request_is_told_in_one_sentence(code: str, found: str) -> None:
    with pytest.raises(RequestUnusable, match=found) as caught:
        read_one(code)
    assert "expected" in caught.value.cause
    assert caught.value.cause.count(". ") == 0
    assert caught.value.cause.endswith(".")


SIGNS = "' \" ` { } ( ) [ ] @{ $a ${ = + += : , ; | & # /* // \\ ^ . ? 0 é \u2028 \0"
WORDS = (
    *SIGNS.split(" "),
    *("curl ", "fetch(", "axios.get(", "requests.get(", "irm ", "GET /x HTTP/1.1\n", "import requests\n"),
    *("-H ", "-d ", "-G ", "--url ", "headers", "const a = ", "new URL(", "x=2026-04-01", "a: b", "\n", " "),
    *("https://api.userlane.com/v1/8mkyx/nps", "authorization", f"Bearer {TOKEN}"),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=40).map("".join) | st.text(max_size=80))
def test_no_text_breaks_the_readers_and_no_error_shows_the_token(code: str) -> None:
    left, said, held = redact_secrets(code), "", False
    try:
        lesson = import_request(code, "nps", "8mkyx")
        said, held = repr(lesson), lesson.token is not None
    except UserlaneError as error:
        said = "".join(traceback.format_exception(error))
    assert TOKEN not in said
    assert not (held and TOKEN in left)


@pytest.mark.parametrize(
    "code",
    [
        "import requests\na = 'x'\n" + "a += a\n" * 400,
        "import requests\na = [1]\n" + "a = [a, a]\n" * 400 + f"requests.get('{URL}', params={{'a': a}})",
        "import requests\nd = {}\nd['d'] = d\n" + f"requests.get('{URL}', headers=d, params=d)",
        "import requests\nx = " + "-" * 50_000 + "1",
        "import requests\nx = " + "(" * 50_000,
        "fetch(1);a='x';" + "a += a;" * 400,
        "fetch(" * 9_000,
        "irm x;$a = 'x';" + '$a = "$a$a";' * 400,
        "irm x;" + "(" * 50_000,
        "A=x\n" + "A=$A$A\n" * 60 + "curl https://api.userlane.com/$A",
        "curl " + "'\\" * 20_000,
        "curl ^\n" + "^" * 50_000,
        "token" * 10_000,
        " \n" * 25_000 + "curl",
        "curl 'https://api.userlane.com" + "/8mkyx" * 9_000 + "'",
    ],
    ids=lambda code: code[:30],
)
def test_code_made_to_be_heavy_is_read_or_refused_all_the_same(code: str) -> None:
    with pytest.raises(RequestUnusable):
        import_request(code, "nps", "8mkyx")
    redact_secrets(code)
