"""Connections for a whole process, and what all its loads have to heed together."""

import logging
from http.cookiejar import CookieJar, DefaultCookiePolicy
from threading import Lock
from weakref import finalize

import httpx

from userlane.client.kept import Kept
from userlane.client.quota import OWN, RetryBudget
from userlane.client.rate_limit import TokenLimiter
from userlane.client.transport import InterruptibleTransport
from userlane.contract import Connection

# Both write whole URLs and, one level lower, whole headers.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

Transport = httpx.BaseTransport
"""What an `HttpPool` sends its requests through; tests give their own."""

_LANES = 1024
_QUOTAS = 256


class HttpPool(httpx.Client):
    """Connections, kept alive, without cookies, never redirected; one for the whole process.

    Besides them it holds what loads share: a limiter for each token, quotas of retries for each API and
    each token at it, and the place for the one page that may be large.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__(
            transport=transport,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": "userlane-dashboard",
            },
        )
        self.large = Lock()
        self._limiters: Kept[tuple[str, str, int], TokenLimiter] = Kept(_LANES)
        self._budgets: Kept[str, RetryBudget] = Kept(_QUOTAS)
        self._token_budgets: Kept[tuple[str, str], RetryBudget] = Kept(_LANES)

    def ask(self, request: httpx.Request) -> httpx.Response:
        """Send one request, and give the answer before its body is read.

        Straight to the transport: there are no cookies, logins or redirects for `send` to look after, which
        would cost a fifth of the time that a page takes.
        """
        response = self._transport.handle_request(request)
        response.request = request
        return response

    def limiter(self, connection: Connection, width: int) -> TokenLimiter:
        """The limiter of this connection's token."""
        key = (connection.base_url, connection.token.fingerprint, width)
        return self._limiters.of(key, lambda: TokenLimiter(width))

    def budget(self, url: httpx.URL, connection: Connection) -> RetryBudget:
        """The retries left for this connection's token at the API at this address."""
        address = f"{url.scheme}://{url.netloc.decode('ascii')}"
        shared = self._budgets.of(address, RetryBudget)
        key = (address, connection.token.fingerprint)
        return self._token_budgets.of(key, lambda: RetryBudget(most=OWN, shared=shared))


def open_http_pool(transport: Transport | None = None) -> HttpPool:
    """Connections for a whole process. They close with the last reference to what is returned, if not
    before.
    """
    transport = transport or InterruptibleTransport()
    http = HttpPool(transport)
    finalize(http, transport.close)
    return http
