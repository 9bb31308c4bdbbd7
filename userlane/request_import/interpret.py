"""A pasted request becomes a lesson."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from userlane.contract import (
    ALLOWED_HOSTS,
    Address,
    DatasetName,
    address,
    check_id,
    host_allowed,
)
from userlane.errors import RequestUnusable
from userlane.request_import.auth_header import Carrier, carriers
from userlane.request_import.naming import Role, is_secret, moment
from userlane.request_import.parsers.detect import read_request
from userlane.request_import.parsers.request import Request
from userlane.request_import.result import Lesson
from userlane.request_import.understanding import Given, understood
from userlane.request_import.url_parts import Spot, spots

_RELAY = re.compile(r"https://try\.readme\.io/(https?://.*)", re.DOTALL)
_SIGNED = re.compile(r"eyJ[0-9A-Za-z_-]{10,}\.")
_SHORTEST_SECRET = 6
_MOST_PIECES = 100


def learn(
    code: str,
    dataset: DatasetName,
    property_id: str,
    survey_id: str | None = None,
    *,
    allowed_hosts: Iterable[str] = ALLOWED_HOSTS,
) -> Lesson:
    """What the request in `code` teaches about the API of `dataset`. Nothing in `code` is run.

    `property_id` and `survey_id` (for surveys, and needed there) are those that the user typed: they are
    looked for in the address. The request may name `allowed_hosts` and this machine only.

    Raises `IdentifierUnusable` for an ID that is none, and `RequestUnusable`, whose one sentence says what
    was found and what was expected. The token is in no error and in no text of the lesson.

    >>> lesson = learn(
    ...     "curl -H 'Authorization: Bearer made-up' 'https://api.userlane.com/v2/8mkyx/nps"
    ...     "?from=2026-04-01&to=2026-05-01&page=0&size=500'",
    ...     "nps",
    ...     "8mkyx",
    ... )
    >>> lesson.route.url, lesson.route.limit, lesson.route.dates
    ('https://api.userlane.com/v2/{property_id}/nps', 'size', 'date')
    """
    wanted: dict[Role, str] = {"property_id": check_id(property_id, "property ID")}
    if dataset == "surveys":
        wanted["survey_id"] = check_id(survey_id or "", "survey ID")
    request = read_request(code)
    _refuse_other_than_get(request)
    # Documentation of this kind sends its requests through a relay; what matters is where they go from there.
    relayed = _RELAY.fullmatch(request.url)
    target = _allowed(relayed[1] if relayed else request.url, tuple(allowed_hosts))
    carried = carriers(request.headers)
    pieces = spots(target.rest)
    if len(pieces) > _MOST_PIECES:
        raise RequestUnusable(f"The address has {len(pieces):,} parts; at most {_MOST_PIECES} were expected.")
    _refuse_secrets(target, pieces, carried)
    _refuse_dates_in_path(pieces)
    headers = tuple(name for name, _ in request.headers)
    return understood(Given(dataset, wanted, target.origin, pieces, carried, headers, request.language), {})


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
    target = address(url)
    if target is None:
        raise RequestUnusable("The request has no web address; https:// and a host were expected.")
    if target.user_info:
        raise RequestUnusable("The address holds a user name; a token in a header was expected in its place.")
    if not host_allowed(target.host, hosts):
        raise RequestUnusable(f"The request goes to {target.host[:80]}; {' or '.join(hosts)} was expected.")
    if not target.encrypted:
        raise RequestUnusable(f"The request to {target.host} is not encrypted; https:// was expected.")
    return target


def _refuse_secrets(target: Address, pieces: Iterable[Spot], carried: Iterable[Carrier]) -> None:
    """Addresses are written to logs and to the profile, so no token may stand in one."""
    tokens = [carrier.token.header("") for carrier in carried if carrier.token]
    for spot in pieces:
        if not spot.in_path and spot.value and is_secret(spot.name):
            raise RequestUnusable(f"The address holds a secret by the name of “{spot.name}”; {_WHY_NOT}.")
        if _SIGNED.search(spot.value) or spot.value in tokens:
            raise RequestUnusable(f"The address holds the token; {_WHY_NOT}.")
    if any(len(token) >= _SHORTEST_SECRET and token in unquote(target.rest) for token in tokens):
        raise RequestUnusable(f"The address holds the token; {_WHY_NOT}.")


_WHY_NOT = "a header was expected to, because addresses end up in logs"


def _refuse_dates_in_path(pieces: Iterable[Spot]) -> None:
    for spot in pieces:
        found = moment(spot.value) if spot.in_path else None
        if found and found.form not in {"seconds", "milliseconds"}:
            raise RequestUnusable("The dates stand in the address's path; parameters for them were expected.")
