"""What an answer says beside its records: how many there are, on how many pages, whether more follow."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from userlane.decode.fields import plain

Role = Literal["total", "count", "pages", "more", "last"]
"""`count` may be the page's own; `last` is the opposite of `more`."""

Declaration = tuple[Role, tuple[str, ...]]
"""What is said, and the keys that lead there from the top of the answer."""

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
_PLACES = frozenset({"meta", "metadata", "pagination", "paging", "page", "pageinfo"})
_ORDER: tuple[Role, ...] = ("total", "count", "pages", "more", "last")
_MOST = 10**12


@dataclass(frozen=True, slots=True)
class Declared:
    """What an answer says of all that was asked for; None where it says nothing usable. `own` is set when it
    counts its own records right, which may be all of them.
    """

    total: int | None = None
    pages: int | None = None
    more: bool | None = None
    own: bool = False

    @property
    def ends(self) -> bool:
        """Whether it says how much there is, or that nothing follows."""
        return self.total is not None or self.more is False


NOTHING = Declared()


def declarations(document: Any, envelope: tuple[str, ...]) -> tuple[Declaration, ...]:
    """Where an answer may declare something: beside its records, at every level above them, and in `meta`,
    `pagination` and the like there. The likelier meaning comes first.

    >>> declarations({"meta": {"totalCount": 7}, "data": []}, ("data",))
    (('total', ('meta', 'totalCount')),)
    """
    found: list[Declaration] = []
    above: tuple[str, ...] = ()
    for key in (*envelope, None):
        if not isinstance(document, dict):
            break
        found += _beside(document, above, 2)
        if key is not None:
            above, document = (*above, key), document[key]
    return tuple(sorted(found, key=lambda declaration: _ORDER.index(declaration[0])))


def _beside(level: Mapping[str, Any], above: tuple[str, ...], depth: int) -> Iterator[Declaration]:
    for key, value in level.items():
        name = plain(key)
        if isinstance(value, dict):
            if depth and name in _PLACES:
                yield from _beside(value, (*above, key), depth - 1)
        elif name in _NAMES and not isinstance(value, list):
            yield _NAMES[name], (*above, key)


def declared(said: Iterable[tuple[Role, Any]], records: int) -> Declared:
    """What this means on a page of so many records.

    A `count` of just these records is the page's own; a total or number of pages too small for them means
    something else.

    >>> declared([("count", 7), ("last", True)], records=7)
    Declared(total=None, pages=None, more=False, own=True)
    """
    own = False
    total = pages = None
    more: bool | None = None
    for role, value in said:
        match role:
            case "total" | "count":
                number = _whole(value)
                if role == "count" and number == records:
                    own = True
                elif total is None and number is not None and number >= records:
                    total = number
            case "pages":
                number = _whole(value)
                if pages is None and number is not None and (number or not records):
                    pages = number
            case "more" if more is None:
                more = _flag(value, numbers=True)
            case "last" if more is None and (last := _flag(value, numbers=False)) is not None:
                more = not last
    return Declared(total, pages, more, own)


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST:
        return None
    return int(value) if value == int(value) else None


def _flag(value: Any, *, numbers: bool) -> bool | None:
    """`numbers`: whether a number is an answer, as it is to “how many more?” but not to “which is last?”."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    if isinstance(value, bool) or (numbers and isinstance(value, int)):
        return bool(value)
    return None
