"""Environment variables become settings, or an error that names the variable."""

from pathlib import Path

import pytest

from userlane.contract import ASSUMED, Token
from userlane.errors import SettingsUnusable
from userlane.settings import Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.read({}) == Settings()
    assert Settings.read({"USERLANE_MAX_ROWS": " ", "USERLANE_BASE_URL": ""}) == Settings()


def test_every_variable_is_read_and_typed(tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text('[auth]\nheader = "X-Token"\nscheme = ""\n')
    settings = Settings.read(
        {
            "USERLANE_BASE_URL": "https://api.example.com/",
            "USERLANE_API_PROFILE": str(profile),
            "USERLANE_TOKEN": "  Bearer made-up ",
            "USERLANE_PROPERTIES": "8mkyx=Intranet, 4711",
            "USERLANE_MAX_ROWS": "5_000",
            "USERLANE_MAX_IN_FLIGHT": "8",
            "USERLANE_TIMEZONE": "Europe/Berlin",
            "USERLANE_SANDBOX": "off",
        }
    )
    assert settings.base_url == "https://api.example.com"
    assert settings.profile.auth.header == "X-Token"
    assert settings.profile.heart == ASSUMED.heart
    assert settings.token == Token("made-up")
    assert settings.properties == {"8mkyx": "Intranet", "4711": "4711"}
    assert (settings.max_rows, settings.max_in_flight) == (5000, 8)
    assert (settings.timezone, settings.sandbox) == ("Europe/Berlin", False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("BASE_URL", "api.example.com"),
        ("BASE_URL", "http://api.example.com"),
        ("BASE_URL", "https://user:word@api.example.com"),
        ("BASE_URL", "https://api.example.com/?a=b"),
        ("API_PROFILE", "/nowhere/profile.toml"),
        ("TOKEN", "täken"),
        ("PROPERTIES", "../etc=x"),
        ("MAX_ROWS", "many"),
        ("MAX_ROWS", "0"),
        ("MAX_IN_FLIGHT", "-1"),
        ("TIMEZONE", "../Berlin"),
        ("SANDBOX", "perhaps"),
    ],
)
def test_an_unusable_value_is_refused_with_its_variable_named(name: str, text: str) -> None:
    with pytest.raises(SettingsUnusable, match=f"USERLANE_{name}"):
        Settings.read({f"USERLANE_{name}": text})


@pytest.mark.parametrize("toml", ["[auth", "[hart]\nurl = 'x'", "[heart]\nstart = 's'"])
def test_a_profile_that_does_not_fit_is_refused(tmp_path: Path, toml: str) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text(toml)
    with pytest.raises(SettingsUnusable, match="USERLANE_API_PROFILE"):
        Settings.read({"USERLANE_API_PROFILE": str(profile)})


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:9"])
def test_loopback_may_go_unencrypted(url: str) -> None:
    assert Settings.read({"USERLANE_BASE_URL": url}).base_url == url


def test_the_token_is_not_in_the_settings_text() -> None:
    settings = Settings.read({"USERLANE_TOKEN": "made-up-4f2a"})
    assert "4f2a" not in repr(settings)


def test_a_connection_needs_an_address() -> None:
    with pytest.raises(SettingsUnusable, match="USERLANE_BASE_URL"):
        Settings().connection(Token("made-up"))
    assert Settings(base_url="https://a.example").connection(Token("x")).base_url == "https://a.example"
