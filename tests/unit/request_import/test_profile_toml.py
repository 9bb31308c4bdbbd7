"""Lessons become one profile; the profile becomes TOML and comes back the same."""

import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from userlane.contract import ASSUMED, COLUMNS, DATASETS, Auth, DatasetName, DateFormat, Profile, Route
from userlane.errors import RequestUnusable
from userlane.request_import import ImportResult, assemble, find_shared_token, import_request, to_toml
from userlane.settings import Settings

TOKEN = "sentinel-4f2a-9c81"


def lesson(
    dataset: DatasetName, header: str = f"Authorization: {TOKEN}", rest: str = "page=0&size=10"
) -> ImportResult:
    url = f"https://api.userlane.com/v9/8mkyx/{dataset}/512?von=2026-04-01&bis=2026-05-01&{rest}"
    return import_request(f"curl '{url}' -H '{header}'", dataset, "8mkyx", "512")


def test_lessons_fill_their_routes_and_leave_the_others() -> None:
    profile = assemble([lesson("nps"), lesson("surveys")])
    assert profile.auth == Auth("Authorization", "")
    assert profile.nps.url == "https://api.userlane.com/v9/{property_id}/nps/512"
    assert profile.surveys.url == "https://api.userlane.com/v9/{property_id}/surveys/{survey_id}"
    assert (profile.heart, profile.tags) == (ASSUMED.heart, ASSUMED.tags)
    assert profile.origin == "https://api.userlane.com"


def test_a_profile_is_completed_and_keeps_its_field_names() -> None:
    fields = {"score": "note"}
    base = msgspec.structs.replace(
        assemble([lesson("heart")]), nps=msgspec.structs.replace(ASSUMED.nps, fields=fields)
    )
    profile = assemble([lesson("nps", header="Accept: */*")], base)
    assert (profile.heart, profile.auth) == (base.heart, base.auth)
    assert (profile.nps.fields, profile.nps.limit) == (fields, "size")


def test_lessons_that_do_not_agree_are_refused() -> None:
    with pytest.raises(RequestUnusable, match="two requests for NPS"):
        assemble([lesson("nps"), lesson("nps")])
    with pytest.raises(RequestUnusable, match="X-Api-Key") as caught:
        assemble([lesson("nps"), lesson("heart", header=f"X-Api-Key: {TOKEN}")])
    assert TOKEN not in str(caught.value)
    with pytest.raises(RequestUnusable, match="not settled"):
        assemble([lesson("nps", rest="x=3&y=4")])


def test_the_requests_token_is_the_one_they_share() -> None:
    token = find_shared_token([lesson("nps"), lesson("heart", header="Accept: */*")])
    assert token
    assert token.header("") == TOKEN
    assert find_shared_token([]) is None
    with pytest.raises(RequestUnusable, match="different tokens"):
        find_shared_token([lesson("nps"), lesson("heart", header="Authorization: other-0123456789")])


def test_the_file_holds_what_differs_and_the_way_to_authenticate() -> None:
    text = to_toml(assemble([lesson("nps")]), comment="Ours.\n\nSince May.")
    assert text.startswith("# Ours.\n#\n# Since May.\n\n[auth]\n")
    assert tomllib.loads(text) == {
        "auth": {"header": "Authorization", "scheme": ""},
        "nps": {
            "url": "https://api.userlane.com/v9/{property_id}/nps/512",
            "start": "von",
            "end": "bis",
            "page": "page",
            "limit": "size",
            "first_page": "auto",
            "dates": "date",
        },
    }
    assert TOKEN not in text
    assert list(tomllib.loads(to_toml(ASSUMED))) == ["auth"]


NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=" "), min_size=1, max_size=12
).filter(lambda name: name.isprintable() and name not in {"b", "c[]"})
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    routes: dict[str, Route] = {}
    for dataset in draw(st.sets(st.sampled_from(DATASETS))):
        names = draw(st.lists(NAMES, min_size=4, max_size=4, unique=True))
        canonical = [name for name in COLUMNS[dataset].names if name not in {"bucket", "tag_name"}]
        routes[dataset] = Route(
            draw(
                st.sampled_from(
                    ["{base_url}/x", "https://a.example/{property_id}/%7B?b={property_id}&c[]=d'e"]
                )
            ),
            names[0],
            names[1],
            names[2],
            names[3],
            draw(st.sampled_from(["auto", 0, 1])),
            draw(st.sampled_from(DateFormat.__args__)),  # type: ignore[attr-defined]  # a Literal's choices
            draw(st.dictionaries(st.sampled_from(canonical), KEYS, max_size=3)),
        )
    scheme = draw(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8))
    auth = Auth(draw(st.sampled_from(["Authorization", "X-Key"])), scheme)
    return msgspec.structs.replace(ASSUMED, auth=auth, **routes)


@given(profiles(), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_a_profile_comes_back_from_its_file_the_same(profile: Profile, comment: str) -> None:
    text = to_toml(profile, comment)
    assert msgspec.toml.decode(text.encode(), type=Profile) == profile


def test_the_file_is_all_that_a_deployment_needs(tmp_path: Path) -> None:
    """Without USERLANE_BASE_URL, the address comes from the profile."""
    file = tmp_path / "profile.toml"
    file.write_text(to_toml(assemble([lesson("nps")])), "utf-8")
    settings = Settings.read({"USERLANE_API_PROFILE": str(file), "USERLANE_TOKEN": TOKEN})
    assert settings.base_url == "https://api.userlane.com"
    assert settings.profile == assemble([lesson("nps")])
