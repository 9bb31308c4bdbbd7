"""Bytes become checked tables; what cannot be used is counted or an error, never lost, never zero rows."""

import contextlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_in import APRIL, as_json, query, sample
from userlane.contract import COLUMNS, DATASETS, DatasetName, Query
from userlane.decode import Decoder, Page, lenient, typed
from userlane.decode.fields import FIELDS, plain
from userlane.decode.shape import paths_in, recognise, records_in
from userlane.errors import AnswerUnusable, EnvelopeUnknown, FieldsMissing, NotData

NINE = datetime(2026, 4, 1, 9, tzinfo=UTC)
GOOD: dict[DatasetName, dict[str, Any]] = {
    "heart": {"date": "2026-04-01", "heart": 71.4, "happiness": 66.0, "users": 5, "sessions": 9},
    "nps": {"id": 1, "userId": "u", "score": 9, "comment": "c", "timestamp": "2026-04-01T09:00:00Z"},
    "surveys": {"id": 1, "surveyId": 512, "userId": "u", "score": 4, "timestamp": "2026-04-01T09:00:00Z"},
    "tags": {"date": "2026-04-01", "tagId": 4711, "userId": "u", "interactions": 3},
}


def decoded(records: list[Any], dataset: DatasetName = "nps", timezone: str = "UTC") -> Page:
    """A page as it is when a good one came before it."""
    decoder = Decoder(Query(dataset, "demo", APRIL, "512", timezone))
    decoder.page(as_json([GOOD[dataset]]))
    return decoder.page(as_json(records))


def one(dataset: DatasetName = "nps", **changes: Any) -> Page:
    return decoded([{**GOOD[dataset], **changes}], dataset)


def reasons(page: Page) -> dict[str, int]:
    found: dict[str, int] = {}
    for (reason, _), count in page.refused.items():
        found[reason] = found.get(reason, 0) + count
    return found


# Whole answers


def test_heart_of_the_assumed_contract() -> None:
    page = Decoder(query("heart")).page(sample("heart"))
    assert page.table.schema == COLUMNS["heart"]
    assert page.table.to_pylist() == [
        {
            "date": date(2026, 4, 1),
            "overall": 71.4,
            "happiness": 66.0,
            "engagement": 74.1,
            "adoption": 69.9,
            "retention": 80.2,
            "task_success": 66.8,
            "users": 1234,
            "sessions": 3456,
        },
        {
            "date": date(2026, 4, 2),
            "overall": 72.8,
            "happiness": None,
            "engagement": 74.0,
            "adoption": 70.0,
            "retention": 80.4,
            "task_success": 66.8,
            "users": 0,
            "sessions": 0,
        },
    ]
    assert (page.records, page.refused) == (2, {})


def test_nps_of_the_assumed_contract() -> None:
    page = Decoder(query("nps")).page(sample("nps"))
    assert page.table.schema == COLUMNS["nps"]
    assert [list(row.values()) for row in page.table.to_pylist()] == [
        [
            "901",
            "u-00017",
            9,
            "promoter",
            "Quick, and it finds what I need.",
            NINE.replace(minute=12, second=33),
        ],
        ["902", "u-00018", 7, "passive", None, NINE.replace(minute=12, second=33)],
        ["903", None, 0, "detractor", None, datetime(2026, 4, 2, tzinfo=UTC)],
    ]


def test_surveys_of_the_assumed_contract() -> None:
    page = Decoder(query("surveys")).page(sample("surveys"))
    assert page.table.schema == COLUMNS["surveys"]
    assert [list(row.values()) for row in page.table.to_pylist()] == [
        ["512", "118", "u-00017", 4, None, NINE.replace(minute=12, second=33)],
        ["512", "119", "u-00019", 1, "هذا لا يعمل 😕", NINE.replace(hour=10)],
    ]


def test_tags_of_the_assumed_contract() -> None:
    page = Decoder(query("tags")).page(sample("tags"))
    assert page.table.schema == COLUMNS["tags"]
    assert [list(row.values()) for row in page.table.to_pylist()] == [
        [date(2026, 4, 1), "4711", None, "u-00017", 3],
        [date(2026, 4, 1), "4712", None, "u-00017", 1],
        [date(2026, 4, 2), "4711", None, "007", 12],
    ]


def test_other_names_nesting_and_epochs_are_recognised() -> None:
    page = Decoder(query("surveys")).page(sample("tolerated"))
    when = datetime(2026, 4, 1, 9, 12, 33, tzinfo=UTC)
    assert page.refused == {("score outside 1–5", date(2026, 4, 1)): 1}
    assert [list(row.values()) for row in page.table.to_pylist()] == [
        ["512", None, "9007199254740993", 3, None, when]
    ]


