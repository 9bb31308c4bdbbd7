"""The edge of the server: what is open, who may ask, and the headers on every answer.

One ASGI layer around the whole application. What it refuses never reaches Streamlit, which would look up its
own address on the internet before it judges a foreign origin.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from userlane.contract.hosts import LOOPBACK, Address, is_loopback, site
from userlane.logs import log_error

log = structlog.get_logger("userlane.web.security")

HEALTH = "/healthz"
"""Answered under any host name: probes ask by IP address, and the answer holds nothing."""

OPEN = frozenset({"health", "host-config", "stream", "upload_file"})
"""What a page asks for below `/_stcore/`. The rest, such as metrics, is for the machine's own operator."""

READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing. Another site can send them, but a browser does not let it read the answer."""

NOT_FOUND = PlainTextResponse("Not found", 404)
UNKNOWN_NAME = PlainTextResponse(
    "This dashboard is not known under the name in this address. Whoever runs it can add the name to "
    "USERLANE_PUBLIC_HOSTS.",
    400,
)
FOREIGN = PlainTextResponse(
    "This request was sent by a page of another address. If both are this dashboard, whoever runs it can add "
    "the address in the browser to USERLANE_PUBLIC_HOSTS.",
    403,
)
NO_SOCKET = PlainTextResponse("Forbidden", 403)
FAILED = "Something went wrong on the server. Try again; its log says more about error"

_STARTS = frozenset({"http.response.start", "websocket.http.response.start", "websocket.accept"})


def security_headers(page: str) -> Mapping[str, str]:
    """The headers of every answer, for a web application whose HTML is `page`.

    Scripts in `page` are allowed by their hashes, and no other inline script is. Styles may be inline: the
    tables and charts set them.
    """
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    hashes = "".join(f" 'sha256-{digest}'" for digest in digests)
    return {
        "Content-Security-Policy": (
            f"default-src 'self'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
            "worker-src 'self' blob:; object-src 'none'; "
            "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


class SecurityMiddleware:
    """ASGI middleware that refuses requests for other hosts and from other origins, and adds headers.

    Args:
        app: The application behind it.
        headers: The headers of every response.
        listens: The address that the server listens at.
        public: The names, with ports, under which visitors reach it. Without any, a server that only this
            machine can reach accepts this machine's names, and any other accepts every name.
    """

    def __init__(
        self, app: ASGIApp, headers: Mapping[str, str], listens: str | None, public: Iterable[str]
    ) -> None:
        self.app = app
        self.headers = headers
        self.public = tuple(public)
        named = {found.host.rstrip(".") for found in map(site, self.public) if found}
        local = is_loopback(listens)
        self.names = named | LOOPBACK if named or local else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "websocket.close" and not started:
                await WebSocket(scope, receive, send_with_headers).send_denial_response(NO_SOCKET)
                return
            started = True
            if message["type"] in _STARTS:
                message.setdefault("headers", [])
                self.add_headers(MutableHeaders(scope=message), scope["scheme"])
            await send(message)

        answer = self.refuse(scope)
        try:
            if answer is None:
                await self.app(self.trust_origin(scope), receive, send_with_headers)
        except Exception as error:
            if started:
                raise
            answer = PlainTextResponse(f"{FAILED} {log_error(error)}.", 500)
        if answer is None:
            return
        if scope["type"] == "websocket":
            await WebSocket(scope, receive, send_with_headers).send_denial_response(answer)
        else:
            await answer(scope, receive, send_with_headers)

    def add_headers(self, headers: MutableHeaders, scheme: str) -> None:
        """Add the headers of every response; remove those that let pages of other origins read it."""
        for name in [name for name in headers if name.startswith("access-control-")]:
            del headers[name]
        headers.update(self.headers)
        # Streamlit marks its own files, which browsers may keep. Anything else may hold data of a user.
        headers.setdefault("Cache-Control", "no-store")
        if scheme in {"https", "wss"}:
            headers["Strict-Transport-Security"] = "max-age=31536000"

    def refuse(self, scope: Scope) -> PlainTextResponse | None:
        """Return the response to a request that is refused, None for any other."""
        if is_closed(scope["path"]):
            return NOT_FOUND
        if scope["path"] == HEALTH:
            return None
        headers = Headers(scope=scope)
        asked = [site(host) for host in headers.getlist("host")]
        if len(asked) != 1 or asked[0] is None:
            return UNKNOWN_NAME
        if self.names is not None and asked[0].host.rstrip(".") not in self.names:
            log.warning("refused: not a public host", host=asked[0].host[:100])
            return UNKNOWN_NAME
        changes = scope["type"] == "websocket" or scope["method"] not in READING
        origins = headers.getlist("origin")
        if changes and origins and not (len(origins) == 1 and self.is_own_page(origins[0], headers["host"])):
            log.warning("refused: sent by a page of another origin", origin=origins[0][:100])
            return FOREIGN
        return None

    def is_own_page(self, origin: str, host: str) -> bool:
        """Whether a page of `origin` was served by this dashboard, which was asked as `host`.

        A port that is not written is the usual one of the origin's scheme. A request without an origin is let
        in: browsers send one with every WebSocket and every change, so no page has sent it.
        """
        scheme, _, authority = origin.partition("://")
        page = site(authority, scheme)
        if page is None:
            return False
        known = (site(each, page.scheme) for each in (host, *self.public))
        return _place(page) in {_place(found) for found in known if found}

    def trust_origin(self, scope: Scope) -> Scope:
        """Return the scope with an origin that Streamlit accepts without a look-up: it was checked here."""
        headers = Headers(scope=scope)
        scheme, _, place = headers.get("origin", "").partition("://")
        if scope["type"] != "websocket" or not scheme or place == headers["host"]:
            return scope
        raw = [(name, value) for name, value in headers.raw if name != b"origin"]
        return {**scope, "headers": [*raw, (b"origin", f"{scheme}://{headers['host']}".encode("latin-1"))]}


def is_closed(path: str) -> bool:
    """Whether a decoded path names a part of Streamlit that is no visitor's business, however it is spelt.

    >>> is_closed("/_stcore/health"), is_closed("/under/this//_stcore//metrics/")
    (False, True)
    """
    _, found, rest = f"{path}/".partition("/_stcore/")
    return bool(found) and rest.partition("/")[0] not in OPEN


def _place(found: Address) -> tuple[str, int]:
    return found.host.rstrip("."), int(found.port or (443 if found.scheme == "https" else 80))
