"""Fetchers, and APIs in memory for them."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import httpx

from tests.stand_in import (
    APRIL,
    Api,
    nps_records,
    tag_records,
)
from userlane.client import Limits
from userlane.contract import Dataset, Window
from userlane.fetch import Fetcher, Load
from userlane.settings import Settings
from userlane.store import Store

LIMITS = Limits(page_seconds=5, load_seconds=20, backoff=0.001)
QUARTER = Window(date(2026, 1, 1), date(2026, 4, 1))
NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
Fault = Callable[[httpx.Request, int], httpx.Response | None]


def fetcher(
    transport: httpx.BaseTransport | None = None, store: Store | None = None, **options: Any
) -> Fetcher:
    return Fetcher(Settings(**options), store, transport, LIMITS)


def days(first: int, last: int) -> Window:
    return Window.through(date(2026, 4, first), date(2026, 4, last))


def status(code: int, **headers: str) -> httpx.Response:
    return httpx.Response(code, headers={name.replace("_", "-"): value for name, value in headers.items()})


def nps_api(window: Window = APRIL, a_day: int = 10, **options: Any) -> Api:
    return Api({"nps": nps_records(window, a_day)}, **options)


def tag_api(window: Window = QUARTER, a_day: int = 50, **options: Any) -> Api:
    return Api({"tags": tag_records(window, a_day)}, **options)


def asked_windows(api: Api) -> set[tuple[str, str]]:
    return {(r.url.params["startDate"][:10], r.url.params["endDate"][:10]) for r in api.requests}


def unreachable(_request: httpx.Request, _number: int) -> None:
    raise httpx.ConnectError("refused")


def result_of(load: Load) -> Dataset:
    """The dataset of a load, waited for. Raises the error in its place."""
    load.wait()
    if isinstance(load.outcome, Dataset):
        return load.outcome
    raise load.outcome or RuntimeError("neither a dataset nor an error")