def test_what_cannot_be_used_is_counted_by_reason_and_day_and_the_rest_is_kept() -> None:
    page = Decoder(query("nps")).page(sample("irregular"))
    first, second = date(2026, 4, 1), date(2026, 4, 2)
    assert page.records == 12
    assert page.refused == {
        ("score not a whole number", first): 1,
        ("score not a number", first): 1,
        ("score missing", first): 1,
        ("score outside 0–10", second): 3,
        ("timestamp not a time", None): 1,
        ("timestamp missing", None): 1,
        ("response ID neither text nor a whole number", second): 1,
        ("not a record", None): 1,
    }
    assert page.table["response_id"].to_pylist() == ["1", "2"]
    assert page.table["score"].to_pylist() == [9, 9]
    assert page.records == page.table.num_rows + sum(page.refused.values())


@pytest.mark.parametrize(
    "body", [b"", b"<html>", sample("not_json"), b"[" * 100_000, b"\x00\x01", b"1" * 5000]
)
def test_a_body_that_is_not_json_is_no_data(body: bytes) -> None:
    with pytest.raises(NotData):
        Decoder(query()).page(body)


@pytest.mark.parametrize(
    "body",
    [
        sample("error_inside"),
        sample("null_data"),
        b"null",
        b"17",
        b'"text"',
        b"{}",
        b'{"total": 0}',
        b'{"data": {}}',
        b'{"data": {"a": {"items": []}}}',
        b'{"errors": [{"detail": "x"}], "data": []}',
        b"[1, 2, 3]",
        b'["a"]',
        b"[[1], [2]]",
    ],
)
def test_json_without_a_list_of_records_is_an_error_and_never_zero_rows(body: bytes) -> None:
    with pytest.raises(EnvelopeUnknown):
        Decoder(query()).page(body)


@pytest.mark.parametrize("scenario", ["error_inside", "null_data", "web_page"])
def test_an_error_after_good_pages_is_an_error_too(scenario: str) -> None:
    decoder = Decoder(query("nps"))
    decoder.page(sample("nps"))
    with pytest.raises(AnswerUnusable):
        decoder.page(sample(scenario))


def test_a_single_record_is_not_taken_for_a_list() -> None:
    with pytest.raises(EnvelopeUnknown, match="its keys: date, heart, scores"):
        Decoder(query("heart")).page(sample("single_record"))


def test_required_fields_nothing_maps_to_are_named_with_the_keys_seen() -> None:
    with pytest.raises(FieldsMissing, match="tag_id, user_id, interactions") as caught:
        Decoder(query("tags")).page(sample("foreign"))
    assert caught.value.keys == ("what", "when", "who")


def test_heart_records_without_any_score_are_an_error() -> None:
    with pytest.raises(FieldsMissing, match="a score"):
        Decoder(query("heart")).page(b'[{"date": "2026-04-01", "users": 3}]')


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("body", [b"[]", b'{"data": []}', b'\xef\xbb\xbf{"meta": {}, "items": []} '])
def test_an_empty_list_is_an_empty_page(dataset: DatasetName, body: bytes) -> None:
    page = Decoder(query(dataset)).page(body)
    assert (page.records, page.table.num_rows) == (0, 0)
    assert page.table.schema == COLUMNS[dataset]


@pytest.mark.parametrize(
    "wrap",
    [
        lambda records: records,
        lambda records: {"results": records, "total": 1},
        lambda records: {"Items": records},
        lambda records: {"data": {"records": records}},
        lambda records: {"data": None, "rows": records},
        lambda records: {"error": None, "errors": [], "content": records},
        lambda records: {"data": {"page": 1}, "responses": records},
    ],
)
def test_envelopes_are_opened(wrap: Callable[[Any], Any]) -> None:
    decoder = Decoder(query("nps"))
    body = json.dumps(wrap([GOOD["nps"]])).encode()
    assert decoder.page(body).table.equals(decoder.page(body).table)
    assert decoder.page(body).table.num_rows == 1
    assert decoder.page(b"\xef\xbb\xbf" + body).table.num_rows == 1


