"""Figures of Tag adoption."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from userlane.charts import canvas, text
from userlane.charts.palette import ACCENT, Style, fade_colour, series_styles
from userlane.formatting import format_count, format_interval, format_number, format_share


def _names(frame: pd.DataFrame) -> "pd.Series[str]":
    """What each row's tag is called: its name where the frame has one, else “Tag” and its ID."""
    unnamed = "Tag " + frame["tag_id"].astype("str")
    return frame["tag"].where(frame["tag"].notna(), unnamed) if "tag" in frame else unnamed


def _tags(frame: pd.DataFrame) -> Iterator[tuple[str, str, Style, pd.DataFrame]]:
    """ID, name, style and rows of each tag.

    Styles go by the order of the IDs, so that figures of the same tags agree.
    """
    frame = frame.assign(tag_id=frame["tag_id"].astype("str"), tag=_names(frame))
    styles = series_styles(sorted(frame["tag_id"].unique()))
    for tag_id in frame["tag_id"].unique():
        rows = frame[frame["tag_id"] == tag_id]
        yield tag_id, rows["tag"].iloc[0], styles[tag_id], rows


def tag_ranking(adoption: pd.DataFrame, top: int = 15) -> go.Figure:
    """The first `top` tags by the share of users who used them, with the share's 95 % interval.

    `adoption` has tag_id, users, share (0–1 of all users seen), share_low, share_high, interactions and,
    where names were joined, tag; its order is kept. The users seen are users ÷ share, the same for every row.

    Example: 310 of 620 users → a bar to 50.0 % that says so, with whiskers from 46.1 to 53.9 %.
    """
    rows = adoption.head(top).reset_index(drop=True)
    rows = rows.assign(tag=_names(rows))
    used = rows[rows["share"] > 0]
    seen = round(used["users"].iloc[0] / used["share"].iloc[0]) if len(used) else 0
    shares = [100 * rows[name] for name in ("share", "share_low", "share_high")]
    bars = canvas.bars(
        shares[0].tolist(),
        range(len(rows)),
        fade_colour(ACCENT, 0.35),
        [_ranking_words(row, seen) for row in canvas.rows(rows)],
        orientation="h",
        width=0.62,
        marker={"line": {"color": ACCENT, "width": 1}},
        error_x=canvas.whiskers(*shares) | {"color": ACCENT},
        customdata=rows["tag_id"].tolist(),
    )
    return canvas.build_figure(
        [bars] if len(rows) else [],
        height=70 + 25 * len(rows),
        legend=False,
        xaxis=canvas.percent_axis(
            f"Share of {format_count(seen, 'user')} seen",
            rangemode="tozero",
            nticks=6,
        ),
        yaxis=canvas.axis(
            tickvals=list(range(len(rows))),
            ticktext=[text.escape_label(name) for name in rows["tag"]],
            range=[len(rows) - 0.5, -0.5],
            showgrid=False,
            zeroline=False,
        ),
    )


def _ranking_words(row: Any, seen: int) -> str:
    of_seen = f"{format_number(row.users)} of {format_count(seen, 'user')} seen"
    return "<br>".join(
        [
            text.escape_label(row.tag, whole=True),
            f"<b>{format_share(row.share)}</b>: {of_seen}",
            format_interval(format_share(row.share_low), format_share(row.share_high)),
            format_count(row.interactions, "interaction"),
        ]
    )


def tag_trend(trend: pd.DataFrame) -> go.Figure:
    """The users of each chosen tag by day or week, a line per tag.

    `trend` has tag_id, period, users, interactions, partial and, where names were joined, tag. 0 users is a
    value; periods that were not loaded are gaps; partial periods are hollow. Users of several periods are not
    to be added: the same people come back.

    Example: 12 users with 40 interactions on 1 April → a point at 12 that says both.
    """
    step = canvas.step_of(trend["period"])
    traces = []
    for tag_id, name, style, rows in _tags(trend):
        users = rows["users"].astype("float64")
        head = text.hover_prefix(name)
        words = [
            f"{head}<b>{format_count(row.users, 'user')}</b>, {format_count(row.interactions, 'interaction')}"
            + (f" · partial {step}" if row.partial else "")
            for row in canvas.rows(rows)
        ]
        traces.append(
            canvas.lines(
                text.escape_label(name),
                canvas.days(rows["period"]),
                users,
                style,
                words,
                marker=canvas.markers(users, style, partial=rows["partial"]),
                carries=tag_id,
            )
        )
    return _over_time(traces, trend["period"], step, f"Users per {step}")


def tag_cumulative(cumulative: pd.DataFrame) -> go.Figure:
    """How many different users have used each chosen tag so far, a rising line per tag.

    `cumulative` has tag_id, date, users (since the first day of the range) and, where names were joined, tag.

    Example: 12 users on the first day, the same and 3 more on the second → 12, 15.
    """
    traces = []
    for tag_id, name, style, rows in _tags(cumulative):
        users = rows["users"].astype("float64")
        head = text.hover_prefix(name)
        words = [f"{head}<b>{format_count(count, 'user')}</b> so far" for count in users]
        traces.append(
            canvas.lines(
                text.escape_label(name),
                canvas.days(rows["date"]),
                users,
                style,
                words,
                carries=tag_id,
            )
        )
    return _over_time(traces, cumulative["date"], "day", "Different users so far")


def _over_time(
    traces: list[canvas.Trace], periods: "pd.Series[pd.Timestamp]", step: canvas.Step, title: str
) -> go.Figure:
    return canvas.build_figure(
        traces,
        height=320,
        hovermode="x unified",
        xaxis=canvas.time_axis(periods, step),
        yaxis=canvas.axis(title, rangemode="tozero", nticks=6, tickformat=",d"),
    )
