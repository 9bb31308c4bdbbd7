"""What one pasted request says about an API, as it is shown before it is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from userlane.contract import Auth, DatasetName, Route, Token

Certainty = Literal["sure", "unsure"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of what was understood: the item, what was found for it, how sure that is, and why."""

    item: str
    found: str
    certainty: Certainty
    why: str


@dataclass(frozen=True, slots=True)
class Question:
    """Something that must be asked. The answer is one of `candidates`, or any other name where `free`.

    `role` is the key of the answer; `suggestion` the likeliest answer, if there is one.
    """

    role: str
    words: str
    candidates: tuple[str, ...]
    suggestion: str | None = None
    free: bool = False


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What a pasted request says about one API: where it goes, its parameters, where its token travels.

    Attributes:
        dataset: The API that it is about.
        origin: Scheme and host.
        route: Its URL and names; suggestions stand for what `questions` ask.
        auth: None where the request shows no header for a token.
        token: None where none is written out. It is in no text here.
        findings: Rows for the screen.
        questions: What must be answered before the route is used.
    """

    dataset: DatasetName
    origin: str
    route: Route
    auth: Auth | None
    token: Token | None
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]
    _interpret_again: Callable[[Mapping[str, str]], "ImportResult"] = field(repr=False, compare=False)

    @property
    def settled(self) -> bool:
        """Whether nothing is left to ask."""
        return not self.questions

    def answer(self, answers: Mapping[str, str]) -> "ImportResult":
        """The result with these questions answered, by role. Other questions may remain, or follow.

        Raises `RequestUnusable` when an answer is none of those possible.
        """
        return self._interpret_again(answers)