@pytest.mark.parametrize(
    ("dataset", "name", "key"),
    [(dataset, field.name, key) for dataset in DATASETS for field in FIELDS[dataset] for key in field.keys],
)
def test_every_tolerated_key_is_understood(dataset: DatasetName, name: str, key: str) -> None:
    own = {plain(k) for field in FIELDS[dataset] if field.name == name for k in field.keys}
    record = {k: value for k, value in GOOD[dataset].items() if plain(k) not in own}
    field = next(field for field in FIELDS[dataset] if field.name == name)
    value = {
        "day": "2026-04-03",
        "instant": "2026-04-03T10:00:00Z",
        "identity": "abc",
        "score": 3,
        "times": 3,
        "count": 3,
        "share": 3.5,
        "text": "abc",
    }[field.kind]
    nested: Any = value
    for part in reversed(key.split(".")):
        nested = {part.replace("I", "_i").upper(): nested}
    page = Decoder(query(dataset)).page(as_json([{**record, **nested}]))
    got = page.table[name].to_pylist()[0]
    expected = {"day": date(2026, 4, 3), "instant": datetime(2026, 4, 3, 10, tzinfo=UTC)}.get(
        field.kind, value
    )
    assert (got, page.refused) == (expected, {})


def test_a_profiles_field_names_go_before_what_is_recognised() -> None:
    record = {**GOOD["tags"], "Person": {"Key": "p-1"}, "interactions": 1, "Weight": 8}
    decoder = Decoder(query("tags"), {"user_id": "person.key", "interactions": "weight"})
    row = decoder.page(as_json([record])).table.to_pylist()[0]
    assert (row["user_id"], row["interactions"]) == ("p-1", 8)


def test_a_profiles_field_name_that_is_not_there_is_an_error_not_a_guess() -> None:
    with pytest.raises(FieldsMissing, match="interactions"):
        Decoder(query("tags"), {"interactions": "weight"}).page(as_json([GOOD["tags"]]))


def test_a_field_that_turns_up_on_a_later_page_is_not_overlooked() -> None:
    decoder = Decoder(query("heart"))
    early = {"date": "2026-04-01", "heart": 70.0, "engagement": 71.0}
    assert decoder.page(as_json([early])).table["happiness"].to_pylist() == [None]
    later = decoder.page(as_json([early, {**early, "happiness": 61.0, "users": 4}]))
    assert later.table["happiness"].to_pylist() == [None, 61.0]
    assert later.table["users"].to_pylist() == [None, 4]
    assert decoder.page(as_json([early])).table["overall"].to_pylist() == [70.0]


# One value


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
    page = decoded([{**GOOD["tags"], "userId": user} for user in (7, "7", "07", 10**20)], "tags")
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
        page = decoded([{**GOOD[dataset], "date": value}], dataset, "Europe/Berlin")
        assert page.table["date"].to_pylist() == [day]


