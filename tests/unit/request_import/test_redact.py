"""What stays in the box has no token, and still teaches the same."""

import pytest

from userlane.request_import import import_request, redact_secrets

TOKEN = "sentinel-4f2a-9c81"
URL = "https://api.userlane.com/8mkyx/nps?from=2026-04-01&to=2026-05-01&page=1&limit=10"

HOLDING = {
    "header": f"curl '{URL}' -H 'Authorization: Bearer {TOKEN}'",
    "custom header": f"curl '{URL}' -H 'X-Api-Key: {TOKEN}'",
    "twice": f"# my token is {TOKEN}\ncurl '{URL}' -H 'Authorization: Bearer {TOKEN}'",
    "variable": f"TOKEN={TOKEN}\ncurl '{URL}' -H \"Authorization: Bearer $TOKEN\"",
    "variable of Python": (
        f"t = '{TOKEN}'\nrequests.get('{URL}', headers={{'Authorization': f'Bearer {{t}}'}})"
    ),
    "variable of PowerShell": f"$t = '{TOKEN}'\nirm '{URL}' -Headers @{{Authorization = \"Bearer $t\"}}",
    "cookie": f"curl '{URL}' -b 'session={TOKEN}; lang=en'",
    "cookie header": f"curl '{URL}' -H 'Cookie: session={TOKEN}; lang=en' -H 'Authorization: Bearer {TOKEN}'",
    "user and password": f"curl '{URL}' -u 'me:{TOKEN}'",
    "user in the address": f"curl 'https://me:{TOKEN}@api.userlane.com/8mkyx'",
    "address": f"curl '{URL}&access_token={TOKEN}'",
    "a POST": f"curl -X POST '{URL}' -H 'Authorization: Bearer {TOKEN}' -d x",
    "two requests": f"curl '{URL}' -H 'Authorization: Bearer {TOKEN}'\ncurl '{URL}' -H 'X-Api-Key: {TOKEN}0'",
    "not used": f"token = '{TOKEN}'\nrequests.get('{URL}')",
    "no request": f"Authorization: Bearer {TOKEN}",
    "half a request": f"requests.get(url, headers={{'X-Api-Key': '{TOKEN}'",
    "a library of its own": f"const sdk = require('api')('@userlane/v1');\nsdk.auth('{TOKEN}');",
    "a sentence": f"my api_key = {TOKEN}, please",
    "signs that are escaped": f"curl '{URL}' -H $'Authorization: Bearer {TOKEN}\\u0021x'",
    "parts": f"fetch('{URL}', {{headers: {{Authorization: 'Bearer ' + '{TOKEN[:9]}' + '{TOKEN[9:]}'}}}})",
}


@pytest.mark.parametrize("name", HOLDING)
def test_nothing_secret_stays(name: str) -> None:
    left = redact_secrets(HOLDING[name])
    for part in (TOKEN, TOKEN[:9], TOKEN[9:]):
        assert part not in left


@pytest.mark.parametrize("name", [name for name in HOLDING if name != "parts"])
def test_the_rest_stays_as_it_was(name: str) -> None:
    """All but what was struck; only a token in parts takes the whole code with it."""
    left = redact_secrets(HOLDING[name])
    assert "<token>" in left
    assert ("https://" in left) == ("https://" in HOLDING[name])


@pytest.mark.parametrize("token", ["a", "abc", "8mkyx", "nps", "1"])
@pytest.mark.parametrize("name", ["header", "custom header", "variable of Python"])
def test_a_short_token_takes_nothing_else_with_it(name: str, token: str) -> None:
    code = HOLDING[name].replace(TOKEN, token)
    left = redact_secrets(code)
    assert import_request(left, "nps", "8mkyx").token is None
    assert import_request(left, "nps", "8mkyx").route == import_request(HOLDING[name], "nps", "8mkyx").route


@pytest.mark.parametrize(
    "code",
    [
        f"curl '{URL}' -H 'Accept: */*'",
        f"curl '{URL}' -H 'Authorization: Bearer <token>'",
        f"curl '{URL}' -H 'Authorization: Bearer YOUR_TOKEN' -H 'User-Agent: Mozilla/5.0'",
        "const token = getToken(); fetch(url, {headers: {Authorization: `Bearer ${token}`}})",
        "",
        "Basic usage of the API",
    ],
)
def test_code_without_a_secret_stays_whole(code: str) -> None:
    assert redact_secrets(code) == code


@pytest.mark.parametrize("name", HOLDING)
def test_striking_twice_is_striking_once(name: str) -> None:
    assert redact_secrets(redact_secrets(HOLDING[name])) == redact_secrets(HOLDING[name])


@pytest.mark.parametrize(
    "token", ["my-company-4711", "Your=0123456789", "xxxxxxxxx1", "token-7f3a", "$2y$10$abcdefgh"]
)
def test_a_token_that_reads_like_a_placeholder_is_still_one(token: str) -> None:
    code = HOLDING["header"].replace(TOKEN, token)
    lesson = import_request(code, "nps", "8mkyx")
    assert lesson.token
    assert lesson.token.header("") == token
    assert token not in redact_secrets(code)
