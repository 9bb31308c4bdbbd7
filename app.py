"""The ASGI entry: `streamlit run app.py`."""

import base64
import gc
import hashlib
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from userlane.errors import SettingsUnusable
from userlane.settings import Settings


def inline_scripts() -> str:
    """What the policy needs to allow the scripts inside Streamlit's own page, and no other: their hashes."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    digests = (
        hashlib.sha256(script.encode()).digest()
        for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    )
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


SECURITY_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'self'; script-src 'self' {inline_scripts()}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
        "worker-src 'self' blob:; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


PRIVATE = PlainTextResponse("Not found", status_code=404)


class SecurityHeaders:
    """Sets the security headers on every HTTP answer, and keeps the server's own metrics to itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        app = PRIVATE if scope.get("path", "").startswith("/_stcore/metrics") else self.app
        await app(scope, receive, with_headers if scope["type"] == "http" else send)


async def healthz(_: Request) -> JSONResponse:
    """Whether the server answers; the body is the answer, since unknown paths also give 200."""
    return JSONResponse({"status": "ok"})


@asynccontextmanager
async def warm(_: object) -> AsyncIterator[None]:
    """Import what the first visitor would wait for, and keep it out of every later garbage collection."""
    import ibis  # noqa: PLC0415  # the engine takes half a second to answer for the first time

    from userlane import engine, layout  # noqa: F401, PLC0415  # caches want the running server that now exists
    from userlane.metrics import headlines, heart, nps, surveys, tags  # noqa: F401, PLC0415  # likewise

    engine.run(ibis.literal(1).name("n"))
    gc.collect()
    gc.freeze()
    yield


try:
    Settings.read()
except SettingsUnusable as error:
    sys.exit(f"userlane: {error}")

app = st.App(
    Path(__file__).parent / "userlane" / "main.py",
    lifespan=warm,
    routes=[Route("/healthz", healthz)],
    middleware=[Middleware(SecurityHeaders)],
)
