"""Figures of the Net Promoter Score."""

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from userlane.charts import canvas
from userlane.charts.palette import ACCENT, BUCKET_COLOURS, Style, text_colour
from userlane.contract import BUCKETS, Bucket
from userlane.formatting import format_count, format_interval, format_number, format_share
from userlane.inference import COUNTS_FROM, VALUES_FROM, VERDICTS_FROM

_FEW_TICKS = 5

BUCKET_NAMES: dict[Bucket, str] = {
    "promoter": "Promoters (9–10)",
    "passive": "Passives (7–8)",
    "detractor": "Detractors (0–6)",
}


def nps_split(split: pd.DataFrame) -> go.Figure:
    """Plot one bar of all answers, split into promoters, passives and detractors, with share and count in it.

    `split` has bucket, count, share (0–1 of all answers). Each bucket is a trace whose point carries the
    bucket, so that a click can filter. Below ten answers only counts are written.

    Example: 40 promoters of 100 answers → a trace of 40 that says “40.0 %” and “40”.
    """
    n = int(split["count"].sum())
    traces = []
    for row in canvas.rows(split):
        name, colour = BUCKET_NAMES[row.bucket], BUCKET_COLOURS[row.bucket]
        count, share, valued = format_number(row.count), format_share(row.share), n >= VALUES_FROM
        traces.append(
            canvas.bars(
                [100 * row.share],
                [""],
                colour,
                [_describe(name, row, n)],
                name=name,
                orientation="h",
                width=0.9,
                text=[f"<b>{share}</b><br>{count}" if valued else f"<b>{count}</b>"],
                textposition="inside",
                insidetextanchor="middle",
                insidetextfont={"color": text_colour(colour), "size": 14},
                customdata=[[row.bucket]],
            )
        )
    return canvas.build_figure(
        traces if n else [],
        height=110,
        barmode="stack",
        uniformtext={"minsize": 10, "mode": "hide"},
        xaxis=canvas.axis(
            f"Share of {format_count(n, 'answer')}" if n >= VALUES_FROM else format_count(n, "answer"),
            range=[0, 100],
            showticklabels=False,
            showgrid=False,
            zeroline=False,
        ),
        yaxis=canvas.axis(showticklabels=False, showgrid=False),
    )


def nps_histogram(histogram: pd.DataFrame) -> go.Figure:
    """Plot how many answers gave each score from 0 to 10, coloured by bucket.

    `histogram` has score, count, share (0–1 of all answers), bucket.

    Example: 12 of 48 answers are 9 → in the promoters' trace a bar of 12 whose hover adds 25.0 %.
    """
    n = int(histogram["count"].sum())
    traces = []
    for bucket in reversed(BUCKETS):
        rows = histogram[histogram["bucket"] == bucket]
        traces.append(
            canvas.bars(
                rows["score"].tolist(),
                rows["count"].tolist(),
                BUCKET_COLOURS[bucket],
                [_describe(f"Score {row.score}", row, n) for row in canvas.rows(rows)],
                name=BUCKET_NAMES[bucket],
                legendrank=BUCKETS.index(bucket),
                text=[format_number(count) for count in rows["count"]],
            )
        )
    few = {"dtick": 1} if histogram["count"].max() < _FEW_TICKS else {"nticks": _FEW_TICKS}
    return canvas.build_figure(
        traces if n else [],
        height=330,
        barmode="overlay",
        bargap=0.15,
        xaxis=canvas.axis("Score (0–10)", dtick=1, range=[-0.6, 10.6], showgrid=False, zeroline=False),
        yaxis=canvas.axis("Answers", rangemode="tozero", tickformat=",d") | few,
    )


def _describe(name: str, row: Any, n: int) -> str:
    """Return the hover text of a bar: its count, and its share where `n` answers are enough for one."""
    share = f", {format_share(row.share)}" if n >= VALUES_FROM else ""
    return f"{name}: <b>{format_number(row.count)}</b> of {format_count(n, 'answer')}{share}"


def nps_trend(trend: pd.DataFrame) -> go.Figure:
    """Plot the score of every week or month with its 95 % interval; below, on the same time axis, the split.

    `trend` has period, partial, promoters, passives, detractors, n, score, low, high (−100 to 100). Partial
    periods are hollow above and pale below. By the small-sample rule a period under five answers is a gap,
    under ten it has its split but no score, and under 30 its score is muted.

    Example: a week of 19, 12, 5 → a point at 38.9 from 13.2 to 58.6 and bars of 52.8, 33.3 and 13.9 %.
    """
    step = canvas.step_of(trend["period"])
    periods, n = canvas.days(trend["period"]), trend["n"]
    valued = n >= VALUES_FROM
    score, low, high = (trend[name].where(valued) for name in ("score", "low", "high"))
    style = Style(ACCENT, "solid", "circle")
    notes = [f" · partial {step}" if partial else "" for partial in trend["partial"]]
    words = [
        f"NPS <b>{format_number(value, 1)}</b> "
        f"({format_interval(format_number(bottom, 1), format_number(top, 1))})<br>"
        f"{format_count(count, 'answer')}{note}"
        for value, bottom, top, count, note in zip(score, low, high, n, notes, strict=True)
    ]
    traces: list[canvas.Trace] = [
        canvas.lines(
            "NPS, 95 % interval",
            periods,
            score,
            style,
            words,
            partial=trend["partial"],
            marker=canvas.fade(n < VERDICTS_FROM),
            legendrank=-1,
            error_y=canvas.whiskers(score, low, high) | {"color": ACCENT},
        )
    ]
    for bucket in reversed(BUCKETS):
        counts = trend[f"{bucket}s"]
        shares = (counts / n).where(n >= COUNTS_FROM)
        name = BUCKET_NAMES[bucket]
        words = [
            f"{name}: <b>{format_number(count)}</b>" + (f", {format_share(share)}" if known else "")
            for count, share, known in zip(counts, shares, valued, strict=True)
        ]
        traces.append(
            canvas.bars(
                periods,
                (100 * shares).tolist(),
                BUCKET_COLOURS[bucket],
                words,
                name=name,
                legendrank=BUCKETS.index(bucket),
                width=0.8 * canvas.STEP_DAYS[step] * canvas.DAY,
                marker=canvas.fade(trend["partial"]),
                yaxis="y2",
            )
        )
    bottom, top = _around(low, high)
    return canvas.build_figure(
        traces if len(trend) else [],
        height=400,
        barmode="stack",
        barcornerradius=0,
        hovermode="x unified",
        hoversubplots="axis",
        xaxis=canvas.time_axis(trend["period"], step, anchor="y2"),
        yaxis=canvas.axis(
            "NPS (−100 to 100)", domain=[0.4, 1], range=[bottom, top], nticks=6, zeroline=False
        ),
        yaxis2=canvas.percent_axis("Answers", domain=[0, 0.3], range=[0, 100], dtick=50),
        shapes=[canvas.rule_line(0)] if bottom < 0 < top else [],
    )


def _around(low: "pd.Series[float]", high: "pd.Series[float]") -> tuple[float, float]:
    """Return the part of −100 to 100 to show: all intervals and some air."""
    if low.notna().sum() == 0:
        return -105, 105
    air = max(5.0, 0.06 * float(high.max() - low.min()))
    return max(-105.0, float(low.min()) - air), min(105.0, float(high.max()) + air)
