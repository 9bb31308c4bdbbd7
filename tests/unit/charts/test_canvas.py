"""What all figures have in common."""

import math
from datetime import date

import pandas as pd
import plotly.graph_objects as go
import pytest

from userlane.charts import canvas
from userlane.charts.palette import Style

STYLE = Style("#4A63D0", "solid", "circle")


def from_day(first: str, count: int, freq: str) -> "pd.Series[pd.Timestamp]":
    return pd.Series(pd.date_range(first, periods=count, freq=freq, unit="us"))


@pytest.mark.parametrize(
    ("first", "count", "freq", "step"),
    [
        ("2026-04-01", 30, "D", "day"),
        ("2026-03-30", 5, "7D", "week"),
        ("2026-01-01", 12, "MS", "month"),
        ("2026-02-01", 2, "MS", "month"),
        ("2026-04-06", 1, "7D", "week"),
        ("2026-04-01", 1, "MS", "month"),
        ("2026-04-07", 1, "D", "day"),
        ("2026-04-07", 0, "D", "day"),
    ],
)
def test_the_step_is_told_from_the_periods(first: str, count: int, freq: str, step: str) -> None:
    assert canvas.step_of(from_day(first, count, freq)) == step


@pytest.mark.parametrize(
    ("count", "freq"),
    [(1, "D"), (7, "D"), (30, "D"), (90, "D"), (730, "D"), (53, "7D"), (24, "MS"), (60, "MS")],
)
def test_a_time_axis_has_few_ticks(count: int, freq: str) -> None:
    """Seven labels fit on a phone; at least two show the scale."""
    periods = from_day("2026-01-05" if freq != "MS" else "2026-01-01", count, freq)
    axis = canvas.time_axis(periods, canvas.step_of(periods))
    every = axis["dtick"]
    apart = int(every[1:]) * 30.4 if isinstance(every, str) else every / canvas.DAY
    ticks = (periods.iloc[-1] - periods.iloc[0]).days / apart + 1
    assert ticks <= 8
    assert ticks >= min(count, 2)


def test_a_time_axis_keeps_the_gaps_at_its_ends() -> None:
    """The axis spans the periods asked for, whether or not anything was measured."""
    first, last = canvas.time_axis(from_day("2026-04-01", 30, "D"), "day")["range"]
    assert date.fromisoformat(first[:10]) == date(2026, 3, 31)
    assert date.fromisoformat(last[:10]) == date(2026, 4, 30)


def test_lines_are_svg_with_markers_and_break_where_nothing_was_measured() -> None:
    trace = canvas.lines("A", ["2026-04-01", "2026-04-02"], pd.Series([1.0, math.nan]), STYLE, ["one", ""])
    assert trace["type"] == "scatter"
    assert trace["connectgaps"] is False
    assert trace["mode"] == "lines+markers"
    assert trace["hovertemplate"] == "%{hovertext}<extra></extra>"


def test_partial_periods_are_hollow() -> None:
    marker = canvas.markers(pd.Series([1.0, 2.0]), STYLE, partial=pd.Series([True, False]))
    assert marker["symbol"] == ["circle-open", "circle"]


def test_a_long_line_shows_some_markers_but_never_hides_a_lone_value() -> None:
    """A value between two gaps has no line: its marker is all there is of it."""
    values = pd.Series([1.0] * 100)
    assert canvas.markers(values, STYLE)["maxdisplayed"] > 0
    values[[49, 51]] = math.nan
    assert canvas.markers(values, STYLE)["maxdisplayed"] == 0


def test_a_legend_of_long_names_gets_more_room() -> None:
    """Its lines on a narrow screen are added to the height, so the plot keeps its own."""
    short, long = (
        canvas.build_figure([{"type": "scatter", "name": name}] * 4, height=300).layout.to_plotly_json()[
            "height"
        ]
        for name in ("A", "A" * 28)
    )
    assert long == short + 60


def test_the_tool_bar_offers_the_picture_and_nothing_else() -> None:
    assert canvas.CONFIG["modeBarButtons"] == [["toImage"]]
    assert canvas.CONFIG["displaylogo"] is False
    assert canvas.CONFIG["showSendToCloud"] is False


def test_a_sheet_is_sent_as_any_figure_of_the_same_content() -> None:
    """Texts in lists or in arrays, numbers, gaps, and characters that a page would take for its own."""
    texts = ["", "<b>über & 1/2</b>", "\u202f"]
    line = canvas.lines(
        "Line", ["2026-04-01"] * 3, pd.Series([1.5, math.nan, 3.0]), STYLE, texts, customdata=["a"] * 3
    )
    bars = canvas.bars(range(3), [1, 2.5, math.nan], "#123456", texts, customdata=[[1, "a"], [2, "b"], []])
    figure = canvas.build_figure([line, bars], height=100, shapes=[canvas.rule_line(1)])
    plain = go.Figure(figure.data, figure.layout)
    assert type(plain) is go.Figure
    assert figure.to_json() == plain.to_json()
    assert figure.to_json() == figure.to_json()
    changed = figure.to_dict()
    changed["more"] = 1
    assert "more" not in figure.to_dict()
