"""A process of the attack on isolation: it loads at random with eight tokens, and counts rows that are wrong.

`python -m tests.system.isolation FOLDER SEED LOADS on|off`. Two of them work on one store at the same time.
Each has a stand-in of the API in memory, whose records and rights are the same in both.
"""

import json
import logging
import random
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from userlane import logs
from userlane.client import Limits
from userlane.contract import Connection, Dataset, DatasetName, Query, Token, Window
from userlane.errors import AccessRefused, NotFound
from userlane.fetch import Fetcher
from userlane.settings import Settings
from userlane.store import FolderStore

FIRST = date(2026, 1, 5)
DAYS = 60
PROPERTIES = ("demo", "other")
SURVEYS = ("512", "513")
USERS = 6
PAGE = 120
BASE_URL = "https://api.example.com"
Row = tuple[Any, ...]
Record = dict[str, Any]


class Right(NamedTuple):
    """What a token gets: a status other than 200 for some questions, and records that `sees` lets through."""

    status: Callable[[Query], int] = lambda _: 200
    sees: Callable[[Query, date, int], bool] = lambda *_: True


APART = {
    "everything": Right(),
    "nothing": Right(sees=lambda *_: False),
    "one user": Right(sees=lambda _query, _day, user: user == 3),
    "one day": Right(sees=lambda _query, day, _user: day == FIRST + timedelta(days=20)),
    "half the days": Right(sees=lambda _query, day, _user: day.toordinal() % 2 == 0),
    "one dataset": Right(status=lambda query: 200 if query.dataset == "nps" else 403),
    "one survey": Right(status=lambda query: 404 if query.survey_id == "513" else 200),
    "another property": Right(status=lambda query: 200 if query.property_id == "other" else 404),
}
"""Eight tokens of different rights."""

SHARED = {
    "everything": Right(),
    "the same": Right(),
    "nothing": Right(sees=lambda *_: False),
    "one dataset": Right(status=lambda query: 200 if query.dataset == "tags" else 403),
    "no dataset but one": Right(sees=lambda query, _day, _user: query.dataset == "nps"),
    "one survey": Right(status=lambda query: 404 if query.survey_id == "513" else 200),
    "no survey but one": Right(sees=lambda query, _day, _user: query.survey_id in {None, "512"}),
    "another property": Right(sees=lambda query, _day, _user: query.property_id == "other"),
}
"""Eight tokens whose rights differ by dataset, survey or property: some are refused, some get no records."""


def records(query: Query, right: Right) -> list[Record]:
    """What the API has of a query's window for a token with this right, in order; of some days it has none.

    >>> len(records(Query("nps", "demo", Window(FIRST, FIRST + timedelta(days=1))), Right()))
    6
    """
    found: list[Record] = []
    for number in range(query.window.days):
        day = query.window.start + timedelta(days=number)
        place = (day - FIRST).days
        if not 0 <= place < DAYS or place % 11 == 7:
            continue
        users = [
            each for each in range(1 if query.dataset == "heart" else USERS) if right.sees(query, day, each)
        ]
        found += [_record(query, day, place * USERS + user, user) for user in users]
    return found


def _record(query: Query, day: date, number: int, user: int) -> Record:
    whose = f"{query.property_id}-{query.survey_id}-{user}"
    moment = datetime(day.year, day.month, day.day, user + 1, tzinfo=UTC).isoformat()
    match query.dataset:
        case "heart":
            return {"date": day.isoformat(), "overall": 50 + number % 40, "users": number}
        case "tags":
            return {"date": day.isoformat(), "tagId": 4700 + number % 5, "userId": whose, "interactions": 1}
        case "nps":
            return {"id": number, "userId": whose, "score": number % 11, "timestamp": moment}
        case _:
            score = 1 + number % 5
            about = {"surveyId": query.survey_id, "userId": whose, "score": score, "timestamp": moment}
            return {"id": number, **about}


def rows_of(loaded: Dataset) -> Counter[Row]:
    """Each row by what tells it from all others."""
    table = loaded.table
    match loaded.query.dataset:
        case "heart":
            names = ["date", "overall"]
        case "tags":
            names = ["date", "tag_id", "user_id"]
        case _:
            names = ["response_id", "user_id"]
    return Counter(zip(*(map(str, table[name].to_pylist()) for name in names), strict=True))


