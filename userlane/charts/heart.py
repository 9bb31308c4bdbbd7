"""Figures of the HEART scores."""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from userlane.charts import canvas
from userlane.charts.palette import NEUTRAL, SCORE_STYLES, TRAFFIC_STYLES
from userlane.contract import BANDS, LABELS, SCORES, band
from userlane.formatting import format_count, format_number, format_signed
from userlane.metrics.heart import Contributions

_LEAST_SPAN = 20
_MOST_DOTS = 800
"""More hide the lines, and a browser is busy with them for a second."""

_BAND_LABEL_ROOM = 0.13
_BAND_OPACITY = 0.09


def scores_with_dots(daily: pd.DataFrame, scores: Sequence[str]) -> list[str]:
    """Return the scores all of whose values are drawn.

    These are all scores, or, where they would crowd, the overall one and those without a 7-day mean.

    `daily` has score and smooth, a row a day. Example: six scores over 30 days → all; over 365 → overall.
    """
    chosen = [score for score in SCORES if score in set(scores)]
    fits = int(daily["score"].isin(chosen).sum()) <= _MOST_DOTS
    meant = set(daily.loc[daily["smooth"].notna(), "score"]) - {"overall"}
    return [score for score in chosen if fits or len(chosen) == 1 or score not in meant]


def heart_trend(daily: pd.DataFrame, traffic: pd.DataFrame, scores: Sequence[str]) -> go.Figure:
    """Plot the chosen scores by day, 0–100: raw values as faint dots, their 7-day mean as a line.

    Below, on the same time axis, are users and sessions.

    `daily` has date, score, value, smooth; `traffic` has date, users, sessions. Scores that are not among
    `scores_with_dots` have dots only on days without a mean. Where a score has no 7-day mean at all, its raw
    values are joined instead. The score axis shows the range that is used, with the vendor's bands behind
    it. Days without a value are gaps.

    Example: two scores and traffic → per score a line and its dots, then two lines below.
    """
    chosen = [score for score in SCORES if score in set(scores)]
    dots = set(scores_with_dots(daily, chosen))
    drawn = [
        trace
        for score in reversed(chosen)
        for trace in _score_traces(score, daily[daily["score"] == score], dots=score in dots)
    ]
    # Dots lie below all lines, and the overall score above the letters.
    traces = sorted(drawn, key=lambda trace: trace["mode"] != "markers")
    dates = canvas.days(traffic["date"])
    for name, style in TRAFFIC_STYLES.items():
        counts, title = traffic[name].astype("float64"), name.title()
        words = [f"{title}: {format_number(count)}" for count in counts]
        traces.append(
            canvas.lines(title, dates, counts, style, words, width=1.5, marker={"size": 4}, yaxis="y2")
        )
    shown = daily[daily["score"].isin(chosen)]
    low, high = _zoom(pd.concat([shown["value"], shown["smooth"]]).dropna())
    span = high - low
    return canvas.build_figure(
        traces if len(daily) or len(traffic) else [],
        height=480,
        hovermode="x unified",
        hoversubplots="axis",
        xaxis=canvas.time_axis(pd.concat([daily["date"], traffic["date"]]), "day", anchor="y2"),
        yaxis=canvas.axis(
            "Score (0–100)",
            domain=[0.36, 1],
            range=[low, high],
            dtick=20 if span > 60 else 10 if span > 25 else 5,
            zeroline=False,
        ),
        yaxis2=canvas.axis("Per day", domain=[0, 0.27], rangemode="tozero", nticks=4, tickformat=",d"),
        **_bands(low, high),
    )


def _score_traces(score: str, rows: pd.DataFrame, *, dots: bool) -> list[canvas.Trace]:
    style, name, width = SCORE_STYLES[score], LABELS[score], 3 if score == "overall" else 2
    dates, value, smooth = canvas.days(rows["date"]), rows["value"], rows["smooth"]
    words = [_score_words(name, *pair) for pair in zip(value, smooth, strict=True)]
    common: dict[str, Any] = {"legendgroup": score, "legendrank": SCORES.index(score)}
    if not smooth.notna().any():
        return [canvas.lines(name, dates, value, style, words, width=width, **common)]
    size = 5 if len(rows) <= 120 else 3
    dot = {"symbol": "circle", "size": size, "opacity": canvas.MUTED, "maxdisplayed": 0}
    single = value if dots else value.where(smooth.isna())
    # The dots' hover names the mean too; a second text for the same day would only double it.
    quiet: dict[str, Any] = {"hoverinfo": "skip", "hovertemplate": None} if dots else {}
    mean = canvas.lines(name, dates, smooth, style, [] if dots else words, width=width, **common, **quiet)
    if not single.notna().any():
        return [mean]
    return [
        canvas.lines(
            name, dates, single, style, words, mode="markers", marker=dot, showlegend=False, **common
        ),
        mean,
    ]


def _score_words(name: str, value: float, smooth: float) -> str:
    if math.isnan(value):
        return ""
    mean = "" if math.isnan(smooth) else f", 7-day mean {format_number(smooth, 1)}"
    return f"{name}: <b>{format_number(value, 1)}</b> ({band(value)}){mean}"


