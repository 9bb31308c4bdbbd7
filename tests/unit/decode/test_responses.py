"""Whole responses become tables or errors: no record is lost, and an error never becomes zero rows."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.stand_in import as_json, query, sample
from tests.unit.decode.given import GOOD, NINE, reasons
from userlane.contract import COLUMNS, DATASETS, DatasetName
from userlane.decode import Decoder
from userlane.decode.fields import FIELDS, normalise_key
from userlane.errors import EnvelopeUnknown, FieldsMissing, NotData, ResponseTooLarge, ResponseUnusable


def test_heart_of_the_assumed_contract() -> None:
    page = Decoder(query("heart")).decode(sample("heart"))
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
    page = Decoder(query("nps")).decode(sample("nps"))
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
    page = Decoder(query("surveys")).decode(sample("surveys"))
    assert page.table.schema == COLUMNS["surveys"]
    assert [list(row.values()) for row in page.table.to_pylist()] == [
        ["512", "118", "u-00017", 4, None, NINE.replace(minute=12, second=33)],
        ["512", "119", "u-00019", 1, "هذا لا يعمل 😕", NINE.replace(hour=10)],
    ]


def test_tags_of_the_assumed_contract() -> None:
    page = Decoder(query("tags")).decode(sample("tags"))
    assert page.table.schema == COLUMNS["tags"]
    assert [list(row.values()) for row in page.table.to_pylist()] == [
        [date(2026, 4, 1), "4711", None, "u-00017", 3],
        [date(2026, 4, 1), "4712", None, "u-00017", 1],
        [date(2026, 4, 2), "4711", None, "007", 12],
    ]


def test_other_names_nesting_and_epochs_are_recognised() -> None:
    page = Decoder(query("surveys")).decode(sample("tolerated"))
    when = datetime(2026, 4, 1, 9, 12, 33, tzinfo=UTC)
    assert page.refused == {("score outside 1–5", date(2026, 4, 1)): 1}
    assert [list(row.values()) for row in page.table.to_pylist()] == [
        ["512", None, "9007199254740993", 3, None, when]
    ]


def test_what_cannot_be_used_is_counted_by_reason_and_day_and_the_rest_is_kept() -> None:
    page = Decoder(query("nps")).decode(sample("irregular"))
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
        Decoder(query()).decode(body)


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
        b'{"success": false, "data": []}',
        b'{"ok": false, "data": []}',
        b'{"status": "Error", "message": "x", "data": []}',
        b'{"status": 500, "data": []}',
        b'{"statusCode": 404, "data": {"items": []}}',
        b'{"data": {"items": [], "error": "x"}}',
        b"[1, 2, 3]",
        b'["a"]',
        b"[[1], [2]]",
    ],
)
def test_json_without_a_list_of_records_is_an_error_and_never_zero_rows(body: bytes) -> None:
    with pytest.raises(EnvelopeUnknown):
        Decoder(query()).decode(body)


@pytest.mark.parametrize("scenario", ["error_inside", "null_data", "web_page"])
def test_an_error_after_good_pages_is_an_error_too(scenario: str) -> None:
    decoder = Decoder(query("nps"))
    decoder.decode(sample("nps"))
    with pytest.raises(ResponseUnusable):
        decoder.decode(sample(scenario))


def test_a_single_record_is_not_taken_for_a_list() -> None:
    with pytest.raises(EnvelopeUnknown, match="its keys: date, heart, scores"):
        Decoder(query("heart")).decode(sample("single_record"))


def test_required_fields_nothing_maps_to_are_named_with_the_keys_seen() -> None:
    with pytest.raises(FieldsMissing, match="tag ID, user ID, interactions") as caught:
        Decoder(query("tags")).decode(sample("foreign"))
    assert caught.value.keys == ("what", "when", "who")


def test_heart_records_without_any_score_are_an_error() -> None:
    with pytest.raises(FieldsMissing, match="a score"):
        Decoder(query("heart")).decode(b'[{"date": "2026-04-01", "users": 3}]')


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("body", [b"[]", b'{"data": []}', b'\xef\xbb\xbf{"meta": {}, "items": []} '])
def test_an_empty_list_is_an_empty_page(dataset: DatasetName, body: bytes) -> None:
    page = Decoder(query(dataset)).decode(body)
    assert (page.records, page.table.num_rows) == (0, 0)
    assert page.table.schema == COLUMNS[dataset]


@pytest.mark.parametrize(
    "said",
    [
        {"error": "half of it timed out"},
        {"errors": [{"message": "x"}]},
        {"success": False},
        {"ok": False},
        {"status": "failed"},
        {"status": 503},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("nested", [False, True])
def test_records_beside_an_error_are_not_taken_for_all_there_are(
    said: dict[str, Any], *, nested: bool
) -> None:
    def answer(beside: dict[str, Any]) -> bytes:
        inner = {"items": [GOOD["nps"]], **beside}
        return json.dumps({"data": inner} if nested else inner).encode()

    with pytest.raises(EnvelopeUnknown, match="error in place of records"):
        Decoder(query()).decode(answer(said))
    decoder = Decoder(query())
    decoder.decode(answer({}))
    with pytest.raises(EnvelopeUnknown, match="error in place of records"):
        decoder.decode(answer(said))


@pytest.mark.parametrize(
    "said",
    [
        {"error": None, "errors": []},
        {"error": "", "success": True, "ok": True},
        {"error": "none", "status": "ok"},
        {"error": False, "errors": {}, "status": 200},
        {"status": None, "success": None},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("records", [0, 1])
def test_an_answer_that_says_all_is_well_is_read(said: dict[str, Any], records: int) -> None:
    decoder = Decoder(query())
    decoder.decode(as_json([GOOD["nps"]]))
    body = json.dumps({**said, "data": [GOOD["nps"]] * records}).encode()
    assert Decoder(query()).decode(body).records == decoder.decode(body).records == records


@pytest.mark.parametrize("value", [b"{}", b"0.5", b"[]", b'""', b'{"a":[]}'])
def test_a_page_of_more_values_than_any_page_holds_is_refused_before_it_is_parsed(value: bytes) -> None:
    many = 600_000 if value.startswith(b"{") else 1_100_000
    decoder = Decoder(query())
    for _ in range(2):
        with pytest.raises(ResponseTooLarge, match="more than 1\u202f000\u202f000 values"):
            decoder.decode(b'{"data": [' + b",".join([value] * many) + b"]}")
        decoder.decode(as_json([GOOD["nps"]]))


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
    assert decoder.decode(body).table.equals(decoder.decode(body).table)
    assert decoder.decode(body).table.num_rows == 1
    assert decoder.decode(b"\xef\xbb\xbf" + body).table.num_rows == 1


@pytest.mark.parametrize(
    ("dataset", "name", "key"),
    [(dataset, field.name, key) for dataset in DATASETS for field in FIELDS[dataset] for key in field.keys],
)
def test_every_tolerated_key_is_understood(dataset: DatasetName, name: str, key: str) -> None:
    own = {normalise_key(k) for field in FIELDS[dataset] if field.name == name for k in field.keys}
    record = {k: value for k, value in GOOD[dataset].items() if normalise_key(k) not in own}
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
    page = Decoder(query(dataset)).decode(as_json([{**record, **nested}]))
    got = page.table[name].to_pylist()[0]
    expected = {"day": date(2026, 4, 3), "instant": datetime(2026, 4, 3, 10, tzinfo=UTC)}.get(
        field.kind, value
    )
    assert (got, page.refused) == (expected, {})


def test_a_profiles_field_names_go_before_what_is_recognised() -> None:
    record = {**GOOD["tags"], "Person": {"Key": "p-1"}, "interactions": 1, "Weight": 8}
    decoder = Decoder(query("tags"), {"user_id": "person.key", "interactions": "weight"})
    row = decoder.decode(as_json([record])).table.to_pylist()[0]
    assert (row["user_id"], row["interactions"]) == ("p-1", 8)


def test_a_profiles_field_name_that_is_not_there_is_an_error_not_a_guess() -> None:
    with pytest.raises(FieldsMissing, match="interactions"):
        Decoder(query("tags"), {"interactions": "weight"}).decode(as_json([GOOD["tags"]]))


def test_a_field_that_turns_up_on_a_later_page_is_not_overlooked() -> None:
    decoder = Decoder(query("heart"))
    early = {"date": "2026-04-01", "heart": 70.0, "engagement": 71.0}
    assert decoder.decode(as_json([early])).table["happiness"].to_pylist() == [None]
    later = decoder.decode(as_json([early, {**early, "happiness": 61.0, "users": 4}]))
    assert later.table["happiness"].to_pylist() == [None, 61.0]
    assert later.table["users"].to_pylist() == [None, 4]
    assert decoder.decode(as_json([early])).table["overall"].to_pylist() == [70.0]


def test_one_object_where_a_value_belongs_costs_that_record_only() -> None:
    for first in ([], [GOOD["tags"]]):
        records = [*first, {**GOOD["tags"], "tagId": {"id": {"x": 1}}}, GOOD["tags"]]
        page = Decoder(query("tags")).decode(as_json(records))
        assert reasons(page) == {"tag ID neither text nor a whole number": 1}
        assert page.table.num_rows == len(records) - 1


def test_a_letter_that_is_null_at_first_and_an_object_later_is_read_from_the_object() -> None:
    decoder = Decoder(query("heart"))
    decoder.decode(as_json([{"date": "2026-04-01", "heart": 70, "happiness": None}]))
    page = decoder.decode(as_json([{"date": "2026-04-02", "heart": 70, "happiness": {"value": 61}}]))
    assert page.table["happiness"].to_pylist() == [61.0]


def test_a_key_that_was_settled_stays_when_a_better_known_one_turns_up() -> None:
    decoder = Decoder(query("nps"))
    decoder.decode(as_json([{"rating": 3, "timestamp": "2026-04-01T09:00:00Z"}]))
    page = decoder.decode(as_json([{"rating": 3, "score": 9, "timestamp": "2026-04-01T09:00:00Z", "id": 5}]))
    assert page.table.select(["score", "response_id"]).to_pylist() == [{"score": 3, "response_id": "5"}]
