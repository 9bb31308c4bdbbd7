"""A server between dashboard and sandbox that passes everything on but what it is told to fail."""

from collections.abc import Callable
from types import TracebackType

import httpx

from tests.responses import document, status
from tests.server import Request, Response, Server
from userlane.contract import Window


class Proxy(Server):
    """Stands before the API at `base_url`; requests for which `fails` is true get a 500."""

    def __init__(self, base_url: str) -> None:
        super().__init__(self._pass_on)
        self.fails: Callable[[Request], bool] = lambda _: False
        self._api = httpx.Client(base_url=base_url, timeout=60)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._api.close()

    def _pass_on(self, request: Request) -> Response:
        if self.fails(request):
            return status(500, says="Something broke on our side")
        response = self._api.get(request.target, headers={"Authorization": request.headers["authorization"]})
        return document(response.content, response.status_code)


def window(request: Request) -> Window:
    """The days that a request asks for."""
    return Window(request.start, request.end)
