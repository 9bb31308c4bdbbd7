"""Which parameters are the start, the end, the page and the limit, and how dates are written."""

from collections.abc import Mapping, Sequence
from typing import Literal, cast, get_args

from userlane.contract import ASSUMED, DateFormat
from userlane.errors import RequestUnusable
from userlane.request_import import naming
from userlane.request_import.naming import is_placeholder, meaning, moment, normalize, whole_number
from userlane.request_import.result import Finding, Notes, Question
from userlane.request_import.url_parts import UrlPart

Parameter = Literal["start", "end", "page", "limit"]
DATES = "dates"
"""The role of the question how dates are written."""

PARAMETERS: tuple[Parameter, ...] = get_args(Parameter)
_ORDER = ("start", "end", DATES, "page", "limit")
_EDGES: tuple[Parameter, ...] = ("start", "end")
_NAMED: Mapping[Parameter, str] = {"start": "start date", "end": "end date", "page": "page", "limit": "limit"}
_PLAINEST = {"page": ("page",), "limit": ("limit", "pagesize")}
_FULL = 1000
_NEVER_DATES = frozenset({"", "cb", "nocache", "cachebuster"})
_WHICH = "Which parameter is the {}?"
_BY_NAME, _ASKED = "it is named so", "it must be asked"
_EXAMPLES = (
    "offset is 2026-04-01T00:00:00+00:00, utc 2026-04-01T00:00:00Z, "
    "utc-milliseconds 2026-04-01T00:00:00.000Z, plain 2026-04-01T00:00:00, date 2026-04-01, "
    "seconds 1775001600, milliseconds 1775001600000"
)


