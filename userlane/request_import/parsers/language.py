"""The language of pasted code, by what only that language writes."""

import re

from userlane.request_import.parsers.curl import CURL

_WORDS: dict[str, str] = {
    "PHP": r"<\?php|curl_setopt|curl_init\(|\$\w{1,60}+->",
    "PowerShell": r"(?i:\binvoke-(?:web|rest)|\b(?:iwr|irm)\b|@\{|\s-(?:uri|headers|usebasicparsing)\b)",
    "HTTPie": r"^[ \t]*+https? (?:--?[\w-]{1,30}+ ){0,9}(?:(?:GET|POST|PUT|DELETE) )?['\"]?(?:https?://|:)",
    "wget": r"^[ \t]*+wget\s",
    "cURL": CURL,
    "HTTP": r"^[ \t]*+(?:(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)[ \t]++(?:/|https?:)|:method:)",
    "Power Query": r"Web\.Contents|Json\.Document\(",
    "Objective-C": r"#import\b|\bNS(?:String|URL|Mutable|Dictionary|Log)|@\"",
    "Swift": r"\bimport Foundation\b|URLSession|URLRequest\(|URLQueryItem",
    "Kotlin": r"\bval \w{1,60}+ ?=|\bfun main\b",
    "C#": r"\bHttpRequestMessage\b|\bHttpClient\(\)|\bRest(?:Client|Request)|using System|Console\.Write",
    "Java": r"\bHttpRequest\b|\bOkHttpClient\b|\bRequest\.Builder\b|\bUnirest\b|AsyncHttp|System\.out",
    "Go": r"\bpackage main\b|http\.(?:NewRequest|Get)\b|\breq, _? ?:?=",
    "Ruby": r"\brequire ['\"]|Net::HTTP|HTTParty|Faraday|\bRestClient\.get\b|^[ \t]*+puts ",
    "Clojure": r"\(require '|clj-http|\(client/",
    "OCaml": r"\bCohttp|\bopen Lwt\b",
    "R": r"\blibrary\(|\bhttr2?\b|\w <- ",
    "Rust": r"\breqwest\b|\bfn main\b|\blet mut\b",
    "Perl": r"\bLWP::|\buse strict\b|\bmy \$",
    "Dart": r"\bUri\.(?:parse|https)\(|package:http",
    "Elixir": r"\bdefmodule\b|\bHTTPoison\b|\bReq\.get",
    "Scala": r"\bsttp\b|\bobject \w{1,60}+ extends\b",
    "VBA": r"\bCreateObject\(|^[ \t]*+Dim \w",
    "C": r"\bcurl_easy_|#include\b",
    "Python": r"\b(?:requests|httpx|urllib|aiohttp|http\.client)\b|^[ \t]*+(?:import|from|def) \w|\bprint\(",
    "Node's api package": r"require\(['\"]api['\"]\)|\bsdk\.\w|\bsdk\[",
    "Node.js": r"\brequire\(['\"](?:https?|node:https?|node-fetch|request|axios)['\"]\)",
    "JavaScript": r"\bfetch ?\(|\baxios\b|XMLHttpRequest|\$\.ajax|^[ \t]*+(?:const|let|var) |=> ",
}
LANGUAGES = {name: re.compile(words, re.MULTILINE) for name, words in _WORDS.items()}
"""A pattern for each language, in the order in which they are tried."""


def find_language(code: str) -> str:
    """The language of `code`, or nothing.

    >>> find_language("<?php echo 1;"), find_language("fetch(url)"), find_language("please load the scores")
    ('PHP', 'JavaScript', '')
    """
    return next((name for name, words in LANGUAGES.items() if words.search(code)), "")
