"""The rows of a window are in one order, each once."""

from typing import Any

import httpx
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stand_in import (
    UNHURRIED,
    query,
)
from userlane.contract import DATASETS, DatasetName
from userlane.decode import Decoder
from userlane.fetch.deduplicate import deduplicate

rows_of: dict[DatasetName, st.SearchStrategy[dict[str, Any]]] = {
    "heart": st.fixed_dictionaries(
        {"date": st.sampled_from(["2026-04-01", "2026-04-02"]), "heart": st.integers(0, 3)}
    ),
    "tags": st.fixed_dictionaries(
        {
            "date": st.sampled_from(["2026-03-31", "2026-04-01", "2026-04-30", "2026-05-01"]),
            "tagId": st.integers(8, 11),
            "userId": st.sampled_from(["a", "b", "é", "B"]),
            "interactions": st.integers(0, 3),
        }
    ),
    "nps": st.fixed_dictionaries(
        {
            "id": st.none() | st.integers(1, 4),
            "userId": st.none() | st.sampled_from(["a", "b"]),
            "score": st.integers(0, 3),
            "timestamp": st.sampled_from(["2026-04-01T09:00:00Z", "2026-04-01T10:00:00Z", "2026-03-01"]),
        }
    ),
}
rows_of["surveys"] = rows_of["nps"].map(lambda row: {**row, "score": 1 + row["score"]})


@pytest.mark.parametrize("dataset", DATASETS)
@UNHURRIED
@given(data=st.data())
def test_the_result_does_not_depend_on_the_order_of_arrival(
    dataset: DatasetName, data: st.DataObject
) -> None:
    records = data.draw(st.lists(rows_of[dataset], min_size=1, max_size=8))
    shuffled = data.draw(st.permutations(records))
    cut = data.draw(st.integers(0, len(records)))
    asked = query(dataset)

    def pages(rows: list[dict[str, Any]]) -> list[pa.Table]:
        decoder = Decoder(asked)
        return [
            decoder.decode(httpx.Response(200, json=part).content).table for part in (rows[:cut], rows[cut:])
        ]

    one, other = deduplicate(asked, pages(records)), deduplicate(asked, pages(shuffled))
    assert one.table.equals(other.table)
    assert (one.duplicates, one.outside) == (other.duplicates, other.outside)
    assert one.table.num_rows + one.duplicates + one.outside == len(records)
    again = deduplicate(asked, [one.table, one.table])
    if dataset in {"heart", "tags"}:
        assert again.table.equals(one.table)


def tidied(dataset: DatasetName, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    page = Decoder(query(dataset)).decode(httpx.Response(200, json=records).content)
    rows: list[dict[str, Any]] = deduplicate(query(dataset), [page.table]).table.to_pylist()
    return rows


NPS = {"score": 9, "timestamp": "2026-04-01T09:00:00Z", "userId": "a"}


@pytest.mark.parametrize(
    ("records", "left"),
    [
        ([{**NPS, "id": 1}, {**NPS, "id": 1, "timestamp": "2026-04-02"}, {**NPS, "id": 2}], 2),
        ([NPS, NPS], 1),
        ([NPS, {**NPS, "userId": "b"}], 2),
        ([{**NPS, "userId": None}, {**NPS, "userId": None}], 2),
        ([{**NPS, "id": 7}, {**NPS, "id": 7, "userId": "b"}], 2),
        ([{**NPS, "id": 7}, {**NPS, "id": 7, "timestamp": "2026-04-02"}], 2),
    ],
    ids=[
        "one response ID is one response",
        "without an ID, user and moment are the response",
        "another user is another response",
        "without ID and user nothing is known to be a repeat",
        "an ID under two users is no response ID",
        "an ID that all answers share is no response ID",
    ],
)
def test_which_answers_are_the_same(records: list[dict[str, Any]], left: int) -> None:
    assert len(tidied("nps", records)) == left


def test_of_two_counts_for_one_key_the_larger_is_kept() -> None:
    row = {"date": "2026-04-01", "tagId": 1, "userId": "a"}
    rows = tidied("tags", [{**row, "interactions": n} for n in (2, 5, 3)])
    assert [each["interactions"] for each in rows] == [5]


def test_tag_rows_are_sorted_by_day_then_tag_then_user_as_text() -> None:
    records = [
        {"date": day, "tagId": tag, "userId": user, "interactions": 1}
        for day in ("2026-04-02", "2026-04-01")
        for tag in (9, 10)
        for user in ("b", "a", "B")
    ]
    keys = [(str(row["date"]), row["tag_id"], row["user_id"]) for row in tidied("tags", records)]
    assert keys == sorted(keys)
    assert len(keys) == 12
