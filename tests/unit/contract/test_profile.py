"""Profiles check themselves, so that what they send a token to is what was meant."""

import msgspec
import pytest

from userlane.contract import ASSUMED, Auth, Profile, Route


@pytest.mark.parametrize(
    "url",
    [
        "{base_url}",
        "{base_url}/v1/{property_id}/nps?app={property_id}&format=json",
        "{base_url}?x=1",
        "https://api.userlane.com",
        "https://api.userlane.com:8443/%7Bx%7D/(a;b)/@me/{survey_id}.json?a[]=1&b='c'&d=e/f?g",
        "http://127.0.0.1:9/x",
        "http://[::1]:9/x",
        "http://localhost/x",
    ],
)
def test_an_address_may_be_relative_or_absolute_with_fixed_parameters(url: str) -> None:
    assert Route(url).url == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "neither a web address"),
        ("/v1/nps", "neither a web address"),
        ("ftp://api.userlane.com/x", "neither a web address"),
        ("https:///x", "neither a web address"),
        ("https://evil.example\\@api.userlane.com/", "neither a web address"),
        ("https://{property_id}.userlane.com/x", "neither a web address"),
        ("https://me:word@api.userlane.com/x", "user name"),
        ("http://api.userlane.com/x", "not encrypted"),
        ("{base_url}.evil.example/x", "signs"),
        ("{base_url}@evil.example/x", "signs"),
        ("https://api.userlane.com/{base_url}", "elsewhere"),
        ("{base_url}/{propertyId}", "{propertyId}"),
        ("{base_url}/{property_id", "holds {"),
        ("{base_url}/a b", "signs"),
        ("{base_url}/a#b", "signs"),
        ("{base_url}/ä", "signs"),
        ("{base_url}/a\nb", "signs"),
        ("{base_url}/x?page=3", "page"),
        ("{base_url}/x?start%44ate=", "startDate"),
    ],
)
def test_an_address_that_could_mislead_is_refused(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match="url") as caught:
        Route(url)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "names", [("a", "a", "p", "l"), ("", "b", "p", "l"), ("a b", "b", "p", "l"), ("a\n", "b", "p", "l")]
)
def test_parameters_need_four_names(names: tuple[str, str, str, str]) -> None:
    with pytest.raises(ValueError, match="start, end, page and limit"):
        Route("{base_url}", *names)


@pytest.mark.parametrize(
    "auth", [("Bad Header", "x"), ("", "x"), ("A:b", "x"), ("A", "two words"), ("A", "ä"), ("A\r\nB", "")]
)
def test_a_header_that_could_not_travel_is_refused(auth: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"header|scheme"):
        Auth(*auth)


def test_field_names_are_those_of_the_dataset() -> None:
    fields = {"response_id": "a", "user_id": "user.name", "score": "c", "comment": "d", "timestamp": "e"}
    assert Profile(nps=Route("{base_url}", fields=fields)).nps.fields == fields
    for wrong in ("bucket", "interactions", "scor"):
        with pytest.raises(ValueError, match=f"nps has no field “{wrong}”"):
            Profile(nps=Route("{base_url}", fields={wrong: "x"}))


def test_only_surveys_know_a_survey() -> None:
    with pytest.raises(ValueError, match="heart"):
        Profile(heart=Route("{base_url}/{survey_id}"))


def test_unknown_keys_and_values_are_refused_when_a_file_is_read() -> None:
    for toml in (
        "x = 1",
        "[nps]\nurl = '{base_url}'\nlimits = 'l'",
        "[nps]\nurl = '{base_url}'\ndates = 'american'",
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.toml.decode(toml.encode(), type=Profile)


def test_the_first_absolute_route_is_where_a_profile_leads() -> None:
    assert ASSUMED.origin is None
    profile = Profile(nps=Route("https://B.example:8443/x"), tags=Route("https://c.example"))
    assert profile.origin == "https://b.example:8443"
    assert [address.host for address in profile.addresses] == ["b.example", "c.example"]
