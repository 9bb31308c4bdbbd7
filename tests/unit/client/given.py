"""A client on its way to an address or a scripted transport."""

import threading
from datetime import UTC, datetime

import httpx

from tests import stand_in
from tests.responses import document
from tests.stand_in import TOKEN
from userlane.client import Client, HttpPool, Limits, LoadDeadline

NOW = datetime(2026, 4, 10, 12, tzinfo=UTC)
QUICK = Limits(page_seconds=5, load_seconds=20, backoff=0.001)
OK = document(b"[]")


def client(
    base_url: str,
    limits: Limits = QUICK,
    *,
    transport: httpx.BaseTransport | None = None,
    stop: threading.Event | None = None,
    token: str = TOKEN,
    in_flight: int = 4,
) -> Client:
    connection = stand_in.connection(base_url, token)
    return Client(connection, HttpPool(transport), LoadDeadline(limits, stop), in_flight=in_flight)
