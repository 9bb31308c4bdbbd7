"""What one pasted request teaches, as it is shown before it is used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from userlane.contract import Auth, DatasetName, Route, Token

TITLES: Mapping[DatasetName, str] = {"heart": "HEART", "nps": "NPS", "surveys": "surveys", "tags": "Tags"}
"""What each API is called in a sentence."""

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
class Lesson:
    """A request understood: where it goes, how its route reads, where its token travels.

    While there are `questions`, the `route` holds suggestions for what they ask. `auth` is None when the
    request shows no header for a token, and `token` when none is written out; neither is in any text here.
    """

    dataset: DatasetName
    origin: str
    route: Route
    auth: Auth | None
    token: Token | None
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]
    _again: Callable[[Mapping[str, str]], "Lesson"] = field(repr=False, compare=False)

    @property
    def settled(self) -> bool:
        """Whether nothing is left to ask."""
        return not self.questions

    def answered(self, answers: Mapping[str, str]) -> "Lesson":
        """The lesson with these questions answered, by role. Other questions may remain, or follow.

        Raises `RequestUnusable` when an answer is none of those possible.
        """
        return self._again(answers)
