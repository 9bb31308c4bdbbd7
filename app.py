"""The ASGI entry: `streamlit run app.py`."""

import asyncio
import gc
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
import structlog
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from userlane import logs
from userlane.errors import SettingsUnusable
from userlane.settings import Settings
from userlane.web.security import HEALTH, SecurityMiddleware, security_headers
from userlane.web.upload_quota import UploadQuota

log = structlog.get_logger("userlane.app")

COOKIE_SECRET = "STREAMLIT_SERVER_COOKIE_SECRET"  # noqa: S105  # the name of the variable
SHORTEST_SECRET = 32
"""Characters; what `openssl rand -hex 32` prints is twice as long."""

COLLECT_SECONDS = 10.0


def check_secret() -> None:
    """Check the secret that cookies are signed with. Raises `SettingsUnusable` if it can be guessed."""
    secret = os.environ.get(COOKIE_SECRET, "")
    if not secret:
        log.info("cookies are signed with a key that each start makes anew", setting=COOKIE_SECRET)
    elif len(secret) < SHORTEST_SECRET or len(set(secret)) < SHORTEST_SECRET // 4:
        raise SettingsUnusable(
            f"{COOKIE_SECRET} can be guessed.",
            f"Give it {SHORTEST_SECRET} random characters or more, such as  openssl rand -hex 32  prints.",
        )


async def healthz(_: Request) -> JSONResponse:
    """Say that the server is up. The body must be read, since unknown paths also give 200."""
    return JSONResponse({"status": "ok"})


def show_script_error(error: Exception) -> bool:
    """Show the visitor an error that was raised in a callback, before any page runs."""
    from userlane.ui import errors  # noqa: PLC0415  # caches want the server that now runs

    return errors.show_script_error(error)


async def collect_garbage(seconds: float) -> None:
    """Collect garbage every `seconds` seconds, in place of Streamlit, which would do so after each run.

    Python alone counts objects, and a few of them can be large.
    """
    while True:
        await asyncio.sleep(seconds)
        gc.collect()


@asynccontextmanager
async def run_app(_: object) -> AsyncIterator[None]:
    """Import at the start what the first visitor would wait for; stop running loads at the end.

    What was imported is left out of every later garbage collection.
    """
    import ibis  # noqa: PLC0415  # the engine takes half a second to answer for the first time

    from userlane import cache, engine, ui  # noqa: F401, PLC0415  # caches want the server that now runs
    from userlane.metrics import headlines, heart, nps, surveys, tags  # noqa: F401, PLC0415  # likewise

    engine.run(ibis.literal(1).name("n"))
    gc.collect()
    gc.freeze()
    fetcher = cache.fetcher()
    collecting = asyncio.create_task(collect_garbage(COLLECT_SECONDS))
    try:
        yield
    finally:
        collecting.cancel()
        fetcher.close()


try:
    logs.configure()
    settings = Settings.read()
    if settings.engine is not None:
        from userlane.engine import Spark

        Spark(settings.engine)  # connects to nothing, and misses its packages now rather than later
    check_secret()
except SettingsUnusable as error:
    sys.exit(f"userlane: {error}")

page = Path(st.__file__).parent / "static" / "index.html"
app = st.App(
    Path(__file__).parent / "userlane" / "main.py",
    lifespan=run_app,
    on_script_error=show_script_error,
    routes=[Route(HEALTH, healthz)],
    middleware=[
        Middleware(
            SecurityMiddleware,
            headers=security_headers(page.read_text(encoding="utf-8")),
            listens=st.get_option("server.address"),
            public=settings.public_hosts,
        ),
        Middleware(UploadQuota),
    ],
)
