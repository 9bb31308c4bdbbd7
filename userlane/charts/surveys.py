"""Figures of the 1–5 surveys, several side by side."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from userlane.charts import canvas, text
from userlane.charts.palette import PATTERNS, SERIES, Style, series_styles, text_colour
from userlane.formatting import format_count, format_day, format_interval, format_number, format_share
from userlane.inference import COUNTS_FROM, VALUES_FROM, VERDICTS_FROM

_APART = 0.16


def _named(ids: "pd.Series[str]", names: Mapping[str, str]) -> dict[str, tuple[str, Style]]:
    """Return name and style of each survey, the same in every figure that is given the same names."""
    styles = series_styles([*names, *ids])
    present = set(ids)
    return {
        each: (names.get(each) or f"Survey {each}", style)
        for each, style in styles.items()
        if each in present
    }


def survey_distribution(distribution: pd.DataFrame, names: Mapping[str, str]) -> go.Figure:
    """Plot for each score from 1 to 5 the share of a survey's answers that gave it, a bar per survey.

    `distribution` has survey_id, score, count, share (0–1 of the survey's answers); `names` gives the surveys
    their names. The legend says n. By the small-sample rule a survey under five answers has no bars, under
    ten its shares are not written.

    Example: 2 of 4 answers are 5 → no bars and “(n = 4, too few)”; 20 of 40 → at 5 a bar of 50.0 %.
    """
    surveys = _named(distribution["survey_id"], names)
    traces = []
    for survey_id, (name, style) in surveys.items():
        rows = distribution[distribution["survey_id"] == survey_id].sort_values("score")
        n = int(rows["count"].sum())
        shares = [format_share(share) if n >= VALUES_FROM else "" for share in rows["share"]]
        words = [
            f"{text.escape_label(name, whole=True)}<br>Score {score}: "
            f"<b>{format_number(count)}</b> of {format_count(n, 'answer')}" + (f", {share}" if share else "")
            for score, count, share in zip(rows["score"], rows["count"], shares, strict=True)
        ]
        few = "" if n >= COUNTS_FROM else ", too few"
        pattern = {
            "shape": PATTERNS[SERIES.index(style.colour)] if len(surveys) > 1 else "",
            "fillmode": "overlay",
            "fgcolor": text_colour(style.colour),
            "fgopacity": 0.45,
            "size": 8,
            "solidity": 0.15,
        }
        traces.append(
            canvas.bars(
                rows["score"].tolist(),
                (100 * rows["share"]).tolist() if n >= COUNTS_FROM else [math.nan] * len(rows),
                style.colour,
                words,
                name=f"{text.escape_label(name)} (n = {format_number(n)}{few})",
                marker={"pattern": pattern, "opacity": 1 if n >= VERDICTS_FROM else canvas.MUTED},
                text=shares if len(surveys) == 1 else None,
            )
        )
    return canvas.build_figure(
        traces,
        height=330,
        barmode="group",
        bargap=0.2,
        bargroupgap=0.06,
        xaxis=canvas.axis("Score (1–5)", dtick=1, range=[0.4, 5.6], showgrid=False, zeroline=False),
        yaxis=canvas.percent_axis("Share of answers", rangemode="tozero", nticks=5),
    )


def survey_trend(trend: pd.DataFrame, names: Mapping[str, str]) -> go.Figure:
    """Plot the share of 4 and 5 with its 95 % interval by week or month, a line per survey.

    `trend` has survey_id, period, partial, n, favourable, low, high (the interval of favourable). Partial
    periods are hollow. By the small-sample rule one under ten answers is a gap and muted under 30.

    Example: 42 of 60 answers are 4 or 5 → a point at 70.0 % with whiskers from 57.5 to 80.1 %.
    """
    surveys = _named(trend["survey_id"], names)
    step = canvas.step_of(trend["period"])
    traces = []
    valued = trend["n"] >= VALUES_FROM
    trend = trend.assign(**{name: trend[name].where(valued) for name in ("favourable", "low", "high")})
    for i, (survey_id, (name, style)) in enumerate(surveys.items()):
        rows = trend[trend["survey_id"] == survey_id].sort_values("period")
        shares = [100 * rows[name] for name in ("favourable", "low", "high")]
        # Side by side within the period, the whiskers of several surveys do not hide each other.
        aside = _APART * (i - (len(surveys) - 1) / 2) / max(1, len(surveys) - 1)
        periods = rows["period"] + pd.Timedelta(days=canvas.STEP_DAYS[step] * aside)
        traces.append(
            canvas.lines(
                text.escape_label(name),
                periods.dt.strftime("%Y-%m-%dT%H:%M").tolist(),
                shares[0],
                style,
                [_trend_words(name, row, step) for row in canvas.rows(rows)],
                partial=rows["partial"],
                marker=canvas.fade(rows["n"] < VERDICTS_FROM),
                error_y=canvas.whiskers(*shares) | {"color": style.colour},
            )
        )
    scale = canvas.percent_axis("Share of 4 and 5", range=[-3, 103], dtick=25, zeroline=False)
    return canvas.build_figure(traces, height=330, xaxis=canvas.time_axis(trend["period"], step), yaxis=scale)


def _trend_words(name: str, row: Any, step: canvas.Step) -> str:
    interval = format_interval(format_share(row.low), format_share(row.high))
    value = f"<b>{format_share(row.favourable)}</b> gave 4 or 5 ({interval})"
    note = f" · partial {step}" if row.partial else ""
    when = f"{row.period:%B %Y}" if step == "month" else f"Week of {format_day(row.period)}"
    return (
        f"{text.escape_label(name, whole=True)}<br>{value}<br>{when}, {format_count(row.n, 'answer')}{note}"
    )
