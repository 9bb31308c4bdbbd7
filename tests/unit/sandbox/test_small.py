"""The property `small` is few enough to count by hand."""

from datetime import date, timedelta

import pytest

from tests.unit.sandbox.conftest import EVER, TODAY
from userlane.contract import DatasetName
from userlane.sandbox import Record, SampleData


@pytest.mark.parametrize(
    ("dataset", "survey_id", "count"),
    [("heart", None, 14), ("nps", None, 7), ("surveys", "601", 5), ("tags", None, 11)],
)
@pytest.mark.parametrize("today", [TODAY, date(2030, 1, 1)])
def test_everything_lies_in_the_30_days_before_today(
    dataset: DatasetName, survey_id: str | None, count: int, today: date
) -> None:
    key = "date" if dataset in {"heart", "tags"} else "timestamp"
    records = SampleData(today).records("small", dataset, EVER[0], EVER[1].replace(year=2035), survey_id)
    days = [str(record[key])[:10] for record in records]
    assert len(days) == count
    assert days == sorted(days)
    assert (today - timedelta(days=30)).isoformat() <= days[0]
    assert days[-1] < today.isoformat()


def test_three_promoters_two_passives_two_detractors_and_one_who_answered_twice() -> None:
    answers: list[Record] = SampleData(TODAY).records("small", "nps", *EVER)
    assert sorted(answer["score"] for answer in answers) == [3, 6, 7, 8, 9, 9, 10]
    users = [answer["userId"] for answer in answers]
    assert len(users) - len(set(users)) == 1


def test_happiness_starts_with_the_first_survey_answer() -> None:
    first = str(SampleData(TODAY).records("small", "surveys", *EVER, "601")[0]["timestamp"])[:10]
    for record in SampleData(TODAY).records("small", "heart", *EVER):
        assert (record["happiness"] is None) == (str(record["date"]) < first)
