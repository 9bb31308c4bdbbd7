"""What a pasted request means: each piece of it gets its role, and what is not certain becomes a question."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from userlane import contract
from userlane.contract import ALLOWED_HOSTS, NAMES, Address, Auth, DatasetName, DateFormat, Route
from userlane.errors import RequestUnusable
from userlane.request_import.auth_header import HEADER, SCHEME, TokenHeader, find_token, token_headers
from userlane.request_import.naming import SIGNED, Role, is_secret_name, is_usual_header, moment
from userlane.request_import.parameters import DATES, PARAMETERS, Parameter, ParameterRoles
from userlane.request_import.parsers.common import UNWRITTEN, Request
from userlane.request_import.read import Reading, read
from userlane.request_import.result import ImportResult, Notes
from userlane.request_import.url_parts import (
    KEEP,
    UrlPart,
    find_fixed,
    find_ids,
    hide_secrets,
    join_url,
    split_url,
)

BOX = "box"
"""The role of the question for the box pasted into."""

_ROLES = (BOX, HEADER, SCHEME, "property_id", "survey_id", *PARAMETERS, DATES)
_WORDS: Mapping[DatasetName, str] = {"heart": "heart", "nps": "nps", "surveys": "survey", "tags": "tag"}
_RELAY = re.compile(r"https://try\.readme\.io/(https?://.*)", re.DOTALL)
_SHORTEST_TOKEN = 6
_MOST_PARTS = 100
_WHY_NOT = "a header was expected to, because addresses end up in logs"


def import_request(
    text: str,
    dataset: DatasetName,
    property_id: str,
    survey_id: str | None = None,
    *,
    allowed_hosts: Iterable[str] = ALLOWED_HOSTS,
) -> ImportResult:
    """Read pasted text and say what it means for the API of `dataset`: `read` and `interpret` in one.

    >>> result = import_request(
    ...     "curl -H 'Authorization: Bearer made-up' 'https://api.userlane.com/v2/8mkyx/nps"
    ...     "?from=2026-04-01&to=2026-05-01&page=0&size=500'",
    ...     "nps",
    ...     "8mkyx",
    ... )
    >>> result.route.url, result.route.limit, result.route.dates
    ('https://api.userlane.com/v2/{property_id}/nps', 'size', 'date')
    """
    reading = read(text, [each for each in (property_id, survey_id) if each])
    return interpret(reading, dataset, property_id, survey_id, allowed_hosts=allowed_hosts)


def interpret(
    reading: Reading,
    dataset: DatasetName,
    property_id: str,
    survey_id: str | None = None,
    *,
    allowed_hosts: Iterable[str] = ALLOWED_HOSTS,
) -> ImportResult:
    """What the request in `reading` says about the API of `dataset`.

    Args:
        reading: What was pasted.
        dataset: The API that the request is of.
        property_id: The ID that the user typed; it is looked for in the address.
        survey_id: Likewise; needed for surveys.
        allowed_hosts: The hosts that the request may name.

    Raises `IdentifierUnusable` for an ID that is none, and `RequestUnusable`, whose one sentence says what
    was found and what was expected. The token is in no error and in no text of the result.
    """
    wanted = _wanted(dataset, property_id, survey_id)
    request = _choose(reading, dataset)
    _refuse_other_than_get(request)
    # Documentation of this kind sends its requests through a relay; what matters is where they go from there.
    relayed = _RELAY.fullmatch(request.url)
    target = _allowed(relayed[1] if relayed else request.url, tuple(allowed_hosts))
    headers = token_headers(request.headers)
    parts = split_url(target.rest)
    if len(parts) > _MOST_PARTS:
        raise RequestUnusable(f"The address has {len(parts):,} parts; at most {_MOST_PARTS} were expected.")
    _refuse_parts(target, parts, headers)
    return _interpret(_Given(dataset, wanted, target.origin, parts, headers, request), {})


def _wanted(dataset: DatasetName, property_id: str, survey_id: str | None) -> dict[Role, str]:
    """The IDs to look for, checked."""
    wanted: dict[Role, str] = {"property_id": contract.check_id(property_id, "property ID")}
    if dataset == "surveys":
        wanted["survey_id"] = contract.check_id(survey_id or "", "survey ID")
    return wanted


def _choose(reading: Reading, dataset: DatasetName) -> Request:
    """The one request, or the one of a collection whose path speaks of `dataset`."""
    if not reading.requests:
        raise RequestUnusable(reading.refusal, reading.next_step)
    if len(reading.requests) == 1:
        return reading.requests[0]
    paths = {each: each.url.partition("://")[2].partition("?")[0] for each in reading.requests}
    own = {paths[each]: each for each in reversed(reading.requests) if dataset in _spoken_of(paths[each])}
    if len(own) != 1:
        raise RequestUnusable(
            f"There are {len(reading.requests)} requests in the {reading.requests[0].language}, "
            f"{len(own) or 'none'} of them for {NAMES[dataset]} by its path; one was expected.",
            "Paste the one request alone, as Shell (cURL).",
        )
    return next(iter(own.values()))


def _spoken_of(path: str) -> list[DatasetName]:
    """The APIs that the words in a path speak of."""
    return [name for name, word in _WORDS.items() if re.search(rf"(?<![a-z]){word}", path.lower())]


def _refuse_other_than_get(request: Request) -> None:
    if request.method != "GET":
        method = request.method if re.fullmatch(r"[A-Z]{1,10}", request.method) else "request of another kind"
        raise RequestUnusable(
            f"The request is a {method}; a GET was expected, because this dashboard only reads."
        )
    if request.body is not None:
        raise RequestUnusable(
            "The request is a GET with a body; its parameters were expected in the address."
        )
    if request.sign_in is not None:
        raise RequestUnusable(
            "The request signs in with a user name and a password; a token in a header was expected."
        )


def _allowed(url: str, hosts: tuple[str, ...]) -> Address:
    target = contract.address(url)
    if target is None:
        raise RequestUnusable("The request has no web address; https:// and a host were expected.")
    if target.user_info:
        raise RequestUnusable("The address holds a user name; a token in a header was expected in its place.")
    if not contract.host_allowed(target.host, hosts):
        raise RequestUnusable(f"The request goes to {target.host[:80]}; {' or '.join(hosts)} was expected.")
    if not target.encrypted:
        raise RequestUnusable(f"The request to {target.host} is not encrypted; https:// was expected.")
    return target


def _refuse_parts(target: Address, parts: Iterable[UrlPart], headers: Iterable[TokenHeader]) -> None:
    """No token may stand in an address, which ends up in logs and in the profile; no date in its path."""
    tokens = [header.token.header("") for header in headers if header.token]
    for part in parts:
        if not part.in_path and part.value and is_secret_name(part.name):
            raise RequestUnusable(f"The address holds a secret by the name of “{part.name}”; {_WHY_NOT}.")
        if SIGNED.search(part.value) or part.value in tokens:
            raise RequestUnusable(f"The address holds the token; {_WHY_NOT}.")
        dated = moment(part.value) if part.in_path else None
        if dated and dated.form not in {"seconds", "milliseconds"}:
            raise RequestUnusable("The dates stand in the address's path; parameters for them were expected.")
    if any(len(token) >= _SHORTEST_TOKEN and token in unquote(target.rest) for token in tokens):
        raise RequestUnusable(f"The address holds the token; {_WHY_NOT}.")


@dataclass(frozen=True, slots=True)
class _Given:
    """All that is known of a request before any question is answered; no token is in its text."""

    dataset: DatasetName
    wanted: Mapping[Role, str]
    origin: str
    parts: tuple[UrlPart, ...]
    headers: tuple[TokenHeader, ...]
    request: Request


def _interpret(given: _Given, answers: Mapping[str, str]) -> ImportResult:
    """The result, with `answers` (role → answer) taken as they are. Raises `RequestUnusable`."""
    for role in answers:
        if role not in _ROLES and not role.startswith(KEEP):
            raise RequestUnusable(
                f"“{role}” is nothing that is asked; one of {', '.join(_ROLES)} was expected."
            )
    notes = Notes(answers)
    parts = find_ids(given.parts, given.wanted, notes)
    path = [part for part in parts if part.in_path]
    if any(UNWRITTEN in part.value for part in path):
        raise RequestUnusable(
            "Only running the code would tell the whole address; it was expected written out."
        )
    rest = [part for part in parts if not part.is_id]
    named = [part for part in rest if not part.in_path and UNWRITTEN not in part.name]
    roles = ParameterRoles(named, notes)
    names = roles.likely()
    kept, left_out = find_fixed(rest, frozenset(names.values()), notes)
    auth, token = find_token(given.headers, notes)
    _note_what_is_left(given.request, left_out, auth, notes)
    # What comes first on screen can only be said when the IDs are known.
    first = Notes(answers)
    _ask_box(given.dataset, rest, first)
    first.add("Method", "GET", f"read as {given.request.language}")
    first.add("Host", given.origin, "it is one that this dashboard may ask")
    first.add("Path", hide_secrets(path, answers) or "/", "what follows the host", sure=not first.questions)
    url = given.origin + join_url([part for part in parts if part.is_id or part in kept])
    return ImportResult(
        given.dataset,
        given.origin,
        _route(url, names, given.request.first_page, roles.dates),
        auth,
        token,
        (*first.findings, *notes.findings),
        (*first.questions, *notes.questions),
        lambda more: _interpret(given, {**answers, **more}),
    )


def _note_what_is_left(request: Request, left_out: list[str], auth: Auth | None, notes: Notes) -> None:
    """Note what requests go without, and what a document says of the response."""
    carried_by = auth.header.lower() if auth else None
    unusual = [name for name, _ in request.headers if not is_usual_header(name)]
    if left_out := [*left_out, *(name for name in unusual if name.lower() != carried_by)]:
        notes.add("Left out", ", ".join(left_out), "requests go without")
    if request.not_understood:
        unknown = ", ".join(request.not_understood)
        notes.add("Not understood", unknown, "requests go without; they may need it", sure=False)
    for item, found in request.described:
        notes.add(item, found, "the document says so")


def _route(
    url: str, names: Mapping[Parameter, str], first_page: Literal[0, 1] | None, dates: DateFormat
) -> Route:
    start, end, page, limit = (names[role] for role in PARAMETERS)
    try:
        return Route(url, start, end, page, limit, "auto" if first_page is None else first_page, dates)
    except ValueError as error:
        raise RequestUnusable(
            f"The address cannot be used ({error}); one without that was expected."
        ) from None


def _ask_box(dataset: DatasetName, parts: Iterable[UrlPart], notes: Notes) -> None:
    """Ask whether this is the request of another API, going by the words in its path."""
    spoken_of = _spoken_of(join_url([part for part in parts if part.in_path]))
    if spoken_of and dataset not in spoken_of and BOX not in notes.answers:
        other, own = NAMES[spoken_of[0]], NAMES[dataset]
        notes.ask(BOX, f"The address speaks of {other}: is it still the request for {own}?", ("yes",))
