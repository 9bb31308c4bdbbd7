"""Figures of Tag adoption."""

import math

import pandas as pd

from tests.unit.charts.figure_checks import checked, named, texts
from userlane.charts import tag_cumulative, tag_trend

LONG = "<img src=x onerror=alert(1)> Share & invite everybody"


def trend(tag_id: str, users: list[float], *, freq: str = "D", partial: tuple[int, ...] = ()) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "tag_id": tag_id,
            "period": pd.date_range("2026-04-06", periods=len(users), freq=freq, unit="us"),
            "users": users,
            "interactions": [4 * each for each in users],
            "partial": [i in partial for i in range(len(users))],
        }
    )


def cumulative(tag_id: str, users: list[int]) -> pd.DataFrame:
    days = pd.date_range("2026-04-06", periods=len(users), unit="us")
    return pd.DataFrame({"tag_id": tag_id, "date": days, "users": users})


def test_tag_names_are_escaped_and_cut_with_all_of_them_in_the_hover() -> None:
    """In every figure, and nowhere does a tag of HTML survive."""
    name = {"tag": LONG}
    figures = [
        checked(tag_trend(trend("1", [1.0, 2.0]).assign(**name))),
        checked(tag_cumulative(cumulative("1", [1, 2]).assign(**name))),
    ]
    for figure in figures:
        assert not any("<img" in text for text in texts(figure))
        assert "everybody" in figure.data[0].hovertext[0]
        assert figure.data[0].name == "&lt;img src=x onerror=alert(1)…"


def test_a_tag_without_a_name_is_shown_by_its_id() -> None:
    frame = trend("4711", [1.0, 2.0]).assign(tag=pd.Series([None, None], dtype="str"))
    assert [line.name for line in checked(tag_trend(frame)).data] == ["Tag 4711"]


def test_no_use_is_0_and_what_was_not_loaded_is_a_gap() -> None:
    line = checked(tag_trend(trend("1", [3, 0, math.nan, 2]))).data[0]
    assert line.y[1] == 0
    assert math.isnan(line.y[2])
    assert line.hovertext[0] == "Tag 1: <b>3 users</b>, 12 interactions"


def test_partial_weeks_are_hollow_and_the_axis_says_per_week() -> None:
    figure = checked(tag_trend(trend("1", [3, 4, 5], freq="7D", partial=(2,))))
    assert list(figure.data[0].marker.symbol) == ["circle", "circle", "circle-open"]
    assert figure.data[0].hovertext[2].endswith("partial week")
    assert figure.layout.yaxis.title.text == "Users per week"


def test_a_tag_looks_the_same_in_trend_and_adoption_over_time() -> None:
    """Whatever order the frames come in."""
    one = checked(tag_trend(pd.concat([trend("7", [1, 2]), trend("3", [2, 3])])))
    other = checked(tag_cumulative(pd.concat([cumulative("3", [1, 2]), cumulative("7", [2, 3])])))
    for tag in ("Tag 3", "Tag 7"):
        assert named(one, tag).line == named(other, tag).line
        assert named(one, tag).marker.symbol == named(other, tag).marker.symbol
    assert named(one, "Tag 3").line.color != named(one, "Tag 7").line.color


def test_adoption_over_time_says_users_so_far() -> None:
    line = checked(tag_cumulative(cumulative("1", [12, 15]))).data[0]
    assert list(line.y) == [12, 15]
    assert line.hovertext[1] == "Tag 1: <b>15 users</b> so far"


def test_no_tags_give_empty_figures() -> None:
    assert not checked(tag_trend(trend("1", [1.0]).iloc[:0])).data
    assert not checked(tag_cumulative(cumulative("1", [1]).iloc[:0])).data
