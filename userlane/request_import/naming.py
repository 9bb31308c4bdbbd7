"""What names and values in a request can mean: by the tolerated names, and by what a value looks like."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from userlane.contract import DateFormat

Role = Literal["start", "end", "page", "limit", "property_id", "survey_id"]

_NAMES: dict[Role, str] = {
    "start": "start startdate startday startdatetime starttime starttimestamp startat startson startts from "
    "fromdate fromday fromdatetime fromtime fromtimestamp fromts datefrom datestart dateafter datemin "
    "since after begin begindate begins mindate timefrom timestart createdafter",
    "end": "end enddate endday enddatetime endtime endtimestamp endat endson endts to todate today "
    "todatetime totime totimestamp tots dateto dateend datebefore datemax until till before finish "
    "maxdate timeto timeend createdbefore",
    "page": "page pagenumber pageno pagenum pagenr pageindex pageid currentpage p pg",
    "limit": "limit pagesize perpage size pagelimit count max maxresults maxrecords maxitems top take rows "
    "results resultsperpage itemsperpage recordsperpage recordlimit batchsize pagelength pagecount",
    "property_id": "property properties propertyid propertykey application applications applicationid "
    "app apps appid",
    "survey_id": "survey surveys surveyid surveykey",
}
_BY_NAME: dict[str, Role] = {name: role for role, names in _NAMES.items() for name in names.split()}
_EDGES: dict[str, Role] = {
    **dict.fromkeys(("start", "from", "begin", "since", "after", "gte", "min"), "start"),
    **dict.fromkeys(("end", "to", "until", "till", "before", "lte", "lt", "max"), "end"),
}
_WITHOUT_PAGES = (
    "offset skip start from startat startindex startrow firstresult firstrow cursor after nexttoken "
    "pagetoken nextcursor continuationtoken scrollid"
)
_SKIPPING = frozenset(_WITHOUT_PAGES.split())
_SECRET = re.compile(
    r"(?:access|auth|api|id|bearer|user|session)?(?:token|key|secret|password|passwd|signature)|authorization|auth|jwt|sig"
)
_PERHAPS_SECRET = re.compile(r"token|secret|key|pass|pwd|auth|cred|sig|session", re.IGNORECASE)
_HARMLESS = frozenset({"", "true", "false", "0", "1", "yes", "no", "asc", "desc"})
_RUN = re.compile(r"[0-9A-Za-z_~+/=.%-]++")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_SECRET_LENGTH, _ANY_SECRET_LENGTH = 16, 32
_VERSION = re.compile(r"(?:api)?v(?:er(?:sion)?)?\d*")
_NAME_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SWITCHES = frozenset(
    {
        "include",
        "includes",
        "with",
        "without",
        "has",
        "is",
        "show",
        "hide",
        "only",
        "enable",
        "debug",
        "pretty",
    }
)
_OTHERS = frozenset({"id", "ids", "key", "code", "year", "month", "week", "day", "timeout", "score", "flag"})
_PLACEHOLDER = re.compile(
    r"<.*>|\{.*\}|\[.*\]|\$\{?[a-z_][\w:]*\}?|\$\(.*\)|%\w+%|:[a-z]\w*|(?:your|my|the)(?:[\W_]++[a-z]++)++"
    r"|(?:.*_)?(?:redacted|replace_?me|goes_here|token_here|key_here)|([x*•.…])\1{2,}"
    r"|(?:string|token|api[_-]?key|access[_-]?token)",
    re.IGNORECASE | re.DOTALL,
)

SIGNED = re.compile(r"eyJ[0-9A-Za-z_-]{10,}+\.")
"""How a signed token (JWT) begins."""

SCHEMES = frozenset({"bearer", "token", "basic", "apikey", "jwt"})
"""Words that may stand before a token."""

_NO_SCHEMES = frozenset({"your", "my", "the", "enter", "insert", "replace", "paste"})
_SENT_BY_PROGRAMS = (
    "authority method path scheme host origin referer connection pragma dnt te priority range date via "
    "forwarded cookie upgradeinsecurerequests xrequestedwith xrequestid xcorrelationid traceparent "
    "tracestate baggage sentrytrace postmantoken xcsrftoken xxsrftoken csrftoken idempotencykey keepalive "
    "cachecontrol useragent expect"
)
_USUAL_HEADERS = frozenset(_SENT_BY_PROGRAMS.split())
_USUAL_FAMILY = re.compile(
    r"(?:accept|content|sec|if|x-forwarded|x-readme|access-control)(?:-|$)", re.IGNORECASE
)
_TOKEN_HEADER = re.compile(r".*(?:authorization|auth|token|apikey|accesskey)|x.*key")
_LOOKS_LIKE_TOKEN = re.compile(r"(?=.*\d)[0-9A-Za-z._~+/=-]{12,}")
_PLAIN_WORD = re.compile(r"[A-Za-z]++\d{0,4}|\d++[A-Za-z]{0,3}")

_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"[Tt ]\d{2}:\d{2}(?::\d{2})?"
_FORMS: tuple[tuple[DateFormat, re.Pattern[str]], ...] = (
    ("date", re.compile(_DAY)),
    ("plain", re.compile(rf"{_DAY}{_CLOCK}(?:\.\d+)?")),
    ("utc-milliseconds", re.compile(rf"{_DAY}{_CLOCK}\.\d+[Zz]")),
    ("utc", re.compile(rf"{_DAY}{_CLOCK}[Zz]")),
    ("offset", re.compile(rf"{_DAY}{_CLOCK}(?:\.\d+)?[+-]\d{{2}}:?\d{{2}}")),
    ("seconds", re.compile(r"[1-4]\d{9}")),
    ("milliseconds", re.compile(r"[1-4]\d{12}")),
)
_STARTS_AS_DATE = re.compile(rf"{_DAY}(?:[Tt ]|$)")
_TWO_DATES = re.compile(rf"{_DAY}.*{_DAY}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Moment:
    """A value that is a date: when, and how it is written."""

    at: datetime
    form: DateFormat


def normalize(name: str) -> str:
    """A name as it is compared: only its letters and digits, in lower case."""
    return re.sub(r"[\W_]", "", name.lower())


def meaning(name: str) -> Role | None:
    """What a parameter of this name is by convention.

    >>> meaning("start_date"), meaning("page[size]"), meaning("reporting.to"), meaning("format")
    ('start', 'limit', 'end', None)
    """
    words = _NAME_WORDS.findall(name)
    by_words = _EDGES.get(words[-1].lower()) if len(words) > 1 else None
    return _BY_NAME.get(normalize(name)) or by_words


def moment(value: str) -> Moment | None:
    """The date that a value is, if it is one. A space in place of the `+` of `+00:00` is forgiven.

    >>> moment("2026-04-01T00:00:00 00:00").form, moment("1775001600").form, moment("1000")
    ('offset', 'seconds', None)
    """
    text = re.sub(r"(?<=:\d{2}) (?=\d{2}:?\d{2}$)", "+", value.strip())
    form = next((form for form, pattern in _FORMS if pattern.fullmatch(text)), None)
    if form is None:
        return None
    try:
        if form in {"seconds", "milliseconds"}:
            at = datetime.fromtimestamp(int(text) / (1 if form == "seconds" else 1000), UTC)
        else:
            at = datetime.fromisoformat(text.upper())
    except (ValueError, OverflowError):
        return None
    return Moment(at if at.tzinfo else at.replace(tzinfo=UTC), form)


def whole_number(value: str) -> int | None:
    """A value that can be a page or a limit."""
    return int(value) if re.fullmatch(r"[0-9]{1,6}", value.strip()) else None


def names_parameter(name: str, value: str) -> bool:
    """Whether a pair that nothing marks as a parameter is one, by its name and its value."""
    role = meaning(name)
    if role in {"start", "end"}:
        return moment(value) is not None
    if role in {"page", "limit"}:
        return whole_number(value) is not None
    return role is not None


def skips(name: str) -> bool:
    """Whether a number of this name says how many records to skip, or where to go on, in place of a page."""
    return normalize(name) in _SKIPPING


def is_version(name: str) -> bool:
    """Whether the name is that of a version, whose value may look like a date or a page."""
    return _VERSION.fullmatch(normalize(name)) is not None


def is_otherwise_named(name: str) -> bool:
    """Whether the name says that a number is something else than a page or a limit: a switch, an ID, a year.

    >>> is_otherwise_named("includeComments"), is_otherwise_named("nps_id"), is_otherwise_named("seite")
    (True, True, False)
    """
    words = [word.lower() for word in _NAME_WORDS.findall(name)]
    return bool(words) and (words[0] in _SWITCHES or words[-1] in _OTHERS or is_version(name) or skips(name))


def is_secret_name(name: str) -> bool:
    """Whether a parameter of this name holds something that no address should."""
    return _SECRET.fullmatch(normalize(name)) is not None


def may_be_secret(name: str, value: str) -> bool:
    """Whether a parameter may hold a secret, going by a part of its name, or by its value.

    >>> may_be_secret("sessionId", "12"), may_be_secret("withSessions", "true"), may_be_secret("lang", "en")
    (True, False, False)
    """
    if value.lower() in _HARMLESS or meaning(name) or is_placeholder(value):
        return False
    return _PERHAPS_SECRET.search(name) is not None or is_secret_value(value)


def is_secret_value(value: str, shortest: int = _SECRET_LENGTH) -> bool:
    """Whether letters and digits are mixed in a text of at least `shortest` signs, as in no word, date or ID.

    >>> is_secret_value("qX7made0up4f2a9cZ"), is_secret_value("comments,users"), is_secret_value("2026-04-01")
    (True, False, False)
    """
    return SIGNED.search(value) is not None or any(_is_mixed(run, shortest) for run in _RUN.findall(value))


def is_date(value: str) -> bool:
    """Whether a value is a date, or begins as one."""
    return moment(value) is not None or _STARTS_AS_DATE.match(value) is not None


def _is_mixed(run: str, shortest: int) -> bool:
    if len(run) < shortest or _UUID.fullmatch(run) or is_date(run):
        return False
    pieces = [piece for piece in re.split(r"[/.%]", run) if len(piece) >= min(shortest, 8)]
    return any(
        len(piece) >= _ANY_SECRET_LENGTH or (len(run) >= shortest and _has_mixed_word(piece))
        for piece in pieces
    )


def _has_mixed_word(piece: str) -> bool:
    """Whether a word in a piece between slashes and dots is mixed of letters and digits; `page2` is not."""
    words = re.split(r"[-_+=~]", piece)
    return any(len(word) > 2 and not _PLAIN_WORD.fullmatch(word) for word in words)


def is_usual_header(name: str) -> bool:
    """Whether programs send a header of this name by themselves, so that it never holds the API's token."""
    return normalize(name) in _USUAL_HEADERS or _USUAL_FAMILY.match(name) is not None


