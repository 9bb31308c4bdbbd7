"""Figures of the NPS."""

import math

import pandas as pd
import pytest

from tests.unit.charts.figure_checks import checked, named
from userlane.charts import nps_histogram, nps_split, nps_trend
from userlane.charts.palette import BUCKET_COLOURS
from userlane.contract import BUCKETS, bucket
from userlane.inference import nps as estimate


def split(*counts: int) -> pd.DataFrame:
    n = sum(counts)
    shares = [count / n if n else math.nan for count in counts]
    return pd.DataFrame({"bucket": BUCKETS, "count": counts, "share": shares})


def histogram(counts: list[int]) -> pd.DataFrame:
    n = sum(counts)
    return pd.DataFrame(
        {
            "score": range(11),
            "count": counts,
            "share": [count / n if n else math.nan for count in counts],
            "bucket": [bucket(score) for score in range(11)],
        }
    )


def trend(*weeks: tuple[int, int, int], partial: tuple[int, ...] = ()) -> pd.DataFrame:
    """Weeks from Monday 6 April 2026, each promoters, passives, detractors."""
    rows = []
    for i, week in enumerate(weeks):
        one, shown = estimate(*week), sum(week) >= 5
        rows.append(
            {
                "period": pd.Timestamp("2026-04-06") + pd.Timedelta(weeks=i),
                "partial": i in partial,
                "promoters": week[0],
                "passives": week[1],
                "detractors": week[2],
                "n": sum(week),
                "score": one.value if shown else math.nan,
                "low": one.low if shown else math.nan,
                "high": one.high if shown else math.nan,
            }
        )
    return pd.DataFrame(rows)


def test_the_split_is_one_bar_whose_parts_can_be_clicked() -> None:
    """Each bucket is a trace in its colour that carries the bucket and says share and count."""
    figure = checked(nps_split(split(40, 35, 25)))
    assert [trace.customdata[0][0] for trace in figure.data] == list(BUCKETS)
    assert [trace.x[0] for trace in figure.data] == pytest.approx([40, 35, 25])
    assert [trace.marker.color for trace in figure.data] == list(BUCKET_COLOURS.values())
    promoters = named(figure, "Promoters (9–10)")
    assert promoters.text[0] == "<b>40.0 %</b><br>40"
    assert promoters.hovertext[0] == "Promoters (9–10): <b>40</b> of 100 answers, 40.0 %"
    assert figure.layout.xaxis.title.text == "Share of 100 answers"


def test_the_split_of_few_answers_says_counts_only() -> None:
    """Under ten answers a share would claim too much."""
    figure = checked(nps_split(split(3, 0, 4)))
    assert [trace.text[0] for trace in figure.data] == ["<b>3</b>", "<b>0</b>", "<b>4</b>"]
    assert not any("%" in trace.hovertext[0] for trace in figure.data)


def test_the_histogram_has_all_eleven_scores_in_the_colour_of_their_bucket() -> None:
    """The hover has count, n and share."""
    figure = checked(nps_histogram(histogram([1, 0, 0, 0, 0, 0, 0, 4, 5, 6, 4])))
    found = {score: trace.marker.color for trace in figure.data for score in trace.x}
    assert found == {score: BUCKET_COLOURS[bucket(score)] for score in range(11)}
    promoters = named(figure, "Promoters (9–10)")
    assert list(promoters.x) == [9, 10]
    assert list(promoters.y) == [6, 4]
    assert promoters.hovertext[0] == "Score 9: <b>6</b> of 20 answers, 30.0 %"


def test_the_trend_has_the_score_with_its_interval_above_the_split() -> None:
    """Golden: 19, 12, 5 → 38.89, 13.16 to 58.64; the parts of the split sum to 100 %."""
    figure = checked(nps_trend(trend((19, 12, 5), (40, 35, 25))))
    score = named(figure, "NPS, 95 % interval")
    assert score.y[0] == pytest.approx(38.89, abs=0.01)
    assert score.y[0] - score.error_y.arrayminus[0] == pytest.approx(13.16, abs=0.01)
    assert score.y[0] + score.error_y.array[0] == pytest.approx(58.64, abs=0.01)
    assert score.hovertext[0] == "NPS <b>38.9</b> (95 % sure: 13.2 to 58.6)<br>36 answers"
    below = [trace for trace in figure.data if trace.yaxis == "y2"]
    assert sum(trace.y[0] for trace in below) == pytest.approx(100)
    assert named(figure, "Promoters (9–10)").hovertext[0] == "Promoters (9–10): <b>19</b>, 52.8 %"
    assert len(below) == len(BUCKETS)


def test_small_periods_of_the_trend_are_gaps() -> None:
    """Under five answers nothing is drawn, under ten no score, under thirty a muted score."""
    figure = checked(nps_trend(trend((2, 1, 1), (4, 2, 1), (10, 5, 5), (20, 10, 10), (0, 0, 0))))
    score, promoters = named(figure, "NPS, 95 % interval"), named(figure, "Promoters (9–10)")
    assert [math.isnan(value) for value in score.y] == [True, True, False, False, True]
    assert [math.isnan(value) for value in promoters.y] == [True, False, False, False, True]
    assert score.marker.opacity[2] < score.marker.opacity[3] == 1
    assert "%" not in promoters.hovertext[1]


def test_partial_periods_of_the_trend_are_hollow_and_pale() -> None:
    figure = checked(nps_trend(trend((20, 10, 10), (20, 10, 10), partial=(1,))))
    score, promoters = named(figure, "NPS, 95 % interval"), named(figure, "Promoters (9–10)")
    assert list(score.marker.symbol) == ["circle", "circle-open"]
    assert promoters.marker.opacity[1] < promoters.marker.opacity[0]
    assert score.hovertext[1].endswith("partial week")


def test_no_answers_give_empty_figures() -> None:
    assert not checked(nps_split(split(0, 0, 0))).data
    assert not checked(nps_histogram(histogram([0] * 11))).data
    assert not checked(nps_trend(trend((1, 1, 1)).iloc[:0])).data
