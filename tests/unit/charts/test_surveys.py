"""Figures of the surveys."""

import math

import pandas as pd
import pytest

from tests.unit.charts.figure_checks import checked, named
from userlane.charts import survey_distribution, survey_trend
from userlane.charts.palette import SERIES

NAMES = {"512": "Onboarding", "513": "<b>Is the new report editor helping you & yours?</b>"}


def distribution(**surveys: list[int]) -> pd.DataFrame:
    """Counts of the answers 1 to 5 by survey; an argument's name begins with s."""
    rows = [
        {"survey_id": survey_id[1:], "score": score, "count": count, "share": count / sum(counts)}
        for survey_id, counts in surveys.items()
        for score, count in enumerate(counts, 1)
    ]
    return pd.DataFrame(rows)


def trend(survey_id: str, *n: int, partial: tuple[int, ...] = ()) -> pd.DataFrame:
    """Weeks from Monday 6 April 2026 in which 70 % gave 4 or 5."""
    return pd.DataFrame(
        {
            "survey_id": survey_id,
            "period": pd.date_range("2026-04-06", periods=len(n), freq="7D", unit="us"),
            "partial": [i in partial for i in range(len(n))],
            "n": n,
            "mean": [3.9 if each >= 5 else math.nan for each in n],
            "favourable": [0.7 if each >= 5 else math.nan for each in n],
            "low": [0.575 if each >= 5 else math.nan for each in n],
            "high": [0.801 if each >= 5 else math.nan for each in n],
        }
    )


def test_each_survey_has_a_bar_for_each_score() -> None:
    """Shares are drawn, counts and n are in the hover, n in the legend."""
    figure = checked(survey_distribution(distribution(s512=[2, 4, 4, 10, 20]), NAMES))
    bars = named(figure, "Onboarding (n = 40)")
    assert list(bars.x) == [1, 2, 3, 4, 5]
    assert list(bars.y) == pytest.approx([5, 10, 10, 25, 50])
    assert bars.hovertext[4] == "Onboarding<br>Score 5: <b>20</b> of 40 answers, 50.0 %"
    assert list(bars.text) == ["5.0 %", "10.0 %", "10.0 %", "25.0 %", "50.0 %"]


def test_surveys_side_by_side_differ_in_colour_and_pattern() -> None:
    figure = checked(survey_distribution(distribution(s512=[8] * 5, s513=[8] * 5), NAMES))
    assert figure.layout.barmode == "group"
    one, other = figure.data
    assert one.marker.color != other.marker.color
    assert one.marker.pattern.shape != other.marker.pattern.shape


def test_a_survey_keeps_its_colour_when_another_is_left_out() -> None:
    """Colours follow the names given, in the distribution and in the trend."""
    (alone,) = checked(survey_distribution(distribution(s513=[8] * 5), NAMES)).data
    (line,) = checked(survey_trend(trend("513", 40, 40), NAMES)).data
    assert alone.marker.color == line.line.color == SERIES[1]


def test_survey_names_are_escaped_and_cut_with_all_of_them_in_the_hover() -> None:
    (bars,) = checked(survey_distribution(distribution(s513=[8] * 5), NAMES)).data
    assert bars.name == "&lt;b&gt;Is the new report editor… (n = 40)"
    assert "<b>Is" not in bars.hovertext[0]
    assert "&amp; yours?&lt;/b&gt;" in bars.hovertext[0]


def test_a_survey_without_a_name_is_shown_by_its_id() -> None:
    (bars,) = checked(survey_distribution(distribution(s99=[8] * 5), NAMES)).data
    assert bars.name == "Survey 99 (n = 40)"


def test_small_surveys_are_hidden_muted_or_counted_only() -> None:
    """Under five answers no bars, under ten no shares in words, under thirty muted."""
    for counts, note in (([1, 0, 0, 1, 2], "too few"), ([1, 1, 1, 2, 2], ""), ([4] * 5, "")):
        n = sum(counts)
        (bars,) = checked(survey_distribution(distribution(s512=counts), NAMES)).data
        assert all(math.isnan(y) for y in bars.y) == (n < 5)
        assert (note in bars.name) if note else ("too few" not in bars.name)
        assert ("%" in bars.hovertext[0]) == (n >= 10)
        assert bars.marker.opacity < 1


def test_the_trend_is_the_share_of_4_and_5_with_its_interval() -> None:
    """Golden: 42 of 60 → 70 %, 57.5 to 80.1 %."""
    (line,) = checked(survey_trend(trend("512", 60, 60, partial=(1,)), NAMES)).data
    assert line.y[0] == pytest.approx(70)
    assert line.y[0] - line.error_y.arrayminus[0] == pytest.approx(57.5)
    assert line.y[0] + line.error_y.array[0] == pytest.approx(80.1)
    assert line.hovertext[0] == (
        "Onboarding<br><b>70.0 %</b> gave 4 or 5 (95 % sure: 57.5 % to 80.1 %)<br>"
        "Week of 6 Apr 2026, 60 answers"
    )
    assert line.hovertext[1].endswith("partial week")
    assert list(line.marker.symbol) == ["circle", "circle-open"]


def test_small_weeks_of_the_trend_are_gaps() -> None:
    (line,) = checked(survey_trend(trend("512", 4, 8, 20, 40), NAMES)).data
    assert [math.isnan(value) for value in line.y] == [True, True, False, False]
    assert line.marker.opacity[2] < line.marker.opacity[3] == 1


def test_whiskers_of_two_surveys_stand_side_by_side() -> None:
    """Both stay within a day of their week's Monday."""
    both = pd.concat([trend("512", 40), trend("513", 40)])
    one, other = checked(survey_trend(both, NAMES)).data
    assert one.x[0] != other.x[0]
    for line in (one, other):
        assert abs(pd.Timestamp(line.x[0]) - pd.Timestamp("2026-04-06")) < pd.Timedelta(days=1)


def test_no_answers_give_empty_figures() -> None:
    assert not checked(survey_distribution(distribution(s512=[1] * 5).iloc[:0], NAMES)).data
    assert not checked(survey_trend(trend("512", 40).iloc[:0], NAMES)).data
