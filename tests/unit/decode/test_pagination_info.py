"""What a response says beside its records is read on every page, by the fast and the tolerant decoder."""

import json
from typing import Any

import pytest

from tests.stand_in import query
from tests.unit.decode.given import GOOD
from userlane.contract.pagination import NO_INFO, PaginationInfo
from userlane.decode import Decoder, Page, fast

RECORDS = [GOOD["tags"], {**GOOD["tags"], "userId": "v"}]


def read(wrap: dict[str, Any], records: list[Any] = RECORDS, key: str = "data") -> PaginationInfo:
    """What is declared, the same by every way of reading."""
    body = json.dumps({key: records, **wrap}).encode()
    decoder = Decoder(query("tags"))
    first, second = decoder.decode(body).declared, decoder.decode(body).declared
    assert first == second
    if records:
        assert decoder.schema is not None
        table, _ = fast.read_table(decoder.schema, body, decoder._zone, None)
        assert table.num_rows == len(records)
    return first


@pytest.mark.parametrize(
    ("wrap", "expected"),
    [
        ({}, NO_INFO),
        ({"total": 250}, PaginationInfo(total=250)),
        ({"meta": {"total_count": "250"}}, PaginationInfo(total=250)),
        ({"Pagination": {"Total-Pages": 3.0, "page": 1}}, PaginationInfo(pages=3)),
        ({"meta": {"pagination": {"totalRecords": 250, "count": 2}}}, PaginationInfo(total=250, own=True)),
        ({"page": {"totalElements": 250, "totalPages": 125, "number": 0}}, PaginationInfo(250, 125)),
        ({"hasMore": True}, PaginationInfo(more=True)),
        ({"has_next_page": "false"}, PaginationInfo(more=False)),
        ({"last": False, "totalPages": 4}, PaginationInfo(pages=4, more=True)),
        ({"count": 250}, PaginationInfo(total=250)),
        ({"count": 2}, PaginationInfo(own=True)),
        ({"total": 2, "hasMore": False}, PaginationInfo(total=2, more=False)),
        ({"meta": None, "pagination": [], "total": {"value": 3}}, NO_INFO),
    ],
)
def test_totals_pages_and_more_are_found_where_apis_put_them(
    wrap: dict[str, Any], expected: PaginationInfo
) -> None:
    assert read(wrap) == expected


@pytest.mark.parametrize(
    "wrap",
    [
        {"count": 1},
        {"total": 1},
        {"total": -1},
        {"total": True},
        {"total": 2.5},
        {"total": "many"},
        {"total": 1e300},
        {"pages": 0},
        {"hasMore": None},
        {"last": 7},
        {"lastPage": 7},
        {"limit": 1000, "page": 1, "size": 2},
    ],
)
def test_what_cannot_mean_that_is_not_taken_for_it(wrap: dict[str, Any]) -> None:
    assert read(wrap) == NO_INFO


def test_an_empty_page_declares_too() -> None:
    assert read({"total": 250}, []) == PaginationInfo(total=250)
    assert read({"total": 0, "pages": 0, "hasMore": False}, []) == PaginationInfo(0, 0, more=False)


def test_levels_above_nested_records_are_looked_at() -> None:
    body = json.dumps({"data": {"items": RECORDS, "totalCount": 9}, "meta": {"hasMore": True}}).encode()
    decoder = Decoder(query("tags"))
    assert (
        decoder.decode(body).declared == decoder.decode(body).declared == PaginationInfo(total=9, more=True)
    )


def test_keys_inside_records_declare_nothing() -> None:
    decoder = Decoder(query("tags"))
    body = json.dumps([{"date": "2026-04-01", "tagId": 1, "userId": "u", "count": 3, "total": 9}]).encode()
    decoder = Decoder(query("tags"), {"interactions": "count"})
    assert decoder.decode(body).declared == decoder.decode(body).declared == NO_INFO


def test_a_declaration_that_first_comes_on_a_later_page_is_heard() -> None:
    decoder = Decoder(query("heart"))
    records = [{key: value for key, value in GOOD["heart"].items() if key != "sessions"}]
    assert decoder.decode(json.dumps({"data": records}).encode()).declared == NO_INFO
    later = json.dumps({"data": records, "meta": {"hasMore": False}}).encode()
    assert decoder.decode(later).declared == decoder.decode(later).declared == PaginationInfo(more=False)


def test_an_object_beside_the_records_that_changes_its_kind_costs_no_record() -> None:
    decoder = Decoder(query("tags"))
    decoder.decode(json.dumps({"data": RECORDS, "meta": {"total": 5}}).encode())
    page = decoder.decode(json.dumps({"data": RECORDS, "meta": "none"}).encode())
    assert (page.table.num_rows, page.declared) == (2, NO_INFO)


def test_two_answers_with_the_same_records_are_the_same_page_whatever_else_they_say() -> None:
    decoder = Decoder(query("tags"))

    def page(records: list[Any], number: int) -> Page:
        return decoder.decode(json.dumps({"data": records, "page": number}).encode())

    assert page(RECORDS, 1).same(page(RECORDS, 2))
    assert page([*RECORDS, None], 1).same(page([*RECORDS, None], 2))
    assert not page(RECORDS, 1).same(page(RECORDS[::-1], 1))
    assert not page(RECORDS, 1).same(page([*RECORDS, None], 1))
    refused = [{**GOOD["tags"], "interactions": "many"}]
    assert not page(refused, 1).same(page(refused, 1))
