"""Start and end are written as the API takes them, and never leave out a part of the window."""

from datetime import date
from typing import get_args

import pytest

from userlane.contract import DatasetName, DateFormat, Query, Window, format_window

APRIL = Window(date(2026, 4, 1), date(2026, 5, 1))


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ("offset", ("2026-04-01T00:00:00+00:00", "2026-05-01T00:00:00+00:00")),
        ("utc", ("2026-04-01T00:00:00Z", "2026-05-01T00:00:00Z")),
        ("utc-milliseconds", ("2026-04-01T00:00:00.000Z", "2026-05-01T00:00:00.000Z")),
        ("plain", ("2026-04-01T00:00:00", "2026-05-01T00:00:00")),
        ("date", ("2026-04-01", "2026-05-01")),
        ("seconds", ("1775001600", "1777593600")),
        ("milliseconds", ("1775001600000", "1777593600000")),
    ],
)
def test_every_way_to_write_dates(dates: DateFormat, expected: tuple[str, str]) -> None:
    assert format_window(Query("nps", "demo", APRIL), dates) == expected


def test_no_way_is_left_untested() -> None:
    (mark,) = (each for each in test_every_way_to_write_dates.pytestmark if each.name == "parametrize")  # type: ignore[attr-defined]  # pytest's
    assert [case[0] for case in mark.args[1]] == list(get_args(DateFormat))


def test_another_time_zone_is_turned_into_utc() -> None:
    query = Query("nps", "demo", APRIL, None, "Europe/Berlin")
    assert format_window(query, "offset") == ("2026-04-01T00:00:00+02:00", "2026-05-01T00:00:00+02:00")
    assert format_window(query, "utc") == ("2026-03-31T22:00:00Z", "2026-04-30T22:00:00Z")
    assert format_window(query, "seconds") == ("1774994400", "1777586400")


@pytest.mark.parametrize(
    ("dataset", "zone", "expected"),
    [
        ("nps", "Europe/Berlin", ("2026-03-31", "2026-05-01")),
        ("nps", "America/New_York", ("2026-04-01", "2026-05-02")),
        ("heart", "Europe/Berlin", ("2026-04-01", "2026-05-01")),
        ("tags", "America/New_York", ("2026-04-01", "2026-05-01")),
    ],
)
def test_whole_days_cover_all_of_the_window(
    dataset: DatasetName, zone: str, expected: tuple[str, str]
) -> None:
    assert format_window(Query(dataset, "demo", APRIL, None, zone), "date") == expected