def _zoom(values: "pd.Series[float]") -> tuple[float, float]:
    """Return the part of 0–100 to show: the values and some air, at least 20 points, in steps of 5."""
    if values.empty:
        return 0, 100
    low, high = float(values.min()), float(values.max())
    air = max(1.5, 0.06 * (high - low))
    low, high = 5 * math.floor((low - air) / 5), 5 * math.ceil((high + air) / 5)
    while high - low < _LEAST_SPAN:
        low, high = low - 5, high + 5
    if low < 0:
        low, high = 0, max(high, _LEAST_SPAN)
    if high > 100:
        low, high = min(low, 100 - _LEAST_SPAN), 100
    # The lowest and highest values stay clear of the frame, where half a marker would be cut off.
    return low - (1 if low == 0 else 0), high + (1 if high == 100 else 0)


def _bands(low: float, high: float) -> dict[str, Any]:
    """Make the shapes and annotations of the vendor's bands, as far as they are in view.

    Every second band is shaded, thin lines stand between them, and each that has room has its word.
    """
    shapes, words = [], []
    tops = [100, *(above for above, _ in BANDS)]
    place = {"xref": "x domain", "x0": 0, "x1": 1, "line": {"width": 0}, "layer": "below"}
    for number, (above, word) in enumerate(BANDS):
        bottom, top = max(low, above, 0), min(high, tops[number])
        if number % 2 and top > bottom:
            shade = {"fillcolor": NEUTRAL, "opacity": _BAND_OPACITY, "y0": bottom, "y1": top}
            shapes.append({"type": "rect", **place, **shade})
        if top - bottom >= _BAND_LABEL_ROOM * (high - low):
            words.append(
                {
                    "text": word,
                    "xref": "x domain",
                    "x": 1,
                    "xanchor": "right",
                    "y": top,
                    "yanchor": "top",
                    "showarrow": False,
                    "font": {"size": 11},
                    "opacity": 0.75,
                }
            )
    shapes += [canvas.rule_line(above) for above, _ in BANDS if low < above < high and above > 0]
    return {"shapes": shapes, "annotations": words}


def heart_contributions(contributions: Contributions) -> go.Figure:
    """Plot what moved the overall score, in points.

    A bar for each letter begins where the last ended, the largest first; then follow what they leave and the
    change they sum to.

    `contributions` is as `metrics.heart.contributions` gives it. What is left is called rounding where the
    overall score is the mean of the letters, else not explained, and has a bar when it is not 0.00.

    Example: Happiness +1.2, Retention −0.4 → bars from 0 to 1.2, from 1.2 to 0.8, and Overall from 0 to 0.8.
    """
    frame, change = contributions.frame, contributions.change
    if math.isnan(change):
        return canvas.build_figure([], height=160, legend=False, xaxis=canvas.axis(), yaxis=canvas.axis())
    order = frame["contribution"].abs().sort_values(ascending=False, kind="stable").index
    ordered = frame.loc[order, ["score", "label", "contribution"]]
    bars = list(ordered.itertuples(index=False, name=None))
    if round(contributions.residual, 2):
        bars.append(("", "Rounding" if contributions.holds else "Not explained", contributions.residual))
    bars.append(("overall", LABELS["overall"], change))
    scores, names, points = zip(*bars, strict=True)
    starts = list(accumulate(points[:-1], initial=0.0))
    starts[-1] = 0.0  # the overall score's own bar
    ends = [start + each for start, each in zip(starts, points, strict=True)]
    colours = [SCORE_STYLES[score].colour if score in SCORE_STYLES else NEUTRAL for score in scores]
    room = max(0.25 * (max(0, *ends) - min(0, *ends)), 0.1)
    tested = format_count(contributions.days_tested, "day")
    return canvas.build_figure(
        [
            canvas.bars(
                points,
                range(len(bars)),
                colours,
                [
                    f"{name}: <b>{format_signed(each)}</b> points<br>"
                    f"Overall changed by {format_signed(change)} points; {tested} compared"
                    for name, each in zip(names, points, strict=True)
                ],
                base=starts,
                orientation="h",
                width=0.66,
                text=[format_signed(each) for each in points],
            )
        ],
        height=70 + 32 * len(bars),
        legend=False,
        xaxis=canvas.axis(
            "Change of the overall score (points)",
            range=[min(0, *ends) - room, max(0, *ends) + room],
            zeroline=True,
            nticks=6,
        ),
        yaxis=canvas.axis(
            tickvals=list(range(len(bars))),
            ticktext=list(names),
            range=[len(bars) - 0.5, -0.5],
            showgrid=False,
            zeroline=False,
        ),
        shapes=[
            {
                "type": "line",
                "x0": end,
                "x1": end,
                "y0": i + 0.33,
                "y1": i + 0.67,
                "line": {"color": NEUTRAL, "width": 1},
            }
            for i, end in enumerate(ends[:-1])
        ],
    )
