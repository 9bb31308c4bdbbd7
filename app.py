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
from userlane.web.security import HEALTH, Surface, security_headers
from userlane.web.upload_quota import UploadQuota

log = structlog.get_logger("userlane.app")

COOKIE_SECRET = "STREAMLIT_SERVER_COOKIE_SECRET"  # noqa: S105  # the name of the variable
SHORTEST_SECRET = 32
"""Characters; what `openssl rand -hex 32` prints is twice as long."""

TIDIED_SECONDS = 10.0


def checked_secret() -> None:
    """Look at what cookies are signed with. Raises `SettingsUnusable` for a secret that can be guessed."""
    secret = os.environ.get(COOKIE_SECRET, "")
    if not secret:
        log.info("cookies are signed with a key that each start makes anew", setting=COOKIE_SECRET)
    elif len(secret) < SHORTEST_SECRET or len(set(secret)) < SHORTEST_SECRET // 4:
        raise SettingsUnusable(
            f"{COOKIE_SECRET} can be guessed.",
            f"Give it {SHORTEST_SECRET} random characters or more, such as  openssl rand -hex 32  prints.",
        )


async def healthz(_: Request) -> JSONResponse:
    """Whether the server answers; the body is the answer, since unknown paths also give 200."""
    return JSONResponse({"status": "ok"})


def told(error: Exception) -> bool:
    """Tell the visitor what went wrong in a callback, before there was a page that could."""
    from userlane.ui import errors  # noqa: PLC0415  # caches want the server that now runs

    return errors.show_script_error(error)


async def tidy(seconds: float) -> None:
    """Collect garbage now and then, as Streamlit would after each run, at a fifth of what the run takes.

    Python alone goes by how many objects there are, and a few of them can be large.
    """
    while True:
        await asyncio.sleep(seconds)
        gc.collect()


@asynccontextmanager
async def warm(_: object) -> AsyncIterator[None]:
    """Import what the first visitor would wait for, and keep it out of every later garbage collection.

    At the end, loads are stopped.
    """
    import ibis  # noqa: PLC0415  # the engine takes half a second to answer for the first time

    from userlane import cache, engine, ui  # noqa: F401, PLC0415  # caches want the server that now runs
    from userlane.metrics import headlines, heart, nps, surveys, tags  # noqa: F401, PLC0415  # likewise

    engine.run(ibis.literal(1).name("n"))
    gc.collect()
    gc.freeze()
    fetcher = cache.fetcher()
    tidying = asyncio.create_task(tidy(TIDIED_SECONDS))
    try:
        yield
    finally:
        tidying.cancel()
        fetcher.close()


try:
    logs.configure()
    settings = Settings.read()
    if settings.engine is not None:
        from userlane.engine import Spark

        Spark(settings.engine)  # connects to nothing, and misses its packages now rather than later
    checked_secret()
except SettingsUnusable as error:
    sys.exit(f"userlane: {error}")

page = Path(st.__file__).parent / "static" / "index.html"
app = st.App(
    Path(__file__).parent / "userlane" / "main.py",
    lifespan=warm,
    on_script_error=told,
    routes=[Route(HEALTH, healthz)],
    middleware=[
        Middleware(
            Surface,
            headers=security_headers(page.read_text(encoding="utf-8")),
            listens=st.get_option("server.address"),
            public=settings.public_hosts,
        ),
        Middleware(UploadQuota),
    ],
)
