"""Which fields a record of each dataset has, and under which names.

The first key of a field is the assumed contract's, the others are tolerated (compared without case, `_`, `-`
and spaces). A dot leads into a nested object.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from userlane.contract import LETTERS, DatasetName

Kind = Literal["day", "instant", "identity", "score", "times", "share", "count", "text"]
"""What a value is: `score` and `times` (interactions) must be usable or the record is refused;
a `share` (letter score) or `count` that is not usable only goes missing.
"""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its canonical column, what its values are, and the keys it may have."""

    name: str
    kind: Kind
    keys: tuple[str, ...]
    required: bool = False
    highest: int = 2**31 - 1
    lowest: int = 0


_USER_NAMES = ("userId", "publicUserId", "foreignUserId", "customerUserId")
_USER_ID = (*_USER_NAMES, "user.id", *(f"user.{name}" for name in _USER_NAMES))
_SURVEY_ID = ("surveyId", "survey.id", "survey.surveyId")
_SHORT = {letter: letter[0] for letter in LETTERS}
_BOXES = ("", "scores.", "letters.", "score.", "heart.")


def _numeric(*keys: str) -> tuple[str, ...]:
    """These keys, with the number itself behind them or in an object `{value: n}`."""
    return (*keys, *(f"{key}.value" for key in keys))


def _response(lowest: int, highest: int) -> tuple[Field, ...]:
    return (
        Field("response_id", "identity", ("id", "responseId")),
        Field("user_id", "identity", _USER_ID),
        Field("score", "score", _numeric("score", "rating", "value"), True, highest, lowest),
        Field("comment", "text", ("comment", "feedback", "text", "message")),
        Field("timestamp", "instant", ("timestamp", "createdAt", "submittedAt", "date"), True),
    )


def _letters() -> Iterator[Field]:
    overall = ("heart", "score", "overall", "overallScore", "heartScore", "total")
    for name, keys in (
        ("overall", overall),
        *((letter, (_camel(letter), _SHORT[letter], f"{_camel(letter)}Score")) for letter in LETTERS),
    ):
        nested = _numeric(*(f"{box}{key}" for box in _BOXES for key in keys))
        yield Field(name, "share", nested, highest=100)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


FIELDS: Mapping[DatasetName, tuple[Field, ...]] = {
    "heart": (
        Field("date", "day", ("date", "day", "timestamp", "createdAt"), True),
        *_letters(),
        Field(
            "users", "count", _numeric("users", "userCount", "numberOfUsers", "activeUsers"), highest=2**53
        ),
        Field("sessions", "count", _numeric("sessions", "sessionCount", "numberOfSessions"), highest=2**53),
    ),
    "nps": _response(0, 10),
    "surveys": (
        Field("survey_id", "identity", ("surveyId", "survey.id", "survey.surveyId")),
        *_response(1, 5),
    ),
    "tags": (
        Field("date", "day", ("date", "day", "timestamp", "createdAt"), True),
        Field("tag_id", "identity", ("tagId", "tag.id", "tag.tagId"), True),
        Field("user_id", "identity", _USER_ID, True),
        Field(
            "interactions",
            "times",
            _numeric("interactions", "interactionCount", "count", "clicks", "total"),
            True,
        ),
    ),
}


def plain(key: str) -> str:
    """A key as it is compared.

    >>> plain("Task_Success"), plain("user.ID")
    ('tasksuccess', 'user.id')
    """
    return key.translate(_DROPPED).lower()


_DROPPED = str.maketrans("", "", "_- ")
