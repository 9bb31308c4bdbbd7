"""The sample CSVs fit the sample data the way real ones would: nearly."""

import csv
import io

import pytest

from tests.unit.sandbox.conftest import EVER, TODAY
from userlane.errors import NotFound
from userlane.sandbox import PROPERTIES, sample_data, tag_names_csv, user_attributes_csv
from userlane.sandbox.large import FIRST_TAG, TAGS, USERS


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_57_of_60_tags_are_named_and_one_name_is_unused() -> None:
    used = {str(record["tagId"]) for record in sample_data(TODAY).records("demo", "tags", *EVER)}
    named = [row["Tag ID"] for row in read(tag_names_csv("demo"))]
    assert len(named) == len(set(named)) == 58
    assert len(used) == 60
    assert len(used & set(named)) == 57


def test_the_portal_file_has_columns_nobody_asked_for_and_is_not_sorted_by_id() -> None:
    rows = read(tag_names_csv("demo"))
    assert list(rows[0])[:3] == ["Tag ID", "Tag name", "Created"]
    assert len(rows[0]) > 3
    ids = [row["Tag ID"] for row in rows]
    assert ids != sorted(ids)
    assert len({row["Tag name"] for row in rows}) == len(rows)


def test_small_and_large_have_all_their_tags_named_and_empty_a_header() -> None:
    used = {str(record["tagId"]) for record in sample_data(TODAY).records("small", "tags", *EVER)}
    assert {row["Tag ID"] for row in read(tag_names_csv("small"))} == used
    assert {row["Tag ID"] for row in read(tag_names_csv("large"))} == {
        str(FIRST_TAG + number) for number in range(TAGS)
    }
    assert tag_names_csv("empty").count(b"\n") == 1


def test_user_attributes_match_most_users_but_not_all() -> None:
    rows = read(user_attributes_csv("demo"))
    assert list(rows[0]) == ["user_id", "role", "region", "department"]
    listed = {row["user_id"] for row in rows}
    assert len(listed) == len(rows)
    seen = {str(record["userId"]) for record in sample_data(TODAY).records("demo", "tags", *EVER)}
    assert 0.85 < len(seen & listed) / len(seen) < 1
    assert listed - seen
    assert all(len({row[column] for row in rows}) > 3 for column in ("role", "region", "department"))


def test_the_other_properties_have_attributes_of_their_own_users() -> None:
    assert len(read(user_attributes_csv("large"))) == USERS
    assert read(user_attributes_csv("empty")) == []
    seen = {str(record["userId"]) for record in sample_data(TODAY).records("small", "tags", *EVER)}
    assert {row["user_id"] for row in read(user_attributes_csv("small"))} & seen


def test_files_are_the_same_each_time_and_differ_by_seed() -> None:
    for property_id in PROPERTIES:
        assert tag_names_csv(property_id) == tag_names_csv(property_id)
        assert user_attributes_csv(property_id) == user_attributes_csv(property_id)
    assert user_attributes_csv("demo", 1) != user_attributes_csv("demo", 2)


def test_an_unknown_property_has_no_files() -> None:
    for made in (tag_names_csv, user_attributes_csv):
        with pytest.raises(NotFound):
            made("nope")
