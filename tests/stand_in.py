"""A stand-in for the API in memory, which keeps the assumed contract; `server` is the one on a socket."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, settings

from userlane.contract import Connection, DatasetName, Query, Token, Window

SAMPLES = Path(__file__).parent / "samples"
TOKEN = "made-up-token-4f2a"
APRIL = Window(date(2026, 4, 1), date(2026, 5, 1))
Record = dict[str, Any]

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For properties: how long an example takes says nothing on a machine that others use too."""


def connection(base_url: str = "http://127.0.0.1:9", token: str = TOKEN) -> Connection:
    return Connection(base_url, Token(token))


def query(dataset: DatasetName = "nps", window: Window = APRIL, property_id: str = "demo") -> Query:
    return Query(dataset, property_id, window, "512" if dataset == "surveys" else None)


def sample(scenario: str, status: int = 200) -> bytes:
    return (SAMPLES / scenario / f"{status}.json").read_bytes()


def tag_records(window: Window, a_day: int) -> list[Record]:
    days = (window.start + timedelta(days=number) for number in range(window.days))
    return [
        {"date": day.isoformat(), "tagId": 4700 + i % 7, "userId": f"u-{i:05d}", "interactions": 1 + i % 5}
        for day in days
        for i in range(a_day)
    ]


def nps_records(window: Window, a_day: int) -> list[Record]:
    days = [window.start + timedelta(days=number) for number in range(window.days)]
    moments = [
        datetime(day.year, day.month, day.day, i % 24, i % 60, tzinfo=UTC)
        for day in days
        for i in range(a_day)
    ]
    return [
        {
            "id": number,
            "npsId": 77,
            "userId": f"u-{number % 50}",
            "score": number % 11,
            "comment": None if number % 3 else f"remark {number}",
            "timestamp": moment.isoformat(),
        }
        for number, moment in enumerate(moments)
    ]


class ScriptedTransport(httpx.BaseTransport):
    """Gives what `respond` makes of a request and its number, from 1; `requests` are all so far.

    An exception that `respond` raises is what the transport raises.
    """

    def __init__(self, respond: Callable[[httpx.Request, int], httpx.Response]) -> None:
        self.respond = respond
        self.requests: list[httpx.Request] = []
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
        return self.respond(request, number)


def in_turn(*responses: httpx.Response | Exception) -> ScriptedTransport:
    """One response, or failure, after another; the last one for ever."""

    def respond(_: httpx.Request, number: int) -> httpx.Response:
        now = responses[min(number, len(responses)) - 1]
        if isinstance(now, Exception):
            raise now
        return httpx.Response(now.status_code, headers=now.headers, content=now.content)

    return ScriptedTransport(respond)


class Api(ScriptedTransport):
    """Responds from `records` as the assumed contract says.

    `fault`, if given, sees each request and its number first and may respond instead.
    """

    def __init__(
        self,
        records: Mapping[DatasetName, Sequence[Record]],
        *,
        most: int = 1000,
        fault: Callable[[httpx.Request, int], httpx.Response | None] | None = None,
    ) -> None:
        super().__init__(self._respond)
        self.records = records
        self.most = most
        self.fault = fault

    def _respond(self, request: httpx.Request, number: int) -> httpx.Response:
        response = self.fault(request, number) if self.fault else None
        return response or httpx.Response(200, json={"data": self._page(request)})

    def _page(self, request: httpx.Request) -> list[Record]:
        name = request.url.path.split("/")[4]
        start, end = (datetime.fromisoformat(request.url.params[key]) for key in ("startDate", "endDate"))
        page, limit = (int(request.url.params[key]) for key in ("page", "limit"))
        limit = min(limit, self.most)
        inside = [record for record in self.records.get(_dataset(name), ()) if start <= _at(record) < end]
        return inside[(page - 1) * limit : page * limit]


def _dataset(name: str) -> DatasetName:
    names: dict[str, DatasetName] = {"heart": "heart", "nps": "nps", "surveys": "surveys", "tags": "tags"}
    return names[name]


def _at(record: Record) -> datetime:
    return _moment(record.get("timestamp") or record["date"])


@lru_cache(maxsize=100_000)
def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def as_json(records: Sequence[Record]) -> bytes:
    return json.dumps({"data": records}).encode()
