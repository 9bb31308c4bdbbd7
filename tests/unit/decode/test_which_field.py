"""Which key is which field: recognised, told, or asked."""

from typing import Any

import pytest

from tests.stand_in import as_json, query
from tests.unit.decode.given import GOOD
from userlane.contract import DatasetName
from userlane.decode import Decoder
from userlane.errors import FieldsAmbiguous, FieldsMissing, ResponseUnusable

TIMES = ("2026-04-01T09:00:00Z", "2026-04-02T09:00:00Z", "2026-04-03T09:00:00Z")


def without(dataset: DatasetName, *keys: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD[dataset].items() if key not in keys}


def read(dataset: DatasetName, records: list[dict[str, Any]], **fields: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = Decoder(query(dataset), fields).decode(as_json(records)).table.to_pylist()
    return rows


def test_missing_fields_are_told_with_every_key_seen_in_dots() -> None:
    record = {"when": "2026-04-01", "who": {"key": "u", "deep": {"er": 1}}, "interactions": 3}
    with pytest.raises(FieldsMissing) as caught:
        read("tags", [record])
    error = caught.value
    assert (error.dataset, error.missing) == ("tags", ("date", "tag_id", "user_id"))
    assert error.keys == ("interactions", "when", "who.deep.er", "who.key")
    assert "date, tag ID, user ID" in error.cause
    assert "who.key" in error.cause
    assert error.next_step


def test_heart_without_any_score_misses_the_overall_one() -> None:
    with pytest.raises(FieldsMissing) as caught:
        read("heart", [{"date": "2026-04-01", "mood": 3}])
    assert caught.value.missing == ("overall",)
    assert "a score" in caught.value.cause
    with pytest.raises(FieldsMissing) as caught:
        read("heart", [{"when": "2026-04-01", "mood": 3}])
    assert caught.value.missing == ("date", "overall")


def test_what_is_told_missing_can_be_settled_by_a_profile() -> None:
    record = {"when": "2026-04-01", "who": {"key": "u"}, "what": 7, "times": 3}
    fields = {"date": "when", "user_id": "who.key", "tag_id": "what", "interactions": "times"}
    (row,) = read("tags", [record], **fields)
    assert list(row.values())[1:] == ["7", None, "u", 3]


def test_two_keys_with_different_values_are_asked_about() -> None:
    records = [
        {**without("nps", "userId"), "publicUserId": f"p-{i}", "foreign_user_id": f"f-{i}"} for i in range(3)
    ]
    with pytest.raises(FieldsAmbiguous) as caught:
        read("nps", records)
    error = caught.value
    assert (error.dataset, error.candidates) == ("nps", {"user_id": ("publicUserId", "foreign_user_id")})
    assert "publicUserId or foreign_user_id" in error.cause
    assert "user_id" in error.next_step
    assert isinstance(error, ResponseUnusable)
    assert read("nps", records, user_id="foreign_user_id")[2]["user_id"] == "f-2"


@pytest.mark.parametrize("own", ["userId", "user_id", "USER-ID"])
def test_the_assumed_contracts_own_name_is_no_question(own: str) -> None:
    record = {**without("nps", "userId"), "publicUserId": "p", own: "own"}
    assert read("nps", [record])[0]["user_id"] == "own"


def test_own_names_written_in_two_ways_are_asked_about_unless_one_is_exact() -> None:
    record = {**without("nps", "userId"), "user_id": "a", "USER-ID": "b"}
    with pytest.raises(FieldsAmbiguous):
        read("nps", [record])
    assert read("nps", [record], user_id="USER-ID")[0]["user_id"] == "b"
    assert read("nps", [{**record, "userId": "c"}])[0]["user_id"] == "c"


def test_the_same_values_under_two_keys_are_no_question_and_the_fuller_key_is_taken() -> None:
    records = [
        {
            **without("nps", "timestamp", "comment"),
            "createdAt": time,
            "submittedAt": time.replace("Z", "+00:00"),
            "feedback": None if i else "good",
            "message": ("good", "bad", None)[i],
        }
        for i, time in enumerate(TIMES)
    ]
    rows = read("nps", records)
    assert [row["timestamp"].day for row in rows] == [1, 2, 3]
    assert [row["comment"] for row in rows] == ["good", "bad", None]


def test_one_moment_in_two_forms_is_no_question() -> None:
    record = {**without("nps", "timestamp"), "createdAt": 1775034000, "submittedAt": "2026-04-01T09:00:00Z"}
    assert read("nps", [record])[0]["timestamp"].hour == 9


def test_a_key_that_is_always_empty_is_no_question() -> None:
    record = {**without("nps", "userId"), "publicUserId": None, "foreignUserId": "f"}
    assert read("nps", [record])[0]["user_id"] == "f"


def test_two_keys_that_take_turns_are_asked_about() -> None:
    record = without("nps", "userId")
    with pytest.raises(FieldsAmbiguous):
        read("nps", [{**record, "publicUserId": "p"}, {**record, "foreignUserId": "f"}])


def test_a_heart_score_beside_its_own_object_is_asked_about_once_for_all() -> None:
    record = {"date": "2026-04-01", "overall": 70, "total": 81, "scores": {"h": 1}, "letters": {"h": 2}}
    with pytest.raises(FieldsAmbiguous) as caught:
        read("heart", [record])
    assert caught.value.candidates == {
        "overall": ("overall", "total"),
        "happiness": ("scores.h", "letters.h"),
    }
    row = read("heart", [record], overall="overall", happiness="letters.h")[0]
    assert (row["overall"], row["happiness"]) == (70, 2)


def test_a_second_key_on_a_later_page_changes_nothing() -> None:
    decoder = Decoder(query("nps"))
    first = {**without("nps", "userId"), "publicUserId": "p"}
    decoder.decode(as_json([first]))
    page = decoder.decode(as_json([{**first, "foreignUserId": "f"}]))
    assert page.table["user_id"].to_pylist() == ["p"]


def test_a_flat_key_with_a_dot_in_it_can_be_named() -> None:
    record = {**without("tags", "userId"), "user.name": "u"}
    assert read("tags", [record], user_id="user.name")[0]["user_id"] == "u"
