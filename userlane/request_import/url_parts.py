"""Where in an address the property and the survey stand, and which of its parts stay as they are."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, unquote_plus

from userlane.contract.profile import PROPERTY_ID, SURVEY_ID
from userlane.errors import RequestUnusable
from userlane.request_import import naming
from userlane.request_import.parsers.common import UNWRITTEN
from userlane.request_import.result import Notes

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

Choice = tuple[Collection[int], str, bool]
"""Which parts of an address hold an ID, why it is thought so, and whether that is sure."""


@dataclass(frozen=True, slots=True)
class UrlPart:
    """A segment of the path (`name` is the segment before) or a parameter; `is_id` once it is marked."""

    raw: str
    name: str
    in_path: bool
    is_id: bool = False

    @property
    def value(self) -> str:
        """What the segment says, or the parameter's value."""
        return unquote(self.raw) if self.in_path else unquote_plus(self.raw.partition("=")[2])

    @property
    def place(self) -> str:
        """Where in the address it is, in words."""
        return "path" if self.in_path else "parameters"

    @property
    def shown(self) -> str:
        """The part as people read it."""
        return self.value if self.in_path else f"{self.name}={self.value}"


def split_url(rest: str) -> tuple[UrlPart, ...]:
    """The parts of what follows the host, in order, with every sign made legal."""
    path, _, query = rest.partition("#")[0].partition("?")
    segments = [quote(segment, safe=_LEGAL) for segment in path.split("/")[1:]]
    befores = ["", *map(unquote, segments)]
    found = [UrlPart(raw, before, in_path=True) for raw, before in zip(segments, befores, strict=False)]
    for piece in filter(None, query.split("&")):
        raw = quote(piece, safe=_LEGAL)
        found.append(UrlPart(raw, unquote_plus(raw.partition("=")[0]), in_path=False))
    return tuple(found)


def join_url(parts: Collection[UrlPart]) -> str:
    """Parts as an address again."""
    path = "".join(f"/{part.raw}" for part in parts if part.in_path)
    query = "&".join(part.raw for part in parts if not part.in_path)
    return f"{path}?{query}" if query else path


def hide_secrets(path: Collection[UrlPart], answers: Mapping[str, str]) -> str:
    """The path for the screen: of a segment that may be a secret the beginning, until that is answered."""
    shown = []
    for part in path:
        start = f"{part.value[:3]}…"
        hidden = not part.is_id and naming.is_secret_value(part.value) and KEEP + start not in answers
        shown.append(f"/{start if hidden else part.raw}")
    return "".join(shown)


def find_ids(parts: Sequence[UrlPart], wanted: Mapping[naming.Role, str], notes: Notes) -> list[UrlPart]:
    """The parts, with a mark where each ID that is `wanted` (role → ID) stands.

    Raises `RequestUnusable` when one stands nowhere and nothing could stand for it.
    """
    marked = list(parts)
    alike = len(set(wanted.values())) < len(wanted)
    for role, identifier in wanted.items():
        free = [index for index, part in enumerate(marked) if not part.is_id and _can_be_id(part)]
        search = _Search(role, identifier, parts, free, frozenset(wanted) - {role}, alike, notes)
        chosen, why, sure = search.choose()
        for index in chosen:
            marked[index] = _mark(parts[index], identifier, role)
        shown = ", ".join(f"{parts[index].shown} in the {parts[index].place}" for index in sorted(chosen))
        notes.add(_WORDS[role][:1].upper() + _WORDS[role][1:], shown or "–", why, sure=sure)
    return marked


def _can_be_id(part: UrlPart) -> bool:
    return part.in_path or naming.meaning(part.name) in {None, *_WORDS}


def _mark(part: UrlPart, identifier: str, role: naming.Role) -> UrlPart:
    """The part with the ID, or all of it where the ID is not in it, replaced by the mark."""
    name, _, value = ("", "", part.raw) if part.in_path else part.raw.partition("=")
    within = part.value != identifier and _within(identifier).search(value)
    value = _within(identifier).sub(_MARKS[role], value) if within else _MARKS[role]
    return replace(part, raw=value if part.in_path else f"{name}={value}", is_id=True)


def _within(identifier: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![0-9A-Za-z_%-])(?<!%[0-9A-Fa-f]){re.escape(identifier)}(?![0-9A-Za-z_-])")


