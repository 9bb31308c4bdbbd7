"""The fields of each dataset's records, and the keys that they may have.

The first key of a field is that of the assumed contract, the others are accepted too. Keys are compared
without case, `_`, `-` and spaces. A dot stands before a key of a nested object.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from userlane.contract import LETTERS, DatasetName

Kind = Literal["day", "instant", "identity", "score", "times", "share", "count", "text"]
"""The type of a value. A record with an unusable `score` or `times` (interactions) is rejected; an unusable
`share` (letter score), `count` or `text` becomes a missing value.
"""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its canonical column, the type and range of its values, and the keys that it may have."""

    name: str
    kind: Kind
    keys: tuple[str, ...]
    required: bool = False
    highest: int = 2**31 - 1
    lowest: int = 0


_USER_NAMES = ("userId", "publicUserId", "foreignUserId", "customerUserId")
_USER_ID = (*_USER_NAMES, "user.id", *(f"user.{name}" for name in _USER_NAMES))
_BOXES = ("", "scores.", "letters.", "score.", "heart.")


def _with_value_keys(*keys: str) -> tuple[str, ...]:
    """The keys as they are, and with `.value` behind them for an object `{"value": n}`."""
    return (*keys, *(f"{key}.value" for key in keys))


def _response_fields(lowest: int, highest: int) -> tuple[Field, ...]:
    return (
        Field("response_id", "identity", ("id", "responseId")),
        Field("user_id", "identity", _USER_ID),
        Field("score", "score", _with_value_keys("score", "rating", "value"), True, highest, lowest),
        Field("comment", "text", ("comment", "feedback", "text", "message")),
        Field("timestamp", "instant", ("timestamp", "createdAt", "submittedAt", "date"), True),
    )


def _heart_fields() -> Iterator[Field]:
    overall = ("heart", "score", "overall", "overallScore", "heartScore", "total")
    for name, keys in (
        ("overall", overall),
        *((letter, (_camel_case(letter), letter[0], f"{_camel_case(letter)}Score")) for letter in LETTERS),
    ):
        nested = _with_value_keys(*(f"{box}{key}" for box in _BOXES for key in keys))
        yield Field(name, "share", nested, highest=100)


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


FIELDS: Mapping[DatasetName, tuple[Field, ...]] = {
    "heart": (
        Field("date", "day", ("date", "day", "timestamp", "createdAt"), True),
        *_heart_fields(),
        Field(
            "users",
            "count",
            _with_value_keys("users", "userCount", "numberOfUsers", "activeUsers"),
            highest=2**53,
        ),
        Field(
            "sessions",
            "count",
            _with_value_keys("sessions", "sessionCount", "numberOfSessions"),
            highest=2**53,
        ),
    ),
    "nps": _response_fields(0, 10),
    "surveys": (
        Field("survey_id", "identity", ("surveyId", "survey.id", "survey.surveyId")),
        *_response_fields(1, 5),
    ),
    "tags": (
        Field("date", "day", ("date", "day", "timestamp", "createdAt"), True),
        Field("tag_id", "identity", ("tagId", "tag.id", "tag.tagId"), True),
        Field("user_id", "identity", _USER_ID, True),
        Field(
            "interactions",
            "times",
            _with_value_keys("interactions", "interactionCount", "count", "clicks", "total"),
            True,
        ),
    ),
}


def normalise_key(key: str) -> str:
    """Return the form in which keys are compared: lower case, without `_`, `-` and spaces.

    >>> normalise_key("Task_Success"), normalise_key("user.ID")
    ('tasksuccess', 'user.id')
    """
    return key.translate(_DROPPED).lower()


_DROPPED = str.maketrans("", "", "_- ")
