"""The secrets are taken out of pasted text before it stays on screen.

First what the requests in it carry, however it is escaped; then what stands beside a name that means a
secret; then every text that mixes letters and digits as no word, date or ID does. Each pattern looks at each
sign a few times at most.
"""

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

from userlane.request_import import naming
from userlane.request_import.naming import is_placeholder, is_secret_name, is_secret_value, split_scheme
from userlane.request_import.parsers.common import UNWRITTEN, Request, unescape

MARK = "<token>"

_SHORT = 8
_MOST_SECRETS = 100
_SHORTEST_MIXED = 10
_ESCAPING = re.compile(r"\\[uUx](?:00)?([0-9A-Fa-f]{2})|[\\^`\"\u00ad\u200b-\u200f\u2060\ufeff]")
_OWN_SECRETS = frozenset({"cookie", "xcsrftoken", "xxsrftoken", "csrftoken"})
_USER = re.compile(r"(://)([^/?#@\s\"'<>]++)(?=@)")
_ADDRESS = re.compile(r"(?:https?://|(?<=[\s\"'`=])/)[^\s\"'`<>]++")
_PIECE = re.compile(r"(?P<name>[?&;][^=&?\s]{1,100}+=)?(?P<value>[^/?&\s]++)")
_RUN = re.compile(r"[0-9A-Za-z_~+/.-]++={0,2}")

# A name, what may stand between it and its value in any language, a word before the token, and the value.
_WORDS = "token|secret|key|pass|pwd|auth|cred|sig|session|jwt|bearer"
_NAME = rf"(?<![\w<${{%-])(?=[\w-]{{0,60}}?(?:{_WORDS})|x-)([\w-]++)"
_QUOTE = r"(?:[\s\"'`\\^\]]|&(?:amp;)?(?:quot|apos|#\d\d|#x\d\d|nbsp);)"
_TYPE = r"(?::\s?[A-Za-z]{1,20}\s?(?==))?"
_BETWEEN = rf"{_QUOTE}{{0,8}}+(?:[:=,(@](?:[:=>,(@\[{{<-]|&gt;|{_QUOTE}){{0,12}}+|(?<=[\s\"'`]))"
_SCHEME = rf"(?:(?:{'|'.join(sorted(naming.SCHEMES))}|digest)(?:\s|%20)++)?+"
_VALUE = r"(?:[^\s\"'`<>,;(){}\\^&$%]|&(?!(?:quot|apos|lt|gt|nbsp|#)|\Z)|(?<![\s\"'`:=,(])[$%])++"
_NAMED = re.compile(rf"({_NAME}{_TYPE}{_BETWEEN}{_SCHEME})({_VALUE})(\()?", re.IGNORECASE)
_STRONG = re.compile(
    r"token|secret|passw|pwd|[-_](?:key|session|auth|sig|cred)|api_?key|access_?key|authorization|credential|signature|jwt|bearer|^x-",
    re.IGNORECASE,
)
_COOKIE = re.compile(
    r"((?<![\w-])(?:set-)?cookie[\"'`]?+[\s:=>,]{1,6}+[\"'`]?+)([^\"'`\n<]{4,}+)", re.IGNORECASE
)
_SIGN_IN = re.compile(
    r"((?<!\S)(?:-u|--user)[\s=]{1,4}+[\"'`]?+|\.[a-z]{0,20}auth[a-z]{0,20}+\([\"'`])([^\s\"'`<>$]++)",
    re.IGNORECASE,
)
_EXCUSED = re.compile(r"[^\n]{0,24}?[<{$(%]|\W*+\Z")


class _Secret(NamedTuple):
    """A text that must go, the header it is in, the word before it, and whether it must be in the text."""

    text: str
    name: str = ""
    scheme: str = ""
    written: bool = True


def redact(text: str, requests: Collection[Request], ids: Collection[str]) -> str:
    """`text` with everything secret in it replaced by `<token>`; empty where that cannot be done for certain.

    Args:
        text: What was pasted.
        requests: The requests that were read from it.
        ids: The IDs that the user typed; they stay.
    """
    secrets = sorted(find_secrets(requests), key=lambda each: -len(each.text))
    if len(secrets) > _MOST_SECRETS:
        return ""
    hidden = [each for each in secrets if each.written and not _holds(text, each)]
    left = unescape(text) if hidden else text
    if not all(_holds(left, each) for each in hidden):
        return ""
    for secret in secrets:
        left = _remove(left, secret)
    left = _USER.sub(rf"\1{MARK}", left)
    for pattern in (_COOKIE, _SIGN_IN):
        left = pattern.sub(lambda found: found[0] if is_placeholder(found[2]) else found[1] + MARK, left)
    left = _NAMED.sub(lambda found: found[0] if found[3] in ids else _replace_named(found), left)
    left = _redact_mixed(left, _values_in_addresses(requests), set(ids))
    if any(len(secret.text) >= _SHORT and _holds(left, secret) for secret in secrets):
        return ""
    untouched = left == text and not requests
    return "" if untouched and not _are_excused(text.replace(MARK, "<")) else left


def _holds(text: str, secret: "_Secret") -> bool:
    return _without_escapes(secret.text)[0] in _without_escapes(text)[0]


def _are_excused(text: str) -> bool:
    """Whether what stands behind each secret's name is to be filled in, or is nothing."""
    return all(_EXCUSED.match(text, name.end()) for name in _STRONG.finditer(text))


