"""What breaks underneath an answer becomes an error of `userlane.errors`."""

import ssl
from collections.abc import Iterator, Mapping

import httpx

from userlane.errors import ApiFailed, RequestRefused, TooSlow, Unreachable, Untrusted

_BROKEN = (Unreachable, "The connection to {host} broke before the answer was whole.")
_SLOW = (TooSlow, "{host} took too long to answer.")

FAULTS: Mapping[type[httpx.TransportError], tuple[type[ApiFailed], str]] = {
    httpx.TransportError: _BROKEN,
    httpx.TimeoutException: _SLOW,
    httpx.ConnectTimeout: (Unreachable, "{host} does not answer."),
    httpx.ReadTimeout: _SLOW,
    httpx.WriteTimeout: _SLOW,
    httpx.PoolTimeout: _SLOW,
    httpx.NetworkError: _BROKEN,
    httpx.ConnectError: (Unreachable, "{host} cannot be reached."),
    httpx.ReadError: _BROKEN,
    httpx.WriteError: _BROKEN,
    httpx.CloseError: _BROKEN,
    httpx.ProtocolError: _BROKEN,
    httpx.RemoteProtocolError: _BROKEN,
    httpx.LocalProtocolError: (RequestRefused, "The request to {host} cannot be sent as it is."),
    httpx.ProxyError: (Unreachable, "The proxy does not let requests through to {host}."),
    httpx.UnsupportedProtocol: (RequestRefused, "{host} is not an http or https address."),
}
"""Every failure httpx knows; a test compares this with httpx itself."""


def translate_transport_error(error: httpx.TransportError, host: str) -> ApiFailed:
    """The error of this package for one of httpx, without its text: that can quote a header."""
    if isinstance(error, httpx.ConnectError):
        for reason in _reasons(error):
            if isinstance(reason, ssl.SSLCertVerificationError):
                return Untrusted(
                    f"The certificate of {host} is not valid for it: {reason.verify_message}.",
                    "Check the address. Behind a company proxy, name its certificate in SSL_CERT_FILE.",
                )
            if isinstance(reason, ssl.SSLError) and not isinstance(reason, ssl.SSLEOFError):
                return Untrusted(f"No secure connection to {host} can be made.", "Check the API address.")
    kind, cause = next(FAULTS[base] for base in type(error).__mro__ if base in FAULTS)
    return kind(cause.format(host=host), "Check the API address and the network, then load again.")


def _reasons(error: BaseException) -> Iterator[BaseException]:
    reason: BaseException | None = error
    while reason is not None:
        yield reason
        reason = reason.__cause__ or reason.__context__
