"""Loading over real HTTP gives what the sandbox holds."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.stand_in import (
    connection,
    query,
)
from tests.unit.fetch.given import days, fetcher, nps_api, unreachable
from userlane.contract import DATASETS, SCORES, Connection, DatasetName, Query, Window, bucket
from userlane.errors import (
    RightsMissing,
)
from userlane.sandbox import LIMITED_TOKEN, Record, Sandbox, serve


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with serve(today=date(2026, 5, 10)) as server:
        yield server


def as_rows(dataset: DatasetName, records: list[Record]) -> list[dict[str, Any]]:
    """Wire records as canonical rows, written anew from the contract rather than with the code under test."""
    rows: list[dict[str, Any]] = []
    for record in records:
        if dataset == "heart":
            keys = ("heart", "happiness", "engagement", "adoption", "retention", "taskSuccess")
            scores = dict(zip(SCORES, (record[key] for key in keys), strict=True))
            counts = {"users": record["users"], "sessions": record["sessions"]}
            rows.append({"date": date.fromisoformat(record["date"]), **scores, **counts})
        elif dataset == "tags":
            ids = {"tag_id": str(record["tagId"]), "tag_name": None, "user_id": record["userId"]}
            day = date.fromisoformat(record["date"])
            rows.append({"date": day, **ids, "interactions": record["interactions"]})
        else:
            own = {"survey_id": str(record["surveyId"])} if dataset == "surveys" else {}
            ids = {"response_id": str(record["id"]), "user_id": record["userId"]}
            word = {"bucket": bucket(record["score"])} if dataset == "nps" else {}
            at = datetime.fromisoformat(record["timestamp"])
            rest = {"comment": record["comment"] or None, "timestamp": at}
            rows.append({**own, **ids, "score": record["score"], **word, **rest})
    order = [name for name in ("date", "timestamp", "tag_id", "response_id", "user_id") if name in rows[0]]
    return sorted(rows, key=lambda row: [str(row[name]) for name in order])


@pytest.mark.parametrize(
    ("dataset", "survey_id", "length"),
    [
        ("heart", None, 730),
        ("nps", None, 730),
        ("surveys", "512", 400),
        ("surveys", "513", 90),
        ("tags", None, 60),
    ],
)
def test_a_dataset_of_the_sandbox_equals_its_ground_truth(
    sandbox: Sandbox, dataset: DatasetName, survey_id: str | None, length: int
) -> None:
    end = sandbox.today
    asked = Query(dataset, "demo", Window(end - timedelta(days=length), end), survey_id)
    with closing(fetcher()) as fetch:
        loaded = fetch.load(connection(sandbox.base_url, sandbox.token), asked)
    truth = sandbox.data.records("demo", dataset, asked.start, asked.end, survey_id)
    assert loaded.condition == "complete"
    assert loaded.table.to_pylist() == as_rows(dataset, truth)
    assert (loaded.state.refused, loaded.state.duplicates, loaded.state.outside) == ({}, 0, 0)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_range_inside_a_loaded_one_asks_the_api_for_nothing(sandbox: Sandbox, dataset: DatasetName) -> None:
    end = sandbox.today
    survey_id = "512" if dataset == "surveys" else None
    asked = Query(dataset, "demo", Window(end - timedelta(days=40), end), survey_id)
    inner = asked.over(Window(end - timedelta(days=33), end - timedelta(days=2)))
    who = connection(sandbox.base_url, sandbox.token)
    with closing(fetcher()) as fetch:
        fetch.load(who, asked)
        before = sandbox.requests
        loaded = fetch.load(who, inner)
        assert fetch.load(who, inner) is loaded
    assert sandbox.requests == before
    truth = sandbox.data.records("demo", dataset, inner.start, inner.end, survey_id)
    assert loaded.table.to_pylist() == as_rows(dataset, truth)


def test_a_property_without_rows_is_empty_and_not_an_error(sandbox: Sandbox) -> None:
    with closing(fetcher()) as fetch:
        loaded = fetch.load(connection(sandbox.base_url, sandbox.token), query("nps", property_id="empty"))
    assert (loaded.condition, loaded.rows, len(loaded.frame)) == ("empty", 0, 0)


def test_each_api_answers_a_probe_in_words_and_a_missing_right_closes_only_its_own(sandbox: Sandbox) -> None:
    window = days(1, 30)
    surveys = Query("surveys", "demo", window, "512")
    with closing(fetcher()) as fetch:
        limited = connection(sandbox.base_url, LIMITED_TOKEN)
        unknown = connection(sandbox.base_url, "nobody")

        def said(who: Connection, asked: Query) -> tuple[DatasetName, bool, str]:
            probe = fetch.probe(who, asked)
            return probe.query.dataset, probe.ok, probe.words

        assert said(limited, query("heart")) == ("heart", True, "works")
        assert said(limited, query("nps")) == ("nps", True, "works")
        assert said(limited, query("tags")) == ("tags", False, "your token has no right to read Tags")
        assert said(limited, surveys) == ("surveys", False, "your token has no right to read surveys")
        assert said(unknown, query("nps")) == (
            "nps",
            False,
            "token rejected: make a new one under Settings > API Token",
        )
        nowhere = query("heart", property_id="nowhere")
        assert said(limited, nowhere) == ("heart", False, "no such property or survey")
        with pytest.raises(RightsMissing, match="Tags of property “demo”"):
            fetch.load(limited, query("tags"))
        assert fetch.load(limited, query("nps", window)).state.complete


def test_a_probe_asks_for_one_record_of_the_last_days_and_never_raises() -> None:
    api = nps_api()
    with closing(fetcher(api)) as fetch:
        assert fetch.probe(connection(), query()).ok
        (request,) = api.requests
        assert request.url.params["limit"] == "1"
        assert request.url.params["startDate"] > "2026"
        api.fault = lambda *_: httpx.Response(200, json={"data": None})
        assert fetch.probe(connection(), query()).words.startswith(
            "The API's answer holds no list of records"
        )
        api.fault = unreachable
        assert fetch.probe(connection("http://127.0.0.1:9"), query()).words == "cannot reach 127.0.0.1:9"
