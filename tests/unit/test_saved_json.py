"""Answers saved to files give what the API would have given, and never pass for all of it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stand_in import APRIL, nps_records, tag_records
from userlane.contract import COLUMNS, DATASETS, Dataset, DatasetName, Query, State, Window
from userlane.decode.saved_responses import MAX_BYTES
from userlane.errors import FieldsAmbiguous, FieldsMissing, UploadRefused
from userlane.export import records_file
from userlane.lookups.names import read_names
from userlane.reader_process import FILE
from userlane.saved_json import UNKNOWN, Saved, read
from userlane.store import SMALL_SCORES

WEEK = Window(date(2026, 4, 6), date(2026, 4, 13))
NPS = nps_records(APRIL, 3)


def query(dataset: DatasetName = "nps", window: Window = APRIL, survey_id: str = "512") -> Query:
    return Query(dataset, "demo", window, survey_id if dataset == "surveys" else None)


def file(document: Any, name: str = "nps.json") -> tuple[str, bytes]:
    return name, json.dumps(document).encode()


def rows(saved: Saved, asked: Query | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = saved.answer(asked or query(saved.dataset)).table.to_pylist()
    return found


def ids(saved: Saved, asked: Query | None = None) -> list[str]:
    return [row["response_id"] for row in rows(saved, asked)]


ALL = ids(read([file(NPS)], "nps"))


def test_one_bare_list_gives_every_record_sorted() -> None:
    assert len(ALL) == len(NPS) == 90
    times = [row["timestamp"] for row in rows(read([file(NPS[::-1])], "nps"))]
    assert times == sorted(times)


@pytest.mark.parametrize(
    "files",
    [
        [file({"data": NPS})],
        [file({"meta": {"page": 1}, "data": {"items": NPS}})],
        [file(NPS[:40], "1.json"), file({"results": NPS[40:]}, "2.json")],
        [file([{"data": NPS[:40]}, {"data": NPS[40:]}])],
        [file([NPS[:40], [], NPS[40:]])],
        [("two.json", b"%b\n%b" % (json.dumps(NPS[:40]).encode(), json.dumps({"data": NPS[40:]}).encode()))],
        [("two.json", b"\xef\xbb\xbf%b,\r\n%b,\n" % (file(NPS[:40])[1], file(NPS[40:])[1]))],
        [("16.json", json.dumps(NPS, ensure_ascii=False).encode("utf-16"))],
        [file(NPS), file({"data": NPS[:10]}), file([])],
    ],
)
def test_pages_in_one_file_or_in_many_are_the_same(files: list[tuple[str, bytes]]) -> None:
    assert ids(read(files, "nps")) == ALL


def test_windows_1252_is_read() -> None:
    text = json.dumps([{**NPS[0], "comment": "Über gut"}], ensure_ascii=False)
    assert rows(read([("x.json", text.encode("cp1252"))], "nps"))[0]["comment"] == "Über gut"


def test_an_answer_is_never_complete_and_says_so_in_its_export() -> None:
    answer = read([file(NPS)], "nps").answer(query())
    assert (answer.condition, answer.state.reasons) == ("incomplete", ("From files, completeness unknown.",))
    exported = json.loads(records_file(answer, "json"))
    assert (exported["complete"], exported["reasons"]) == (False, [UNKNOWN])


def test_fewer_records_than_the_answer_declares_are_told() -> None:
    saved = read([file({"data": NPS, "total": 250})], "nps")
    assert saved.reasons == (UNKNOWN, "The API declared 250 records, the files hold 90.")
    assert read([file({"data": NPS, "total": 90})], "nps").reasons == (UNKNOWN,)


def test_the_window_is_the_days_the_records_span_in_their_time_zone() -> None:
    assert read([file(NPS)], "nps").window == APRIL
    assert read([file(tag_records(WEEK, 2))], "tags").window == WEEK
    late = [{**NPS[0], "timestamp": "2026-04-01T23:30:00+00:00"}]
    assert read([file(late)], "nps", timezone="Europe/Berlin").window == Window.through(
        date(2026, 4, 2), date(2026, 4, 2)
    )


def test_a_query_gets_the_rows_of_its_window_only() -> None:
    saved = read([file(NPS)], "nps")
    answer = saved.answer(query(window=WEEK))
    assert answer.rows == 21
    assert {row["timestamp"].date() for row in answer.table.to_pylist()} == {
        date(2026, 4, day) for day in range(6, 13)
    }
    assert (answer.state.outside, answer.state.missing) == (0, ())


def test_repeats_are_dropped_and_counted() -> None:
    answer = read([file(NPS), file(NPS[:7])], "nps").answer(query())
    assert (answer.rows, answer.state.duplicates) == (90, 7)


def test_the_same_query_gives_the_same_answer_and_other_content_another_fingerprint() -> None:
    saved = read([file(NPS)], "nps")
    answer = saved.answer(query())
    assert saved.answer(query()) is answer
    assert read([file(NPS)], "nps").answer(query()).fingerprint == answer.fingerprint
    others = {
        saved.answer(query(window=WEEK)).fingerprint,
        read([file(NPS[1:])], "nps").answer(query()).fingerprint,
        read([file(NPS)], "nps", fields={"comment": "id"}).answer(query()).fingerprint,
    }
    assert len({answer.fingerprint, *others}) == 4


def test_several_surveys_in_one_set_are_told_apart() -> None:
    base = [{key: value for key, value in record.items() if key != "npsId"} for record in NPS[:12]]
    records = [{**record, "surveyId": 500 + i % 3, "score": 1 + i % 5} for i, record in enumerate(base)]
    saved = read([file({"data": records[:5]}), file({"data": records[5:]})], "surveys")
    assert saved.surveys == ("500", "501", "502")
    found = [ids(saved, query("surveys", survey_id=each)) for each in saved.surveys]
    assert [len(each) for each in found] == [4, 4, 4]
    assert sorted(each for part in found for each in part) == sorted(str(record["id"]) for record in records)
    assert ids(saved, query("surveys", survey_id="999")) == []


def test_survey_answers_that_do_not_name_their_survey_get_the_name_given() -> None:
    records = [{**NPS[0], "score": 3}]
    assert read([file(records)], "surveys", survey_id="512").surveys == ("512",)
    assert read([file(records)], "surveys").surveys == ("unnamed",)


def test_what_several_surveys_lost_is_told_once_however_many_are_shown() -> None:
    records = [{**NPS[i], "surveyId": 500 + i % 2, "score": 9 if i < 2 else 3} for i in range(6)]
    saved = read([file(records)], "surveys")
    states = [saved.answer(query("surveys", survey_id=each)).state for each in saved.surveys]
    merged = states[0].merge(*states[1:])
    assert merged.refused == {}
    assert merged.reasons == (UNKNOWN, "Left out of the files, in all surveys: 2 × score outside 1–5.")


def test_surveys_whose_id_nobody_could_type_are_counted() -> None:
    records = [{**NPS[0], "score": 3, "surveyId": 512}, {**NPS[1], "score": 3, "surveyId": "a survey!"}]
    saved = read([file(records)], "surveys")
    assert saved.surveys == ("512",)
    assert saved.answer(query("surveys")).state.refused == {"survey ID neither letters nor digits": 1}


def test_records_that_cannot_be_used_are_counted_where_their_day_is_asked_for() -> None:
    records = [*NPS, {**NPS[0], "score": 11}, {**NPS[0], "score": 3, "timestamp": "never"}]
    saved = read([file(records)], "nps")
    assert saved.answer(query(window=WEEK)).state.refused == {"timestamp not a time": 1}
    assert saved.answer(query()).state.refused_rows == 2


def test_heart_scores_of_at_most_one_are_said_here_too() -> None:
    saved = read([file([{"date": "2026-04-01", "heart": 0.7}])], "heart")
    assert saved.answer(query("heart")).state.notes == (SMALL_SCORES,)


def test_an_export_of_this_product_can_be_opened_again() -> None:
    exported = records_file(read([file(NPS)], "nps").answer(query()), "json")
    again = read([("export.json", exported)], "nps").answer(query())
    assert again.table.equals(read([file(NPS)], "nps").answer(query()).table)


@pytest.mark.parametrize("dataset", DATASETS)
def test_files_without_records_span_nothing(dataset: DatasetName) -> None:
    saved = read([file({"data": []})], dataset)
    assert (saved.window, saved.records, saved.surveys) == (None, 0, ())
    assert saved.answer(query(dataset)).rows == 0


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is not JSON"),
        (b"<html>login</html>", "is not JSON"),
        (b"curl https://api.example.com", "is not JSON"),
        (b'"data"', "is not JSON"),
        (b'[{"id": 1}', "is not JSON from line 1 on"),
        (b'[\n{"id": 1},\n]', "is not JSON from line 3 on"),
        (b"[]\n17", "JSON, but no answer"),
        (b'{"message": "Unauthorized"}', "its keys: message"),
        (b'{"error": "token expired", "data": []}', "error in place of records"),
        (b'{"id": 1, "score": 9, "timestamp": "2026-04-01"}', "its keys: id, score, timestamp"),
        (b"[1, 2]", "a list, but not of records"),
        (b"[" * 100_000, "is not JSON"),
        (b"[" * 900 + b"]" * 900, "no saved answer"),
        (b"[" + b"1" * 5000 + b"]", "is not JSON"),
        (b" " * (MAX_BYTES + 1), "larger than 64 MB"),
    ],
)
def test_what_is_no_answer_is_refused_in_one_sentence(data: bytes, found: str) -> None:
    with pytest.raises(UploadRefused) as caught:
        read([file(NPS), ("C:\\saved\\wrong.json", data)], "nps")
    assert caught.value.cause.startswith("“wrong.json” ")
    assert found in caught.value.cause
    assert caught.value.cause.count(". ") == 0
    assert "Try it" in caught.value.next_step


@pytest.mark.parametrize(
    ("dataset", "record"),
    [
        ("heart", {"date": "9999-12-31", "heart": 70}),
        ("nps", {"score": 9, "timestamp": "9999-12-31T23:59:59Z"}),
        ("nps", {"score": 9, "timestamp": "0001-01-01T00:00:00Z"}),
    ],
)
def test_days_that_no_window_can_hold_are_refused(dataset: DatasetName, record: dict[str, Any]) -> None:
    with pytest.raises(UploadRefused, match="end of the calendar"):
        read([file([record])], dataset, timezone="America/New_York")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"[]" * 600, "more than 500 pages"),
        (b"[" + b"[]," * 600 + b"[]]", "more than 500 pages"),
        (b"[]" * 250_000, "more than 500 pages"),
        (b"[" + b"{}," * 500_001 + b"{}]", "more than 1\u202f000\u202f000 values"),
        (b'{"data": [' + b",".join(b'{"k%d": 1}' % i for i in range(20_000)) + b"]}", "different keys"),
        (
            b"[%b]" % b",".join(b'[{"score":9,"timestamp":"2026-04-01","k%d":1}]' % i for i in range(499)),
            "",
        ),
    ],
)
def test_what_is_made_to_fill_the_memory_is_refused_before_it_does(data: bytes, found: str) -> None:
    """Half a megabyte of empty lists took a gigabyte; records of different keys took time by its square."""
    if not found:
        assert read([("many.json", data)], "nps").records == 499
        return
    with pytest.raises(UploadRefused, match=found):
        read([("many.json", data)], "nps")


def test_files_that_are_read_in_a_child_process_give_the_same() -> None:
    limits = replace(FILE, seconds=120)
    files = [file({"data": NPS, "total": 250}), file([{**NPS[0], "score": 11}])]
    here, there = read(files, "nps"), read(files, "nps", limits=limits)
    assert there.answer(query()).table.equals(here.answer(query()).table)
    assert there.answer(query()).state == here.answer(query()).state
    assert (there.window, there.digest, there.reasons) == (here.window, here.digest, here.reasons)
    with pytest.raises(UploadRefused, match="is not JSON"):
        read([("nps.json", b"x")], "nps", limits=limits)


def test_no_file_at_all_is_refused() -> None:
    with pytest.raises(UploadRefused):
        read([], "nps")


def test_keys_that_are_not_understood_are_told_and_can_be_named() -> None:
    document = [{"when": "2026-04-01T09:00:00Z", "mark": 9}]
    with pytest.raises(FieldsMissing) as caught:
        read([file(document)], "nps")
    assert caught.value.missing == ("score", "timestamp")
    saved = read([file(document)], "nps", fields={"score": "mark", "timestamp": "when"})
    assert rows(saved)[0]["score"] == 9


def test_keys_that_could_both_be_meant_are_asked_about() -> None:
    with pytest.raises(FieldsAmbiguous):
        read([file([{"timestamp": "2026-04-01", "rating": 1, "value": 2}])], "nps")


def test_another_dataset_is_not_answered() -> None:
    with pytest.raises(ValueError, match="hold nps"):
        read([file(NPS)], "nps").answer(query("tags"))


LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
RISKY = st.sampled_from(["=1+1", "'=1", "-5", "@x", "\tx\ny", "007", "1e5", "9007199254740993", "NA", "null"])
IDS = (st.text(LETTERS, min_size=1, max_size=8) | RISKY).map(str.strip).filter(bool)
COMMENTS = st.none() | (st.text(LETTERS, max_size=30) | RISKY).filter(str.strip)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")


def nasty(dataset: DatasetName, ids: Sequence[str], comments: Sequence[str | None]) -> list[dict[str, Any]]:
    """Records whose every text is what is worst for files; each with an ID of its own."""
    at = datetime(2026, 4, 7, 9, 12, 33, tzinfo=UTC)
    if dataset == "heart":
        return [{"date": WEEK.start + timedelta(days=day), "overall": 70.5, "users": day} for day in range(7)]
    if dataset == "tags":
        return [
            {"date": WEEK.start, "tag_id": tag, "user_id": user, "interactions": 1 + place}
            for place, tag in enumerate(ids)
            for user in ids
        ]
    own = (
        {"survey_id": "512"} if dataset == "surveys" else {"bucket": "passive" if dataset == "nps" else None}
    )
    score = 7 if dataset == "nps" else 4
    return [
        own | {"response_id": each, "user_id": each, "score": score, "comment": comment, "timestamp": at}
        for each, comment in zip(ids, comments, strict=False)
    ]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(DATASETS),
    st.lists(IDS, min_size=1, max_size=5, unique=True),
    st.lists(COMMENTS, min_size=5, max_size=5),
    st.sampled_from(ENCODINGS),
)
def test_every_export_can_be_opened_again_with_every_text_as_it_was(
    dataset: DatasetName, ids: list[str], comments: list[str | None], encoding: str
) -> None:
    """What was taken away as JSON gives the same rows, whatever stands in them and however it was saved."""
    table = pa.Table.from_pylist(nasty(dataset, ids, comments), schema=COLUMNS[dataset])
    exported = records_file(Dataset(query(dataset), table, State(), "f"), "json")
    saved = read([("taken.json", exported.decode().encode(encoding))], dataset)
    found = saved.answer(query(dataset)).table
    assert sorted(found.to_pylist(), key=repr) == sorted(table.to_pylist(), key=repr)
    assert not saved.refused


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(IDS, IDS, min_size=1, max_size=5))
def test_names_taken_away_with_the_records_come_back_by_the_upload(names: dict[str, str]) -> None:
    """The CSV's escapes are taken off again, and only they."""
    rows = [
        {"date": WEEK.start, "tag_id": tag, "tag_name": name, "user_id": "u", "interactions": 1}
        for tag, name in names.items()
    ]
    table = pa.Table.from_pylist(rows, schema=COLUMNS["tags"])
    for state in (State(), State(reasons=("The API failed (503).",))):
        exported = records_file(Dataset(query("tags"), table, state, "f"), "csv")
        assert read_names(exported, "records.csv").entries == names