@pytest.mark.parametrize(
    ("value", "interactions", "reason"),
    [
        (0, 0, None),
        ("12", 12, None),
        (-1, None, "outside 0–2,147,483,647"),
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
    assert decoder.page(half).table["comment"].to_pylist() == ["a?b"]
    bad = as_json([GOOD["nps"]]).replace(b'"c"', b'"a\xffb"')
    assert decoder.page(bad).table["comment"].to_pylist() == ["a\ufffdb"]


def test_a_comment_that_is_no_text_costs_the_comment_only() -> None:
    page = one(comment={"text": "x"})
    assert page.table["score"].to_pylist() == [9]
    assert reasons(page) == {"comment not a text: taken as missing": 1}


def test_unknown_fields_are_ignored_and_cost_nothing() -> None:
    page = one("tags", extra={"deep": [1, {"x": None}]}, heart="x")
    assert (page.table.num_rows, page.refused) == (1, {})


# Both ways of reading are one

identities = st.one_of(st.integers(-(2**70), 2**70), st.text(min_size=1, max_size=8))
moments = st.one_of(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.none()),  # noqa: DTZ001  # naive is the case in point
    st.datetimes(
        datetime(1990, 1, 1),  # noqa: DTZ001  # the zone is added
        datetime(2090, 1, 1),  # noqa: DTZ001  # likewise
        timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    ),
).map(datetime.isoformat)
comments = st.none() | st.text(max_size=12)
usual: dict[DatasetName, st.SearchStrategy[dict[str, Any]]] = {
    "tags": st.fixed_dictionaries(
        {
            "date": st.dates().map(date.isoformat) | moments,
            "tagId": identities,
            "userId": identities,
            "interactions": st.integers(-1, 2**31),
        }
    ),
    "nps": st.fixed_dictionaries(
        {"score": st.integers(-1, 11), "timestamp": moments},
        optional={"id": identities | st.none(), "userId": identities | st.none(), "comment": comments},
    ),
    "surveys": st.fixed_dictionaries(
        {"score": st.integers(0, 6), "timestamp": moments},
        optional={"surveyId": identities | st.none(), "userId": identities, "comment": comments},
    ),
    "heart": st.fixed_dictionaries(
        {
            "date": st.dates().map(date.isoformat),
            "heart": st.none() | st.floats(-1, 101) | st.integers(0, 100),
        },
        optional={"happiness": st.none() | st.floats(0, 100), "users": st.none() | st.integers(-1, 10**12)},
    ),
}


@pytest.mark.parametrize("dataset", DATASETS)
@given(data=st.data(), zone=st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata"]))
def test_reading_a_page_at_once_gives_what_reading_record_by_record_gives(
    dataset: DatasetName, data: st.DataObject, zone: str
) -> None:
    records = data.draw(st.lists(usual[dataset], min_size=1, max_size=4))
    body = json.dumps(records).encode()
    envelope, found = records_in(json.loads(body))
    shape = recognise(dataset, envelope, paths_in(found), {})
    slowly, losses = lenient.table(shape, found, ZoneInfo(zone), "512")
    try:
        at_once = typed.table(shape, body, ZoneInfo(zone), "512")
    except typed.Doubt:
        return
    assert not losses
    assert at_once.schema == slowly.schema
    assert at_once.to_pylist() == slowly.to_pylist()


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_assumed_contract_is_read_at_once(dataset: DatasetName) -> None:
    body = sample(dataset)
    envelope, found = records_in(json.loads(body))
    shape = recognise(dataset, envelope, paths_in(found), {})
    assert typed.table(shape, body, ZoneInfo("UTC"), "512").num_rows == len(found)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
keys = sorted({key.split(".")[0] for fields in FIELDS.values() for field in fields for key in field.keys})


@pytest.mark.parametrize("dataset", DATASETS)
@given(data=st.data())
def test_no_json_whatever_escapes_the_policy(dataset: DatasetName, data: st.DataObject) -> None:
    record = st.dictionaries(st.sampled_from(keys), anything, max_size=8) | st.just(GOOD[dataset]) | anything
    records: list[Any] = data.draw(st.lists(record, max_size=5))
    decoder = Decoder(query(dataset))
    for body in (as_json(records), as_json([GOOD[dataset]]), as_json(records)):
        try:
            page = decoder.page(body)
        except AnswerUnusable:
            continue
        assert page.table.schema == COLUMNS[dataset]
        assert page.table.num_rows <= page.records
        page.table.validate(full=True)
        if dataset != "heart":
            lost = sum(
                n for (reason, _), n in page.refused.items() if not reason.endswith("taken as missing")
            )
            assert page.table.num_rows + lost == page.records


@given(st.binary(max_size=40))
def test_no_bytes_whatever_escape_the_error_tree(body: bytes) -> None:
    with contextlib.suppress(AnswerUnusable):
        assert Decoder(query()).page(body).table.num_rows == 0


def test_one_decoder_serves_many_threads() -> None:
    decoder = Decoder(query("nps"))
    bodies = [as_json([{**GOOD["nps"], "id": i, "comment": "x" if i > 5 else None}] * 50) for i in range(20)]
    tables: dict[int, pa.Table] = {}

    def work(start: int) -> None:
        for i in range(start, 20, 4):
            tables[i] = decoder.page(bodies[i]).table

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert all(set(tables[i]["response_id"].to_pylist()) == {str(i)} for i in range(20))


def test_one_object_where_a_value_belongs_costs_that_record_only() -> None:
    for first in ([], [GOOD["tags"]]):
        records = [*first, {**GOOD["tags"], "tagId": {"id": {"x": 1}}}, GOOD["tags"]]
        page = Decoder(query("tags")).page(as_json(records))
        assert reasons(page) == {"tag ID neither text nor a whole number": 1}
        assert page.table.num_rows == len(records) - 1


def test_a_letter_that_is_null_at_first_and_an_object_later_is_read_from_the_object() -> None:
    decoder = Decoder(query("heart"))
    decoder.page(as_json([{"date": "2026-04-01", "heart": 70, "happiness": None}]))
    page = decoder.page(as_json([{"date": "2026-04-02", "heart": 70, "happiness": {"value": 61}}]))
    assert page.table["happiness"].to_pylist() == [61.0]


def test_a_key_that_was_settled_stays_when_a_better_known_one_turns_up() -> None:
    decoder = Decoder(query("nps"))
    decoder.page(as_json([{"rating": 3, "timestamp": "2026-04-01T09:00:00Z"}]))
    page = decoder.page(as_json([{"rating": 3, "score": 9, "timestamp": "2026-04-01T09:00:00Z", "id": 5}]))
    assert page.table.select(["score", "response_id"]).to_pylist() == [{"score": 3, "response_id": "5"}]
