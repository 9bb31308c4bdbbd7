"""What a request means: each piece of it gets its role, and what is not certain becomes a question."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from userlane.contract import Auth, DatasetName, DateFormat, Route, Token
from userlane.errors import RequestUnusable
from userlane.request_import.auth_header import Carrier, is_usual
from userlane.request_import.naming import Role
from userlane.request_import.parameters import DATES, PARAMETERS, Parameter, Roles
from userlane.request_import.parsers.common import UNWRITTEN
from userlane.request_import.result import TITLES, Finding, Lesson, Question
from userlane.request_import.url_parts import Placed, Spot, place, written

HEADER, SCHEME, BOX = "header", "scheme", "box"
"""The roles of the questions for the token's header, the word before the token, and the box pasted into."""

_ROLES = (BOX, HEADER, SCHEME, "property_id", "survey_id", *PARAMETERS, DATES)
_SCHEMES = {"Bearer": "Bearer", "Token": "Token", "none": ""}
NO_HEADER = "none"
"""The answer that no header carries the token."""

_SPOKEN_OF: Mapping[DatasetName, str] = {"heart": "heart", "nps": "nps", "surveys": "survey", "tags": "tag"}


@dataclass(frozen=True, slots=True)
class Given:
    """All that is known of a request before any question is answered; no token is in its text."""

    dataset: DatasetName
    wanted: Mapping[Role, str]
    origin: str
    pieces: tuple[Spot, ...]
    carried: tuple[Carrier, ...]
    headers: tuple[str, ...]
    language: str


def understood(given: Given, answers: Mapping[str, str]) -> Lesson:
    """The lesson, with `answers` (role → answer) taken as they are. Raises `RequestUnusable`."""
    for role in answers:
        if role not in _ROLES:
            raise RequestUnusable(
                f"“{role}” is nothing that is asked; one of {', '.join(_ROLES)} was expected."
            )
    placed = place(given.pieces, given.wanted, answers)
    parameters = [spot for spot in placed.rest if not spot.in_path]
    roles = Roles([spot for spot in parameters if UNWRITTEN not in spot.name], answers)
    path = tuple(spot for spot in placed.pieces if spot.in_path)
    if any(UNWRITTEN in spot.value for spot in path):
        raise RequestUnusable(
            "Only running the code would tell the whole address; it was expected written out."
        )
    names = roles.likely()
    others = [spot for spot in parameters if spot.name not in names.values()]
    unwritten = [spot for spot in others if UNWRITTEN in spot.shown]
    dropped = {*unwritten, *(spot for spot in placed.rest if spot.name in names.values())}
    kept = [spot for spot in placed.pieces if spot.in_path or spot not in dropped]
    box, sign = _box(given, placed, answers), _sign(given.carried, answers)
    carried_by = sign.auth.header if sign.auth else None
    fixed = [spot.shown for spot in others if spot not in unwritten]
    left_out = [spot.name for spot in unwritten]
    left_out += [
        name for name in given.headers if not is_usual(name) and name.lower() != str(carried_by).lower()
    ]
    findings = [
        Finding("Method", "GET", "sure", f"read as {given.language}"),
        Finding("Host", given.origin, "sure", "it is one that this dashboard may ask"),
        Finding("Path", written(path) or "/", "unsure" if box else "sure", "what follows the host"),
        *placed.findings,
        *roles.findings,
    ]
    if fixed:
        findings.append(Finding("Fixed parameters", ", ".join(fixed), "sure", "the same in every request"))
    findings += sign.findings
    if left_out:
        findings.append(Finding("Left out", ", ".join(left_out), "sure", "requests go without"))
    return Lesson(
        given.dataset,
        given.origin,
        _route(given.origin + written(kept), names, roles.dates),
        sign.auth,
        sign.token,
        tuple(findings),
        (*box, *placed.questions, *roles.questions, *sign.questions),
        lambda more: understood(given, {**answers, **more}),
    )


def _route(url: str, names: Mapping[Parameter, str], dates: DateFormat) -> Route:
    start, end, page, limit = (names[role] for role in PARAMETERS)
    try:
        return Route(url, start, end, page, limit, "auto", dates)
    except ValueError as error:
        raise RequestUnusable(
            f"The address cannot be used ({error}); one without that was expected."
        ) from None


def _box(given: Given, placed: Placed, answers: Mapping[str, str]) -> tuple[Question, ...]:
    """Whether this is the request of another API, going by the words in its path."""
    words = written(spot for spot in placed.rest if spot.in_path).lower()
    spoken_of = [name for name, word in _SPOKEN_OF.items() if re.search(rf"(?<![a-z]){word}", words)]
    if not spoken_of or given.dataset in spoken_of or BOX in answers:
        return ()
    other, own = TITLES[spoken_of[0]], TITLES[given.dataset]
    return (Question(BOX, f"The address speaks of {other}: is it still the request for {own}?", ("yes",)),)


class _Sign(NamedTuple):
    """How the token travels, with what is to be said and asked about it."""

    auth: Auth | None
    token: Token | None
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]


def _sign(carried: Sequence[Carrier], answers: Mapping[str, str]) -> _Sign:
    by_header = {carrier.auth.header: carrier for carrier in carried}
    answer = answers.get(HEADER)
    if answer is not None and answer not in {*by_header, NO_HEADER}:
        raise RequestUnusable(
            f"“{answer}” is not such a header; one of {', '.join([*by_header, NO_HEADER])} was expected."
        )
    if not carried or answer == NO_HEADER:
        why = "no header of the request carries a token; the header of the profile so far is used"
        return _Sign(None, None, (Finding("Token header", "–", "sure", why),), ())
    with_token = [carrier for carrier in carried if carrier.token]
    likely = next(iter(with_token or carried))
    likely = by_header.get(answer or "Authorization", likely)
    named = carried[0].by_name and (len(carried) == 1 or len(with_token) == 1)
    certain = named or answer is not None
    if named and answer is None:
        (likely,) = with_token or carried
    auth, questions = likely.auth, []
    if not certain:
        words = "Which header carries the token?"
        questions.append(Question(HEADER, words, (*by_header, NO_HEADER), auth.header))
    if not likely.whole:
        scheme = answers.get(SCHEME)
        if scheme is None:
            questions.append(
                Question(SCHEME, "Which word stands before the token?", tuple(_SCHEMES), "Bearer")
            )
        elif scheme not in _SCHEMES:
            raise RequestUnusable(f"“{scheme}” is no such word; one of {', '.join(_SCHEMES)} was expected.")
        auth = Auth(auth.header, _SCHEMES[scheme or "Bearer"])
    shown = f"{auth.header}: {auth.scheme} <token>".replace(":  ", ": ")
    why = "you said so" if answer else "it is named so" if certain else "it must be asked"
    findings = (
        Finding("Token header", shown, "unsure" if questions else "sure", why),
        Finding(
            "Token",
            "in the request" if likely.token else "not in the request",
            "sure",
            "never a part of the profile" if likely.token else "to be typed",
        ),
    )
    return _Sign(auth, likely.token, findings, tuple(questions))
