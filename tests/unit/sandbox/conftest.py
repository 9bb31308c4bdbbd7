"""One running sandbox for all tests here, and a browserless visitor to it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from userlane.sandbox import SURVEYS, Record, Sandbox, serve

TODAY = date(2026, 5, 14)
EVER = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))

Ask = Callable[..., httpx.Response]
Walk = Callable[..., list[Record]]


def path(property_id: str, dataset: str, survey_id: str | None = None) -> str:
    """The path of one API, written out so that a change of the contract is noticed."""
    tail = f"surveys/{survey_id}" if dataset == "surveys" else dataset
    return f"/v1/properties/{property_id}/{tail}"


def apis() -> list[tuple[str, str, str | None]]:
    """Every API but the ten million records: property, dataset, survey."""
    return [
        (property_id, dataset, survey_id)
        for property_id, surveys in SURVEYS.items()
        for dataset in ("heart", "nps", "surveys", "tags")
        if (property_id, dataset) != ("large", "tags")
        for survey_id in (surveys if dataset == "surveys" else (None,))
    ]


@pytest.fixture(scope="package")
def sandbox() -> Iterator[Sandbox]:
    with serve(today=TODAY) as running:
        yield running


@pytest.fixture(scope="package")
def ask(sandbox: Sandbox) -> Iterator[Ask]:
    """GET a path with the parameters of the contract, any of which may be replaced, or left out by None."""
    with httpx.Client(base_url=sandbox.base_url, timeout=30) as client:

        def asking(url: str, *, token: str | None = sandbox.token, **changed: Any) -> httpx.Response:
            parameters: dict[str, Any] = {
                "startDate": "2026-04-01T00:00:00+00:00",
                "endDate": "2026-05-01T00:00:00+00:00",
                "page": 1,
                "limit": 1000,
            } | changed
            return client.get(
                url,
                params={name: value for name, value in parameters.items() if value is not None},
                headers={"Authorization": f"Bearer {token}"} if token else {},
            )

        yield asking


@pytest.fixture(scope="package")
def walk(ask: Ask) -> Walk:
    """Every record of a window, page after page until an empty one."""

    def walking(url: str, start: datetime, end: datetime, limit: int = 1000) -> list[Record]:
        records: list[Record] = []
        page = 0
        while True:
            page += 1
            answer = ask(url, startDate=start.isoformat(), endDate=end.isoformat(), page=page, limit=limit)
            assert answer.status_code == 200, answer.text
            data = answer.json()["data"]
            assert len(data) <= limit
            records += data
            if not data:
                return records

    return walking
