"""Figures of Tag adoption."""

from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from userlane.charts import canvas, text
from userlane.charts.palette import Style, series_styles
from userlane.formatting import format_count


def _tags(frame: pd.DataFrame) -> Iterator[tuple[str, Style, pd.DataFrame]]:
    """Yield name, style and rows of each tag.

    A tag's name is in the column `tag` where the frame has one, else it is “Tag” and its ID. Styles go by the
    order of the IDs, so that figures of the same tags agree.
    """
    ids = frame["tag_id"].astype("str")
    names = frame["tag"].where(frame["tag"].notna(), "Tag " + ids) if "tag" in frame else "Tag " + ids
    styles = series_styles(sorted(ids.unique()))
    for tag_id in ids.unique():
        of_tag = ids == tag_id
        yield names[of_tag].iloc[0], styles[tag_id], frame[of_tag]


def tag_trend(trend: pd.DataFrame) -> go.Figure:
    """Plot the users of each chosen tag by day or week, a line per tag.

    `trend` has tag_id, period, users, interactions, partial and, where names were joined, tag. 0 users is a
    value; periods that were not loaded are gaps; partial periods are hollow. Users of several periods are not
    to be added: the same people come back.

    Example: 12 users with 40 interactions on 1 April → a point at 12 that says both.
    """
    step = canvas.step_of(trend["period"])

    def words(row: Any) -> str:
        seen = f"<b>{format_count(row.users, 'user')}</b>, {format_count(row.interactions, 'interaction')}"
        return seen + (f" · partial {step}" if row.partial else "")

    return _over_time(trend, "period", step, f"Users per {step}", words)


def tag_cumulative(cumulative: pd.DataFrame) -> go.Figure:
    """Plot the different users of each chosen tag so far, a rising line per tag.

    `cumulative` has tag_id, date, users (since the first day of the range) and, where names were joined, tag.

    Example: 12 users on the first day, the same and 3 more on the second → 12, 15.
    """

    def words(row: Any) -> str:
        return f"<b>{format_count(row.users, 'user')}</b> so far"

    return _over_time(cumulative, "date", "day", "Different users so far", words)


def _over_time(
    frame: pd.DataFrame, day: str, step: canvas.Step, title: str, words: Callable[[Any], str]
) -> go.Figure:
    """Make a figure with a line of `users` per tag over the column `day`.

    `words` gives what the hover of a row says after the tag's name.
    """
    traces = []
    for name, style, rows in _tags(frame):
        head = text.hover_prefix(name)
        traces.append(
            canvas.lines(
                text.escape_label(name),
                canvas.days(rows[day]),
                rows["users"].astype("float64"),
                style,
                [head + words(row) for row in canvas.rows(rows)],
                partial=rows.get("partial"),
            )
        )
    return canvas.build_figure(
        traces,
        height=320,
        hovermode="x unified",
        xaxis=canvas.time_axis(frame[day], step),
        yaxis=canvas.axis(title, rangemode="tozero", nticks=6, tickformat=",d"),
    )
