"""The files people take away: what is in them, byte for byte where it matters."""

import csv
import doctest
import io
import json
import math
import re
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_in import UNHURRIED
from userlane import export, formulas
from userlane.contract import COLUMNS, DATASETS, Dataset, DatasetName, Query, State, Window

APRIL = Window(date(2026, 4, 1), date(2026, 5, 1))
BROKEN = State(reasons=("The API failed (503).",), missing=(Window(date(2026, 4, 10), date(2026, 4, 12)),))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
RISKY_TEXTS = st.lists(st.sampled_from(["'", " ", "\u00a0", "\t", "\r", "\n", *'=+-@＝＋－＠a1,;"'])).map(
    "".join
)

ROWS: dict[DatasetName, list[dict[str, Any]]] = {
    "heart": [
        {"date": date(2026, 4, 1), "overall": 71.4, "happiness": None, "engagement": 0.0, "adoption": 69.9}
        | {"retention": 80.25, "task_success": 66.0, "users": 1234, "sessions": 3456},
        {"date": date(2026, 4, 2), "overall": float("nan"), "users": None, "sessions": 0},
    ],
    "nps": [
        {"response_id": "007", "user_id": "u-1", "score": 9, "bucket": "promoter"}
        | {"comment": 'Say "hi", ok\n🙂', "timestamp": datetime(2026, 4, 1, 9, 12, 33, tzinfo=UTC)},
        {"response_id": "9007199254740993", "user_id": None, "score": 0, "bucket": "detractor"}
        | {"comment": None, "timestamp": datetime(2026, 4, 30, 23, 59, 59, tzinfo=UTC)},
    ],
    "surveys": [
        {"survey_id": "512", "response_id": "1e5", "user_id": "NA", "score": 4, "comment": "=1+1"}
        | {"timestamp": datetime(2026, 4, 1, tzinfo=UTC)}
    ],
    "tags": [
        {"date": date(2026, 4, 1), "tag_id": "4711", "tag_name": "Save", "user_id": "u-1", "interactions": 3},
        {"date": date(2026, 4, 2), "tag_id": "4712", "tag_name": None, "user_id": "-2", "interactions": 1},
    ],
}
CSV: dict[DatasetName, str] = {
    "heart": "date,overall,happiness,engagement,adoption,retention,task_success,users,sessions\n"
    "2026-04-01,71.4,,0,69.9,80.25,66,1234,3456\n"
    "2026-04-02,,,,,,,,0\n",
    "nps": "response_id,user_id,score,bucket,comment,timestamp\n"
    '"007","u-1",9,"promoter","Say ""hi"", ok\n🙂","2026-04-01T09:12:33+00:00"\n'
    '"9007199254740993",,0,"detractor",,"2026-04-30T23:59:59+00:00"\n',
    "surveys": "survey_id,response_id,user_id,score,comment,timestamp\n"
    '"512","1e5","NA",4,"\'=1+1","2026-04-01T00:00:00+00:00"\n',
    "tags": "date,tag_id,tag_name,user_id,interactions\n"
    '2026-04-01,"4711","Save","u-1",3\n'
    '2026-04-02,"4712",,"\'-2",1\n',
}


def query(dataset: DatasetName = "nps") -> Query:
    return Query(dataset, "demo", APRIL, survey_id="512" if dataset == "surveys" else None)


def dataset(name: DatasetName = "nps", rows: Any = None, state: State | None = None) -> Dataset:
    table = pa.Table.from_pylist(ROWS[name] if rows is None else rows, schema=COLUMNS[name])
    return Dataset(query(name), table, state or State(), "c0ffee")


def comments(*texts: str | None) -> Dataset:
    return dataset(
        "nps", [{"response_id": str(i), "score": 9, "comment": text} for i, text in enumerate(texts)]
    )


