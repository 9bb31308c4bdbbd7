"""How one API looks: its names, its forms, its paging; and a generator of such variants from a seed.

Every axis is dealt from a shuffled deck of its own, so a few dozen variants show each of its values several
times, and together in ever new combinations.
"""

import itertools
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from tests.unit.request_import.rendering import LANGUAGES
from userlane.contract import DATASETS, LETTERS, Auth, DatasetName, DateFormat

Style = Literal["camel", "snake", "kebab", "upper", "spaces", "pascal", "flat"]
Time = Literal["offset", "other offset", "utc", "fractions", "naive", "spaced", "seconds", "milliseconds"]
Order = Literal["oldest first", "newest first", "any"]
Numbers = Literal["numbers", "texts", "floats"]
Declares = Literal["nothing", "total", "pages", "more", "everything", "own count"]
PageZero = Literal["400", "404", "as page 1", "empty"]
Absent = Literal["null", "left out", "blank"]
_T = TypeVar("_T")
Names = Mapping[str, tuple[str, ...]]
"""The key path of each canonical field."""

STYLES: Mapping[Style, Callable[[list[str]], str]] = {
    "camel": lambda words: words[0].lower() + "".join(word.title() for word in words[1:]),
    "snake": lambda words: "_".join(words).lower(),
    "kebab": lambda words: "-".join(words).lower(),
    "upper": lambda words: "_".join(words).upper(),
    "spaces": lambda words: " ".join(word.title() for word in words),
    "pascal": lambda words: "".join(word.title() for word in words),
    "flat": lambda words: "".join(words).lower(),
}
ENVELOPE_KEYS = ("data", "results", "items", "records", "rows", "content", "responses", "scores")
ENVELOPES: tuple[tuple[str, ...], ...] = (
    (),
    *((key,) for key in ENVELOPE_KEYS),
    ("data", "items"),
    ("results", "records"),
    ("content", "rows"),
)
AUTHS = (
    Auth("Authorization", "Bearer"),
    Auth("Authorization", ""),
    Auth("Authorization", "Token"),
    Auth("X-Api-Key", ""),
    Auth("X-Userlane-Token", ""),
    Auth("X-Auth-Token", "Bearer"),
)
SPANS = (
    ("startDate", "endDate"),
    ("start_date", "end_date"),
    ("start", "end"),
    ("from", "to"),
    ("dateFrom", "dateTo"),
    ("from-date", "to-date"),
    ("since", "until"),
)
PAGES = (
    ("page", "limit"),
    ("page", "pageSize"),
    ("page", "per_page"),
    ("pageNumber", "size"),
    ("page_no", "limit"),
)
PATHS = (
    "/v1/properties/{property_id}/{api}",
    "/api/{api}/{property_id}",
    "/{api}?propertyId={property_id}",
    "/rest/v2/apps/{property_id}/analytics/{api}?format=json",
    "/{api}data?application_id={property_id}&lang=en",
)
SURVEYS = ("/{survey_id}", "?surveyId={survey_id}", "?survey={survey_id}")
USERS = ("userId", "publicUserId", "foreignUserId", "customerUserId", "user.id")
DAYS = ("date", "day", "timestamp", "createdAt")
OVERALL = ("heart", "score", "overall", "overallScore", "heartScore", "total")
TIMES_USED = ("interactions", "interactionCount", "count", "clicks", "total")
TIMES = ("timestamp", "createdAt", "submittedAt", "date")


@dataclass(frozen=True)
class Variant:
    """One API. `number` tells it apart in addresses."""

    number: int
    envelope: tuple[str, ...]
    style: Style
    names: Mapping[DatasetName, Names]
    auth: Auth
    path: str
    survey: str
    span: tuple[str, str]
    paging: tuple[str, str]
    base: int
    page_zero: PageZero
    most: int
    declares: Declares
    place: str
    time: Time
    dated: bool
    numbers: Numbers
    dates: DateFormat
    absent: Absent
    order: Order
    whole_last_day: bool
    language: int

    def key(self, name: str) -> str:
        """A key in this API's style."""
        return styled(name, self.style)


