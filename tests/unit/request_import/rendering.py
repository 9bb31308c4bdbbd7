"""One request written as each language, the way documentation and browsers write it."""

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Sent:
    """A request: its address without parameters, its parameters, its headers."""

    address: str
    parameters: Pairs
    headers: Pairs

    @property
    def url(self) -> str:
        query = urlencode(self.parameters, quote_via=quote)
        return f"{self.address}?{query}" if query else self.address


def curl_documentation(sent: Sent) -> str:
    lines = ["curl --request GET", f"--url {shlex.quote(sent.url)}"]
    lines += [f"--header {shlex.quote(f'{name}: {value}')}" for name, value in sent.headers]
    return " \\\n     ".join(lines)


def curl_bash(sent: Sent) -> str:
    lines = [f"curl {shlex.quote(sent.url)}", *(f"-H {_ansi(f'{n}: {v}')}" for n, v in sent.headers)]
    return " \\\n  ".join([*lines, "--compressed"])


def _ansi(text: str) -> str:
    """Chrome's choice: `$'…'` for what has a quote or an exclamation mark."""
    if not re.search(r"[!']", text):
        return f"'{text}'"
    return "$'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("!", "\\u0021") + "'"


def curl_with_data(sent: Sent) -> str:
    words = ["curl", "-sSG", sent.address]
    for name, value in sent.parameters:
        words += ["--data-urlencode", shlex.quote(f"{name}={value}")]
    for name, value in sent.headers:
        words += ["-H", shlex.quote(f"{name}: {value}")]
    return " ".join(words) + " | jq ."


def curl_prompt(sent: Sent) -> str:
    """For the Windows command prompt, as Chrome does it."""

    def word(text: str) -> str:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        text = re.sub(r"[^a-zA-Z0-9\s_\-:=+~'/.',?;()*`]", r"^\g<0>", text)
        return '^"' + re.sub(r"%(?=[a-zA-Z0-9_])", "%^", text) + '^"'

    lines = [f"curl {word(sent.url)}", *(f"-H {word(f'{name}: {value}')}" for name, value in sent.headers)]
    return " ^\n  ".join(lines)


def curl_old_prompt(sent: Sent) -> str:
    """The same by older browsers: whole words in quotes, quotes doubled, percent signs outside."""

    def word(text: str) -> str:
        return '"' + text.replace('"', '""').replace("%", '"^%"') + '"'

    return " ".join([f"curl {word(sent.url)}", *(f"-H {word(f'{n}: {v}')}" for n, v in sent.headers)])


def http(sent: Sent) -> str:
    host, _, path = sent.url.partition("://")[2].partition("/")
    headers = [("Host", host), *sent.headers]
    return "\r\n".join([f"GET /{path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""])


def python_documentation(sent: Sent) -> str:
    headers = json.dumps(dict(sent.headers), indent=4)
    return (
        f"import requests\n\nurl = {json.dumps(sent.url)}\n\nheaders = {headers}\n\n"
        "response = requests.get(url, headers=headers)\n\nprint(response.text)\n"
    )


def python_with_parameters(sent: Sent) -> str:
    return (
        f"import requests\nurl = {sent.address!r}\nquerystring = {dict(sent.parameters)!r}\n"
        f"headers = {dict(sent.headers)!r}\n"
        'response = requests.request("GET", url, headers=headers, params=querystring)\n'
    )


def fetch_documentation(sent: Sent) -> str:
    headers = ", ".join(f"{_key(name)}: {_single(value)}" for name, value in sent.headers)
    return (
        f"const fetch = require('node-fetch');\n\nconst url = {_single(sent.url)};\n"
        f"const options = {{\n  method: 'GET',\n  headers: {{{headers}}}\n}};\n\n"
        "fetch(url, options)\n  .then(res => res.json())\n  .then(json => console.log(json))\n"
        "  .catch(err => console.error('error:' + err));\n"
    )


def fetch_browser(sent: Sent) -> str:
    options = {
        "headers": dict(sent.headers),
        "referrer": "https://dev.example.com/",
        "body": None,
        "method": "GET",
        "mode": "cors",
        "credentials": "include",
    }
    return f"fetch({json.dumps(sent.url)}, {json.dumps(options, indent=2)});"


def axios(sent: Sent) -> str:
    parameters = ", ".join(f"{_key(name)}: {_single(value)}" for name, value in sent.parameters)
    headers = ", ".join(f"{_key(name)}: {_single(value)}" for name, value in sent.headers)
    return (
        f"import axios from 'axios'\n\nconst options = {{\n  method: 'GET',\n"
        f"  url: {_single(sent.address)},\n"
        f"  params: {{{parameters}}},\n  headers: {{{headers}}}\n}}\n\n"
        "axios\n  .request(options)\n  .then(res => console.log(res.data))\n"
        "  .catch(err => console.error(err))\n"
    )


def _key(name: str) -> str:
    return name if name.isidentifier() else _single(name)


def _single(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def powershell_documentation(sent: Sent) -> str:
    adds = [f"$headers.Add({json.dumps(name)}, {_double(value)})" for name, value in sent.headers]
    url = sent.url.replace("'", "''")
    call = f"$response = Invoke-WebRequest -Uri '{url}' -Method GET -Headers $headers"
    return "\n".join(["$headers=@{}", *adds, call])


def powershell_browser(sent: Sent) -> str:
    path = "/" + sent.url.partition("://")[2].partition("/")[2]
    headers = [("method", "GET"), ("path", path), ("scheme", "https"), *sent.headers]
    table = "\n  ".join(f"{_double(name)}={_double(value)}" for name, value in headers)
    return (
        "$session = New-Object Microsoft.PowerShell.Commands.WebRequestSession\n"
        '$session.UserAgent = "Mozilla/5.0 (X11; Linux x86_64)"\n'
        f"Invoke-RestMethod -UseBasicParsing -Uri {_double(sent.url)} `\n-WebSession $session `\n"
        f"-Headers @{{\n{table}\n}}"
    )


def _double(text: str) -> str:
    return '"' + re.sub(r"[`\"$]", r"`\g<0>", text) + '"'


LANGUAGES: Mapping[str, Callable[[Sent], str]] = {
    "cURL, documentation": curl_documentation,
    "cURL, browser for bash": curl_bash,
    "cURL, -G and --data-urlencode": curl_with_data,
    "cURL, browser for the command prompt": curl_prompt,
    "cURL, older browser for the command prompt": curl_old_prompt,
    "HTTP": http,
    "Python, documentation": python_documentation,
    "Python, parameters apart": python_with_parameters,
    "fetch, documentation": fetch_documentation,
    "fetch, browser": fetch_browser,
    "axios": axios,
    "PowerShell, documentation": powershell_documentation,
    "PowerShell, browser": powershell_browser,
}
