"""One value: what is accepted as what, and in which words the rest is refused."""

from datetime import date, datetime
from typing import Any

import pytest

from tests.stand_in import as_json, query
from tests.unit.decode.given import GOOD, NINE, decode_second_page, one, reasons
from userlane.decode import Decoder


@pytest.mark.parametrize(
    ("value", "score"), [(9, 9), (9.0, 9), ("9", 9), (" 9 ", 9), ("9.0", 9), (0, 0), (10, 10)]
)
def test_a_score_may_be_written_in_several_ways(value: Any, score: int) -> None:
    assert one(score=value).table["score"].to_pylist() == [score]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (9.5, "score not a whole number"),
        ("9.5", "score not a whole number"),
        (True, "score not a number"),
        ("nine", "score not a number"),
        ([9], "score not a number"),
        ({"v": 9}, "score not a number"),
        ("", "score missing"),
        (None, "score missing"),
        (11, "score outside 0–10"),
        (-1, "score outside 0–10"),
        (10**30, "score outside 0–10"),
        (float("nan"), "score outside 0–10"),
        (float("inf"), "score outside 0–10"),
        ("1" * 400, "score not a number"),
    ],
)
def test_any_other_score_is_refused_with_its_reason(value: Any, reason: str) -> None:
    page = one(score=value)
    assert page.refused == {(reason, date(2026, 4, 1)): 1}
    assert (page.table.num_rows, page.records) == (0, 1)


@pytest.mark.parametrize("value", [0, 6])
def test_survey_scores_go_from_one_to_five(value: int) -> None:
    assert reasons(one("surveys", score=value)) == {"score outside 1–5": 1}


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_letter_that_was_not_measured_is_a_gap(value: Any) -> None:
    page = one("heart", happiness=value)
    assert page.table["happiness"].to_pylist() == [None]
    assert page.refused == {}


@pytest.mark.parametrize("value", [101, -0.1, True, "high", float("nan"), float("inf")])
def test_a_letter_that_cannot_be_is_a_counted_gap_in_a_row_that_stays(value: Any) -> None:
    page = one("heart", happiness=value)
    assert page.table["happiness"].to_pylist() == [None]
    assert page.table["overall"].to_pylist() == [71.4]
    (((reason, day), count),) = page.refused.items()
    assert reason.startswith("happiness")
    assert reason.endswith("taken as missing")
    assert (day, count) == (date(2026, 4, 1), 1)


@pytest.mark.parametrize(("value", "letter"), [(0, 0.0), (100, 100.0), ("66.5", 66.5), (-0.0, 0.0)])
def test_zero_and_hundred_are_letter_scores(value: Any, letter: float) -> None:
    assert one("heart", happiness=value).table["happiness"].to_pylist() == [letter]


@pytest.mark.parametrize("value", [-3, 2.5, True, 2**60])
def test_an_impossible_number_of_users_is_a_counted_gap(value: Any) -> None:
    page = one("heart", users=value)
    assert page.table["users"].to_pylist() == [None]
    assert sum(page.refused.values()) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4711, "4711"),
        ("4711", "4711"),
        (" 4711\u00a0", "4711"),
        ("007", "007"),
        ("1e5", "1e5"),
        (2**53 + 1, "9007199254740993"),
        (2**63, "9223372036854775808"),
        (10**25, "1" + "0" * 25),
        (-5, "-5"),
        ("NA", "NA"),
        ("a\x00b", "ab"),
    ],
)
def test_ids_become_exact_text(value: Any, text: str) -> None:
    assert one("tags", tagId=value, userId=value).table.select(["tag_id", "user_id"]).to_pylist() == [
        {"tag_id": text, "user_id": text}
    ]
    assert one("nps", userId=value).table["user_id"].to_pylist() == [text]


@pytest.mark.parametrize("value", [4711.0, True, [1], {"id": {"x": 1}}])
def test_an_id_that_is_no_id_is_refused(value: Any) -> None:
    assert reasons(one("tags", tagId=value)) == {"tag ID neither text nor a whole number": 1}


@pytest.mark.parametrize("value", [None, "", " "])
def test_a_tag_row_without_a_user_is_refused_and_an_answer_without_one_is_kept(value: Any) -> None:
    assert reasons(one("tags", userId=value)) == {"user ID missing": 1}
    page = one("nps", userId=value)
    assert (page.table["user_id"].to_pylist(), page.refused) == ([None], {})


