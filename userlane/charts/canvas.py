"""What all figures have in common: layout, time axes, markers, intervals.

Text, axes and background are left to Streamlit's theme, so one figure suits light and dark. Nothing zooms by
dragging: the page's dates do that, and a finger on a phone scrolls the page.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go

from userlane.charts.palette import NEUTRAL, Style
from userlane.formatting import THOUSANDS

CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "modeBarButtons": [["toImage"]],
    "responsive": True,
    "scrollZoom": False,
    "showSendToCloud": False,
    "showTips": False,
    "toImageButtonOptions": {"filename": "userlane-chart", "scale": 2},
}
"""For `st.plotly_chart(figure, theme="streamlit", config=CONFIG)`."""

HOVER = "%{hovertext}<extra></extra>"
MUTED = 0.4
DAY = 86_400_000
"""One day in plotly's milliseconds."""

Trace = dict[str, Any]
"""A trace before it is in a figure. Plotly checks every value it is given, so it is given each once."""

Step = Literal["day", "week", "month"]
STEP_DAYS: Mapping[Step, float] = {"day": 1, "week": 7, "month": 30.4}

_CROWDED = 60
_TICKS = 7
_LEGEND_LINE = 20
_LEGEND_CHARACTERS = 40
_LEGEND_SYMBOL = 7


