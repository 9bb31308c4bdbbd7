"""How an API is spoken to. The defaults are an assumption: the vendor's wire reference is not public.

`Profile` is also the shape of the TOML file named by `USERLANE_API_PROFILE`.
"""

from typing import Literal

import msgspec

from userlane.contract.query import DatasetName

PAGE_LIMIT = 1000
"""The most records the API gives in one page."""


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the token travels: the header's name, and the word before the token (empty for none)."""

    header: str = "Authorization"
    scheme: str = "Bearer"


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One API: its URL, its parameters' names, where pages start, and the key of each canonical field."""

    url: str
    start: str = "startDate"
    end: str = "endDate"
    page: str = "page"
    limit: str = "limit"
    first_page: Literal["auto", 0, 1] = 1
    fields: dict[str, str] = {}


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The four routes and the way to authenticate."""

    auth: Auth = Auth()
    heart: Route = Route("{base_url}/v1/properties/{property_id}/heart")
    nps: Route = Route("{base_url}/v1/properties/{property_id}/nps")
    surveys: Route = Route("{base_url}/v1/properties/{property_id}/surveys/{survey_id}")
    tags: Route = Route("{base_url}/v1/properties/{property_id}/tags")

    def route(self, dataset: DatasetName) -> Route:
        """The route of one dataset."""
        route: Route = getattr(self, dataset)
        return route


ASSUMED = Profile()
"""The contract that is assumed until the user's own request teaches a better one."""