def test_numbers_and_texts_as_ids_on_one_page_stay_apart_from_nothing() -> None:
    page = decode_second_page([{**GOOD["tags"], "userId": user} for user in (7, "7", "07", 10**20)], "tags")
    assert page.table["user_id"].to_pylist() == ["7", "7", "07", str(10**20)]


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-04-01T09:00:00Z", NINE),
        ("2026-04-01T11:00:00+02:00", NINE),
        ("2026-04-01 09:00:00", NINE),
        ("2026-04-01T09:00:00.123456", NINE.replace(microsecond=123456)),
        ("2026-04-01T09:00:00.1234564Z", NINE.replace(microsecond=123456)),
        ("2026-04-01", NINE.replace(hour=0)),
        (1775034000, NINE),
        (1775034000000, NINE),
        (1775034000.5, NINE.replace(microsecond=500000)),
        ("1775034000", NINE),
        ("1775034000000", NINE),
    ],
)
def test_times_of_all_kinds_end_on_one_utc_axis(value: Any, moment: datetime) -> None:
    assert one(timestamp=value).table["timestamp"].to_pylist() == [moment]


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", True, [], float("nan"), 1e300, "2026"])
def test_a_time_that_cannot_be_read_is_refused(value: Any) -> None:
    assert reasons(one(timestamp=value)) == {"timestamp not a time": 1}


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-04-01", date(2026, 4, 1)),
        ("2026-04-01T00:00:00+00:00", date(2026, 4, 1)),
        ("2026-04-01T00:00:00", date(2026, 4, 1)),
        ("2026-04-01T22:30:00Z", date(2026, 4, 2)),
        (1775001600, date(2026, 4, 1)),
        (1774994400, date(2026, 4, 1)),
    ],
)
def test_midnight_names_a_day_and_a_moment_falls_on_its_local_day(value: Any, day: date) -> None:
    for dataset in ("heart", "tags"):
        page = decode_second_page([{**GOOD[dataset], "date": value}], dataset, "Europe/Berlin")
        assert page.table["date"].to_pylist() == [day]


@pytest.mark.parametrize(
    ("value", "interactions", "reason"),
    [
        (0, 0, None),
        ("12", 12, None),
        (-1, None, "outside 0–2\u202f147\u202f483\u202f647"),
        (2**31, None, "outside"),
        (None, None, "missing"),
    ],
)
def test_interactions_are_whole_numbers_from_zero(
    value: Any, interactions: int | None, reason: str | None
) -> None:
    page = one("tags", interactions=value)
    assert page.table["interactions"].to_pylist() == ([] if interactions is None else [interactions])
    assert all(f"interactions {reason}" in found for found in reasons(page))
    assert bool(page.refused) == (reason is not None)


@pytest.mark.parametrize("value", [None, "", " \n\t"])
def test_a_blank_comment_is_missing(value: Any) -> None:
    assert one(comment=value).table["comment"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("value", "comment"),
    [
        ("a\x00b", "ab"),
        ("<img src=x>", "<img src=x>"),
        (" keeps its spaces ", " keeps its spaces "),
        ("👩🏽 \u200fעברית", "👩🏽 \u200fעברית"),
        ("x" * 10_000, "x" * 10_000),
        ("x" * 5_000_000, "x" * 10_000 + "…"),
    ],
)
def test_comments_are_kept_as_written_but_for_nul_and_length(value: str, comment: str) -> None:
    assert one(comment=value).table["comment"].to_pylist() == [comment]


def test_half_a_character_and_bad_bytes_do_not_cost_the_answer() -> None:
    decoder = Decoder(query("nps"))
    half = as_json([GOOD["nps"]]).replace(b'"c"', b'"a\\ud800b"')
    assert decoder.decode(half).table["comment"].to_pylist() == ["a?b"]
    bad = as_json([GOOD["nps"]]).replace(b'"c"', b'"a\xffb"')
    assert decoder.decode(bad).table["comment"].to_pylist() == ["a\ufffdb"]


def test_a_comment_that_is_no_text_costs_the_comment_only() -> None:
    page = one(comment={"text": "x"})
    assert page.table["score"].to_pylist() == [9]
    assert reasons(page) == {"comment not a text: taken as missing": 1}


def test_unknown_fields_are_ignored_and_cost_nothing() -> None:
    page = one("tags", extra={"deep": [1, {"x": None}]}, heart="x")
    assert (page.table.num_rows, page.refused) == (1, {})


def test_an_id_is_at_most_a_thousand_characters_long() -> None:
    assert one(userId="x" * 1_000).table["user_id"].to_pylist() == ["x" * 1_000]
    assert reasons(one(userId="x" * 1_001)) == {"user ID longer than 1\u202f000 characters": 1}
