"""Every way to load ends with the rows that the server has. How long it takes is nobody's business here."""

import re
import sys
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from benchmarks import fetching, machine, peers
from benchmarks.server import PATH, YEAR, Records, serving

ROWS = 3_000


def page(base_url: str, start: date, end: date, number: int, limit: int = 1000) -> httpx.Response:
    asked = {"startDate": f"{start}T00:00:00+00:00", "endDate": f"{end}T00:00:00+00:00"}
    return httpx.get(base_url + PATH, params={**asked, "page": number, "limit": limit})


def unheard(_words: str) -> None:
    """Nobody listens."""


def test_a_window_holds_its_own_pages_and_no_key_occurs_twice() -> None:
    with serving(50_000) as api:
        start, end = date(2025, 3, 1), date(2025, 4, 1)
        records: list[dict[str, Any]] = []
        number = 1
        while found := page(api.base_url, start, end, number).json()["data"]:
            records += found
            number += 1
        assert api.counts()["records"] == len(records) == len(Records(50_000).between(start, end))
    assert {record["date"][:8] for record in records} == {"2025-03-"}
    keys = {(record["date"], record["tagId"], record["userId"]) for record in records}
    assert len(keys) == len(records)


def test_a_page_over_several_days_is_all_of_them() -> None:
    with serving(ROWS) as api:
        sizes = [len(page(api.base_url, *YEAR, number).json()["data"]) for number in (1, 2, 3, 4)]
    assert sizes == [1000, 1000, 1000, 0]


def test_a_year_of_many_records_needs_no_memory_for_each() -> None:
    records = Records(20_000_000)
    (part,) = records.page(range(19_999_000, 20_000_000))
    assert len(msgspec.json.decode(b"[" + bytes(part) + b"]")) == 1000


def test_what_is_not_asked_for_rightly_is_refused() -> None:
    with serving(ROWS) as api:
        assert httpx.get(api.base_url + PATH).status_code == 400


def test_more_at_once_than_allowed_are_told_off() -> None:
    with serving(ROWS, latency=0.5, in_flight=1) as api, httpx.Client() as client:
        import threading  # noqa: PLC0415

        answers: list[int] = []
        asking = [
            threading.Thread(target=lambda: answers.append(page(api.base_url, *YEAR, 1).status_code))
            for _ in range(3)
        ]
        for each in asking:
            each.start()
        for each in asking:
            each.join()
        assert sorted(answers) == [200, 429, 429]
        assert api.counts()["refused"] == 2
        assert client.get(api.base_url + PATH).status_code == 400


@pytest.mark.parametrize("way", [way for way in peers.WAYS if way != "reload"])
def test_each_way_ends_with_the_rows_that_the_server_has(way: str, tmp_path: Path) -> None:
    if way == "dlt":
        pytest.importorskip("dlt", reason="comes with requirements-bench.txt")
    with serving(ROWS) as api:
        found = peers.measured(way, api, tmp_path)
        assert api.counts()["records"] >= ROWS
    assert found["rows"] == ROWS
    assert found["seconds"] > 0
    assert 0 < found["base"] <= found["peak"]


def test_what_is_stored_is_opened_again() -> None:
    with serving(ROWS) as api:
        found = fetching.compared(api, ("load",), 4, unheard)
    assert found["reload reload_rows"] == found["reload again_rows"] == ROWS
    assert found["reload again_requests"] == 0


def test_other_rows_than_the_server_has_are_no_figure() -> None:
    with pytest.raises(RuntimeError, match=r"loop ended with 9 rows, and the server has 10\."):
        fetching.check("loop", 9, 10)


def test_a_way_that_breaks_off_says_why(tmp_path: Path) -> None:
    with serving(ROWS) as api:
        pass
    with pytest.raises(RuntimeError, match=r"load broke off: .*cannot be reached"):
        peers.measured("load", api, tmp_path)


def test_the_machine_is_told_in_one_line() -> None:
    said = machine.described()
    assert re.fullmatch(r"\d+ cores? \(.+\), \d+ GiB of memory, \w+ [\d.]+\w*, \w+", said)
    assert ".".join(map(str, sys.version_info[:3])) in said
