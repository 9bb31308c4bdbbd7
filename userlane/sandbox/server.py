"""The API over HTTP, on a loopback port, in a background thread.

Paths, parameters and the authentication header are read from the assumed contract, so this server and the
client cannot disagree on them. What it refuses is answered with a status and `{"message": …}`.
"""

import re
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from http import HTTPStatus
from types import TracebackType
from typing import Self

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from userlane.contract import ASSUMED, DATASETS, PAGE_LIMIT, DatasetName
from userlane.errors import NotFound, SettingsUnusable
from userlane.sandbox.catalogue import PROPERTIES, RIGHTS, SEED, SURVEYS, TOKEN
from userlane.sandbox.data import check, world
from userlane.sandbox.feeds import Feed
from userlane.sandbox.large import RECORDS
from userlane.sandbox.records import Record

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_NUMBER = re.compile(r"[0-9]{1,12}")
_PAGES_KEPT = 64


class Sandbox:
    """A running server. A context manager; `close` ends it.

    `token` sees everything; `properties` maps property IDs to names, `surveys` property IDs to their
    surveys' names by ID. `requests` counts the requests its four APIs got so far, refused ones too.
    """

    def __init__(self, port: int, today: Callable[[], date], seed: int, large_records: int) -> None:
        self.token = TOKEN
        self.properties: Mapping[str, str] = PROPERTIES
        self.surveys: Mapping[str, Mapping[str, str]] = SURVEYS
        self.requests = 0
        self.seed = seed
        self.large_records = large_records
        self._today = today
        self._page = lru_cache(maxsize=_PAGES_KEPT)(_encoded)
        self._listener = _listening(port)
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                _application(self._answer),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=60,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([self._listener],), name="userlane-sandbox", daemon=True
        )
        self._thread.start()

    @property
    def today(self) -> date:
        """The day on which this sandbox lives; its data ends the day before."""
        return self._today()

    def records(
        self,
        property_id: str,
        dataset: DatasetName,
        start: datetime,
        end: datetime,
        survey_id: str | None = None,
    ) -> list[Record]:
        """What fetching [start, end) to the end must give, without HTTP; see `World.records`."""
        return world(self.today, self.seed, self.large_records).records(
            property_id, dataset, start, end, survey_id
        )

    def close(self) -> None:
        """Stop serving and free the port. Closing twice does no harm."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _answer(self, dataset: DatasetName, request: Request) -> Response:
        self.requests += 1
        property_id = request.path_params["property_id"]
        survey_id = request.path_params.get("survey_id")
        _admit(request, property_id, dataset, survey_id)
        start, end, page, limit = _asked(request, dataset)
        here = world(self.today, self.seed, self.large_records)
        if not here.made(property_id, dataset, survey_id):
            await run_in_threadpool(here.feed, property_id, dataset, survey_id)
        feed = here.feed(property_id, dataset, survey_id)
        numbers = here.between(feed, start, end)[(page - 1) * limit : page * limit]
        return Response(self._page(feed, numbers), media_type="application/json")


def serve(
    port: int = 0, *, today: date | None = None, seed: int = SEED, large_records: int = RECORDS
) -> Sandbox:
    """Start a sandbox on a loopback port (0: any that is free) and return it, ready for requests.

    Its data ends the day before `today`; without it, the current UTC day counts, also after midnight.
    The same day and seed give the same data. `large_records`, a multiple of 10,000, is how many tag records
    the property `large` has. Several may run in one process.

    Raises `SettingsUnusable` when the port cannot be had.

    >>> with serve() as sandbox:
    ...     sorted(sandbox.properties)
    ['demo', 'empty', 'large', 'small']
    """
    return Sandbox(port, (lambda: today) if today else _utc_today, seed, large_records)


def _utc_today() -> date:
    return datetime.now(UTC).date()


def _listening(port: int) -> socket.socket:
    refused = SettingsUnusable(
        f"Port {port} is taken or cannot be used.", "Choose another, or 0 for any that is free."
    )
    if port not in range(1 << 16):
        raise refused
    try:
        listener = socket.create_server(("127.0.0.1", port), backlog=512)
    except OSError as error:
        raise refused from error
    # asyncio sets this only on sockets that name their protocol; without it small answers wait 40 ms
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _application(answer: Callable[[DatasetName, Request], object]) -> Starlette:
    application = Starlette(
        routes=[
            Route(ASSUMED.route(dataset).url.removeprefix("{base_url}"), partial(answer, dataset))
            for dataset in DATASETS
        ],
        exception_handlers={HTTPException: _refused},
    )
    application.router.redirect_slashes = False
    return application


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return Response(
        orjson.dumps({"message": error.detail}),
        error.status_code,
        error.headers,
        media_type="application/json",
    )


def _encoded(feed: Feed, numbers: range) -> bytes:
    return orjson.dumps({"data": feed.rows(numbers)})


def _admit(request: Request, property_id: str, dataset: DatasetName, survey_id: str | None) -> None:
    """First who asks, then for what: 401, 404, 403, in the order that gives least away to strangers."""
    scheme, _, token = request.headers.get(ASSUMED.auth.header, "").partition(" ")
    rights = RIGHTS.get(token) if scheme == ASSUMED.auth.scheme else None
    if rights is None:
        raise HTTPException(HTTPStatus.UNAUTHORIZED, "The token is invalid or expired.")
    try:
        check(property_id, "heart", None)
        if refusal := rights.refusal(property_id, dataset):
            raise HTTPException(HTTPStatus.FORBIDDEN, refusal)
        check(property_id, dataset, survey_id)
    except NotFound as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, error.cause) from error


def _asked(request: Request, dataset: DatasetName) -> tuple[datetime, datetime, int, int]:
    """Start, end, page and limit; anything not as the contract has it is a 400 that names the parameter."""
    route = ASSUMED.route(dataset)
    start, end = (_moment(request, name) for name in (route.start, route.end))
    if end <= start:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{route.end} must be after {route.start}.")
    return start, end, _number(request, route.page, None), _number(request, route.limit, PAGE_LIMIT)


def _moment(request: Request, name: str) -> datetime:
    text = _parameter(request, name)
    try:
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise HTTPException(
        HTTPStatus.BAD_REQUEST, f"wrong date format: {name} must look like 2026-04-01T00:00:00+00:00"
    )


def _number(request: Request, name: str, most: int | None) -> int:
    text = _parameter(request, name)
    number = int(text) if _NUMBER.fullmatch(text) else 0
    if number < 1 or (most is not None and number > most):
        allowed = f"from 1 to {most}" if most else "from 1"
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{name} must be a whole number {allowed}.")
    return number


def _parameter(request: Request, name: str) -> str:
    text = request.query_params.get(name)
    if text is None:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{name} is missing.")
    return text