@dataclass(frozen=True, slots=True)
class _Search:
    """The search for one ID among the parts numbered `free`.

    `others` are looked for, too; `alike` says that one of them has the same text.
    """

    role: naming.Role
    identifier: str
    parts: Sequence[UrlPart]
    free: Sequence[int]
    others: Collection[naming.Role]
    alike: bool
    notes: Notes

    def choose(self) -> Choice:
        """The parts that hold the ID, by the ID itself or else by the names."""
        what, answered = _WORDS[self.role], self.notes.answers.get(self.role)
        own = [index for index in self.free if naming.meaning(self.parts[index].name) not in self.others]
        among = own if self.alike else self.free
        exact = [index for index in among if self.parts[index].value == self.identifier]
        if not exact:
            exact = [index for index in among if _within(self.identifier).search(self.parts[index].raw)]
        if not exact:
            return self._choose_by_name(own)
        if not answered and not self.alike and (len(exact) == 1 or len(self.identifier) >= _DISTINCTIVE):
            return exact, f"it is the {what} typed above", True
        hinted = [index for index in exact if self._is_hinted(index)]
        if hinted and not answered:
            return hinted, f"it is the {what} typed above, and named so", True
        choices = {self._show_marked(index): index for index in exact}
        return self._ask(choices, f"Where in the address does the {what} stand?", None)

    def _choose_by_name(self, free: Sequence[int]) -> Choice:
        what = _WORDS[self.role]
        own = [index for index in free if self._is_left_open(index)]
        if own and not self.notes.answers.get(self.role):
            return own, f"it is named so, and left open for the {what}", True
        possible = [index for index in free if not _is_common(self.parts[index])]
        hinted = [index for index in possible if self._is_hinted(index)]
        choices = {self.parts[index].shown: index for index in hinted or possible}
        if not choices:
            raise RequestUnusable(
                f"The request names no {what.removesuffix(' ID')}; the one typed above, {self.identifier}, "
                "was expected in its address."
            )
        words = f"The {what} typed above, {self.identifier}, is not in the request: which part is the {what}?"
        return self._ask(choices, words, next(iter(choices)) if hinted else None)

    def _ask(self, choices: Mapping[str, int], words: str, suggestion: str | None) -> Choice:
        answer = self.notes.answer(self.role, tuple(choices), "not in the request")
        if answer is not None:
            return [choices[answer]], "you said so", True
        self.notes.ask(self.role, words, tuple(choices), suggestion)
        return [choices[suggestion]] if suggestion else [], "it must be asked", False

    def _is_left_open(self, index: int) -> bool:
        """Whether a part only names the ID: `{propertyId}`, `propertyId`, or nothing where it should be."""
        value = self.parts[index].value
        if naming.meaning(value) == self.role:
            return naming.is_placeholder(value) or naming.normalize(value).endswith("id")
        return naming.is_placeholder(value) and self._is_hinted(index)

    def _is_hinted(self, index: int) -> bool:
        return naming.meaning(self.parts[index].name) == self.role

    def _show_marked(self, marked: int) -> str:
        """The address with the mark at one part."""
        part = _mark(self.parts[marked], self.identifier, self.role)
        return join_url([*self.parts[:marked], part, *self.parts[marked + 1 :]])


def _is_common(part: UrlPart) -> bool:
    """Whether a part is likelier a word of the API than an ID."""
    if not _ID.fullmatch(part.value):
        return True
    return part.in_path and (
        _COMMON.fullmatch(part.value) is not None or naming.meaning(part.value) is not None
    )


def find_fixed(
    parts: Iterable[UrlPart], variable: Collection[str], notes: Notes
) -> tuple[list[UrlPart], list[str]]:
    """The parts that are the same in every request, and the names of those to be left out.

    The parameters named in `variable` are neither. What may be a secret is asked about, and stays out of the
    profile until it is said to be none.
    """
    kept: list[UrlPart] = []
    left_out: list[str] = []
    asked: list[str] = []
    for part in parts:
        if not part.in_path and part.name in variable:
            continue
        if part.in_path:
            name, suspect = f"{part.value[:3]}…", naming.is_secret_value(part.value)
        else:
            name, suspect = part.name, naming.may_be_secret(part.name, part.value)
        choices = (_NO_SECRET,) if part.in_path else (_NO_SECRET, _LEAVE_OUT)
        answer = notes.answer(KEEP + name, choices, "no answer here")
        if UNWRITTEN in part.shown or answer == _LEAVE_OUT:
            left_out.append(part.name)
            continue
        if suspect and not answer:
            words = f"“{name}” in the {part.place} may be a secret: is it none?"
            notes.ask(KEEP + name, words, choices, None if part.in_path else _LEAVE_OUT)
            asked.append(name)
        if part.in_path or not suspect or answer:
            kept.append(part)
    shown = ", ".join(part.shown for part in kept if not part.in_path)
    if shown:
        notes.add("Fixed parameters", shown, "the same in every request")
    if asked:
        notes.add("Perhaps a secret", ", ".join(asked), "it must be asked", sure=False)
    return kept, left_out
