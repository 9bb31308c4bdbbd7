"""The property `demo` looks like a company at work, and the same each time."""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from statistics import mean
from typing import Any

import orjson
import pytest

from tests.unit.sandbox.conftest import EVER, TODAY
from userlane.contract import DatasetName
from userlane.sandbox import Record, sample_data
from userlane.sandbox.demo.people import FEATURES
from userlane.sandbox.demo.property import DemoProperty
from userlane.sandbox.records import Feed
from userlane.sandbox.responses import INERT
from userlane.sandbox.timeline import Timeline

LETTERS = ("happiness", "engagement", "adoption", "retention", "taskSuccess")


def everything(dataset: DatasetName, survey_id: str | None = None) -> list[Record]:
    return sample_data(TODAY).records("demo", dataset, *EVER, survey_id)


def latest(days: int, dataset: DatasetName, today: date = TODAY) -> list[Record]:
    end = datetime(today.year, today.month, today.day, tzinfo=UTC)
    return sample_data(today).records("demo", dataset, end - timedelta(days=days), end)


def digest(demo: DemoProperty) -> str:
    feeds: list[Feed] = [demo.heart, demo.nps, demo.survey(513), demo.tags]
    whole = [feed.read(feed.find(*EVER)) for feed in feeds]
    return sha256(orjson.dumps(whole)).hexdigest()


def test_the_same_seed_and_day_give_the_same_data_in_another_process() -> None:
    ours = digest(DemoProperty(7, Timeline.two_years(TODAY)))
    program = (
        "from tests.unit.sandbox.test_demo import *; "
        "print(digest(DemoProperty(7, Timeline.two_years(TODAY))), end='')"
    )
    theirs = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONHASHSEED": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert theirs.stdout == ours


def test_another_seed_gives_other_data() -> None:
    timeline = Timeline.two_years(TODAY)
    assert digest(DemoProperty(7, timeline)) != digest(DemoProperty(8, timeline))


def test_heart_has_one_record_for_every_day_of_two_years_up_to_yesterday() -> None:
    days = [date.fromisoformat(record["date"]) for record in everything("heart")]
    assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
    assert days[-1] == TODAY - timedelta(days=1)
    assert len(days) >= 730


def test_the_overall_score_is_the_mean_of_the_letters_present() -> None:
    for record in everything("heart"):
        present = [record[letter] for letter in LETTERS if record[letter] is not None]
        assert record["heart"] == pytest.approx(mean(present), abs=0.0501)
        assert all(0 <= score <= 100 and score == round(score, 1) for score in [*present, record["heart"]])


def test_happiness_is_missing_until_people_have_answered_and_never_after() -> None:
    records = everything("heart")
    measured = [record["happiness"] is not None for record in records]
    first = measured.index(True)
    assert 40 < first < 90
    assert all(measured[first:])
    assert records[first]["date"] > everything("nps")[0]["timestamp"][:10]


def test_happiness_follows_the_vendors_formula_over_the_trailing_30_days() -> None:
    """Recomputed here from the answers themselves, NPS as (NPS + 100) / 2 and surveys as (mean − 1) / 4."""
    day = date(2026, 4, 30)
    first, last = ((day - timedelta(days=ago)).isoformat() for ago in (29, 0))

    def inside(records: list[Record]) -> list[int]:
        return [record["score"] for record in records if first <= record["timestamp"][:10] <= last]

    nps = inside(everything("nps"))
    surveys = [
        score for survey_id in ("512", "513", "514") for score in inside(everything("surveys", survey_id))
    ]
    net = (sum(score >= 9 for score in nps) - sum(score <= 6 for score in nps)) / len(nps) * 100
    blended = ((net + 100) / 2 * len(nps) + (mean(surveys) - 1) / 4 * 100 * len(surveys)) / (
        len(nps) + len(surveys)
    )
    shown = next(record["happiness"] for record in everything("heart") if record["date"] == last)
    assert shown == pytest.approx(blended, abs=0.0501)


def test_task_success_is_not_measured_on_holidays_only() -> None:
    gaps = {record["date"][5:] for record in everything("heart") if record["taskSuccess"] is None}
    assert gaps == {"01-01", "05-01", "12-25", "12-26"}


def test_weekends_are_quiet_and_lower() -> None:
    working: dict[bool, list[Record]] = defaultdict(list)
    for record in everything("heart"):
        working[date.fromisoformat(record["date"]).weekday() < 5].append(record)
    for key, at_most in (("users", 0.2), ("sessions", 0.2), ("engagement", 0.95)):
        weekday, weekend = (mean(record[key] for record in working[kind]) for kind in (True, False))
        assert weekend < at_most * weekday, key


@pytest.mark.parametrize("today", [TODAY, date(2026, 1, 1), date(2028, 2, 29)])
def test_the_latest_release_costs_points_that_come_back(today: date) -> None:
    timeline = Timeline.two_years(today)
    release = timeline.days[timeline.releases[-1]]
    assert 30 < (today - release).days < 90
    records = {
        date.fromisoformat(record["date"]): record
        for record in sample_data(today).records("demo", "heart", *EVER)
    }

    def week(after: int, key: str) -> float:
        return mean(records[release + timedelta(days=after + number)][key] or 0.0 for number in range(7))

    for key in ("heart", "engagement"):
        before, dip, now = week(-7, key), week(2, key), week(24, key)
        assert dip < before - 2, key
        assert now > dip + 2, key


