"""One regular record of each dataset, and pages made of changed ones."""

from datetime import UTC, datetime
from typing import Any

from tests.stand_in import APRIL, as_json
from userlane.contract import DatasetName, Query
from userlane.decode import Decoder, Page

NINE = datetime(2026, 4, 1, 9, tzinfo=UTC)
GOOD: dict[DatasetName, dict[str, Any]] = {
    "heart": {"date": "2026-04-01", "heart": 71.4, "happiness": 66.0, "users": 5, "sessions": 9},
    "nps": {"id": 1, "userId": "u", "score": 9, "comment": "c", "timestamp": "2026-04-01T09:00:00Z"},
    "surveys": {"id": 1, "surveyId": 512, "userId": "u", "score": 4, "timestamp": "2026-04-01T09:00:00Z"},
    "tags": {"date": "2026-04-01", "tagId": 4711, "userId": "u", "interactions": 3},
}


def decode_second_page(records: list[Any], dataset: DatasetName = "nps", timezone: str = "UTC") -> Page:
    """Decode `records` as the page after a regular one."""
    decoder = Decoder(Query(dataset, "demo", APRIL, "512", timezone))
    decoder.decode(as_json([GOOD[dataset]]))
    return decoder.decode(as_json(records))


def one(dataset: DatasetName = "nps", **changes: Any) -> Page:
    return decode_second_page([{**GOOD[dataset], **changes}], dataset)


def reasons(page: Page) -> dict[str, int]:
    found: dict[str, int] = {}
    for (reason, _), count in page.refused.items():
        found[reason] = found.get(reason, 0) + count
    return found
