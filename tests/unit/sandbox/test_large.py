"""Ten million tag records that nobody holds."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.unit.sandbox.conftest import EVER, TODAY, Ask, Walk, path
from userlane.sandbox import Sandbox, sample_data
from userlane.sandbox.large import RECORDS, TAGS, TagRecords

YEAR = {"startDate": "2025-05-14T00:00:00+00:00", "endDate": "2026-05-14T00:00:00+00:00"}


def feed(today: date = TODAY) -> TagRecords:
    return TagRecords(today - timedelta(days=365), 1)


@pytest.mark.parametrize("offset", range(8))
def test_the_last_365_days_hold_exactly_ten_million_whatever_the_weekday(offset: int) -> None:
    numbers = feed(TODAY + timedelta(days=offset)).find(*EVER)
    assert numbers == range(RECORDS)


def test_the_last_page_of_the_year_is_full_and_the_next_one_empty(ask: Ask) -> None:
    last = ask(path("large", "tags"), **YEAR, page=10_000).json()["data"]
    assert len(last) == 1000
    assert {record["date"] for record in last} == {"2026-05-13"}
    assert ask(path("large", "tags"), **YEAR, page=10_001).json() == {"data": []}


def test_a_page_deep_in_the_year_is_the_same_as_in_a_window_of_its_own(sandbox: Sandbox, ask: Ask) -> None:
    deep = ask(path("large", "tags"), **YEAR, page=7_321).json()["data"]
    first, last = (datetime.fromisoformat(deep[number]["date"]).replace(tzinfo=UTC) for number in (0, -1))
    around = sandbox.data.records("large", "tags", first, last + timedelta(days=1))
    start = around.index(deep[0])
    assert around[start : start + 1000] == deep


def test_a_page_deep_in_the_year_computes_no_record_but_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed = []
    compute = TagRecords._read_day

    def counted(self: TagRecords, day: date, first: int, last: int) -> object:
        computed.append(last - first)
        return compute(self, day, first, last)

    monkeypatch.setattr(TagRecords, "_read_day", counted)
    assert len(feed().read(range(9_000_000, 9_001_000))) == 1000
    assert sum(computed) == 1000


def test_walking_a_weekend_gives_exactly_the_truth(sandbox: Sandbox, walk: Walk) -> None:
    weekend = (datetime(2026, 5, 9, tzinfo=UTC), datetime(2026, 5, 11, tzinfo=UTC))
    truth = sandbox.data.records("large", "tags", *weekend)
    assert len(truth) == 12_000
    assert walk(path("large", "tags"), *weekend) == truth


def test_page_bounds_do_not_change_the_records() -> None:
    whole = feed().read(range(40_000, 60_000))
    assert [
        record
        for start in range(40_000, 60_000, 777)
        for record in feed().read(range(start, min(start + 777, 60_000)))
    ] == whole


def test_no_user_tag_and_day_occurs_twice_and_a_day_has_9000_users() -> None:
    made = sample_data(TODAY)
    day = datetime(2026, 5, 12, tzinfo=UTC)
    records = made.records("large", "tags", day, day + timedelta(days=1))
    assert len(records) == 36_000
    assert len({(record["tagId"], record["userId"]) for record in records}) == 36_000
    assert len({record["userId"] for record in records}) == 9_000
    assert len({record["tagId"] for record in records}) == TAGS
    assert min(record["interactions"] for record in records) == 1


def test_a_day_once_past_stays_as_it_was() -> None:
    day = datetime(2026, 5, 2, tzinfo=UTC)
    before, after = (
        made.read(made.find(day, day + timedelta(days=1)))
        for made in (feed(), feed(TODAY + timedelta(days=9)))
    )
    assert before == after


def test_seeds_differ() -> None:
    first, other = (TagRecords(TODAY, seed).read(range(1000)) for seed in (1, 2))
    assert first != other


def test_the_other_feeds_are_of_modest_size_and_agree_with_the_tags() -> None:
    made = sample_data(TODAY)
    heart = made.records("large", "heart", *EVER)
    assert len(heart) == 365
    assert all(9_000 < day["users"] < day["sessions"] for day in heart[-3:])
    assert len(made.records("large", "nps", *EVER)) == 1_500
    assert len(made.records("large", "surveys", *EVER, "801")) == 900


@pytest.mark.parametrize("records", [10_000, 1_000_000, 30_000_000])
def test_another_size_has_exactly_as_many_and_no_user_tag_and_day_twice(records: int) -> None:
    sized = TagRecords(TODAY - timedelta(days=365), 1, records)
    assert sized.starts[-1] == records
    for day in (sized.first, sized.first + timedelta(days=100)):
        count = sized.count_records((day - sized.first).days)
        tags, users, often = sized.compute_day(day, 0, count)
        assert len(set(zip(tags.tolist(), users.tolist(), strict=True))) == count
        assert often.min() >= 1
