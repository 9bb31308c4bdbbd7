"""Records as an API of some variant writes them, and the response around them."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from tests.system.variants.truth import Row
from tests.system.variants.variant import Variant
from userlane.contract import SCORES, DatasetName

COUNTED = frozenset({*SCORES, "users", "sessions", "score", "interactions"})
OPTIONAL = frozenset({*SCORES, "comment"})


def record(variant: Variant, dataset: DatasetName, row: Row) -> dict[str, Any]:
    """One row as a record, with a few keys that mean nothing here."""
    written: dict[str, Any] = {
        variant.key("npsId"): 77,
        variant.key("platform"): {variant.key("browserName"): "x"},
    }
    for name, path in variant.names[dataset].items():
        value = row[name]
        if value is None and name in OPTIONAL:
            if variant.absent == "left out":
                continue
            value = "" if variant.absent == "blank" else None
        else:
            value = _value(variant, name, value)
        *above, last = path
        place = written
        for key in above:
            place = place.setdefault(variant.key(key), {})
        place[variant.key(last)] = value
    return written


def _value(variant: Variant, name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(variant, value)
    if isinstance(value, date):
        if variant.dated or variant.time == "other offset":
            return value.isoformat()
        return moment(variant, datetime.combine(value, time(), UTC))
    if name in {"tag_id", "survey_id", "response_id"} and variant.numbers != "texts":
        return int(value)
    if name in COUNTED:
        return {"numbers": value, "texts": str(value), "floats": float(value)}[variant.numbers]
    return value


def moment(variant: Variant, at: datetime) -> str | int:
    """A time in this API's form."""
    if variant.time in {"seconds", "milliseconds"}:
        return int(at.timestamp()) * (1000 if variant.time == "milliseconds" else 1)
    if variant.time == "other offset":
        return at.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()
    text = at.strftime("%Y-%m-%d %H:%M:%S" if variant.time == "spaced" else "%Y-%m-%dT%H:%M:%S")
    return text + {"offset": "+00:00", "utc": "Z", "fractions": ".000Z"}.get(variant.time, "")


def response_body(variant: Variant, records: Sequence[Mapping[str, Any]], asked: int, total: int) -> bytes:
    """One page of `total` records as a whole response; `asked` is the page's number in the request."""
    document: Any = list(records)
    said = _declared(variant, len(records), asked, total)
    for depth, name in enumerate(reversed(variant.envelope)):
        document = {variant.key(name): document}
        if variant.place == ("above" if depth else "beside"):
            document |= said
    if variant.envelope and variant.place in {"meta", "pagination"}:
        document |= {variant.key(variant.place): said}
    return json.dumps(document, ensure_ascii=variant.number % 2 == 0).encode()


def _declared(variant: Variant, records: int, asked: int, total: int) -> dict[str, Any]:
    def number(value: int) -> Any:
        return {"numbers": value, "texts": str(value), "floats": float(value)}[variant.numbers]

    pages = -(-total // variant.most)
    names = (
        ("total", "totalPages", "hasMore")
        if variant.number % 2
        else ("totalCount", "pageCount", "hasNextPage")
    )
    all_of_it = dict(
        zip(names, (number(total), number(pages), max(0, asked - variant.base) + 1 < pages), strict=True)
    )
    wanted = {
        "nothing": (),
        "total": names[:1],
        "pages": names[1:2],
        "more": names[2:],
        "everything": names,
        "own count": ("count",),
    }[variant.declares]
    said = {name: value for name, value in {**all_of_it, "count": number(records)}.items() if name in wanted}
    return {variant.key(name): value for name, value in {"page": asked, **said}.items()}
