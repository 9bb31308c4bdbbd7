"""Where in an address the property and the survey stand."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, unquote_plus

from userlane.contract import PROPERTY_ID, SURVEY_ID
from userlane.errors import RequestUnusable
from userlane.request_import.naming import (
    Role,
    is_placeholder,
    is_secret_value,
    may_be_secret,
    meaning,
    normalize,
)
from userlane.request_import.parsers.common import UNWRITTEN
from userlane.request_import.result import Finding, Question

_LEGAL = "-._~%!$&'()*+,;=:@/?[]"
_DISTINCTIVE = 4
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_COMMON = re.compile(
    r"v\d+|api|apis|rest|public|external|analytics|data|export|exports|heart\w*|nps\w*|surveys?\w*|tags?\w*|"
    r"responses?|scores?|results?|records|reports?|feeds?|interactions?|usage|portal|stats|metrics",
    re.IGNORECASE,
)
KEEP = "keep:"
"""The role of the question about what may be a secret, with its name behind it."""

_NO_SECRET, _LEAVE_OUT = "no secret", "leave out"
_MARKS = {"property_id": PROPERTY_ID, "survey_id": SURVEY_ID}
_WORDS = {"property_id": "property ID", "survey_id": "survey ID"}


@dataclass(frozen=True, slots=True)
class UrlPart:
    """A piece of an address: a segment of the path (`name` is the segment before) or a parameter."""

    raw: str
    name: str
    in_path: bool

    @property
    def value(self) -> str:
        """What the piece says, or the parameter's value."""
        return unquote(self.raw) if self.in_path else unquote_plus(self.raw.partition("=")[2])

    @property
    def part(self) -> str:
        """Which part of the address it is in."""
        return "path" if self.in_path else "parameters"

    @property
    def shown(self) -> str:
        """The piece as people read it."""
        return self.value if self.in_path else f"{self.name}={self.value}"


def split_url(rest: str) -> tuple[UrlPart, ...]:
    """The pieces of what follows the host, in order, with every sign made legal."""
    path, _, query = rest.partition("#")[0].partition("?")
    segments = [quote(segment, safe=_LEGAL) for segment in path.split("/")[1:]]
    befores = ["", *map(unquote, segments)]
    found = [UrlPart(raw, before, in_path=True) for raw, before in zip(segments, befores, strict=False)]
    for piece in filter(None, query.split("&")):
        raw = quote(piece, safe=_LEGAL)
        found.append(UrlPart(raw, unquote_plus(raw.partition("=")[0]), in_path=False))
    return tuple(found)


def join_url(pieces: Iterable[UrlPart]) -> str:
    """Pieces as an address again."""
    pieces = list(pieces)
    path = "".join(f"/{part.raw}" for part in pieces if part.in_path)
    query = "&".join(part.raw for part in pieces if not part.in_path)
    return f"{path}?{query}" if query else path


@dataclass(frozen=True, slots=True)
class IdsFound:
    """The pieces with IDs marked, which of them are, and what is to be said and asked about it."""

    pieces: tuple[UrlPart, ...]
    taken: frozenset[int]
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]

    @property
    def rest(self) -> tuple[UrlPart, ...]:
        """The pieces that hold no ID."""
        return tuple(part for index, part in enumerate(self.pieces) if index not in self.taken)


def find_ids(pieces: Sequence[UrlPart], wanted: Mapping[Role, str], answers: Mapping[str, str]) -> IdsFound:
    """Mark where the IDs that are `wanted` (role → ID) stand in the pieces.

    Raises `RequestUnusable` when one stands nowhere and nothing could stand for it.
    """
    marked = list(pieces)
    taken: set[int] = set()
    findings: list[Finding] = []
    questions: list[Question] = []
    alike = len(set(wanted.values())) < len(wanted)
    for role, identifier in wanted.items():
        search = _Search(role, identifier, pieces, frozenset(wanted) - {role}, taken, alike=alike)
        chosen, why, question = search.result(answers.get(role))
        if question:
            questions.append(question)
        for index in chosen:
            marked[index] = _marked(pieces[index], identifier, _MARKS[role])
        taken |= chosen
        shown = ", ".join(f"{pieces[index].shown} in the {pieces[index].part}" for index in sorted(chosen))
        item = _WORDS[role][:1].upper() + _WORDS[role][1:]
        findings.append(Finding(item, shown or "–", "unsure" if question else "sure", why))
    return IdsFound(tuple(marked), frozenset(taken), tuple(findings), tuple(questions))


def _marked(part: UrlPart, identifier: str, mark: str) -> UrlPart:
    """The piece with the ID, or all of it where the ID is not in it, replaced by the mark."""
    name, value = (
        ("", part.raw) if part.in_path else part.raw.split("=", 1) if "=" in part.raw else (part.raw, "")
    )
    within = part.value != identifier and _within(identifier).search(value)
    value = _within(identifier).sub(mark, value) if within else mark
    return replace(part, raw=value if part.in_path else f"{name}={value}")


def _within(identifier: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9A-Za-z_%-])(?<!%[0-9A-Fa-f]){re.escape(identifier)}(?![0-9A-Za-z_-])")


@dataclass(frozen=True, slots=True)
class FixedParts:
    """The parts that are the same in every request, with what is to be shown and asked about them."""

    kept: tuple[UrlPart, ...]
    left_out: tuple[str, ...]
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]


