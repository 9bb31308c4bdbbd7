"""What is stored, asked and exported is all that was made."""

from datetime import UTC, datetime, time

import pytest

from benchmarks import exporting, generated, storing
from benchmarks.storing import DAYS
from userlane.contract import Query
from userlane.sandbox import serve
from userlane.sandbox.large import TagRecords

ROWS = 10_000


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    return storing.measured(ROWS)


def unheard(_words: str) -> None:
    """Nobody listens."""


def feed_and_month() -> tuple[TagRecords, Query]:
    return generated.records(ROWS), generated.latest(30)


def test_the_tables_are_the_records_that_a_sandbox_of_that_size_serves() -> None:
    feed, month = feed_and_month()
    start, end = (datetime.combine(day, time(), UTC) for day in (month.window.start, month.window.end))
    with serve(today=generated.today(), large_records=ROWS) as sandbox:
        sent = sandbox.data.records("large", "tags", start, end)
    made = generated.table(feed, month.window).to_pylist()
    assert len(made) == len(sent) > 0
    assert [
        (row["date"].isoformat(), row["tag_id"], row["user_id"], row["interactions"]) for row in made
    ] == [(row["date"], str(row["tagId"]), row["userId"], row["interactions"]) for row in sent]


def test_all_rows_are_stored_and_opened_and_every_metric_is_timed(figures: dict[str, float]) -> None:
    assert figures["rows"] == figures["rows 365"] == ROWS
    assert 0 < figures["rows 30"] < ROWS
    assert figures["disk MB"] > 0
    timed = {name.removesuffix(" 30") for name in figures if name.endswith(" 30")}
    assert timed == {name.removesuffix(" 365") for name in figures if name.endswith(" 365")}
    assert {"open", "totals", "adoption", "trend by week", "cumulative", "heaviest"} <= timed


def test_each_size_is_a_section(monkeypatch: pytest.MonkeyPatch, figures: dict[str, float]) -> None:
    monkeypatch.setattr(storing, "measured", lambda _rows, _users=0: figures | {"text": figures["write"] / 2})
    small, large, largest, many_users = storing.stores(ROWS, 2, unheard)
    assert "10k" in small.title
    assert "300k" in largest.title
    assert [row.target for row in large.rows if row.target] == ["≤ 1.3 ×"]
    assert all(str(days) in "".join(row.measured for row in small.rows) for days in DAYS)
    assert "1M users" in many_users.title
    assert {row.ratio for row in many_users.rows} == {"2.0 × plain text"}


def test_records_of_many_users_are_written_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "DAYS", 3)
    figures = storing.written(300, 50)
    assert min(figures["write"], figures["text"], figures["peak MB"]) > 0


def test_both_files_hold_all_records() -> None:
    section = exporting.exports(ROWS, 1, unheard)
    assert exporting.compared(ROWS)["ours rows"] == ROWS
    assert [bool(row.target) for row in section.rows] == [False, True]
