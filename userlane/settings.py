"""The deployment's configuration: environment variables, read once into one frozen `Settings`."""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from difflib import get_close_matches
from functools import reduce
from operator import getitem
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import msgspec
from platformdirs import user_cache_path

from userlane.contract import ASSUMED, Auth, Connection, Profile, Route, Token, check_id
from userlane.contract.hosts import ALLOWED_HOSTS, LOOPBACK, PATTERN, address, host_allowed, is_loopback, site
from userlane.contract.storage_url import parse_storage_url
from userlane.errors import InputUnusable, SettingsUnusable

_CACHE = user_cache_path("userlane", appauthor=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, typed. `properties` maps property IDs to their names.

    `base_url` is also known when only a profile is mounted that holds whole addresses. `store` is the folder
    for loaded rows; None where they are kept in memory or, if there is a `store_url`, in a bucket, with
    copies of what is used in the folder `store_cache`. They stay there as long as `kept` says. With
    `store_shared`, one token's rows are opened by every token that the API lets see the same days.
    `public_hosts` are the names visitors know this server by. `loopback` says whether a pasted request may
    name this machine: only its own user can paste one then. `engine` is the address of a Spark Connect
    server, and may hold a token of its own; None: DuckDB, embedded.
    """

    base_url: str | None = None
    profile: Profile = ASSUMED
    allowed_hosts: tuple[str, ...] = ALLOWED_HOSTS
    token: Token | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    max_rows: int = 10_000_000
    max_in_flight: int = 4
    timezone: str = "UTC"
    sandbox: bool = True
    store: Path | None = None
    store_url: str | None = field(default=None, repr=False)
    store_cache: Path = _CACHE
    kept: timedelta = timedelta(days=30)
    store_shared: bool = False
    public_hosts: tuple[str, ...] = ()
    loopback: bool = False
    engine: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ, *, listens: str | None = None) -> "Settings":
        """Read the `USERLANE_*` variables; unset and empty mean the default.

        `listens` is the address that the server listens at, None if at all addresses. Only a server that
        listens at loopback, and has no public name that a proxy could bring visitors by, allows `loopback`.

        Raises `SettingsUnusable` naming the variable.
        """
        readers = {
            "base_url": ("BASE_URL", _base_url),
            "profile": ("API_PROFILE", _profile),
            "allowed_hosts": ("ALLOWED_HOSTS", _allowed_hosts),
            "token": ("TOKEN", Token),
            "properties": ("PROPERTIES", _properties),
            "max_rows": ("MAX_ROWS", _positive),
            "max_in_flight": ("MAX_IN_FLIGHT", _positive),
            "timezone": ("TIMEZONE", _timezone),
            "sandbox": ("SANDBOX", _switch),
            "store": ("STORE", _store),
            "store_url": ("STORE", _store_url),
            "store_cache": ("STORE_CACHE", _folder),
            "kept": ("STORE_DAYS", _days),
            "store_shared": ("STORE_SHARED", _switch),
            "public_hosts": ("PUBLIC_HOSTS", _public_hosts),
            "engine": ("ENGINE", _engine),
        }
        values: dict[str, object] = {"store": _CACHE}
        for attribute, (suffix, reader) in readers.items():
            name = f"USERLANE_{suffix}"
            text = environment.get(name, "").strip()
            if text:
                try:
                    values[attribute] = reader(text)
                except InputUnusable as error:
                    raise SettingsUnusable(f"{name}: {error.cause}", error.next_step) from error
        settings = cls(**values)  # type: ignore[arg-type]  # each reader returns its attribute's type
        for each in settings.profile.addresses:
            if not (settings.host_allowed(each.host) or is_loopback(each.host)):  # the operator may name it
                raise SettingsUnusable(
                    f"USERLANE_API_PROFILE: {each.host} is not a host that tokens may be sent to.",
                    "If it should be, add it to USERLANE_ALLOWED_HOSTS.",
                )
        return replace(
            settings,
            base_url=settings.base_url or settings.profile.origin,
            loopback=is_loopback(listens) and not settings.public_hosts,
        )

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that a pasted request may name: those allowed, the configured one, maybe this machine."""
        configured = address(self.base_url) if self.base_url else None
        return (
            *self.allowed_hosts,
            *((configured.host,) if configured else ()),
            *(sorted(LOOPBACK) if self.loopback else ()),
        )

    def host_allowed(self, host: str) -> bool:
        """Whether this deployment lets a token go to `host`."""
        return host_allowed(host, self.hosts)

    def connection(self, token: Token, profile: Profile | None = None) -> Connection:
        """How `token` reaches the API: the configured one, or as a learned `profile` says.

        Raises `SettingsUnusable` when neither names an address.
        """
        profile = profile or self.profile
        base_url = self.base_url or profile.origin
        if base_url is None:
            raise SettingsUnusable(
                "No API address is configured.",
                "Set USERLANE_BASE_URL, or open the sample data.",
            )
        return Connection(base_url, token, profile)


def _base_url(text: str) -> str:
    url = address(text)
    if url is None:
        raise SettingsUnusable("not a web address.", "It looks like https://api.example.com.")
    if url.user_info or re.search(r"[?#\s\\]", url.rest):
        raise SettingsUnusable("holds more than an address.", "Leave out user names, ? and #.")
    if not url.encrypted:
        raise SettingsUnusable("is not encrypted.", "Use https://.")
    return url.origin + url.rest.rstrip("/")


def _allowed_hosts(text: str) -> tuple[str, ...]:
    return _hosts(text, PATTERN.fullmatch, "api.example.com, or *.example.com for all below it")


def _public_hosts(text: str) -> tuple[str, ...]:
    return _hosts(text, site, "dashboard.example.com or dashboard.example.com:8443")


def _hosts(text: str, read: Callable[[str], object], examples: str) -> tuple[str, ...]:
    hosts = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for host in hosts:
        if read(host) is None:
            raise SettingsUnusable(
                f"“{host}” is not a host.", f"Write names like {examples}, with commas between."
            )
    return hosts


def _profile(text: str) -> Profile:
    path = Path(text)
    try:
        toml = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        return msgspec.convert(tomllib.loads(toml), Profile)
    except OSError as error:
        raise SettingsUnusable(f"the file cannot be read ({error.strerror}).", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise SettingsUnusable(f"{path.name} is not text in UTF-8.", "Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        reason, _, place = str(error).rpartition(" (at ")
        last = f"line {len(toml.splitlines()) or 1}"
        where = place.partition(",")[0] if place.startswith("line") else last
        reason = f"{reason[:1].lower()}{reason[1:]}" if reason else "it is not valid TOML"
        raise SettingsUnusable(f"{path.name}, {where}: {reason}.", "Mend that line.") from error
    except msgspec.ValidationError as error:
        reason, line = _misfit(str(error), toml)
        raise SettingsUnusable(f"{path.name}, line {line}: {reason}.", "Mend that line.") from error


def _misfit(complaint: str, toml: str) -> tuple[str, int]:
    """What msgspec complains of in words, and the line of `toml` it lies in."""
    reason, _, place = complaint.partition(" - at `$")
    keys = [key for key in re.split(r"[.\[\]`]+", place) if key]
    if unknown := re.fullmatch(r"Object contains unknown field `(.+)`", reason):
        struct = Route if keys and keys[0] != "auth" else Auth if keys else Profile
        known = struct.__struct_fields__
        close = get_close_matches(unknown[1], known, 1)
        keys.append(unknown[1])
        reason = f"unknown key “{unknown[1]}”, " + (
            f"perhaps {close[0]} was meant" if close else f"known are {', '.join(known)}"
        )
    elif no_field := re.match(r"(\w+) has no field “(.+?)”", reason):
        keys = [no_field[1], "fields", no_field[2]]
    else:  # the structs' own checks begin with the key they are about
        keys.append(re.split(r"\W", reason, maxsplit=1)[0])
    return reason.replace("`", ""), _line(toml, keys)


def _line(toml: str, keys: list[str]) -> int:
    """Return the line that completes the key with this path, or the longest part of the path there is."""
    lines = toml.splitlines()
    for depth in range(len(keys), 0, -1):
        for number in range(1, len(lines) + 1):
            # A beginning that ends inside a value is no TOML, and one before the key does not have it.
            with suppress(tomllib.TOMLDecodeError, KeyError, TypeError):
                reduce(getitem, keys[:depth], tomllib.loads("\n".join(lines[:number])))
                return number
    return 1


def _properties(text: str) -> Mapping[str, str]:
    properties: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        property_id, _, name = item.partition("=")
        properties[check_id(property_id, "property ID")] = name.strip() or property_id.strip()
    return properties


def _positive(text: str) -> int:
    if not text.isascii() or not text.replace("_", "").isdigit() or int(text) < 1:
        raise SettingsUnusable(f"“{text}” is not a whole number above 0.")
    return int(text)


def _days(text: str) -> timedelta:
    return timedelta(days=min(_positive(text), 36_500))


def _timezone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (OSError, ValueError) as error:
        raise SettingsUnusable(f"“{text}” is not a time zone.", "Use a name like Europe/Berlin.") from error


def _store(text: str) -> Path | None:
    return None if text.lower() == "none" or _store_url(text) else _folder(text)


def _store_url(text: str) -> str | None:
    """The address of a bucket; None if it is none. Its own words are not repeated: it may hold a password."""
    if "://" not in text or text.startswith("file://"):
        return None
    return parse_storage_url(text).url


def _folder(text: str) -> Path:
    if text.startswith("file://"):
        parts = urlsplit(text)
        if parts.netloc not in {"", "localhost"} or parts.query or not parts.path.strip("/"):
            raise SettingsUnusable("file:// names no folder of this machine.", "It looks like file:///data.")
        text = unquote(parts.path)
    if "://" in text:
        raise SettingsUnusable("an address is not a folder.", "Name a folder of this machine.")
    return Path(text).expanduser().absolute()


def _engine(text: str) -> str | None:
    if text.lower() == "duckdb":
        return None
    if text.startswith("spark://"):
        raise SettingsUnusable(
            "names a Spark master, which only Spark's own Connect server talks to.",
            "Start that server with this master, and name it as sc://host:15002.",
        )
    # Whatever follows the port may hold a token, so none of it is ever repeated.
    if not re.fullmatch(r"sc://([\w.-]+|\[[\da-fA-F:]+\])(:\d{1,5})?/?(;[^\s;=]+=[^\s;]*)*", text):
        raise SettingsUnusable(
            "is not the address of a Spark Connect server.",
            "It looks like sc://host:15002; leave it out to count with DuckDB, inside this process.",
        )
    return text


def _switch(text: str) -> bool:
    if text.lower() in {"on", "true", "yes", "1"}:
        return True
    if text.lower() in {"off", "false", "no", "0"}:
        return False
    raise SettingsUnusable(f"“{text}” is neither on nor off.")
