"""Which addresses a token may be sent to: decided here for settings, profiles and pasted requests alike."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

ALLOWED_HOSTS = ("*.userlane.com",)
"""The hosts that are allowed unless the deployment says otherwise."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""This machine: the only hosts that may be spoken to without encryption."""

PATTERN = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)+|[a-z0-9_-]+")
"""What an allowed host looks like: a name, or `*.` and a name of at least two parts."""

_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?:(?P<user>[^/?#\\]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>[/?#].*)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Address:
    """A web address in its parts. `rest` is what follows the host and may hold anything."""

    scheme: str
    host: str
    port: str | None
    rest: str
    user_info: bool

    @property
    def origin(self) -> str:
        """`https://api.example.com:8443`, rebuilt from the parts so that no other reader can differ."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port else "")

    @property
    def encrypted(self) -> bool:
        """Whether it is https, or does not leave this machine."""
        return self.scheme == "https" or self.host in LOOPBACK


def address(url: str) -> Address | None:
    r"""The parts of an http or https address; None for anything else, also for what readers disagree on.

    >>> address("https://API.example.com:8443/v1?page=1").origin
    'https://api.example.com:8443'
    >>> address("https://a.example\\@b.example/") is None
    True
    """
    found = _ADDRESS.fullmatch(url)
    if found is None or found["scheme"].lower() not in {"http", "https"}:
        return None
    host = found["host"].strip("[]").lower()
    if int(found["port"] or 0) not in range(1 << 16):
        return None
    return Address(
        found["scheme"].lower(), host, found["port"], found["rest"] or "", found["user"] is not None
    )


def site(authority: str, scheme: str = "https") -> Address | None:
    """Return the host and port in a Host header or a setting; None when it holds anything else.

    >>> site("Dashboard.example:8443").host
    'dashboard.example'
    >>> site("dashboard.example/path") is None
    True
    """
    found = address(f"{scheme}://{authority}")
    return None if found is None or found.rest or found.user_info else found


def is_loopback(host: str | None) -> bool:
    """Whether `host` is this machine; an IPv6 address may stand in brackets."""
    return (host or "").strip("[]").lower() in LOOPBACK


def host_allowed(host: str, allowed: Iterable[str] = ALLOWED_HOSTS) -> bool:
    """Whether a token may be sent to `host`. `*.userlane.com` allows every host that ends in `.userlane.com`.

    This machine is a host as any other: to a visitor of a server it is the network behind that server.

    >>> host_allowed("api.eu.userlane.com"), host_allowed("userlane.com.example"), host_allowed("localhost")
    (True, False, False)
    """
    host = host.lower()
    return any(
        host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern for pattern in allowed
    )
