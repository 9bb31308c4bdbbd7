"""Records that are not as they should be, at each page: used exactly, or left out and counted."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from tests.responses import document, enveloped
from tests.server import Request, Response, Server
from tests.system.faults.faults import PATIENT, TOUCHED
from tests.system.faults.loads import Driver, fetching, is_refused, is_whole
from tests.system.faults.quirks import QUIRKS, Quirk, copied
from tests.system.faults.records import TWELVE_WEEKS as WEEKS
from tests.system.faults.records import Api, Record, exported, heart, nps, query, surveys, tags
from tests.system.faults.table import Notes, covers
from userlane.contract import DATASETS, DatasetName
from userlane.export import records_file

PAGES = range(1, 7)
CAPS: dict[DatasetName, int] = {"nps": 25, "surveys": 25, "heart": 5, "tags": 25}
LARGE = replace(PATIENT, page_bytes=64 * 2**20)


@cache
def held(dataset: DatasetName) -> list[Record]:
    """Six full pages."""
    made = {"nps": nps(150), "surveys": surveys(150), "heart": heart(30)}
    return made[dataset]


@pytest.mark.parametrize("quirk", QUIRKS, ids=str)
def test_a_quirk_at_any_page_is_used_exactly_or_counted(quirk: Quirk, notes: Notes) -> None:
    records, cap = held(quirk.dataset), CAPS[quirk.dataset]
    with notes.line(quirk.name) as line, fetching(LARGE) as fetcher:
        for page in PAGES:

            def override(request: Request, _: bytes, page: int = page) -> Response | None:
                if request.page != page:
                    return None
                changed = copied(records[(page - 1) * cap : page * cap])
                quirk.change(changed)
                return document(quirk.sent(changed))

            rows = exported(quirk.dataset, records)
            overridden: list[dict[str, Any]] = copied(rows[(page - 1) * cap : page * cap])
            quirk.kept(overridden)
            rows[(page - 1) * cap : page * cap] = overridden
            with Server(Api(records, cap, override)) as over:
                loaded = Driver(over, fetcher).load(query(quirk.dataset))
                found = is_whole(loaded, rows)
                assert found.state.refused == quirk.refused
                assert _refused(found) == sum(quirk.refused.values())
                assert len(loaded.requests) == len(PAGES) + 1
                told = f", {sum(quirk.refused.values())} told" if quirk.refused else ""
                line.add(len(loaded.requests), loaded.shown + told, page)


def _refused(found: Any) -> int:
    told: int = json.loads(records_file(found, "json"))["refused_rows"]
    return told


@covers("required field missing")
def test_three_of_a_thousand_records_without_a_field_are_counted(notes: Notes) -> None:
    records = nps(3000)

    def override(request: Request, _: bytes) -> Response | None:
        if request.page != 2:
            return None
        changed = copied(records[1000:2000])
        for place in (0, 499, 999):
            del changed[place]["score"]
        return document(enveloped(changed))

    with (
        notes.line("required field missing") as line,
        fetching() as fetcher,
        Server(Api(records, 1000, override)) as over,
    ):
        loaded = Driver(over, fetcher).load(query("nps"))
        kept = [record for place, record in enumerate(records) if place not in {1000, 1499, 1999}]
        found = is_whole(loaded, exported("nps", kept))
        assert found.state.refused == {"score missing": 3}
        line.add(len(loaded.requests), f"{loaded.shown}, 3 told", 2)


@covers("required field in no record")
def test_a_page_whose_records_all_lack_a_field_is_an_error_or_counted(notes: Notes) -> None:
    """On the first page nobody knows what the key is called; later it is the records that are wrong."""
    fault = TOUCHED[0]
    records = held("nps")
    with notes.line(fault.name) as line, fetching() as fetcher:
        for page in PAGES:

            def override(request: Request, body: bytes, page: int = page) -> Response | None:
                return fault.sent(body) if request.page == page else None

            with Server(Api(records, 25, override)) as over:
                loaded = Driver(over, fetcher).load(query("nps"))
                if page == 1:
                    is_refused(loaded, fault.error, fault.says)
                else:
                    found = is_whole(
                        loaded, exported("nps", [*records[: (page - 1) * 25], *records[page * 25 :]])
                    )
                    assert found.state.refused == {"score missing": 25}
                line.add(len(loaded.requests), loaded.shown, page)


MADE: dict[DatasetName, Any] = {
    "heart": heart,
    "nps": nps,
    "surveys": surveys,
    "tags": lambda rows: tags(WEEKS, 1)[:rows],
}


@covers("zero rows", "one row")
@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(("fault", "rows"), [("zero rows", 0), ("one row", 1)])
@pytest.mark.parametrize("bare", [False, True])
def test_hardly_any_rows_are_what_they_are(
    dataset: DatasetName, fault: str, rows: int, *, bare: bool, notes: Notes
) -> None:
    records = MADE[dataset](1)[:rows]
    wanted = query(dataset, WEEKS) if dataset == "tags" else query(dataset)

    def override(_: Request, body: bytes) -> Response | None:
        return document(json.dumps(json.loads(body)["data"]).encode()) if bare else None

    with notes.line(fault) as line, fetching() as fetcher, Server(Api(records, 25, override)) as over:
        loaded = Driver(over, fetcher).load(wanted)
        is_whole(loaded, exported(dataset, records))
        windows = 3 if dataset == "tags" else 1
        assert len(loaded.requests) == windows + rows
        line.add(len(loaded.requests), loaded.shown)
