"""Walking the pages gives every record once, in order."""

from datetime import UTC, date, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from tests.unit.sandbox.conftest import EVER, TODAY, Ask, Walk, apis, path
from userlane.contract import DatasetName
from userlane.sandbox import Record, SampleData, Sandbox, sample_data


@pytest.mark.parametrize(("property_id", "dataset", "survey_id"), apis())
def test_walking_to_the_end_gives_exactly_the_truth(
    sandbox: Sandbox, walk: Walk, property_id: str, dataset: DatasetName, survey_id: str | None
) -> None:
    window = (datetime(2026, 4, 20, tzinfo=UTC), EVER[1]) if dataset == "tags" else EVER
    assert walk(path(property_id, dataset, survey_id), *window) == sandbox.data.records(
        property_id, dataset, *window, survey_id
    )


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_any_limit_gives_the_same_records(sandbox: Sandbox, walk: Walk, limit: int) -> None:
    """Seven answers: also when they are an exact multiple of the limit."""
    truth = sandbox.data.records("small", "nps", *EVER)
    assert len(truth) == 7
    assert walk(path("small", "nps"), *EVER, limit=limit) == truth


def test_an_exact_multiple_of_the_limit_ends_on_an_empty_page(ask: Ask) -> None:
    april = {"startDate": "2026-04-01T00:00:00+00:00", "endDate": "2026-05-01T00:00:00+00:00", "limit": 10}
    pages = [ask(path("demo", "heart"), **april, page=page).json()["data"] for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [10, 10, 10, 0]


@pytest.mark.parametrize("page", [8, 1000, 999_999_999_999])
def test_pages_past_the_end_are_empty(ask: Ask, page: int) -> None:
    answer = ask(path("small", "nps"), limit=1, page=page, endDate="2026-06-01T00:00:00+00:00")
    assert (answer.status_code, answer.json()) == (200, {"data": []})


def test_a_property_without_records_answers_empty_pages(ask: Ask) -> None:
    for dataset in get_args(DatasetName):
        answer = ask(path("empty", dataset, "701"))
        assert (answer.status_code, answer.json()) == (200, {"data": []})


def test_the_same_page_asked_twice_is_the_same(ask: Ask) -> None:
    first, second = (ask(path("demo", "tags"), page=3).content for _ in range(2))
    assert first == second


def _whole(dataset: DatasetName) -> tuple[SampleData, list[Record]]:
    made = sample_data(TODAY)
    return made, made.records("demo", dataset, *EVER)


@UNHURRIED
@given(
    dataset=st.sampled_from(["heart", "nps", "tags"]),
    start=st.dates(date(2024, 4, 1), date(2026, 6, 1)),
    days=st.integers(1, 40),
)
def test_any_window_holds_what_picking_by_date_holds(dataset: DatasetName, start: date, days: int) -> None:
    """The truth is itself right: a window equals the plain filter of everything there is."""
    made = sample_data(TODAY)
    first = datetime(start.year, start.month, start.day, tzinfo=UTC)
    last = first + timedelta(days=days)
    key = "timestamp" if dataset == "nps" else "date"
    near = (first - timedelta(days=9), last + timedelta(days=9))
    picked = [
        record
        for record in made.records("demo", dataset, *near)
        if first.date().isoformat() <= str(record[key])[:10] < last.date().isoformat()
    ]
    assert made.records("demo", dataset, first, last) == picked


@pytest.mark.parametrize("dataset", ["heart", "nps", "tags"])
def test_consecutive_windows_add_up_to_the_whole(dataset: DatasetName) -> None:
    made, whole = _whole(dataset)
    day = datetime(2024, 1, 1, tzinfo=UTC)
    pieces: list[Record] = []
    while day < datetime(2026, 7, 1, tzinfo=UTC):
        following = day + timedelta(days=31)
        pieces += made.records("demo", dataset, day, following)
        day = following
    assert pieces == whole
