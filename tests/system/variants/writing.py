"""Rows as an API of some shape writes them: records, and the answer around them."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

from tests.system.variants.shape import Shape
from tests.system.variants.truth import Row
from userlane.contract import SCORES, DatasetName

COUNTED = frozenset({*SCORES, "users", "sessions", "score", "interactions"})
OPTIONAL = frozenset({*SCORES, "comment"})


def record(shape: Shape, dataset: DatasetName, row: Row) -> dict[str, Any]:
    """One row as a record, with a few keys that mean nothing here."""
    written: dict[str, Any] = {shape.key("npsId"): 77, shape.key("platform"): {shape.key("browserName"): "x"}}
    for name, path in shape.names[dataset].items():
        value = row[name]
        if value is None and name in OPTIONAL:
            if shape.absent == "left out":
                continue
            value = "" if shape.absent == "blank" else None
        else:
            value = _value(shape, name, value)
        *above, last = path
        place = written
        for key in above:
            place = place.setdefault(shape.key(key), {})
        place[shape.key(last)] = value
    return written


def _value(shape: Shape, name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(shape, value)
    if isinstance(value, date):
        if shape.dated or shape.time == "other offset":
            return value.isoformat()
        return moment(shape, datetime.combine(value, time(), UTC))
    if name in {"tag_id", "survey_id", "response_id"} and shape.numbers != "texts":
        return int(value)
    if name in COUNTED:
        return {"numbers": value, "texts": str(value), "floats": float(value)}[shape.numbers]
    return value


def moment(shape: Shape, at: datetime) -> str | int:
    """A time in this API's form."""
    if shape.time in {"seconds", "milliseconds"}:
        return int(at.timestamp()) * (1000 if shape.time == "milliseconds" else 1)
    if shape.time == "other offset":
        return at.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat()
    text = at.strftime("%Y-%m-%d %H:%M:%S" if shape.time == "spaced" else "%Y-%m-%dT%H:%M:%S")
    return text + {"offset": "+00:00", "utc": "Z", "fractions": ".000Z"}.get(shape.time, "")


def answer(shape: Shape, records: Sequence[Mapping[str, Any]], asked: int, total: int) -> bytes:
    """One page of `total` records as a whole answer; `asked` is the page's number in the request."""
    document: Any = list(records)
    said = _declared(shape, len(records), asked, total)
    for depth, name in enumerate(reversed(shape.envelope)):
        document = {shape.key(name): document}
        if shape.place == ("above" if depth else "beside"):
            document |= said
    if shape.envelope and shape.place in {"meta", "pagination"}:
        document |= {shape.key(shape.place): said}
    return json.dumps(document, ensure_ascii=shape.number % 2 == 0).encode()


def _declared(shape: Shape, records: int, asked: int, total: int) -> dict[str, Any]:
    def number(value: int) -> Any:
        return {"numbers": value, "texts": str(value), "floats": float(value)}[shape.numbers]

    pages = -(-total // shape.most)
    names = (
        ("total", "totalPages", "hasMore") if shape.number % 2 else ("totalCount", "pageCount", "hasNextPage")
    )
    all_of_it = dict(
        zip(names, (number(total), number(pages), max(0, asked - shape.base) + 1 < pages), strict=True)
    )
    wanted = {
        "nothing": (),
        "total": names[:1],
        "pages": names[1:2],
        "more": names[2:],
        "everything": names,
        "own count": ("count",),
    }[shape.declares]
    said = {name: value for name, value in {**all_of_it, "count": number(records)}.items() if name in wanted}
    return {shape.key(name): value for name, value in {"page": asked, **said}.items()}
