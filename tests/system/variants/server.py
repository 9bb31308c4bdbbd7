"""All variants on one loopback port, over real HTTP, each as strict as APIs are.

A parameter that is missing or written in another way is a 400, another token a 401, another ID a 404.
"""

import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

from tests import responses
from tests.server import Request, Response, Server
from tests.system.variants import truth
from tests.system.variants.requests import address
from tests.system.variants.responses import record, response_body
from tests.system.variants.variant import Variant
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
    """A running server for these variants; a context manager."""

    def __init__(self, variants: Iterable[Variant]) -> None:
        super().__init__(self._respond)
        self._places = {
            address(variant, dataset)[0]: (variant, dataset) for variant in variants for dataset in DATASETS
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


def _page(variant: Variant, dataset: DatasetName, given: dict[str, str], headers: Mapping[str, str]) -> bytes:
    if headers.get(variant.auth.header.lower()) != f"{variant.auth.scheme} {truth.TOKEN}".strip():
        raise Failure(401, "unauthorized")
    for name, value in address(variant, dataset)[1]:
        if given.pop(name, None) != value:
            raise Failure(404 if "{" in variant.path else 400, f"{name} is wrong")
    start, end = (_moment(variant, given.pop(name, "")) for name in variant.span)
    page, limit = (_number(given.pop(name, ""), name) for name in variant.paging)
    if given or not 1 <= limit <= LIMIT:
        raise Failure(400, f"unexpected: {', '.join(given) or 'limit'}")
    if variant.whole_last_day:
        end += timedelta(days=1) if variant.dates == "date" else timedelta(seconds=1)
    inside = [row for row in truth.rows(dataset) if start <= _at(row) < end]
    if variant.order == "newest first":
        inside.reverse()
    elif variant.order == "any":
        random.Random(variant.number).shuffle(inside)  # noqa: S311 - not for secrets
    place = _place(variant, page)
    size = min(limit, variant.most)
    records = [record(variant, dataset, row) for row in inside[place * size : (place + 1) * size]]
    return response_body(variant, records, page, len(inside))


def _place(variant: Variant, page: int) -> int:
    """Which page, from 0, is meant."""
    if page >= variant.base:
        return page - variant.base
    if variant.page_zero in {"400", "404"}:
        raise Failure(int(variant.page_zero), "there is no such page")
    return 0 if variant.page_zero == "as page 1" else 10**6


def _moment(variant: Variant, text: str) -> datetime:
    """A start or an end, in this API's one way of writing it."""
    wrong = Failure(400, f"wrong date format: {text}")
    if variant.dates in {"seconds", "milliseconds"}:
        if not (text.isdigit() and len(text) == (10 if variant.dates == "seconds" else 13)):
            raise wrong
        return datetime.fromtimestamp(int(text[:10]), UTC)
    try:
        found = datetime.strptime(text, FORMS[variant.dates])  # noqa: DTZ007 - one form in five has an offset
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
