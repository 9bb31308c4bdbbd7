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
    r"<.*>|\{.*\}|\[.*\]|\$\{?[a-z_][\w:]*\}?|\$\(.*\)|%\w+%|:[a-z]\w*|(?:your|my|the)(?:[\W_]+[a-z]+)+"
    r"|(?:.*_)?(?:redacted|replace_?me|goes_here|token_here|key_here)|([x*•.…])\1{2,}"
    r"|(?:string|token|api[_-]?key|access[_-]?token)",
    re.IGNORECASE | re.DOTALL,
)

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
_TWO_DATES = re.compile(rf"{_DAY}.*{_DAY}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Moment:
    """A value that is a date: when, and how it is written."""

    at: datetime
    form: DateFormat


def plain(name: str) -> str:
    """A name as it is compared: only its letters and digits, in lower case."""
    return re.sub(r"[\W_]", "", name.lower())


def meaning(name: str) -> Role | None:
    """What a parameter of this name is by convention.

    >>> meaning("start_date"), meaning("page[size]"), meaning("reporting.to"), meaning("format")
    ('start', 'limit', 'end', None)
    """
    words = _NAME_WORDS.findall(name)
    by_words = _EDGES.get(words[-1].lower()) if len(words) > 1 else None
    return _BY_NAME.get(plain(name)) or by_words


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


def skips(name: str) -> bool:
    """Whether a number of this name says how many records to skip, or where to go on, in place of a page."""
    return plain(name) in _SKIPPING


def is_version(name: str) -> bool:
    """Whether the name is that of a version, whose value may look like a date or a page."""
    return _VERSION.fullmatch(plain(name)) is not None


def is_otherwise_named(name: str) -> bool:
    """Whether the name says that a number is something else than a page or a limit: a switch, an ID, a year.

    >>> is_otherwise_named("includeComments"), is_otherwise_named("nps_id"), is_otherwise_named("seite")
    (True, True, False)
    """
    words = [word.lower() for word in _NAME_WORDS.findall(name)]
    return bool(words) and (words[0] in _SWITCHES or words[-1] in _OTHERS or is_version(name) or skips(name))


def is_secret(name: str) -> bool:
    """Whether a parameter of this name holds something that no address should."""
    return _SECRET.fullmatch(plain(name)) is not None


def is_placeholder(value: str) -> bool:
    """Whether the value only stands for one that the reader should fill in; an empty one does.

    >>> is_placeholder("YOUR_TOKEN"), is_placeholder("{propertyId}"), is_placeholder("8mkyx")
    (True, True, False)
    """
    return not value.strip() or _PLACEHOLDER.fullmatch(value.strip()) is not None


def two_dates(value: str) -> bool:
    """Whether one value holds a start and an end."""
    return _TWO_DATES.search(value) is not None
