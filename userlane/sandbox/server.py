"""The API over HTTP, on a loopback port, in a background thread.

Paths, parameters and the authentication header come from the assumed contract, so this server and the client
use the same. A refused request gets a 4xx status and `{"message": …}`.
"""

import re
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache, partial
from http import HTTPStatus
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
from userlane.sandbox.data import PROPERTIES, RIGHTS, SURVEYS, TOKEN, SampleData, check_exists, sample_data
from userlane.sandbox.large import RECORDS
from userlane.sandbox.records import Feed
from userlane.sandbox.timeline import SEED

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_NUMBER = re.compile(r"[0-9]{1,12}")
_CACHED_PAGES = 64


class Sandbox:
    """A running server and context manager; `close` ends it.

    `token` may read everything. `properties` maps property IDs to names, `surveys` property IDs to the names
    of their surveys by ID. `requests` counts the requests so far, including refused ones.
    """

    def __init__(self, port: int, today: Callable[[], date], seed: int, large_records: int) -> None:
        self.token = TOKEN
        self.properties: Mapping[str, str] = PROPERTIES
        self.surveys: Mapping[str, Mapping[str, str]] = SURVEYS
        self.requests = 0
        self.seed = seed
        self.large_records = large_records
        self._today = today
        self._page = lru_cache(maxsize=_CACHED_PAGES)(_encode_page)
        self._listener = _open_socket(port)
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                _make_application(self._respond),
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
        """The current day of this sandbox; its data ends the day before."""
        return self._today()

    @property
    def data(self) -> SampleData:
        """The records of today, without HTTP."""
        return sample_data(self.today, self.seed, self.large_records)

    def close(self) -> None:
        """Stop serving and free the port. Closing twice does no harm."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _respond(self, dataset: DatasetName, request: Request) -> Response:
        self.requests += 1
        property_id = request.path_params["property_id"]
        survey_id = request.path_params.get("survey_id")
        _authorise(request, property_id, dataset, survey_id)
        start, end, page, limit = _read_parameters(request, dataset)
        data = self.data
        if not data.has_feed(property_id, dataset, survey_id):
            await run_in_threadpool(data.feed, property_id, dataset, survey_id)
        feed = data.feed(property_id, dataset, survey_id)
        numbers = data.find(feed, start, end)[(page - 1) * limit : page * limit]
        return Response(self._page(feed, numbers), media_type="application/json")


def serve(
    port: int = 0, *, today: date | None = None, seed: int = SEED, large_records: int = RECORDS
) -> Sandbox:
    """Start a sandbox on a loopback port (0: any free port) and return it, ready for requests.

    Its data ends the day before `today`, by default the current UTC day, also after midnight. The same day
    and seed give the same data. `large_records`, a multiple of 10,000, is the number of tag records of the
    property `large`. Several sandboxes may run in one process.

    Raises:
        SettingsUnusable: The port cannot be used.

    >>> with serve() as sandbox:
    ...     sorted(sandbox.properties)
    ['demo', 'empty', 'large', 'small']
    """
    return Sandbox(port, (lambda: today) if today else _utc_today, seed, large_records)


def _utc_today() -> date:
    return datetime.now(UTC).date()


def _open_socket(port: int) -> socket.socket:
    refused = SettingsUnusable(
        f"Port {port} is taken or cannot be used.", "Choose another, or 0 for any that is free."
    )
    if port not in range(1 << 16):
        raise refused
    try:
        listener = socket.create_server(("127.0.0.1", port), backlog=512)
    except OSError as error:
        raise refused from error
    # asyncio sets this only on sockets that name their protocol; without it small responses wait 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _make_application(respond: Callable[[DatasetName, Request], object]) -> Starlette:
    application = Starlette(
        routes=[
            Route(ASSUMED.route(dataset).url.removeprefix("{base_url}"), partial(respond, dataset))
            for dataset in DATASETS
        ],
        exception_handlers={HTTPException: _respond_refused},
    )
    application.router.redirect_slashes = False
    return application


async def _respond_refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return Response(
        orjson.dumps({"message": error.detail}),
        error.status_code,
        error.headers,
        media_type="application/json",
    )


def _encode_page(feed: Feed, numbers: range) -> bytes:
    return orjson.dumps({"data": feed.read(numbers)})


def _authorise(request: Request, property_id: str, dataset: DatasetName, survey_id: str | None) -> None:
    """Refuse with 401, then 404, then 403: in this order a stranger learns least."""
    scheme, _, token = request.headers.get(ASSUMED.auth.header, "").partition(" ")
    if scheme != ASSUMED.auth.scheme or token not in RIGHTS:
        raise HTTPException(HTTPStatus.UNAUTHORIZED, "The token is invalid or expired.")
    try:
        check_exists(property_id, "heart", None)
        properties, datasets = RIGHTS[token]
        if property_id not in properties:
            raise HTTPException(HTTPStatus.FORBIDDEN, "You have no access to this property.")
        if dataset not in datasets:
            refusal = f"You lack the right to read {dataset} of this property."
            raise HTTPException(HTTPStatus.FORBIDDEN, refusal)
        check_exists(property_id, dataset, survey_id)
    except NotFound as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, error.cause) from error


def _read_parameters(request: Request, dataset: DatasetName) -> tuple[datetime, datetime, int, int]:
    """Read start, end, page and limit; a value that the contract does not allow is a 400 with its name."""
    route = ASSUMED.route(dataset)
    start, end = (_read_moment(request, name) for name in (route.start, route.end))
    if end <= start:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{route.end} must be after {route.start}.")
    return start, end, _read_number(request, route.page, None), _read_number(request, route.limit, PAGE_LIMIT)


def _read_moment(request: Request, name: str) -> datetime:
    text = _read_parameter(request, name)
    try:
        if _MOMENT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise HTTPException(
        HTTPStatus.BAD_REQUEST, f"wrong date format: {name} must look like 2026-04-01T00:00:00+00:00"
    )


def _read_number(request: Request, name: str, most: int | None) -> int:
    text = _read_parameter(request, name)
    number = int(text) if _NUMBER.fullmatch(text) else 0
    if number < 1 or (most is not None and number > most):
        allowed = f"from 1 to {most}" if most else "from 1"
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{name} must be a whole number {allowed}.")
    return number


def _read_parameter(request: Request, name: str) -> str:
    text = request.query_params.get(name)
    if text is None:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"{name} is missing.")
    return text