def lines(file: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def view(frame: pd.DataFrame, kind: export.Format, state: State | None = None) -> bytes:
    return export.view_file(frame, query(), state or State(), "Comments", {"bucket": "promoter"}, kind)


@UNHURRIED
@given(st.lists(TEXTS | RISKY_TEXTS, min_size=1, max_size=5))
def test_csv_gives_every_text_back_through_an_ordinary_reader(texts: list[str]) -> None:
    """Holds the escape of whole columns to the one of single texts, and the quoting with it."""
    found = [formulas.unescape(line[4]) for line in lines(export.records_file(comments(*texts), "csv"))[1:]]
    assert found == texts


@UNHURRIED
@given(st.lists(st.none() | TEXTS | RISKY_TEXTS, min_size=1, max_size=5))
def test_json_gives_every_text_back_and_tells_missing_from_empty(texts: list[str | None]) -> None:
    found = json.loads(export.records_file(comments(*texts), "json"))["records"]
    assert [record["comment"] for record in found] == texts


@UNHURRIED
@given(st.lists(st.none() | st.floats(), min_size=1, max_size=5))
def test_numbers_come_back_exactly_and_what_is_no_number_is_missing(values: list[float | None]) -> None:
    rows = [{"date": date(2026, 4, 1), "overall": value} for value in values]
    expected = [value if value is not None and math.isfinite(value) else None for value in values]
    file = json.loads(export.records_file(dataset("heart", rows), "json"))
    assert [record["overall"] for record in file["records"]] == expected
    cells = [line[1] for line in lines(export.records_file(dataset("heart", rows), "csv"))[1:]]
    assert [float(cell) if cell else None for cell in cells] == expected


@pytest.mark.parametrize("name", DATASETS)
def test_csv_is_the_canonical_columns_behind_a_byte_order_mark(name: DatasetName) -> None:
    assert export.records_file(dataset(name), "csv") == b"\xef\xbb\xbf" + CSV[name].encode()


@pytest.mark.parametrize("name", DATASETS)
def test_json_records_are_the_rows_with_iso_days_and_instants_and_null_for_missing(
    name: DatasetName,
) -> None:
    def escape_markdown(value: Any) -> Any:
        if isinstance(value, date):
            return value.isoformat()
        return None if isinstance(value, float) and math.isnan(value) else value

    expected = [
        {column: escape_markdown(row.get(column)) for column in COLUMNS[name].names} for row in ROWS[name]
    ]
    found = json.loads(export.records_file(dataset(name), "json"))["records"]
    assert found == expected
    assert [list(record) for record in found] == [COLUMNS[name].names] * len(expected)


def test_json_says_what_was_asked_and_that_everything_is_there() -> None:
    state = State(refused={"score 9 is not 1–5": 2}, duplicates=4, outside=7)
    file = export.records_file(dataset("surveys", state=state), "json")
    assert list(json.loads(file).items())[:-1] == [
        ("dataset", "surveys"),
        ("property_id", "demo"),
        ("survey_id", "512"),
        ("start", "2026-04-01"),
        ("end", "2026-05-01"),
        ("timezone", "UTC"),
        ("complete", True),
        ("reasons", []),
        ("rows", 1),
        ("refused_rows", 2),
        ("duplicate_rows", 4),
        ("outside_rows", 7),
    ]


def test_incomplete_rows_are_marked_inside_every_kind_of_file() -> None:
    why = ["The API failed (503).", "Missing days (end not included): 2026-04-10 to 2026-04-12."]
    broken = dataset(state=BROKEN)
    found = json.loads(export.records_file(broken, "json"))
    assert (found["complete"], found["reasons"]) == (False, why)
    header, *records = lines(export.records_file(broken, "csv"))
    assert header == [*COLUMNS["nps"].names, "incomplete"]
    assert [record[-1] for record in records] == [" ".join(why)] * 2
    metadata = pq.read_schema(io.BytesIO(export.records_file(broken, "parquet"))).metadata
    assert json.loads(metadata[b"userlane"])["reasons"] == why
    assert lines(view(pd.DataFrame({"n": [1]}), "csv", BROKEN)) == [["n", "incomplete"], ["1", " ".join(why)]]


def test_stale_rows_are_marked_with_their_age() -> None:
    stale = State(stale=True, fetched_at=datetime(2026, 4, 2, 8, tzinfo=UTC))
    found = json.loads(export.records_file(dataset(state=stale), "json"))
    why = "These are the rows of 2026-04-02T08:00:00+00:00: a newer fetch failed."
    assert (found["complete"], found["reasons"]) == (False, [why])
    table = lines(export.records_file(dataset(state=stale), "csv"))
    assert (table[0][-1], table[1][-1]) == ("stale", why)


@pytest.mark.parametrize("name", DATASETS)
def test_a_period_without_records_is_a_file_with_none(name: DatasetName) -> None:
    nothing = dataset(name, [])
    assert lines(export.records_file(nothing, "csv")) == [COLUMNS[name].names]
    found = json.loads(export.records_file(nothing, "json"))
    assert (found["complete"], found["rows"], found["records"]) == (True, 0, [])
    assert pq.read_table(io.BytesIO(export.records_file(nothing, "parquet"))).num_rows == 0


def test_an_incomplete_file_without_records_still_shows_its_mark() -> None:
    assert lines(export.records_file(dataset("tags", [], BROKEN), "csv")) == [
        [*COLUMNS["tags"].names, "incomplete"]
    ]


@pytest.mark.parametrize("name", DATASETS)
def test_parquet_holds_the_very_table(name: DatasetName) -> None:
    found = pq.read_table(io.BytesIO(export.records_file(dataset(name), "parquet")))
    assert found.replace_schema_metadata(None).to_pylist()[0] == dataset(name).table.to_pylist()[0]
    assert found.schema.names == COLUMNS[name].names
    assert json.loads(found.schema.metadata[b"userlane"])["rows"] == len(ROWS[name])


def test_tables_in_pieces_with_their_own_dictionaries_are_written_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Windows are fetched one by one: each piece codes its texts differently; batches end in mid-piece."""
    monkeypatch.setattr(export, "BATCH_ROWS", 2)
    pieces = [
        [{"date": date(2026, 4, day), "tag_id": f"={tag}", "user_id": f"u{tag}", "interactions": tag}]
        for day in (1, 2, 3)
        for tag in range(day, day + 3)
    ]
    whole = pa.concat_tables([dataset("tags", piece).table for piece in pieces]).slice(1, 7)
    tags = Dataset(query("tags"), whole, State(), "c0ffee")
    expected = [piece[0]["tag_id"] for piece in pieces][1:8]
    assert [formulas.unescape(line[1]) for line in lines(export.records_file(tags, "csv"))[1:]] == expected
    assert [
        record["tag_id"] for record in json.loads(export.records_file(tags, "json"))["records"]
    ] == expected


@pytest.mark.parametrize("kind", export.FORMATS)
def test_writing_to_a_sink_gives_the_same_bytes_as_the_file(kind: export.Format) -> None:
    sink = io.BytesIO()
    export.write_records(dataset(), kind, sink)
    assert sink.getvalue() == export.records_file(dataset(), kind)


def test_fractions_of_a_second_are_kept_for_the_whole_column() -> None:
    moments = [datetime(2026, 4, 1, 9, 0, 0, 120, tzinfo=UTC), datetime(2026, 4, 1, 10, tzinfo=UTC), None]
    rows = [{"response_id": "1", "score": 9, "timestamp": moment} for moment in moments]
    found = json.loads(export.records_file(dataset("nps", rows), "json"))["records"]
    expected = ["2026-04-01T09:00:00.000120+00:00", "2026-04-01T10:00:00.000000+00:00", None]
    assert [record["timestamp"] for record in found] == expected


def shown() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "period": pd.to_datetime(["2026-04-06", "NaT"]),
            "asked": pd.to_datetime(["2026-04-06T10:30:00", "2026-04-07T00:00:00"]),
            "latest": pd.to_datetime(["2026-04-06T10:30:00", "NaT"]).tz_localize("Europe/Berlin"),
            "bucket": pd.Categorical(["promoter", None]),
            "band": pd.Categorical([1, 2]),
            "partial": [True, False],
            "score": [-12.5, float("nan")],
            "n": pd.array([1, None], dtype="Int64"),
            "trend": [[1.0, float("nan")], None],
            "previous": [None, None],
            "comment": ["+1", ""],
        },
        index=[7, 3],
    )


def test_a_view_is_what_is_shown_with_its_name_and_filters_as_json() -> None:
    found = json.loads(view(shown(), "json"))
    assert (found["view"], found["filters"], found["rows"]) == ("Comments", {"bucket": "promoter"}, 2)
    first, second = found["records"]
    assert list(first) == list(shown().columns)
    assert list(first.values()) == [
        *("2026-04-06", "2026-04-06T10:30:00", "2026-04-06T08:30:00+00:00", "promoter", 1, True, -12.5, 1),
        *([1.0, None], None, "+1"),
    ]
    assert list(second.values()) == [None, "2026-04-07T00:00:00", None, None, 2, False, *([None] * 4), ""]


def test_a_view_is_what_is_shown_as_csv() -> None:
    assert view(shown(), "csv").decode("utf-8-sig") == (
        "period,asked,latest,bucket,band,partial,score,n,trend,previous,comment\n"
        '2026-04-06,"2026-04-06T10:30:00","2026-04-06T08:30:00+00:00","promoter",1,true,-12.5,1,"[1.0,null]",'
        ',"\'+1"\n'
        ',"2026-04-07T00:00:00",,,2,false,,,,,""\n'
    )


def test_a_view_as_parquet_keeps_types_and_carries_its_filters() -> None:
    found = pq.read_table(io.BytesIO(view(shown(), "parquet")))
    assert found.schema.field("n").type == pa.int64()
    assert json.loads(found.schema.metadata[b"userlane"])["filters"] == {"bucket": "promoter"}


def test_a_file_name_says_what_is_inside_and_is_safe_on_every_system() -> None:
    name = export.file_name(query("surveys"), State(), "a/b\\c", "json", "Weekly trend: “4–5” / ../ü")
    assert re.fullmatch(
        r"userlane-surveys-demo-512-2026-04-01_2026-05-01-weekly-trend-4-5-[0-9a-f]{8}\.json", name
    )


@UNHURRIED
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["one", "two"]),
            st.sampled_from(["nps", "tags"]),
            st.sampled_from(["UTC", "Europe/Berlin"]),
            st.sampled_from([None, "Comments", "Comments!"]),
            st.sampled_from([{}, {"bucket": "promoter"}, {"bucket": "passive"}, {"bucket, promoter": ""}]),
            st.sampled_from([State(), BROKEN, State(reasons=("x",)), State(refused={"y": 1})]),
        ),
        min_size=2,
        max_size=2,
        unique_by=repr,
    )
)
def test_file_names_tell_contents_apart(asked: Any) -> None:
    """Downloads of equal shape must never be taken for each other, whatever in them differs."""
    names = [
        export.file_name(Query(about, "demo", APRIL, None, zone), state, rows, kind, part, filters)
        for rows, about, zone, part, filters, state in asked
        for kind in export.FORMATS
    ]
    assert len(set(names)) == len(names)


CELLS = st.none() | TEXTS | RISKY_TEXTS
FRAMES = st.builds(
    lambda name, texts, numbers: pd.DataFrame({name: texts, "n": (numbers * len(texts))[: len(texts)]}),
    st.sampled_from(["tag", "survey", "=tag"]),
    st.lists(CELLS, min_size=1, max_size=4),
    st.lists(st.integers(-9, 9) | st.floats(allow_nan=False), min_size=1, max_size=4),
)


@UNHURRIED
@given(FRAMES, FRAMES)
def test_tables_with_other_content_never_bear_one_file_name(one: pd.DataFrame, other: pd.DataFrame) -> None:
    """Names and comparisons come into a table from elsewhere: its rows say what it is, not where from."""
    for kind in ("csv", "json"):
        contents, names = zip(
            *(
                (
                    view(frame, kind),
                    export.file_name(query(), State(), export.fingerprint(frame), kind, "Comments"),
                )
                for frame in (one, other)
            ),
            strict=True,
        )
        assert contents[0] == contents[1] or names[0] != names[1]
    assert export.fingerprint(one) == export.fingerprint(one.copy())


@UNHURRIED
@given(st.text(), st.text(st.sampled_from('/\\:*?"<>|\0\n\u202e.. conNUL'), max_size=300))
def test_no_file_name_can_do_harm(view: str, other: str) -> None:
    """Letters, digits, dots, dashes and underlines only, behind our own name, short enough for every disk."""
    for part in (view, other, view * 50):
        name = export.file_name(query("surveys"), BROKEN, other, "parquet", part, {view: other})
        assert re.fullmatch(r"userlane-[0-9a-z_-]+\.parquet", name)
        assert len(name) < 255


def test_a_file_name_marks_what_is_not_whole() -> None:
    assert export.file_name(query(), BROKEN, "c0ffee", "csv").endswith("-incomplete.csv")
    assert export.file_name(query(), State(stale=True), "c0ffee", "csv").endswith("-stale.csv")


def test_every_format_has_a_media_type() -> None:
    assert set(export.MEDIA_TYPES) == set(export.FORMATS)


def test_the_examples_in_the_documentation_are_true() -> None:
    assert doctest.testmod(export).failed == 0