def find_secrets(requests: Iterable[Request]) -> set[_Secret]:
    """What the requests carry that must not stay on screen."""
    found: set[_Secret] = set()
    for request in requests:
        for name, value in request.headers:
            scheme, text = split_scheme(value)
            if naming.normalize(name) in _OWN_SECRETS:
                scheme, text = "", value
            elif naming.is_usual_header(name) or not _may_hide(name, text):
                continue
            found.add(_Secret(text, name, scheme))
            found |= {_Secret(word, name) for word in text.split() if is_secret_value(word, _SHORTEST_MIXED)}
        for piece in request.url.partition("?")[2].partition("#")[0].split("&"):
            name, _, value = piece.partition("=")
            if is_secret_name(unquote_plus(name)):
                found |= {_Secret(text, name, written=False) for text in (value, unquote_plus(value))}
        found |= {_Secret(user[2], "u") for user in _USER.finditer(request.url)}
        sign_in = request.sign_in or ""
        found |= {_Secret(sign_in, "u", written=False), _Secret(sign_in.partition(":")[2], "u")}
    return {each for each in found if UNWRITTEN not in each.text and not is_placeholder(each.text)}


def _may_hide(name: str, text: str) -> bool:
    """Whether a header may be the one with the token, as `x-userlane-key: abcdef` may."""
    named = re.search(r"key|secret|pass|sig|cred|session", name, re.IGNORECASE)
    own = len(text) >= _SHORT and name.lower().startswith("x-")
    mixed = is_secret_value(text, _SHORT) or naming.looks_like_token(text)
    return naming.is_token_header(name) or mixed or own or named is not None


def _values_in_addresses(requests: Iterable[Request]) -> set[str]:
    """Values in addresses, which are no secrets unless they look like one."""
    found: set[str] = set()
    for request in requests:
        path, _, query = request.url.partition("?")
        pieces = [*path.split("/"), *(piece.partition("=")[2] for piece in query.split("&"))]
        found |= {unquote_plus(piece) for piece in pieces} | set(pieces)
    return found


def _without_escapes(text: str) -> tuple[str, list[int]]:
    """`text` without the signs that only escape others, and where in `text` each sign left comes from.

    The last number is the length of `text`.
    """
    parts: list[str] = []
    places: list[int] = []
    start = 0
    for escape in _ESCAPING.finditer(text):
        parts.append(text[start : escape.start()])
        places += range(start, escape.start())
        if escape[1]:
            parts.append(chr(int(escape[1], 16)))
            places.append(escape.start())
        start = escape.end()
    return "".join([*parts, text[start:]]), [*places, *range(start, len(text) + 1)]


def _remove(text: str, secret: _Secret) -> str:
    if len(secret.text) < _SHORT:
        return _remove_short(text, secret)
    bare, places = _without_escapes(text)
    wanted = _without_escapes(secret.text)[0]
    parts: list[str] = []
    start = at = 0
    while wanted and (at := bare.find(wanted, at)) >= 0:
        end = at + len(wanted)
        if not (bare[at - 1 : at].isalnum() or bare[end : end + 1].isalnum()):
            parts.append(text[start : places[at]] + MARK)
            start = places[end - 1] + _escape_length(text, places[end - 1])
        at = end
    return "".join([*parts, text[start:]])


def _escape_length(text: str, place: int) -> int:
    escape = _ESCAPING.match(text, place)
    return len(escape[0]) if escape and escape[1] else 1


def _remove_short(text: str, secret: _Secret) -> str:
    """So short a text may be a part of anything: it goes where its name or its word stands before it."""
    whole = rf"{re.escape(secret.text)}(?![0-9A-Za-z])"
    between = r"[\s\"'`^\]\\:=,@>(]{0,16}+"
    scheme = rf"{re.escape(secret.scheme)}\s++" if secret.scheme else ""
    before = rf"{re.escape(secret.name)}{between}(?:{scheme})?"
    left = re.sub(rf"({before}){whole}", rf"\1{MARK}", text, flags=re.IGNORECASE)
    left = re.sub(rf"([\"'`]){whole}(?=[\"'`])", rf"\1{MARK}", left)
    return re.sub(rf"(\b{scheme}){whole}", rf"\1{MARK}", left) if scheme else left


def _replace_named(found: re.Match[str]) -> str:
    before, name, value, called = found.groups()
    usual = naming.is_usual_header(name) and naming.normalize(name) not in _OWN_SECRETS
    listed = "," in before and is_placeholder(name)
    if called or usual or listed or is_placeholder(value) or value == MARK[1:-1] or len(value) < 3:
        return found[0]
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and not naming.is_date(value)
    return before + MARK if mixed or _STRONG.search(name) else found[0]


def _redact_mixed(text: str, harmless: Collection[str], ids: Collection[str]) -> str:
    """`text` without what mixes letters and digits as no word, date or ID does."""

    def in_code(run: re.Match[str]) -> str:
        value = run[0].strip("./-")
        shortest = 16 if value in harmless else _SHORTEST_MIXED
        return MARK if value not in ids and is_secret_value(value, shortest) else run[0]

    def in_address(piece: re.Match[str]) -> str:
        name, value = piece["name"] or "", unquote(piece["value"])
        secret = is_secret_name(unquote_plus(name[1:-1])) and not is_placeholder(value)
        return name + MARK if secret or (value not in ids and is_secret_value(value)) else piece[0]

    parts: list[str] = []
    start = 0
    for address in _ADDRESS.finditer(text):
        parts += [_RUN.sub(in_code, text[start : address.start()]), _PIECE.sub(in_address, address[0])]
        start = address.end()
    return "".join([*parts, _RUN.sub(in_code, text[start:])])