def find_fixed(ids: IdsFound, variable: Collection[str], answers: Mapping[str, str]) -> FixedParts:
    """The parts that are neither IDs nor the `variable` parameters. What may be a secret is asked about, and
    stays out of the profile until it is said to be none.

    Raises `RequestUnusable` when an answer is none of those possible.
    """
    kept: list[UrlPart] = []
    left_out: list[str] = []
    questions: list[Question] = []
    for part in ids.rest:
        if not part.in_path and part.name in variable:
            continue
        role = KEEP + (_start(part.value) if part.in_path else part.name)
        answer = answers.get(role)
        suspect = is_secret_value(part.value) if part.in_path else may_be_secret(part.name, part.value)
        choices = (_NO_SECRET,) if part.in_path else (_NO_SECRET, _LEAVE_OUT)
        if answer and answer not in choices:
            raise RequestUnusable(f"“{answer}” is no answer here; {' or '.join(choices)} was expected.")
        if UNWRITTEN in part.shown or answer == _LEAVE_OUT:
            left_out.append(part.name)
            continue
        if suspect and not answer:
            shown = _start(part.value) if part.in_path else part.name
            words = f"“{shown}” in the {part.part} may be a secret: is it none?"
            questions.append(Question(role, words, choices, choices[-1]))
        if part.in_path or not suspect or answer:
            kept.append(part)
    shown = ", ".join(part.shown for part in kept if not part.in_path)
    findings = [Finding("Fixed parameters", shown, "sure", "the same in every request")] if shown else []
    if questions:
        asked = ", ".join(question.role.removeprefix(KEEP) for question in questions)
        findings.append(Finding("Perhaps a secret", asked, "unsure", "it must be asked"))
    return FixedParts(tuple(kept), tuple(left_out), tuple(findings), tuple(questions))


def _start(value: str) -> str:
    return f"{value[:3]}…"


@dataclass(frozen=True, slots=True)
class _Search:
    """One ID in one address. `others` are looked for besides; `alike` says that one has the same text."""

    role: Role
    identifier: str
    pieces: Sequence[UrlPart]
    others: Collection[Role]
    taken: Collection[int]
    alike: bool

    def result(self, answer: str | None) -> tuple[frozenset[int], str, Question | None]:
        """Which pieces hold the ID, why it is thought so, and what must be asked to be sure."""
        what = _WORDS[self.role]
        free = [index for index in range(len(self.pieces)) if self._possible(index)]
        own = [index for index in free if meaning(self.pieces[index].name) not in self.others]
        among = own if self.alike else free
        exact = [index for index in among if self.pieces[index].value == self.identifier]
        if not exact:
            exact = [index for index in among if _within(self.identifier).search(self.pieces[index].raw)]
        hinted = [index for index in exact if self._hinted(index)]
        if exact and not answer:
            if not self.alike and (len(exact) == 1 or len(self.identifier) >= _DISTINCTIVE):
                return frozenset(exact), f"it is the {what} typed above", None
            if hinted:
                return frozenset(hinted), f"it is the {what} typed above, and named so", None
        if exact:
            choices = {self._pattern({index}): frozenset({index}) for index in exact}
            words = f"Where in the address does the {what} stand?"
            return self._chosen(choices, answer, words, None)
        return self._by_name(own, answer)

    def _by_name(
        self, free: Sequence[int], answer: str | None
    ) -> tuple[frozenset[int], str, Question | None]:
        what = _WORDS[self.role]
        own = [index for index in free if self._left_open(index)]
        if own and not answer:
            return frozenset(own), f"it is named so, and left open for the {what}", None
        hinted = [index for index in free if self._hinted(index) and not self._common(index)]
        likely = hinted or [index for index in free if not self._common(index)]
        choices = {self.pieces[index].shown: frozenset({index}) for index in likely}
        if not choices:
            raise RequestUnusable(
                f"The request names no {what.removesuffix(' ID')}; the one typed above, {self.identifier}, "
                "was expected in its address."
            )
        words = f"The {what} typed above, {self.identifier}, is not in the request: which part is the {what}?"
        return self._chosen(choices, answer, words, next(iter(choices)) if hinted else None)

    def _chosen(
        self, choices: Mapping[str, frozenset[int]], answer: str | None, words: str, suggestion: str | None
    ) -> tuple[frozenset[int], str, Question | None]:
        if answer is None:
            question = Question(self.role, words, tuple(choices), suggestion)
            return choices[suggestion] if suggestion else frozenset(), "it must be asked", question
        if answer not in choices:
            raise RequestUnusable(
                f"“{answer}” is not in the request; one of {', '.join(choices)} was expected."
            )
        return choices[answer], "you said so", None

    def _possible(self, index: int) -> bool:
        part = self.pieces[index]
        return index not in self.taken and (part.in_path or meaning(part.name) in {None, *_WORDS})

    def _left_open(self, index: int) -> bool:
        """Whether a piece only names the ID: `{propertyId}`, `propertyId`, or nothing where it should be."""
        value = self.pieces[index].value
        if meaning(value) == self.role:
            return is_placeholder(value) or normalize(value).endswith("id")
        return is_placeholder(value) and self._hinted(index)

    def _hinted(self, index: int) -> bool:
        return meaning(self.pieces[index].name) == self.role

    def _common(self, index: int) -> bool:
        """Whether a piece is likelier a word of the API than an ID."""
        part = self.pieces[index]
        if not _ID.fullmatch(part.value):
            return True
        return part.in_path and (_COMMON.fullmatch(part.value) is not None or meaning(part.value) is not None)

    def _pattern(self, chosen: Collection[int]) -> str:
        mark = _MARKS[self.role]
        return join_url(
            _marked(part, self.identifier, mark) if index in chosen else part
            for index, part in enumerate(self.pieces)
        )
