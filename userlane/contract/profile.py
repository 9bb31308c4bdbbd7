"""The API profile: addresses, names of parameters, authentication header.

The defaults are an assumption, since the vendor's API reference is not public. `Profile` is also the form of
the TOML file named by `USERLANE_API_PROFILE`. Each struct checks its values: `ValueError` says what is wrong.
"""

import re
from typing import Literal
from urllib.parse import parse_qsl

import msgspec

from userlane.contract.columns import COLUMN_NAMES
from userlane.contract.hosts import Address, address
from userlane.contract.query import DATASETS, DatasetName, DateFormat

PAGE_LIMIT = 1000
"""The most records the API gives in one page."""

BASE_URL, PROPERTY_ID, SURVEY_ID = "{base_url}", "{property_id}", "{survey_id}"
"""The placeholders that a route's `url` may have."""

_BRACES = re.compile(r"\{[^{}]*\}|[{}]")
_REST = re.compile(r"(?:[/?][0-9A-Za-z._~%!$&'()*+,;=:@/?\[\]-]*)?")
_HEADER = re.compile(r"[0-9A-Za-z!#$%&'*+.^_`|~-]+")
_WORD = re.compile(r"[!-~]*")
_DERIVED = frozenset({"bucket", "tag_name"})


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header with the token: its name, and the word before the token ("" for none)."""

    header: str = "Authorization"
    scheme: str = "Bearer"

    def __post_init__(self) -> None:
        if not _HEADER.fullmatch(self.header):
            raise ValueError("header is not the name of an HTTP header")
        if not _WORD.fullmatch(self.scheme):
            raise ValueError("scheme is not one word, such as Bearer")


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One API: its URL, the names of its parameters, its first page, its date format, its fields' keys.

    `url` begins with `{base_url}` or is absolute. It may have `{property_id}`, `{survey_id}` and, after a
    `?`, fixed parameters. `fields` is canonical name → key.
    """

    url: str
    start: str = "startDate"
    end: str = "endDate"
    page: str = "page"
    limit: str = "limit"
    first_page: Literal["auto", 0, 1] = 1
    dates: DateFormat = "offset"
    fields: dict[str, str] = {}

    def __post_init__(self) -> None:
        query = _checked(self.url).partition("?")[2]
        names = [self.start, self.end, self.page, self.limit]
        if not all(name and name.isprintable() and " " not in name for name in names):
            raise ValueError("start, end, page and limit are the names of parameters, without spaces")
        if len({*names}) < len(names):
            raise ValueError("start, end, page and limit need four different names")
        for name, _ in parse_qsl(query, keep_blank_values=True):
            if name in names:
                raise ValueError(f"url already holds the parameter “{name}”")


def _checked(url: str) -> str:
    """Check a route's URL and return the part behind the host."""
    unknown = set(_BRACES.findall(url)) - {BASE_URL, PROPERTY_ID, SURVEY_ID}
    if unknown:
        raise ValueError(f"url holds {min(unknown)}; known are {BASE_URL}, {PROPERTY_ID} and {SURVEY_ID}")
    if url.startswith(BASE_URL):
        rest = url.removeprefix(BASE_URL)
    else:
        absolute = address(url)
        if absolute is None:
            raise ValueError(f"url is neither a web address nor begins with {BASE_URL}")
        if absolute.user_info:
            raise ValueError("url holds a user name")
        if not absolute.encrypted:
            raise ValueError("url is not encrypted: it must begin with https://")
        rest = absolute.rest
    if BASE_URL in rest:
        raise ValueError(f"url holds {BASE_URL} elsewhere than at its beginning")
    if not _REST.fullmatch(rest.replace(PROPERTY_ID, "").replace(SURVEY_ID, "") if rest[:1] in "/?" else "#"):
        raise ValueError("url holds signs that no address has, or lacks the / after the host")
    return rest


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The four routes and the way to authenticate."""

    auth: Auth = Auth()
    heart: Route = Route("{base_url}/v1/properties/{property_id}/heart")
    nps: Route = Route("{base_url}/v1/properties/{property_id}/nps")
    surveys: Route = Route("{base_url}/v1/properties/{property_id}/surveys/{survey_id}")
    tags: Route = Route("{base_url}/v1/properties/{property_id}/tags")

    def __post_init__(self) -> None:
        for dataset in DATASETS:
            route = self.route(dataset)
            known = set(COLUMN_NAMES[dataset]) - _DERIVED
            for name in route.fields.keys() - known:
                raise ValueError(f"{dataset} has no field “{name}”; it has {', '.join(sorted(known))}")
            if SURVEY_ID in route.url and dataset != "surveys":
                raise ValueError(f"{dataset} knows no {SURVEY_ID}")

    def route(self, dataset: DatasetName) -> Route:
        """Return the route of one dataset."""
        route: Route = getattr(self, dataset)
        return route

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The addresses of the absolute routes."""
        found = (address(self.route(dataset).url) for dataset in DATASETS)
        return tuple(each for each in found if each is not None)

    @property
    def origin(self) -> str | None:
        """The base URL of the profile's first absolute route; None if there is none."""
        return next((each.origin for each in self.addresses), None)


ASSUMED = Profile()
"""The assumed contract, used where no profile is given."""
