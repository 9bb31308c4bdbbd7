"""Connections of a whole process, and the limits that its loads share."""

import logging
from threading import Lock
from weakref import finalize

import httpx
from cachetools import LRUCache

from userlane.client.rate_limit import TokenLimiter
from userlane.client.retries import TOKEN_RETRIES, RetryBudget
from userlane.client.transport import InterruptibleTransport
from userlane.contract import Connection

# Its debug log holds whole headers.
logging.getLogger("httpcore").setLevel(logging.WARNING)

Transport = httpx.BaseTransport
"""What sends the requests of an `HttpPool`; tests give their own."""

_TOKENS = 1024
_APIS = 256


class HttpPool:
    """Kept-alive connections for all loads of the process.

    Requests go straight to the transport, so no redirect is followed and no cookie is kept. Beside the
    connections it has what loads share: a limiter per token, retry budgets per API and per token, and the
    lock `large` of the one page that may be large. Those of the 1,024 tokens used last are kept.

    The connections close with the last reference to the pool, if not before.
    """

    def __init__(self, transport: Transport | None = None) -> None:
        self._transport = transport or InterruptibleTransport()
        finalize(self, self._transport.close)
        self._lock = Lock()
        self._limiters: LRUCache[tuple[str, str, int], TokenLimiter] = LRUCache(_TOKENS)
        self._token_budgets: LRUCache[tuple[str, str], RetryBudget] = LRUCache(_TOKENS)
        self._api_budgets: LRUCache[str, RetryBudget] = LRUCache(_APIS)
        self.large = Lock()

    def send(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Returns the response before its body is read."""
        response = self._transport.handle_request(request)
        response.request = request
        return response

    def limiter(self, connection: Connection, most: int) -> TokenLimiter:
        """Return the limiter of this connection's token, for at most `most` requests at once."""
        key = (connection.base_url, connection.token.fingerprint, most)
        with self._lock:
            return self._limiters.setdefault(key, TokenLimiter(most))

    def retry_budget(self, url: httpx.URL, connection: Connection) -> RetryBudget:
        """Return the retries left for this connection's token at the API of this address."""
        api = f"{url.scheme}://{url.netloc.decode('ascii')}"
        with self._lock:
            shared = self._api_budgets.setdefault(api, RetryBudget())
            own = RetryBudget(most=TOKEN_RETRIES, shared=shared)
            return self._token_budgets.setdefault((api, connection.token.fingerprint), own)

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()