class ParameterRoles:
    """Gives each role its parameter: by the answers first, then by names and values; asks where these fail.

    Raises `RequestUnusable` for requests that work in a way this dashboard cannot: one parameter for both
    dates, records skipped in place of pages.
    """

    def __init__(self, parameters: Sequence[UrlPart], notes: Notes) -> None:
        self.names: dict[Parameter, str] = {}
        self.dates: DateFormat = "offset"
        self._all = parameters
        self._notes = notes
        self._findings: dict[str, Finding] = {}
        self._questions: dict[str, Question] = {}
        for role in PARAMETERS:
            if role in notes.answers:
                self._take(role, _usable(notes.answers[role]), "you said so")
        self._find_edges()
        self._find_dates()
        self._find_named("page")
        self._find_named("limit")
        self._find_page()
        self._find_limit()
        if len({*self.names.values()}) < len(self.names):
            raise RequestUnusable("One parameter was given two roles; one parameter for each was expected.")
        notes.findings.extend(self._findings[role] for role in _ORDER)
        notes.questions.extend(self._questions[role] for role in _ORDER if role in self._questions)

    def likely(self) -> dict[Parameter, str]:
        """A different name for each role: the one found, else the one suggested, else the assumed one."""
        found = dict(self.names)
        for role in PARAMETERS:
            question = self._questions.get(role)
            guesses = (question.suggestion if question else None, _assumed(role), f"{_assumed(role)}?")
            found.setdefault(role, next(name for name in guesses if name and name not in found.values()))
        return found

    def _left(self) -> list[UrlPart]:
        return [part for part in self._all if part.name not in self.names.values()]

    def _value(self, role: Parameter) -> str:
        return next((part.value for part in self._all if part.name == self.names.get(role)), "")

    def _take(self, role: Parameter, name: str, why: str) -> None:
        self.names[role] = name
        value = self._value(role)
        shown = f"{name} = {value}" if value else name
        self._findings[role] = Finding(_NAMED[role].capitalize(), shown, True, why)

    def _take_edges(self, start: str, end: str, why_start: str, why_end: str) -> None:
        self._take("start", start, why_start)
        self._take("end", end, why_end)

    def _ask(self, role: Parameter, words: str, among: Sequence[str], suggestion: str | None = None) -> None:
        candidates = tuple(dict.fromkeys(among))
        shown = suggestion if suggestion and candidates else "–"
        if not candidates:
            words = (
                f"The request has no parameter for the {_NAMED[role]}: fill it in under “Try it” and copy "
                "again, or say what it is called."
            )
            suggestion = _assumed(role)
        self._questions[role] = Question(role, words, candidates, suggestion, free=True)
        self._findings[role] = Finding(_NAMED[role].capitalize(), shown, False, _ASKED)

    def _find_edges(self) -> None:
        left = self._left()
        unknown = [role for role in _EDGES if role not in self.names]
        together = next((part.name for part in left if naming.two_dates(part.value)), None)
        if unknown and together:
            raise RequestUnusable(f"“{together}” holds both dates; a parameter for each was expected.")
        dated = {part.name: when for part in left if (when := _date(part))}
        dateable = [part.name for part in left if _can_be_date(part)]
        named = {role: [name for name in dateable if meaning(name) == role] for role in unknown}
        if len(unknown) == 2:
            self._find_both(dated, named, list(dated) or dateable)
        elif unknown:
            (role,) = unknown
            if len(named[role]) == 1:
                self._take(role, named[role][0], _BY_NAME)
            elif len(dated) == 1:
                self._take(role, next(iter(dated)), "it is the only other date")
            else:
                self._ask(role, _WHICH.format(_NAMED[role]), named[role] or list(dated))

    def _find_both(
        self, dated: Mapping[str, naming.Moment], named: Mapping[Parameter, list[str]], among: Sequence[str]
    ) -> None:
        start, end = (names[0] if len(names) == 1 else None for names in named.values())
        words = _WHICH
        if start and end:
            if start not in dated or end not in dated:
                self._take_edges(start, end, _BY_NAME, _BY_NAME)
                return
            if dated[start].at <= dated[end].at:
                not_after, not_before = "and not after the end", "and not before the start"
                self._take_edges(start, end, f"{_BY_NAME}, {not_after}", f"{_BY_NAME}, {not_before}")
                return
            words = "By their names the start date is after the end date: which parameter is the {}?"
        elif len(dated) == 2:
            first, last = sorted(dated, key=lambda name: dated[name].at)
            opposed = meaning(first) == "end" or meaning(last) == "start"
            if dated[first].at < dated[last].at and not opposed:
                earlier, later = "it is the earlier of two dates", "it is the later of two dates"
                self._take_edges(first, last, earlier, later)
                return
        self._ask("start", words.format(_NAMED["start"]), among, start)
        self._ask("end", words.format(_NAMED["end"]), among, end)

    def _find_dates(self) -> None:
        values = [value for role in _EDGES if not is_placeholder(value := self._value(role))]
        forms = {value: when.form if (when := moment(value)) else None for value in values}
        known = sorted({form for form in forms.values() if form})
        every: tuple[DateFormat, ...] = get_args(DateFormat)
        answer = self._notes.answer(DATES, every, "no way to write dates")
        why = "as in the request"
        if known:
            self.dates = known[0]
        if answer:
            self.dates, why = cast("DateFormat", answer), "you said so"
        elif not values:
            why = "the vendor's articles show them so"
        elif len(known) != 1 or None in forms.values():
            unread = next((value for value, form in forms.items() if form is None), None)
            words = f"“{unread}” is no date in a known form" if unread else "The two dates differ in form"
            words = f"{words}: how does the API take dates ({_EXAMPLES})?"
            why = _ASKED
            candidates = tuple(known) if len(known) > 1 else every
            self._questions[DATES] = Question(DATES, words, candidates, self.dates)
        self._findings[DATES] = Finding("Dates written as", self.dates, why != _ASKED, why)

    def _find_named(self, role: Literal["page", "limit"]) -> None:
        if role in self.names:
            return
        named = [part.name for part in self._left() if meaning(part.name) == role and _can_be_number(part)]
        plainest = [name for name in named if normalize(name) in _PLAINEST[role]]
        if len(named) == 1 or len(plainest) == 1:
            self._take(role, (plainest or named)[0], _BY_NAME)
        elif named:
            self._ask(role, _WHICH.format(_NAMED[role]), named)

    def _numbers(self) -> dict[str, int]:
        left = [part for part in self._left() if not naming.is_otherwise_named(part.name)]
        numbers = ((part.name, whole_number(part.value)) for part in left)
        return {name: number for name, number in numbers if number is not None}

    def _find_page(self) -> None:
        if "page" in self._findings:
            return
        numbers = self._numbers()
        first = [name for name, number in numbers.items() if number in {0, 1}]
        if len(first) == 1:
            self._take("page", first[0], "it is the only number that a first page can have")
            return
        for part in self._left():
            if naming.skips(part.name) and _can_be_number(part):
                raise RequestUnusable(
                    f"“{part.name}” says how many records to skip; a page number was expected."
                )
        self._ask("page", _WHICH.format("number of the page"), list(numbers), next(iter(first), None))

    def _find_limit(self) -> None:
        if "limit" in self._findings:
            return
        numbers = self._numbers()
        large = [name for name, number in numbers.items() if 10 <= number <= 10 * _FULL and number % 5 == 0]
        full = [name for name in large if numbers[name] == _FULL]
        if len(large) == 1 or len(full) == 1:
            self._take("limit", (full or large)[0], "it is the only number of records that a page can have")
        else:
            words = _WHICH.format("number of records in a page")
            self._ask("limit", words, list(numbers), next(iter(large), None))


def _assumed(role: Parameter) -> str:
    name: str = getattr(ASSUMED.nps, role)
    return name


def _date(part: UrlPart) -> naming.Moment | None:
    unlikely = naming.is_version(part.name) or normalize(part.name) in _NEVER_DATES
    return None if unlikely else moment(part.value)


def _can_be_date(part: UrlPart) -> bool:
    return moment(part.value) is not None or whole_number(part.value) is None


def _can_be_number(part: UrlPart) -> bool:
    return whole_number(part.value) is not None or is_placeholder(part.value)


def _usable(name: str) -> str:
    if not name.strip() or not name.isprintable() or " " in name.strip():
        raise RequestUnusable(f"“{name}” is not a parameter's name; one word was expected.")
    return name.strip()