class Figure(go.Figure):  # type: ignore[misc]  # plotly ships no types
    """A figure that is never changed, so that its dictionary for the browser is made only once."""

    _made: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the figure as a dictionary. Arrays of text become lists: plotly writes arrays one by one."""
        if self._made is None:
            self._made = _as_lists(super().to_dict())
        return dict(self._made)


def _as_lists(part: Any) -> Any:
    if isinstance(part, np.ndarray) and part.dtype == object:
        return part.tolist()
    if isinstance(part, dict):
        return {name: _as_lists(each) for name, each in part.items()}
    return [_as_lists(each) for each in part] if isinstance(part, list | tuple) else part


def build_figure(traces: Sequence[Trace], *, height: int, legend: bool = True, **layout: Any) -> Figure:
    """Make a figure of these traces, `height` pixels high without its legend, which stands above the plot.

    The legend is given the lines it needs on a narrow screen, so that it never squeezes the plot.
    """
    legend = legend and bool(traces)
    above = _legend_lines(traces) * _LEGEND_LINE if legend else 0
    return Figure(
        data=list(traces),
        layout={
            "height": height + above,
            "margin": {"l": 0, "r": 8, "t": 12, "b": 0},
            "showlegend": legend,
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "xref": "container",
                "y": 1,
                "yanchor": "top",
                "yref": "container",
                "traceorder": "normal",
                "title": {"text": ""},
            },
            "dragmode": False,
            "hovermode": "closest",
            "hoverlabel": {"align": "left"},
            "separators": f".{THOUSANDS}",
            "barcornerradius": 3,
            **layout,
        },
    )


def _legend_lines(traces: Sequence[Trace]) -> int:
    lines, used = 1, 0
    for trace in traces:
        if not trace.get("showlegend", True):
            continue
        wide = len(trace.get("name", "")) + _LEGEND_SYMBOL
        if used and used + wide > _LEGEND_CHARACTERS:
            lines, used = lines + 1, 0
        used += wide
    return lines


def empty_figure() -> go.Figure:
    """Make a figure without traces, 10 pixels high."""
    hidden = {"visible": False}
    return build_figure([], height=10, xaxis=hidden, yaxis=hidden)


def has_points(figure: go.Figure) -> bool:
    """Return whether the figure has any point or bar."""
    traces: list[Any] = list(figure.data)
    sizes = [trace.x if trace["orientation"] == "h" else trace.y for trace in traces]
    return any(pd.notna(value) for values in sizes if values is not None for value in values)


def axis(title: str = "", **settings: Any) -> dict[str, Any]:
    """Make an axis with a title; the unit belongs in the title."""
    titled = {"title": {"text": title, "standoff": 10}} if title else {}
    return {**titled, "fixedrange": True, "automargin": True, **settings}


def percent_axis(title: str, **settings: Any) -> dict[str, Any]:
    """Make an axis of percentages whose ticks are written like every other share."""
    return axis(title, ticksuffix=" %", **settings)


def days(values: "pd.Series[pd.Timestamp]") -> list[str]:
    """Return days as plotly takes them, without a time or zone that a browser could shift."""
    return pd.to_datetime(values).dt.strftime("%Y-%m-%d").tolist()


def step_of(periods: "pd.Series[pd.Timestamp]") -> Step:
    """Return whether the periods are days, weeks or months, by the least distance between two of them.

    A single period is a month if it is the first of one, else a week if it is a Monday, else a day.
    """
    known = periods.drop_duplicates().sort_values()
    if len(known) > 1:
        apart = known.diff().min().days
        return "day" if apart < 7 else "week" if apart < 28 else "month"
    if len(known) and known.iloc[0].day == 1:
        return "month"
    return "week" if len(known) and known.iloc[0].weekday() == 0 else "day"


def time_axis(periods: "pd.Series[pd.Timestamp]", step: Step, **settings: Any) -> dict[str, Any]:
    """Make a time axis over all periods, gaps at its ends included, with few ticks, each on a period."""
    base = axis(type="date", showgrid=False, **settings)
    if periods.empty:
        return base
    first, last = periods.min(), periods.max()
    room = pd.Timedelta(days=STEP_DAYS[step] * (0.75 if step == "day" else 0.6))
    base |= {"range": [(first - room).isoformat(), (last + room).isoformat()]}
    title = {"day": "%{x|%a %-d %b %Y}", "week": "Week of %{x|%-d %b %Y}", "month": "%{x|%B %Y}"}[step]
    base |= {"unifiedhovertitle": {"text": title}, "hoverformat": "%-d %b %Y"}
    span = (last - first).days
    by_days: tuple[int, ...] = {"day": (1, 2, 7, 14), "week": (7, 14, 28), "month": ()}[step]
    for apart in by_days:
        if span / apart < _TICKS:
            return base | {"tick0": first.isoformat(), "dtick": apart * DAY, "tickformat": "%-d %b\n%Y"}
    months = next((m for m in (1, 2, 3, 6, 12) if span / (m * 30.4) < _TICKS), 24)
    return base | {"tick0": first.replace(day=1).isoformat(), "dtick": f"M{months}", "tickformat": "%b\n%Y"}


def markers(
    values: "pd.Series[float]", style: Style, *, partial: "pd.Series[bool] | None" = None
) -> dict[str, Any]:
    """Make the markers of a line: hollow for `partial` periods, and only some of them where they would crowd.

    A value between two gaps has no line, so where there is one all markers are drawn.
    """
    known = values.notna()
    alone = known & ~known.shift(1, fill_value=False) & ~known.shift(-1, fill_value=False)
    crowded = len(values) > _CROWDED
    symbols: str | list[str] = style.symbol
    if partial is not None and bool(partial.any()):
        symbols = [style.symbol + ("-open" if open_ else "") for open_ in partial]
    return {
        "color": style.colour,
        "symbol": symbols,
        "size": 4 if crowded and bool(alone.any()) else 7,
        "maxdisplayed": 16 if crowded and not bool(alone.any()) else 0,
    }


def fade(which: "pd.Series[bool]") -> dict[str, Any]:
    """Make settings by which those markers or bars are pale for which `which` is true."""
    return {"opacity": [MUTED if each else 1 for each in which]}


def lines(
    name: str,
    x: Sequence[str],
    y: "pd.Series[float]",
    style: Style,
    hover: Sequence[str],
    *,
    partial: "pd.Series[bool] | None" = None,
    width: float | None = None,
    **settings: Any,
) -> Trace:
    """Make a line with markers, broken where `y` is missing and hollow for `partial` periods.

    `hover` is the text of each point; `marker` adds to what `markers` gives.
    """
    width = width or (1.5 if len(y) > _CROWDED else 2)
    return {
        "type": "scatter",
        "x": _texts(x),
        "y": y.to_numpy("float64"),
        "name": name,
        "mode": "lines+markers",
        "connectgaps": False,
        "line": {"color": style.colour, "dash": style.dash, "width": width},
        "marker": markers(y, style, partial=partial) | settings.pop("marker", {}),
        "hovertext": _texts(hover),
        "hovertemplate": HOVER,
        **settings,
    }


def bars(
    x: Sequence[Any], y: Sequence[Any], colour: str | Sequence[str], hover: Sequence[str], **settings: Any
) -> Trace:
    """Make bars without an outline; `hover` is the text of each bar, `marker` adds to their colour.

    The setting `text` is what stands beyond the end of each bar.
    """
    marker = {"color": colour, "line": {"width": 0}, **settings.pop("marker", {})}
    return {
        "type": "bar",
        "x": list(x),
        "y": list(y),
        "marker": marker,
        "textangle": 0,
        "textposition": "outside",
        "cliponaxis": False,
        "hovertext": _texts(hover),
        "hovertemplate": HOVER,
        **settings,
    }


def _texts(texts: Sequence[str]) -> npt.NDArray[np.object_]:
    """Return texts as an array, which plotly checks ten times faster than a list."""
    return np.array(texts, dtype=object)


def rows(frame: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a frame with their cells as attributes."""
    return frame.itertuples(index=False, name="Row")


def whiskers(value: "pd.Series[float]", low: "pd.Series[float]", high: "pd.Series[float]") -> dict[str, Any]:
    """Make the error bars for an interval around each value."""
    return {
        "type": "data",
        "symmetric": False,
        "array": (high - value).tolist(),
        "arrayminus": (value - low).tolist(),
        "thickness": 1.2,
        "width": 3,
    }


def rule_line(y: float, **settings: Any) -> dict[str, Any]:
    """Make a thin dotted line across the plot at `y`."""
    return {
        "type": "line",
        "xref": "x domain",
        "x0": 0,
        "x1": 1,
        "y0": y,
        "y1": y,
        "line": {"color": NEUTRAL, "width": 1, "dash": "dot"},
        "layer": "below",
        **settings,
    }
