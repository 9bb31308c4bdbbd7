"""Datasets in any state, given to the pages without an API: what `cache.fetcher` answers is made up here."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from tests.stand_in import nps_records, tag_records
from userlane.contract import COLUMNS, Dataset, Query, State, Window
from userlane.fetch import Progress

Answer = Dataset | Exception
Rows = Callable[[Query], list[dict[str, Any]]]


def rows(query: Query) -> list[dict[str, Any]]:
    """A few records for each day of the window, in the canonical columns."""
    window = query.window
    days = [window.start + timedelta(days=number) for number in range(window.days)]
    if query.dataset == "heart":
        letters = dict.fromkeys(("happiness", "engagement", "adoption", "retention", "task_success"), 60.0)
        return [{"date": day, "overall": 60.0, "users": 9, "sessions": 12} | letters for day in days]
    if query.dataset == "tags":
        names = {"date": "date", "tag_id": "tagId", "user_id": "userId", "interactions": "interactions"}
        found = tag_records(window, 8)
        for record in found:
            record["date"] = datetime.fromisoformat(record["date"]).date()
            record["tagId"] = str(record["tagId"])
        return [{name: record[key] for name, key in names.items()} for record in found]
    return [
        {
            "response_id": str(record["id"]),
            "user_id": record["userId"],
            "survey_id": query.survey_id,
            "score": record["score"] if query.dataset == "nps" else 1 + record["id"] % 5,
            "bucket": ("detractor", "passive", "promoter")[(record["score"] > 6) + (record["score"] > 8)],
            "comment": record["comment"],
            "timestamp": datetime.fromisoformat(record["timestamp"]),
        }
        for record in nps_records(window, 3)
    ]


def dataset(query: Query, state: State | None = None, of: Rows = rows) -> Dataset:
    """The answer to a query: the rows `of` it in a state, complete unless told otherwise."""
    schema = COLUMNS[query.dataset]
    columns = [{name: record.get(name) for name in schema.names} for record in of(query)]
    table = pa.Table.from_pylist(columns, schema)
    fingerprint = repr((query, state, columns))
    return Dataset(query, table, state or State(fetched_at=datetime.now(UTC)), fingerprint)


def partly(query: Query) -> State:
    """The state of an answer whose first three days could not be had."""
    gap = Window(query.window.start, query.window.start + timedelta(days=3))
    return State(reasons=("The API failed.",), missing=(gap,), fetched_at=datetime.now(UTC))


def old(hours: float) -> State:
    """The state of an answer that could not be brought up to date for so long."""
    return State(stale=True, fetched_at=datetime.now(UTC) - timedelta(hours=hours, minutes=1))


class Given:
    """Stands in for the fetcher: `answer` is asked for every load, which ends when somebody waits for it, or
    at once where it is `quick`.
    """

    trouble = ""

    def __init__(self, answer: Callable[[Query], Answer]) -> None:
        self.answer = answer
        self.asked: list[Query] = []
        self.loads: list[GivenLoad] = []
        self.most_at_once = 0
        self.quick = False

    def start(self, _connection: object, query: Query, _owner: str, **_options: object) -> "GivenLoad":
        self.asked.append(query)
        self.loads.append(GivenLoad(self.answer(query), done=self.quick))
        self.most_at_once = max(self.most_at_once, sum(not load.done for load in self.loads))
        return self.loads[-1]

    def stored(self, *_: object) -> None:
        """Nothing is stored."""

    def close(self) -> None:
        """Nothing is open."""


class GivenLoad:
    """A load that is done once somebody waits for it."""

    def __init__(self, answer: Answer, *, done: bool) -> None:
        self.outcome = answer
        self.progress = Progress()
        self.allowed_at: datetime | None = None
        self.done = done
        self.stopping = False

    @property
    def done(self) -> bool:
        return self.allowed_at is not None

    @done.setter
    def done(self, done: bool) -> None:
        self.allowed_at = datetime.now(UTC) if done else None

    def wait(self, _seconds: float | None = None) -> bool:
        self.done = True
        return True

    def stop(self) -> None:
        self.stopping = True


def in_state(states: Mapping[str, Callable[[Query], State]], window: Window) -> Callable[[Query], Answer]:
    """Answers in which the datasets named are, in this window, in a state of their own."""

    def answer(query: Query) -> Answer:
        state = states.get(query.survey_id or query.dataset, states.get(query.dataset))
        return dataset(query, state(query) if state and query.window == window else None)

    return answer