def styled(name: str, style: Style) -> str:
    """A name written in a style: `taskSuccess` in snake is `task_success`."""
    return STYLES[style](re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name))


def draw_variants(seed: int = 0) -> Iterator[Variant]:
    """Variants without end; the same ones for the same seed."""
    deal = _Dealer(random.Random(seed))  # noqa: S311 - not for secrets
    for number in itertools.count():
        envelope = deal("envelope", ENVELOPES)
        places = (
            ("beside", "meta", "pagination", "above")
            if len(envelope) > 1
            else ("beside", "meta", "pagination")
        )
        yield Variant(
            number=number,
            envelope=envelope,
            style=deal("style", tuple(STYLES)),
            names={dataset: _names(dataset, deal) for dataset in DATASETS},
            auth=deal("auth", AUTHS),
            path=deal("path", PATHS),
            survey=deal("survey", SURVEYS),
            span=deal("span", SPANS),
            paging=deal("paging", PAGES),
            base=deal("base", (0, 1, 1)),
            page_zero=deal("page zero", get_args(PageZero)),
            most=deal("most", (1000, 400, 100)),
            declares=deal("declares", get_args(Declares)),
            place=deal("place", places),
            time=deal("time", get_args(Time)),
            dated=deal("dated", (True, False)),
            numbers=deal("numbers", get_args(Numbers)),
            dates=deal("dates", get_args(DateFormat)),
            absent=deal("absent", get_args(Absent)),
            order=deal("order", get_args(Order)),
            whole_last_day=deal("whole last day", (False, False, True)),
            language=deal("language", range(len(LANGUAGES))),
        )


class _Dealer:
    """Deals each axis from its own shuffled deck, shuffled anew when it is used up."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._decks: dict[tuple[str, Sequence[Any]], list[Any]] = {}

    def __call__(self, axis: str, values: Sequence[_T]) -> _T:
        deck = self._decks.setdefault((axis, tuple(values)), [])
        if not deck:
            deck += self._chance.sample(list(values), len(values))
        card: _T = deck.pop()
        return card


def _names(dataset: DatasetName, deal: _Dealer) -> Names:
    user = deal("user", USERS)
    if dataset == "tags":
        names = {
            "date": deal("day", DAYS),
            "tag_id": deal("tag", ("tagId", "tag.id")),
            "user_id": user,
            "interactions": deal("times", TIMES_USED) + deal("times inner", ("", "", ".value")),
        }
    elif dataset == "heart":
        names = _heart(deal)
    else:
        names = {
            "response_id": deal("response", ("id", "responseId")),
            "user_id": user,
            "score": deal("score", ("score", "rating", "value")) + deal("score inner", ("", "", ".value")),
            "comment": deal("comment", ("comment", "feedback", "text", "message")),
            "timestamp": deal("moment", TIMES),
        }
        if dataset == "surveys" and deal("survey named", (True, False)):
            names["survey_id"] = deal("survey key", ("surveyId", "survey.id"))
    return {name: tuple(key.split(".")) for name, key in names.items()}


def _heart(deal: _Dealer) -> dict[str, str]:
    box = deal("box", ("", "scores.", "letters.", "score.", "heart."))
    inner = deal("inner", ("", ".value"))
    ending = deal("ending", ("full", "short", "score"))
    letters = {
        letter: {"full": styled_camel(letter), "short": letter[0], "score": f"{styled_camel(letter)}Score"}[
            ending
        ]
        for letter in LETTERS
    }
    outside = deal("overall box", ("", box)) + deal("overall", OVERALL) + inner
    return {
        "date": deal("day", DAYS),
        "overall": f"overall{inner}" if f"{outside}." == box else outside,
        **{letter: f"{box}{key}{inner}" for letter, key in letters.items()},
        "users": deal("users", ("users", "userCount", "numberOfUsers", "activeUsers")),
        "sessions": deal("sessions", ("sessions", "sessionCount", "numberOfSessions")),
    }


def styled_camel(name: str) -> str:
    """`task_success` as `taskSuccess`."""
    return STYLES["camel"](name.split("_"))
