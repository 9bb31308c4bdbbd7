"""Environment variables become settings, or an error that names the variable."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from platformdirs import user_cache_path

from userlane.contract import ASSUMED, Profile, Route, Token
from userlane.contract.storage_url import parse_storage_url
from userlane.errors import SettingsUnusable
from userlane.settings import Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert replace(Settings.read({}), store=None) == Settings()
    assert Settings.read({"USERLANE_MAX_ROWS": " ", "USERLANE_BASE_URL": ""}) == Settings.read({})


def test_rows_are_stored_in_the_users_cache_folder_in_another_or_in_none(tmp_path: Path) -> None:
    assert Settings.read({}).store == user_cache_path("userlane", appauthor=False)
    assert Settings.read({"USERLANE_STORE": str(tmp_path)}).store == tmp_path
    assert Settings.read({"USERLANE_STORE": "None"}).store is None
    assert Settings.read({}).store_shared is False
    assert Settings.read({"USERLANE_STORE_SHARED": "on"}).store_shared is True
    assert Settings.read({"USERLANE_STORE": "file:///srv/my%20rows"}).store == Path("/srv/my rows")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("s3://rows", "s3://rows"),
        ("s3://made:up%2Fkey@rows/a/b/?region=eu-central-1&scheme=http", "s3://rows/a/b"),
        ("gcs://rows/a", "gs://rows/a"),
        ("abfs://container@account.dfs.core.windows.net/a", "abfs://container/a"),
        ("abfss://container:made%2Fup@account.blob.core.windows.net", "abfs://container"),
    ],
)
def test_rows_are_stored_in_a_bucket_whose_address_is_not_in_any_text(url: str, name: str) -> None:
    settings = Settings.read({"USERLANE_STORE": url, "USERLANE_STORE_CACHE": "/var/cache/rows"})
    assert (settings.store, settings.store_url, settings.store_cache) == (None, url, Path("/var/cache/rows"))
    assert "made" not in repr(settings)
    found = parse_storage_url(url)
    assert found.name == name
    assert "made" not in repr(found)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://made:up@example.com/rows", "“ftp://” is no storage"),
        ("s3:///rows", "the name of the bucket is missing"),
        ("s3://made:up@/rows", "the name of the bucket is missing"),
        ("s3://made@rows", "of key and secret there is only one"),
        ("s3://made:up@rows?reigon=x", "the option “reigon” is unknown"),
        ("s3://made:up@rows?scheme=ftp", "neither http nor https"),
        ("s3://made:up#x@rows/a", "there is a #"),
        ("s3://made:up@[rows", "no address"),
        ("abfs://account.dfs.core.windows.net/made", "the name of the bucket is missing"),
        ("abfs://container:made@account/rows", "names no account"),
        ("abfs://made@account.dfs.core.windows.net/rows?scheme=http", "takes a key only"),
        ("file://made.example/rows", "no folder of this machine"),
        ("file:///", "no folder of this machine"),
    ],
)
def test_an_address_of_no_bucket_is_refused_in_a_sentence_that_repeats_no_password(
    url: str, said: str
) -> None:
    with pytest.raises(SettingsUnusable, match=f"^USERLANE_STORE: .*{said}") as caught:
        Settings.read({"USERLANE_STORE": url})
    assert "made" not in str(caught.value) + caught.value.next_step


def test_an_address_of_azure_names_its_container_account_and_service() -> None:
    found = parse_storage_url("abfs://container:k%2Fy@account.blob.core.windows.net/a/b")
    assert (found.bucket, found.prefix, found.password) == ("container", "a/b", "k/y")
    assert found.options == {
        "account_name": "account",
        "blob_storage_authority": ".blob.core.windows.net",
        "blob_storage_scheme": "https",
        "dfs_storage_authority": ".dfs.core.windows.net",
        "dfs_storage_scheme": "https",
    }
    local = "abfs://container:key@account.dfs.core.windows.net?scheme=http&endpoint_override=127.0.0.1:10000"
    assert parse_storage_url(local).options["dfs_storage_authority"] == "127.0.0.1:10000"


def test_every_variable_is_read_and_typed(tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text('[auth]\nheader = "X-Token"\nscheme = ""\n')
    settings = Settings.read(
        {
            "USERLANE_BASE_URL": "https://api.example.com/",
            "USERLANE_API_PROFILE": str(profile),
            "USERLANE_ALLOWED_HOSTS": "api.example.com, *.Userlane.com,",
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
    assert settings.allowed_hosts == ("api.example.com", "*.userlane.com")
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
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "*.com"),
        ("ALLOWED_HOSTS", "api.*.com"),
        ("ALLOWED_HOSTS", "https://api.example.com"),
        ("ALLOWED_HOSTS", "api.example.com:443"),
        ("PUBLIC_HOSTS", "https://dash.example"),
        ("PUBLIC_HOSTS", "dash.example/analytics"),
        ("PUBLIC_HOSTS", "*.dash.example"),
        ("PUBLIC_HOSTS", "dash.example:99999"),
        ("TOKEN", "täken"),
        ("PROPERTIES", "../etc=x"),
        ("MAX_ROWS", "many"),
        ("MAX_ROWS", "0"),
        ("MAX_IN_FLIGHT", "-1"),
        ("TIMEZONE", "../Berlin"),
        ("SANDBOX", "perhaps"),
        ("ENGINE", "spark"),
        ("ENGINE", "spark://master:7077"),
        ("ENGINE", "sc://host:15002/path"),
        ("ENGINE", "sc://host:15002/;token"),
    ],
)
def test_an_unusable_value_is_refused_with_its_variable_named(name: str, text: str) -> None:
    with pytest.raises(SettingsUnusable, match=f"USERLANE_{name}"):
        Settings.read({f"USERLANE_{name}": text})


@pytest.mark.parametrize(
    ("toml", "line", "reason"),
    [
        ("[auth", "line 1", "expected ']'"),
        ("[auth]\nheader = Bearer", "line 2", "invalid value"),
        ("[nps]\nurl = 'x", "line 2", "illegal character|unterminated|expected"),
        ("[hart]\nurl = 'x'", "line 1", "unknown key “hart”, perhaps heart was meant"),
        ("[auth]\n\nheader = 'X'\nkey = 'k'", "line 4", "unknown key “key”, known are header, scheme"),
        ("[nps]\nurl = '{base_url}'\n\nlimits = 'l'", "line 4", "perhaps limit was meant"),
        ("[heart]\nstart = 's'", "line 1", "missing required field url"),
        ("[nps]\nurl = '{base_url}'\n[heart]\nurl = 5", "line 4", "Expected str, got int"),
        ("[nps]\nurl = '{base_url}'\nfirst_page = 7", "line 3", "7"),
        ("[nps]\nstart = 'a'\nurl = '{base}/x'", "line 3", "{base}"),
        ("[nps]\nurl = '{base_url}'\nend = 'page'", "line 3|line 1", "four different names"),
        ("[auth]\nheader = 'X'\nscheme = 'a b'", "line 3", "one word"),
        ("[nps]\nurl = '{base_url}'\n[nps.fields]\nscore = 'a'\nscor = 'b'", "line 5", "no field “scor”"),
        ("[nps]\nurl = '{base_url}'\nfields = {scor = 'b'}", "line 3", "no field “scor”"),
        ("nps.url = '{base_url}'\nnps.ende = 'x'", "line 2", "perhaps end was meant"),
        ("[nps]\nurl = 'http://api.userlane.com/x'", "line 2", "not encrypted"),
    ],
)
def test_a_broken_profile_is_refused_with_file_line_and_reason(
    tmp_path: Path, toml: str, line: str, reason: str
) -> None:
    for line_end in ("\n", "\r\n"):
        with pytest.raises(SettingsUnusable) as caught:
            Settings.read(mounted(tmp_path, toml.replace("\n", line_end)))
        assert re.match(
            rf"USERLANE_API_PROFILE: profile\.toml, ({line}): .*({re.escape(reason)}|{reason})",
            caught.value.cause,
        )


def mounted(folder: Path, toml: str, **settings: str) -> dict[str, str]:
    """An environment with this profile."""
    file = folder / "profile.toml"
    file.write_bytes(toml.encode())
    return {"USERLANE_API_PROFILE": str(file), **settings}


def test_a_profile_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "profile.toml"
    file.write_bytes(b"\xff\xfe[\x00")
    with pytest.raises(SettingsUnusable, match=r"profile\.toml is not text in UTF-8"):
        Settings.read({"USERLANE_API_PROFILE": str(file)})


def test_a_profile_saved_by_an_editor_of_windows_is_read(tmp_path: Path) -> None:
    settings = Settings.read(mounted(tmp_path, "\ufeff[auth]\r\nscheme = ''\r\n"))
    assert settings.profile.auth.scheme == ""


def test_a_profile_with_whole_addresses_needs_no_base_url(tmp_path: Path) -> None:
    toml = "[nps]\nurl = 'https://eu.api.userlane.com:8443/nps/{property_id}'"
    settings = Settings.read(mounted(tmp_path, toml))
    assert settings.base_url == "https://eu.api.userlane.com:8443"
    own = Settings.read(mounted(tmp_path, toml, USERLANE_BASE_URL="https://api.userlane.com"))
    assert own.base_url == "https://api.userlane.com"


def test_a_profile_leads_to_allowed_hosts_only(tmp_path: Path) -> None:
    toml = "[nps]\nurl = 'https://gateway.example/nps/{property_id}'"
    with pytest.raises(SettingsUnusable, match=r"gateway\.example .*USERLANE_ALLOWED_HOSTS"):
        Settings.read(mounted(tmp_path, toml))
    for name, value in (
        ("ALLOWED_HOSTS", "*.x.example,gateway.example"),
        ("BASE_URL", "https://gateway.example"),
    ):
        assert Settings.read(mounted(tmp_path, toml, **{f"USERLANE_{name}": value})).base_url
    local = "[nps]\nurl = 'http://127.0.0.1:9/nps/{property_id}'"
    assert Settings.read(mounted(tmp_path, local)).base_url == "http://127.0.0.1:9"


def test_the_names_visitors_know_the_server_by_may_have_ports() -> None:
    hosts = Settings.read(
        {"USERLANE_PUBLIC_HOSTS": "Dash.example, dash.example:8443,10.0.0.7,[::1]:8501,"}
    ).public_hosts
    assert hosts == ("dash.example", "dash.example:8443", "10.0.0.7", "[::1]:8501")


def test_a_pasted_request_may_name_the_allowed_hosts_and_the_configured_one() -> None:
    assert Settings().hosts == ("*.userlane.com",)
    settings = Settings(base_url="https://api.example.com:8443/x", allowed_hosts=("a.example",))
    assert settings.hosts == ("a.example", "api.example.com")
    assert [settings.host_allowed(host) for host in ("a.example", "api.example.com", "x.userlane.com")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("listens", "public", "allowed"),
    [
        ("localhost", "", True),
        ("::1", "", True),
        (None, "", False),
        ("0.0.0.0", "", False),  # noqa: S104 - that is the question
        ("dash.example", "", False),
        ("127.0.0.1", "dash.example", False),
    ],
)
def test_this_machine_may_be_named_only_where_nobody_else_can_paste(
    listens: str | None, public: str, *, allowed: bool
) -> None:
    """Elsewhere a visitor could make the server ask what only the server can reach; the operator may."""
    settings = Settings.read({"USERLANE_PUBLIC_HOSTS": public}, listens=listens)
    assert {settings.host_allowed(host) for host in ("127.0.0.1", "localhost", "::1")} == {allowed}
    own = Settings.read({"USERLANE_BASE_URL": "http://127.0.0.1:9"}, listens=listens)
    assert own.host_allowed("127.0.0.1")


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


def test_a_learned_profile_brings_its_address_along() -> None:
    learned = Profile(nps=Route("https://api.userlane.com/nps/{property_id}"))
    connection = Settings().connection(Token("made-up"), learned)
    assert (connection.base_url, connection.profile) == ("https://api.userlane.com", learned)
    configured = Settings(base_url="https://a.example").connection(Token("made-up"), learned)
    assert configured.base_url == "https://a.example"


def test_the_engine_is_an_address_whose_token_is_never_repeated() -> None:
    assert Settings.read({}).engine is None
    assert Settings.read({"USERLANE_ENGINE": "DuckDB"}).engine is None
    for text in (
        "sc://localhost",
        "sc://[::1]:15002",
        "sc://spark.example.com:443/;use_ssl=true;token=t-4711",
    ):
        settings = Settings.read({"USERLANE_ENGINE": text})
        assert settings.engine == text
        assert "4711" not in repr(settings)
    with pytest.raises(SettingsUnusable) as caught:
        Settings.read({"USERLANE_ENGINE": "sc://host:port/;token=t-4711"})
    assert "4711" not in str(caught.value)
