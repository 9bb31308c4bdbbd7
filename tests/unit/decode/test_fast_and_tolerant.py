"""Reading a page at once and record by record is one policy, and nothing escapes it."""

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

from tests.stand_in import UNHURRIED, as_json, query, sample
from tests.unit.decode.given import GOOD
from userlane.contract import COLUMNS, DATASETS, DatasetName
from userlane.decode import Decoder, fast, tolerant
from userlane.decode.envelope import find_records
from userlane.decode.fields import FIELDS
from userlane.decode.response_schema import recognise_fields
from userlane.errors import ResponseUnusable

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
@UNHURRIED
@given(data=st.data(), zone=st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata"]))
def test_reading_a_page_at_once_gives_what_reading_record_by_record_gives(
    dataset: DatasetName, data: st.DataObject, zone: str
) -> None:
    records = data.draw(st.lists(usual[dataset], min_size=1, max_size=4))
    body = json.dumps(records).encode()
    envelope, found = find_records(json.loads(body))
    schema = recognise_fields(dataset, envelope, found, {})
    slowly, rejections = tolerant.read_table(schema, found, ZoneInfo(zone), "512")
    try:
        at_once, _ = fast.read_table(schema, body, ZoneInfo(zone), "512")
    except fast.FallBack:
        return
    assert not rejections
    assert at_once.schema == slowly.schema
    assert at_once.to_pylist() == slowly.to_pylist()


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_assumed_contract_is_read_at_once(dataset: DatasetName) -> None:
    body = sample(dataset)
    envelope, found = find_records(json.loads(body))
    schema = recognise_fields(dataset, envelope, found, {})
    assert fast.read_table(schema, body, ZoneInfo("UTC"), "512")[0].num_rows == len(found)


Rewrite = Callable[[str, Any], Any]


def _seconds(key: str, value: Any) -> Any:
    if key not in {"date", "timestamp"}:
        return value
    moment = datetime.fromisoformat(value)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _milliseconds(key: str, value: Any) -> Any:
    return _seconds(key, value) * 1000 if key in {"date", "timestamp"} else value


def _texts(key: str, value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not key.endswith("d") else value


def _points(key: str, value: Any) -> Any:
    return float(value) if isinstance(value, int) and not key.lower().endswith("id") else value


FORMS: dict[str, Rewrite] = {
    "seconds": _seconds,
    "milliseconds": _milliseconds,
    "texts": _texts,
    "points": _points,
    "objects": lambda key, value: {"value": value} if key in {"score", "heart", "interactions"} else value,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dataset", DATASETS)
@UNHURRIED
@given(data=st.data())
def test_other_forms_are_read_at_once_too_and_give_the_same(
    dataset: DatasetName, form: str, data: st.DataObject
) -> None:
    records = data.draw(st.lists(usual[dataset], min_size=1, max_size=3))
    written = [{key: FORMS[form](key, value) for key, value in record.items()} for record in records]
    body = json.dumps(written).encode()
    schema = recognise_fields(dataset, (), json.loads(body), {})
    slowly, rejections = tolerant.read_table(schema, json.loads(body), ZoneInfo("UTC"), "512")
    with contextlib.suppress(fast.FallBack):
        at_once, _ = fast.read_table(schema, body, ZoneInfo("UTC"), "512")
        assert not rejections
        assert at_once.schema == slowly.schema
        assert at_once.to_pylist() == slowly.to_pylist()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_no_form_that_is_tolerated_makes_a_good_page_slow(dataset: DatasetName, form: str) -> None:
    written = [{key: FORMS[form](key, value) for key, value in GOOD[dataset].items()}] * 3
    body = json.dumps(written).encode()
    schema = recognise_fields(dataset, (), written, {})
    assert fast.read_table(schema, body, ZoneInfo("UTC"), "512")[0].equals(
        tolerant.read_table(schema, written, ZoneInfo("UTC"), "512")[0]
    )


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
keys = sorted({key.split(".")[0] for fields in FIELDS.values() for field in fields for key in field.keys})


@pytest.mark.parametrize("dataset", DATASETS)
@UNHURRIED
@given(data=st.data())
def test_no_json_whatever_escapes_the_policy(dataset: DatasetName, data: st.DataObject) -> None:
    record = st.dictionaries(st.sampled_from(keys), anything, max_size=8) | st.just(GOOD[dataset]) | anything
    records: list[Any] = data.draw(st.lists(record, max_size=5))
    decoder = Decoder(query(dataset))
    for body in (as_json(records), as_json([GOOD[dataset]]), as_json(records)):
        try:
            page = decoder.decode(body)
        except ResponseUnusable:
            continue
        assert page.table.schema == COLUMNS[dataset]
        assert page.table.num_rows <= page.records
        page.table.validate(full=True)
        if dataset != "heart":
            lost = sum(
                n for (reason, _), n in page.refused.items() if not reason.endswith("taken as missing")
            )
            assert page.table.num_rows + lost == page.records


@UNHURRIED
@given(st.binary(max_size=40))
def test_no_bytes_whatever_escape_the_error_tree(body: bytes) -> None:
    with contextlib.suppress(ResponseUnusable):
        assert Decoder(query()).decode(body).table.num_rows == 0


def test_one_decoder_serves_many_threads() -> None:
    decoder = Decoder(query("nps"))
    bodies = [as_json([{**GOOD["nps"], "id": i, "comment": "x" if i > 5 else None}] * 50) for i in range(20)]
    tables: dict[int, pa.Table] = {}

    def work(start: int) -> None:
        for i in range(start, 20, 4):
            tables[i] = decoder.decode(bodies[i]).table

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert all(set(tables[i]["response_id"].to_pylist()) == {str(i)} for i in range(20))
