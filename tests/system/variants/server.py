"""All shapes on one loopback port, over real HTTP, each as strict as APIs are: a parameter that is missing or
written in another way is a 400, another token a 401, another ID a 404.
"""

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

from tests import responses
from tests.server import Request, Response, Server
from tests.system.variants import truth
from tests.system.variants.asking import address
from tests.system.variants.shape import Shape
from tests.system.variants.writing import answer, record
from userlane.contract import DATASETS, DatasetName, DateFormat

LIMIT = 1000
FORMS: Mapping[DateFormat, str] = {
    "offset": "%Y-%m-%dT%H:%M:%S%z",
    "utc": "%Y-%m-%dT%H:%M:%SZ",
    "utc-milliseconds": "%Y-%m-%dT%H:%M:%S.000Z",
    "plain": "%Y-%m-%dT%H:%M:%S",
    "date": "%Y-%m-%d",
}


class Failure(Exception):
    """A request that is refused."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Variants(Server):
    """A running server for these shapes; a context manager."""

    def __init__(self, shapes: Iterable[Shape]) -> None:
        super().__init__(self._respond)
        self._places = {
            address(shape, dataset)[0]: (shape, dataset) for shape in shapes for dataset in DATASETS
        }

    def _respond(self, request: Request) -> Response:
        found = self._places.get(request.path)
        if found is None:
            return responses.status(404, says="not found")
        try:
            page = _page(*found, dict(request.parameters), request.headers)
        except Failure as failure:
            words = {"error": {"detail": failure.message}}
            return responses.document(responses.in_json(words), failure.status)
        return responses.document(page, 200, f"Date: {formatdate(usegmt=True)}")


def _page(shape: Shape, dataset: DatasetName, given: dict[str, str], headers: Mapping[str, str]) -> bytes:
    if headers.get(shape.auth.header.lower()) != f"{shape.auth.scheme} {truth.TOKEN}".strip():
        raise Failure(401, "unauthorized")
    for name, value in address(shape, dataset)[1]:
        if given.pop(name, None) != value:
            raise Failure(404 if "{" in shape.path else 400, f"{name} is wrong")
    start, end = (_moment(shape, given.pop(name, "")) for name in shape.span)
    page, limit = (_number(given.pop(name, ""), name) for name in shape.paging)
    if given or not 1 <= limit <= LIMIT:
        raise Failure(400, f"unexpected: {', '.join(given) or 'limit'}")
    if shape.whole_last_day:
        end += timedelta(days=1) if shape.dates == "date" else timedelta(seconds=1)
    inside = [row for row in truth.rows(dataset) if start <= _at(row) < end]
    if shape.order == "newest first":
        inside.reverse()
    elif shape.order == "any":
        random.Random(shape.number).shuffle(inside)  # noqa: S311 - not for secrets
    place = _place(shape, page)
    size = min(limit, shape.most)
    records = [record(shape, dataset, row) for row in inside[place * size : (place + 1) * size]]
    return answer(shape, records, page, len(inside))


def _place(shape: Shape, page: int) -> int:
    """Which page, from 0, is meant."""
    if page >= shape.base:
        return page - shape.base
    if shape.page_zero in {"400", "404"}:
        raise Failure(int(shape.page_zero), "there is no such page")
    return 0 if shape.page_zero == "as page 1" else 10**6


def _moment(shape: Shape, text: str) -> datetime:
    """A start or an end, in this API's one way of writing it."""
    wrong = Failure(400, f"wrong date format: {text}")
    if shape.dates in {"seconds", "milliseconds"}:
        if not (text.isdigit() and len(text) == (10 if shape.dates == "seconds" else 13)):
            raise wrong
        return datetime.fromtimestamp(int(text[:10]), UTC)
    try:
        found = datetime.strptime(text, FORMS[shape.dates])  # noqa: DTZ007 - one form in five has an offset
    except ValueError:
        raise wrong from None
    return found.replace(tzinfo=UTC)


def _number(text: str, name: str) -> int:
    if not text.isdigit():
        raise Failure(400, f"{name} is not a number")
    return int(text)


def _at(row: truth.Row) -> datetime:
    if "timestamp" in row:
        at: datetime = row["timestamp"]
        return at
    return datetime.combine(row["date"], datetime.min.time(), UTC)