def test_users_and_sessions_agree_with_the_other_feeds() -> None:
    """Whoever used a tag or answered that day is among the day's users, and everyone had a session."""
    seen: dict[str, set[str]] = defaultdict(set)
    for record in latest(60, "tags"):
        seen[record["date"]].add(record["userId"])
    for record in latest(60, "nps"):
        seen[record["timestamp"][:10]] |= {record["userId"]} - {None}
    for record in latest(60, "heart"):
        assert len(seen[record["date"]]) <= record["users"] <= record["sessions"]


def test_there_are_about_four_thousand_nps_answers_of_every_score_from_repeating_people() -> None:
    answers = everything("nps")
    assert 3_600 < len(answers) < 4_400
    assert {answer["score"] for answer in answers} == set(range(11))
    commented = sum(answer["comment"] is not None for answer in answers) / len(answers)
    assert 0.4 < commented < 0.5
    times = Counter(answer["userId"] for answer in answers if answer["userId"])
    assert sum(count > 1 for count in times.values()) > 400
    anonymous = sum(answer["userId"] is None for answer in answers)
    assert 0 < anonymous < 100
    assert len({answer["id"] for answer in answers}) == len(answers)


def test_comments_speak_of_several_themes_in_two_languages_and_some_look_like_markup() -> None:
    comments = [answer["comment"] for answer in everything("nps") if answer["comment"]]
    assert len(set(comments)) > 500
    for word in ("search", "slow", "tour", "phone", "report", "menu", "Suche", "😊"):
        assert sum(word in comment for comment in comments) >= 10, word
    assert set(INERT) <= set(comments)


def test_some_comment_of_the_last_30_days_looks_like_markup_or_a_formula() -> None:
    assert any(answer["comment"] in INERT for answer in latest(30, "nps"))


def test_the_three_surveys_differ_in_shape() -> None:
    shares: dict[str, Any] = {}
    for survey_id in ("512", "513", "514"):
        answers = everything("surveys", survey_id)
        counts = Counter(answer["score"] for answer in answers)
        assert set(counts) == {1, 2, 3, 4, 5}
        assert {answer["surveyId"] for answer in answers} == {int(survey_id)}
        shares[survey_id] = {score: count / len(answers) for score, count in counts.items()}
        assert len(answers) > 400
    good, middling, polarised = shares["512"], shares["513"], shares["514"]
    assert good[4] + good[5] > 0.7
    assert max(middling, key=middling.get) == 3
    assert polarised[1] + polarised[5] > 0.6
    assert polarised[3] < 0.12


def test_users_are_shared_between_the_feeds() -> None:
    tagged = {record["userId"] for record in everything("tags")}
    asked = {record["userId"] for record in everything("nps") + everything("surveys", "512")} - {None}
    assert len(asked) > 400
    assert asked <= tagged


def test_tag_records_are_lifelike_in_number_and_never_repeat_user_tag_and_day() -> None:
    records = everything("tags")
    assert 150_000 < len(records) < 400_000
    assert len({(record["date"], record["tagId"], record["userId"]) for record in records}) == len(records)
    assert min(record["interactions"] for record in records) == 1
    assert [record["date"] for record in records] == sorted(record["date"] for record in records)
    assert 550 < len({record["userId"] for record in records}) <= 650


@pytest.mark.parametrize("today", [TODAY, date(2026, 1, 9), date(2025, 9, 1), date(2027, 2, 28)])
def test_all_sixty_tags_occur_in_the_last_30_days(today: date) -> None:
    """So the line about tag names reads the same at whatever time of year the sample data is opened."""
    occurring = {record["tagId"] for record in latest(30, "tags", today)}
    assert occurring == {feature.tag_id for feature in FEATURES}
    assert len(occurring) == 60


def _monthly_users(tag_id: int) -> list[int]:
    users: dict[str, set[str]] = {record["date"][:7]: set() for record in everything("heart")}
    for record in everything("tags"):
        if record["tagId"] == tag_id:
            users[record["date"][:7]].add(record["userId"])
    return [len(users[month]) for month in sorted(users)]


def test_new_features_ramp_up_from_nothing_and_dead_ones_fall_to_a_few_diehards() -> None:
    by_course = {feature.course: feature.tag_id for feature in FEATURES}
    new, dead = _monthly_users(by_course["new"]), _monthly_users(by_course["dead"])
    assert new[0] == 0
    assert new[-2] > 40
    assert dead[0] > 20
    assert dead[-2] < 10


def test_some_users_are_heavy_some_arrive_and_some_leave() -> None:
    days: dict[str, set[str]] = defaultdict(set)
    for record in everything("tags"):
        days[record["userId"]].add(record["date"])
    first, last = min(map(min, days.values())), max(map(max, days.values()))
    late = sum(min(seen) > first[:4] + "-12" for seen in days.values())
    gone = sum(max(seen) < last[:4] for seen in days.values())
    assert late > 60
    assert gone > 60
    busiest = sorted(map(len, days.values()), reverse=True)
    assert busiest[10] > 3 * busiest[len(busiest) // 2]


def test_what_a_caller_does_to_the_records_stays_with_the_caller() -> None:
    records: list[Record] = sample_data(TODAY).records("demo", "heart", *EVER)
    records[0]["heart"] = -1
    assert sample_data(TODAY).records("demo", "heart", *EVER)[0]["heart"] != -1
