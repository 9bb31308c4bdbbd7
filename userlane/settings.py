"""The deployment's configuration: environment variables, read once into one frozen `Settings`."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from userlane.contract import ASSUMED, Connection, Profile, Token, identifier
from userlane.errors import InputUnusable, SettingsUnusable

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, typed. `properties` maps property IDs to their names."""

    base_url: str | None = None
    profile: Profile = ASSUMED
    token: Token | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    max_rows: int = 10_000_000
    max_in_flight: int = 4
    timezone: str = "UTC"
    sandbox: bool = True

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the `USERLANE_*` variables; unset and empty mean the default.

        Raises `SettingsUnusable` naming the variable.
        """
        readers = {
            "base_url": ("BASE_URL", _base_url),
            "profile": ("API_PROFILE", _profile),
            "token": ("TOKEN", Token),
            "properties": ("PROPERTIES", _properties),
            "max_rows": ("MAX_ROWS", _positive),
            "max_in_flight": ("MAX_IN_FLIGHT", _positive),
            "timezone": ("TIMEZONE", _timezone),
            "sandbox": ("SANDBOX", _switch),
        }
        values: dict[str, object] = {}
        for attribute, (suffix, reader) in readers.items():
            name = f"USERLANE_{suffix}"
            text = environment.get(name, "").strip()
            if text:
                try:
                    values[attribute] = reader(text)
                except InputUnusable as error:
                    raise SettingsUnusable(f"{name}: {error.cause}", error.next_step) from error
        return cls(**values)  # type: ignore[arg-type]  # each reader returns its attribute's type

    def connection(self, token: Token) -> Connection:
        """How `token` reaches the configured API. Raises `SettingsUnusable` without `USERLANE_BASE_URL`."""
        if self.base_url is None:
            raise SettingsUnusable(
                "No API address is configured.",
                "Set USERLANE_BASE_URL, or open the sample data.",
            )
        return Connection(self.base_url, token, self.profile)


def _base_url(text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise SettingsUnusable("not a web address.", "It looks like https://api.example.com.")
    if url.username or url.password or url.query or url.fragment:
        raise SettingsUnusable("holds more than an address.", "Leave out user names, ? and #.")
    if url.scheme == "http" and url.hostname not in LOOPBACK:
        raise SettingsUnusable("is not encrypted.", "Use https://.")
    return text.rstrip("/")


def _profile(text: str) -> Profile:
    try:
        return msgspec.toml.decode(Path(text).read_bytes(), type=Profile)
    except OSError as error:
        raise SettingsUnusable(f"the file cannot be read ({error.strerror}).", "Check the path.") from error
    except (tomllib.TOMLDecodeError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingsUnusable(f"the profile is not valid: {error}.", "Mend the line named.") from error


def _properties(text: str) -> Mapping[str, str]:
    properties: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        property_id, _, name = item.partition("=")
        properties[identifier(property_id, "property ID")] = name.strip() or property_id.strip()
    return properties


def _positive(text: str) -> int:
    if not text.isascii() or not text.replace("_", "").isdigit() or int(text) < 1:
        raise SettingsUnusable(f"“{text}” is not a whole number above 0.")
    return int(text)


def _timezone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (OSError, ValueError) as error:
        raise SettingsUnusable(f"“{text}” is not a time zone.", "Use a name like Europe/Berlin.") from error


def _switch(text: str) -> bool:
    if text.lower() in {"on", "true", "yes", "1"}:
        return True
    if text.lower() in {"off", "false", "no", "0"}:
        return False
    raise SettingsUnusable(f"“{text}” is neither on nor off.")