def expected(query: Query, right: Right) -> Counter[Row]:
    """The rows that a token with this right has to see, as in `rows_of`."""
    found = records(query, right)
    match query.dataset:
        case "heart":
            return Counter((each["date"], str(float(each["overall"]))) for each in found)
        case "tags":
            return Counter((each["date"], str(each["tagId"]), each["userId"]) for each in found)
        case _:
            return Counter((str(each["id"]), each["userId"]) for each in found)


class RightsApi(httpx.BaseTransport):
    """Answers each token by its right. `pages` counts the requests for whole pages."""

    def __init__(self, rights: dict[str, Right]) -> None:
        self._rights = {name.replace(" ", "-"): right for name, right in rights.items()}
        self.pages = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        right = self._rights[request.headers["authorization"].removeprefix("Bearer ")]
        _, _, _, property_id, name, *rest = request.url.path.split("/")
        asked = request.url.params
        start, end = (date.fromisoformat(asked[key][:10]) for key in ("startDate", "endDate"))
        datasets: dict[str, DatasetName] = {each: each for each in ("heart", "nps", "surveys", "tags")}
        query = Query(datasets[name], property_id, Window(start, end), rest[0] if rest else None)
        status = right.status(query)
        if status != 200:
            return httpx.Response(status)
        page, limit = int(asked["page"]), min(int(asked["limit"]), PAGE)
        self.pages += limit > 1
        found = records(query, right)[(page - 1) * limit : page * limit]
        return httpx.Response(200, json={"data": found})


def random_query(chance: random.Random) -> Query:
    """Any dataset, property, survey and window, often one of a few, so that what is stored is asked for."""
    name: DatasetName = chance.choice(["heart", "nps", "surveys", "tags", "tags"])
    if chance.random() < 0.5:
        first, length = chance.choice([(0, 60), (0, 30), (20, 10)])
    else:
        first = chance.randrange(DAYS)
        length = chance.randrange(1, DAYS - first + 5)
    window = Window(FIRST + timedelta(days=first), FIRST + timedelta(days=first + length))
    survey = chance.choice(SURVEYS) if name == "surveys" else None
    return Query(name, chance.choice(PROPERTIES), window, survey)


def attack(folder: Path, seed: int, loads: int, *, shared: bool) -> dict[str, int]:
    """Load at random, two loads at a time, with a new fetcher (as after a restart) now and then.

    Returns how many rows were too many and too few, how many loads failed that should not or succeeded that
    should have failed, and how many were shown without a page being asked for.
    """
    chance, rights = random.Random(seed), SHARED if shared else APART  # noqa: S311  # no secret
    settings = Settings(base_url=BASE_URL, store_shared=shared)
    counts = {"loads": 0, "too many": 0, "too few": 0, "wrong ends": 0, "without a page": 0}

    def load(fetcher: Fetcher, asked: tuple[str, Query]) -> tuple[Query, Right, Dataset | None]:
        name, query = asked
        try:
            who = Connection(BASE_URL, Token(name.replace(" ", "-")))
            return query, rights[name], fetcher.load(who, query)
        except (AccessRefused, NotFound):
            return query, rights[name], None

    with ThreadPoolExecutor(2) as pool:
        while counts["loads"] < loads:
            api = RightsApi(rights)
            limits = Limits(load_seconds=60, backoff=0.001)
            with closing(Fetcher(settings, FolderStore(folder), api, limits)) as fetcher:
                for _ in range(chance.randrange(2, 12)):
                    before = api.pages
                    asked = [(chance.choice(list(rights)), random_query(chance)) for _ in range(2)]
                    if chance.random() < 0.3:  # the same question at the same time
                        asked[1] = (asked[1][0], asked[0][1])
                    for query, right, loaded in pool.map(partial(load, fetcher), asked):
                        count(counts, query, right, loaded)
                    counts["without a page"] += api.pages == before
    return counts


def count(counts: dict[str, int], query: Query, right: Right, loaded: Dataset | None) -> None:
    """Compare one load with what it should have been."""
    counts["loads"] += 1
    refused = right.status(query) != 200
    if refused or loaded is None or not loaded.state.complete:
        counts["wrong ends"] += refused != (loaded is None) or (loaded is not None and not refused)
        counts["too many"] += loaded.rows if loaded is not None and refused else 0
        return
    had, due = rows_of(loaded), expected(query, right)
    counts["too many"] += (had - due).total()
    counts["too few"] += (due - had).total()


def main(folder: str, seed: str, loads: str, shared: str) -> None:
    """Print the counts as JSON."""
    logs.configure(quiet=True)
    logging.disable(logging.CRITICAL)
    print(json.dumps(attack(Path(folder), int(seed), int(loads), shared=shared == "on")))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
