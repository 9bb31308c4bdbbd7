"""What the API holds, page by page, and what must come out of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.responses import document, enveloped, status
from tests.server import Request, Response
from userlane.contract import LETTERS, DatasetName, Query, Window, bucket

PROPERTY_ID, SURVEY_ID = "demo", "512"
APRIL = Window(date(2026, 4, 1), date(2026, 5, 1))
TWELVE_WEEKS = Window(date(2026, 1, 5), date(2026, 3, 30))
"""Three windows of tags."""

Record = dict[str, Any]
Override = Callable[[Request, bytes], Response | None]
"""What to send in place of the correct response; None for that one."""


@dataclass
class Api:
    """Responds as the assumed contract says, with at most `cap` records a page, unless `override` has another
    response. `by_token` gives each token its own records; everyone else is turned away then.
    """

    records: Sequence[Record]
    cap: int = 25
    override: Override | None = None
    by_token: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    base: int = 1

    def __call__(self, request: Request) -> Response:
        """What to send."""
        if self.by_token and request.token not in self.by_token:
            return status(403, says="no right")
        body = enveloped(self.page(request))
        overridden = self.override(request, body) if self.override else None
        return overridden or document(body)

    def page(self, request: Request) -> list[Record]:
        """The records of the page that is asked for."""
        held = self.by_token.get(request.token, self.records)
        inside = [each for each in held if request.start <= day_of(each) < request.end]
        size = min(self.cap, request.limit)
        place = request.page - self.base
        return inside[place * size : (place + 1) * size] if place >= 0 else []


def day_of(record: Record) -> date:
    """The UTC day of a record of the assumed contract."""
    return datetime.fromisoformat(record.get("timestamp") or record["date"]).date()


def nps(rows: int, window: Window = APRIL, user: str = "u") -> list[Record]:
    """So many answers over the window, oldest first."""
    step = timedelta(days=window.days) / rows
    first = datetime.combine(window.start, datetime.min.time(), UTC)
    return [
        {
            "id": 9_000 + number,
            "npsId": 77,
            "userId": f"{user}-{number % 40:05d}",
            "score": number % 11,
            "comment": None if number % 3 else f"remark {number}",
            "timestamp": (first + step * number).replace(microsecond=0).isoformat(),
        }
        for number in range(rows)
    ]


def surveys(rows: int) -> list[Record]:
    """The same as answers to a survey."""
    return [
        {name: value for name, value in each.items() if name != "npsId"}
        | {"surveyId": int(SURVEY_ID), "score": 1 + each["score"] % 5}
        for each in nps(rows)
    ]


def tags(window: Window, a_day: int) -> list[Record]:
    """So many records a day."""
    return [
        {
            "date": (window.start + timedelta(days=day)).isoformat(),
            "tagId": 4700 + nth % 3,
            "userId": f"u-{nth:05d}",
            "interactions": 1 + (day + nth) % 5,
        }
        for day in range(window.days)
        for nth in range(a_day)
    ]


def heart(days: int) -> list[Record]:
    """One record a day, from the first of April."""
    keys = ("heart", *map(_camel, LETTERS))
    return [
        {
            "date": (APRIL.start + timedelta(days=day)).isoformat(),
            **{key: 40.0 + (day * 7 + place * 11) % 550 / 10 for place, key in enumerate(keys)},
            "users": 100 + day,
            "sessions": 300 + day,
        }
        for day in range(days)
    ]


def query(dataset: DatasetName, window: Window = APRIL) -> Query:
    """The question whose answer the rows are."""
    return Query(dataset, PROPERTY_ID, window, SURVEY_ID if dataset == "surveys" else None)


def exported(dataset: DatasetName, records: Iterable[Record]) -> list[Record]:
    """These records as an export must write them: canonical names, in order of time and then of IDs."""
    if dataset == "heart":
        return [
            {"date": each["date"], "overall": each["heart"]}
            | {letter: each[_camel(letter)] for letter in LETTERS}
            | {"users": each["users"], "sessions": each["sessions"]}
            for each in sorted(records, key=lambda each: str(each["date"]))
        ]
    if dataset == "tags":
        rows = [
            {
                "date": each["date"],
                "tag_id": str(each["tagId"]),
                "tag_name": None,
                "user_id": each["userId"],
                "interactions": each["interactions"],
            }
            for each in records
        ]
        return sorted(rows, key=lambda row: (row["date"], row["tag_id"], row["user_id"]))
    rows = [_response(dataset, each) for each in records]
    return sorted(rows, key=lambda row: (row["timestamp"], row["response_id"]))


def _response(dataset: DatasetName, record: Record) -> Record:
    own = {"survey_id": str(record["surveyId"])} if dataset == "surveys" else {}
    judged = {"bucket": bucket(record["score"])} if dataset == "nps" else {}
    return {
        **own,
        "response_id": str(record["id"]),
        "user_id": record["userId"],
        "score": record["score"],
        **judged,
        "comment": record["comment"],
        "timestamp": record["timestamp"],
    }


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)
