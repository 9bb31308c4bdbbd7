"""How much one visit may upload: what goes beyond is kept by nobody.

Streamlit takes files by itself, each up to `server.maxUploadSize`, and keeps them in memory until their visit
ends. So that one visitor cannot fill the memory of all, this stands in front of it and counts, by the visit
that the address of an upload names. An upload that is not taken in does not count.
"""

from contextlib import suppress

import structlog
from cachetools import LRUCache
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger("userlane.web.upload_quota")

MAX_FILES = 100
MAX_BYTES = 100 * 2**20
"""What one visit may upload in all, from its first page to its last."""

UNDECLARED = 20 * 2**20
"""What an upload without a length is taken for: the largest that Streamlit takes."""

ADDRESS = "/_stcore/upload_file/"
BEYOND = (
    "A file did not get through: either this visit has uploaded all that one may, which is "
    f"{MAX_FILES} files or {MAX_BYTES // 2**20} MB, or the connection was lost."
)
AGAIN = "Reload the page to begin a new visit, and upload it again."

# The page has no words for an upload that is refused, but it says `BEYOND` of one that it then does not find.
_NOT_KEPT = Response(status_code=204)
_VISITS = 10_000


class UploadQuota:
    """Lets each visit upload `MAX_FILES` files and `MAX_BYTES` bytes to `app`; more does not reach it.

    Files and bytes count from the moment an upload begins, so that many at once get no further than one by
    one. Of the visits that uploaded something, the latest 10,000 are remembered.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.taken: LRUCache[str, tuple[int, int]] = LRUCache(_VISITS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, _, named = scope.get("path", "").partition(ADDRESS)
        if scope["type"] != "http" or scope["method"] != "PUT" or not named:
            await self.app(scope, receive, send)
            return
        visit, size = named.partition("/")[0], declared_size(scope)
        if not self.take(visit, size):
            log.warning("refused: an upload beyond the quota", size=size)
            await _discard(Request(scope, receive))
            await _NOT_KEPT(scope, receive, send)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            if not 200 <= status < 300:
                self.undo(visit, size)

    def take(self, visit: str, size: int) -> bool:
        """Whether the visit may upload one more file of this size; if so, it is counted."""
        files, bytes_ = self.taken.get(visit, (0, 0))
        if files + 1 > MAX_FILES or bytes_ + size > MAX_BYTES:
            return False
        self.taken[visit] = files + 1, bytes_ + size
        return True

    def undo(self, visit: str, size: int) -> None:
        """Count an upload no longer, since it was not accepted."""
        files, bytes_ = self.taken.get(visit, (1, size))
        if files > 1:
            self.taken[visit] = files - 1, bytes_ - size
        else:
            self.taken.pop(visit, None)


def declared_size(scope: Scope) -> int:
    """The length of an upload as its header has it; the server holds the sender to it."""
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() else UNDECLARED


async def _discard(request: Request) -> None:
    """Read an upload and drop it: a browser that gets a response while it sends takes that for a fault."""
    passed = 0
    with suppress(ClientDisconnect):
        async for piece in request.stream():
            passed += len(piece)
            if passed > UNDECLARED:
                return
