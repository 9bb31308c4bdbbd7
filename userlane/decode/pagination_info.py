"""Reads what a response says beside its records: total, number of pages, whether more pages follow."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from userlane.contract.pagination import PaginationInfo
from userlane.decode.fields import normalise_key

Role = Literal["total", "count", "pages", "more", "last"]
"""What a value means. `count` may be the total or the number of records on the page; `last` is not `more`."""

PaginationKey = tuple[Role, tuple[str, ...]]
"""What a value means, and its key path from the top of the response."""

_NAMES: Mapping[str, Role] = {
    **dict.fromkeys(
        (
            "total",
            "totalcount",
            "totalrecords",
            "totalresults",
            "totalitems",
            "totalelements",
            "totalrows",
            "totalentries",
            "totalhits",
        ),
        "total",
    ),
    **dict.fromkeys(("count", "recordcount", "resultcount", "numberofrecords"), "count"),
    **dict.fromkeys(("totalpages", "pagecount", "numberofpages", "pagestotal", "pages"), "pages"),
    **dict.fromkeys(
        ("hasmore", "hasnext", "hasnextpage", "hasmorepages", "hasmorerecords", "moreavailable", "more"),
        "more",
    ),
    **dict.fromkeys(("islast", "islastpage", "lastpage", "last"), "last"),
}
_CONTAINERS = frozenset({"meta", "metadata", "pagination", "paging", "page", "pageinfo"})
_ORDER: tuple[Role, ...] = ("total", "count", "pages", "more", "last")
_MOST = 10**12
_MAX_KEYS = 100


def find_pagination_keys(document: Any, envelope: tuple[str, ...]) -> tuple[PaginationKey, ...]:
    """Find the keys that may hold pagination information, the most reliable first.

    They are looked for at every level above the records, and there also in `meta`, `pagination` and the like.
    `envelope` is the key path of the list of records.

    >>> find_pagination_keys({"meta": {"totalCount": 7}, "data": []}, ("data",))
    (('total', ('meta', 'totalCount')),)
    """
    found: list[PaginationKey] = []
    above: tuple[str, ...] = ()
    for key in (*envelope, None):
        if not isinstance(document, dict):
            break
        found += _find_beside(document, above, 2)
        if key is not None:
            above, document = (*above, key), document[key]
    return tuple(sorted(found, key=lambda declaration: _ORDER.index(declaration[0])))[:_MAX_KEYS]


def _find_beside(level: Mapping[str, Any], above: tuple[str, ...], depth: int) -> Iterator[PaginationKey]:
    for key, value in level.items():
        name = normalise_key(key)
        if isinstance(value, dict):
            if depth and name in _CONTAINERS:
                yield from _find_beside(value, (*above, key), depth - 1)
        elif name in _NAMES and not isinstance(value, list):
            yield _NAMES[name], (*above, key)


def read_pagination(values: Iterable[tuple[Role, Any]], records: int) -> PaginationInfo:
    """Interpret the values found under the pagination keys of a page that has `records` records.

    A `count` equal to `records` counts the page itself. A total that is smaller than `records` is ignored.

    >>> read_pagination([("count", 7), ("last", True)], records=7)
    PaginationInfo(total=None, pages=None, more=False, own=True)
    """
    own = False
    total = pages = None
    more: bool | None = None
    for role, value in values:
        match role:
            case "total" | "count":
                number = _parse_count(value)
                if role == "count" and number == records:
                    own = True
                elif total is None and number is not None and number >= records:
                    total = number
            case "pages":
                number = _parse_count(value)
                if pages is None and number is not None and (number or not records):
                    pages = number
            case "more" if more is None:
                more = _parse_flag(value, numbers=True)
            case "last" if more is None and (last := _parse_flag(value, numbers=False)) is not None:
                more = not last
    return PaginationInfo(total, pages, more, own)


def _parse_count(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST:
        return None
    return int(value) if value == int(value) else None


def _parse_flag(value: Any, *, numbers: bool) -> bool | None:
    """Parse yes or no. `numbers`: whether a number counts as one, as in "more: 3" but not in "last: 3"."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    if isinstance(value, bool) or (numbers and isinstance(value, int)):
        return bool(value)
    return None