def is_header_name(name: str) -> bool:
    """Whether a pair of this name is a header, wherever it stands."""
    lower = name.lower()
    return lower.startswith("x-") or is_usual_header(name) or is_token_header(name)


def is_header_pair(name: str, *, quoted: bool) -> bool:
    """Whether a pair is a header by its name alone: one that is known, or one with a hyphen in it."""
    if is_header_name(name):
        return quoted or "-" in name or name.lower() == "authorization"
    return "-" in name and meaning(name) is None


def is_token_header(name: str) -> bool:
    """Whether a header of this name carries a token."""
    return _TOKEN_HEADER.fullmatch(normalize(name)) is not None


def looks_like_token(text: str) -> bool:
    """Whether a header's text, without the word before it, could be a token."""
    return _LOOKS_LIKE_TOKEN.fullmatch(text) is not None


def split_scheme(value: str) -> tuple[str, str]:
    """The word before a token, and the token. A word that stands there twice is read once.

    >>> split_scheme("Bearer abc"), split_scheme("abc"), split_scheme("Bearer")
    (('Bearer', 'abc'), ('', 'abc'), ('Bearer', ''))
    """
    first, _, rest = value.strip().partition(" ")
    if not rest:
        return (first, "") if first.lower() in SCHEMES else ("", first)
    if first.lower() in _NO_SCHEMES or not re.fullmatch(r"[A-Za-z][\w.-]*+", first):
        return "", value.strip()
    again, _, more = rest.strip().partition(" ")
    return first, (more if more and again.lower() == first.lower() else rest).strip()


def is_placeholder(value: str) -> bool:
    """Whether the value only stands for one that the reader should fill in; an empty one does.

    >>> is_placeholder("YOUR_TOKEN"), is_placeholder("{propertyId}"), is_placeholder("8mkyx")
    (True, True, False)
    """
    return not value.strip() or _PLACEHOLDER.fullmatch(value.strip()) is not None


def two_dates(value: str) -> bool:
    """Whether one value holds a start and an end."""
    return _TWO_DATES.search(value) is not None
