"""Addresses are taken apart in one way only, and tokens go to allowed hosts only."""

import pytest

from userlane.contract import address, host_allowed
from userlane.contract.hosts import is_loopback


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("api.userlane.com", True),
        ("API.EU.Userlane.COM", True),
        ("userlane.com", False),
        ("notuserlane.com", False),
        ("api.userlane.com.evil.example", False),
        ("api.userlane.com.", False),
        ("exact.example", True),
        ("sub.exact.example", False),
        ("127.0.0.1", False),
        ("localhost", False),
        ("::1", False),
        ("127.0.0.2", False),
        ("0.0.0.0", False),  # noqa: S104 - refused, not listened on
        ("2130706433", False),
        ("localhost.evil.example", False),
    ],
)
def test_a_host_is_allowed_by_pattern_or_by_name(host: str, allowed: bool) -> None:  # noqa: FBT001 - expected value
    assert host_allowed(host, ("*.userlane.com", "exact.example")) is allowed


def test_this_machine_is_known_by_its_three_names() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "LocalHost", "::1", "[::1]")))
    assert not any(map(is_loopback, (None, "", "0.0.0.0", "127.0.0.1.evil.example", "localhost:8501")))  # noqa: S104 - told apart, not listened on


@pytest.mark.parametrize(
    ("url", "origin", "rest"),
    [
        ("https://a.example", "https://a.example", ""),
        ("HTTPS://A.Example:443/X?y#z", "https://a.example:443", "/X?y#z"),
        ("http://[::1]:80/", "http://[::1]:80", "/"),
        ("https://a_b.example?x=//c@d", "https://a_b.example", "?x=//c@d"),
    ],
)
def test_an_address_comes_apart(url: str, origin: str, rest: str) -> None:
    found = address(url)
    assert found
    assert (found.origin, found.rest, found.user_info) == (origin, rest, False)


@pytest.mark.parametrize(
    "url",
    [
        "a.example",
        "//a.example",
        "javascript://a.example",
        "https://",
        "https:a.example",
        "https://a b.example",
        "https://a.example:99999",
        "https://a.example:x",
        "https://a\\b.example",
        "https://me\\@a.example",
        "https://ä.example",
        "https://a.example\n",
        "https://a.example\t.evil",
    ],
)
def test_what_readers_could_disagree_on_is_no_address(url: str) -> None:
    assert address(url) is None


def test_a_user_is_noticed_and_only_this_machine_goes_unencrypted() -> None:
    for url, user, encrypted in (
        ("https://me@a.example", True, True),
        ("https://@a.example", True, True),
        ("http://a.example", False, False),
        ("http://localhost:1", False, True),
    ):
        found = address(url)
        assert found
        assert (found.user_info, found.encrypted) == (user, encrypted)
