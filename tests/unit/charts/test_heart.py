"""Figures of the HEART scores."""

import math

import pandas as pd
import pytest

from tests.unit.charts.figure_checks import checked, named
from userlane.charts import heart_contributions, heart_trend, scores_with_dots
from userlane.charts.palette import SCORE_STYLES
from userlane.contract import LABELS, SCORES
from userlane.metrics.heart import Contributions

NAN = math.nan


def frames(
    values: dict[str, list[float]], smooth: dict[str, list[float]] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and traffic of consecutive days from 1 April 2026."""
    count = len(next(iter(values.values())))
    days = pd.date_range("2026-04-01", periods=count, unit="us")
    rows = [
        {
            "date": day,
            "score": score,
            "label": LABELS[score],
            "value": of[i],
            "smooth": (smooth or {}).get(score, [NAN] * count)[i],
        }
        for score, of in values.items()
        for i, day in enumerate(days)
    ]
    traffic = pd.DataFrame(
        {"date": days, "users": [1200.0, *[NAN] * (count - 1)], "sessions": [3000.0] * count}
    )
    return pd.DataFrame(rows), traffic


def moved(
    bars: list[tuple[str, str, float]], change: float, residual: float = 0.0, *, holds: bool = True
) -> Contributions:
    frame = pd.DataFrame(bars, columns=["score", "label", "contribution"])
    return Contributions(frame, change, holds, days_tested=58, residual=residual)


def test_a_score_is_faint_dots_and_a_line_of_its_mean() -> None:
    """Both in the score's colour; only the line is in the legend; they are switched together."""
    daily, traffic = frames({"adoption": [70, 72, 71]}, {"adoption": [NAN, NAN, 71]})
    dots, mean, *_ = checked(heart_trend(daily, traffic, ["adoption"])).data
    assert (dots.mode, mean.mode) == ("markers", "lines+markers")
    assert list(dots.y) == [70, 72, 71]
    assert math.isnan(mean.y[0])
    assert mean.y[2] == 71
    assert dots.marker.color == mean.line.color == SCORE_STYLES["adoption"].colour
    assert dots.marker.opacity < 1
    assert dots.showlegend is False
    assert dots.legendgroup == mean.legendgroup
    assert mean.line.dash == SCORE_STYLES["adoption"].dash


def of_days(count: int, *scores: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    values = [70.0 + day % 7 for day in range(count)]
    return frames(dict.fromkeys(scores, values), dict.fromkeys(scores, values))


def test_where_dots_would_crowd_only_the_overall_score_has_them() -> None:
    """The lines of the others then say what their dots would: values of the day, and the mean."""
    daily, traffic = of_days(365, *SCORES)
    figure = checked(heart_trend(daily, traffic, SCORES))
    assert scores_with_dots(daily, SCORES) == ["overall"]
    assert [trace.legendgroup for trace in figure.data if trace.mode == "markers"] == ["overall"]
    assert named(figure, "Adoption").hovertext[1] == "Adoption: <b>71.0</b> (High), 7-day mean 71.0"
    assert named(figure, "Adoption").hoverinfo is None


def test_a_value_that_no_mean_stands_for_is_drawn_however_crowded_it_is() -> None:
    daily, traffic = of_days(365, *SCORES)
    daily.loc[(daily["score"] == "adoption") & (daily["date"] == daily["date"].min()), "smooth"] = NAN
    daily.loc[daily["score"] == "retention", "smooth"] = NAN
    figure = checked(heart_trend(daily, traffic, SCORES))
    dots = next(each for each in figure.data if (each.mode, each.name) == ("markers", "Adoption"))
    assert [value for value in dots.y if not math.isnan(value)] == [70]
    assert list(named(figure, "Retention").y[:3]) == [70, 71, 72]
    assert scores_with_dots(daily, SCORES) == ["overall", "retention"]


@pytest.mark.parametrize(
    ("days", "scores", "with_dots"),
    [
        (30, SCORES, list(SCORES)),
        (365, ["happiness", "overall"], ["overall", "happiness"]),
        (365, ["happiness", "engagement", "adoption"], []),
        (2000, ["happiness"], ["happiness"]),
    ],
)
def test_a_score_has_dots_while_there_is_room_or_when_it_is_alone(
    days: int, scores: list[str], with_dots: list[str]
) -> None:
    daily, _ = of_days(days, *SCORES)
    assert scores_with_dots(daily, scores) == with_dots


def test_users_and_sessions_of_many_days_have_few_markers_and_a_lone_day_is_seen() -> None:
    daily, traffic = of_days(365, "overall")
    figure = checked(heart_trend(daily, traffic, ["overall"]))
    assert 0 < named(figure, "Sessions").marker.maxdisplayed <= 20
    assert named(figure, "Users").marker.maxdisplayed == 0
    assert named(figure, "Users").marker.size == 4


def test_without_a_mean_the_values_are_joined() -> None:
    """A window too short for a 7-day mean still has lines."""
    daily, traffic = frames({"overall": [70, 72, 71]})
    trace = named(checked(heart_trend(daily, traffic, ["overall"])), "Overall")
    assert list(trace.y) == [70, 72, 71]
    assert trace.mode == "lines+markers"


def test_a_day_without_a_score_is_a_gap() -> None:
    daily, traffic = frames({"happiness": [70, NAN, 71]})
    figure = checked(heart_trend(daily, traffic, ["happiness"]))
    assert math.isnan(named(figure, "Happiness").y[1])
    assert math.isnan(named(figure, "Users").y[1])


def test_the_hover_says_value_band_and_mean() -> None:
    daily, traffic = frames({"overall": [80.6, 61.0]}, {"overall": [NAN, 70.84]})
    figure = checked(heart_trend(daily, traffic, ["overall"]))
    assert list(figure.data[0].hovertext) == [
        "Overall: <b>80.6</b> (Excellent)",
        "Overall: <b>61.0</b> (High), 7-day mean 70.8",
    ]
    assert named(figure, "Sessions").hovertext[0] == "Sessions: 3\u202f000"


def test_only_chosen_scores_are_drawn_in_the_usual_order() -> None:
    daily, traffic = frames({score: [70, 71] for score in SCORES})
    figure = checked(heart_trend(daily, traffic, ["retention", "overall"]))
    ranked = sorted((trace for trace in figure.data if trace.legendgroup), key=lambda trace: trace.legendrank)
    assert [trace.name for trace in ranked] == ["Overall", "Retention"]


def test_users_and_sessions_are_below_on_the_same_time_axis() -> None:
    daily, traffic = frames({"overall": [70, 71]})
    figure = checked(heart_trend(daily, traffic, ["overall"]))
    below = [trace.name for trace in figure.data if trace.yaxis == "y2"]
    assert below == ["Users", "Sessions"]
    assert {trace.xaxis for trace in figure.data} == {None}
    assert figure.layout.yaxis2.domain[1] < figure.layout.yaxis.domain[0]


@pytest.mark.parametrize(
    ("values", "low", "high"), [([68, 71], 60, 80), ([0, 5], -1, 20), ([97, 100], 80, 101), ([3, 99], 0, 101)]
)
def test_the_score_axis_shows_the_range_used_within_0_to_100(
    values: list[float], low: float, high: float
) -> None:
    """At least 20 points high, so that a wiggle does not look like a fall."""
    daily, traffic = frames({"overall": values})
    bottom, top = checked(heart_trend(daily, traffic, ["overall"])).layout.yaxis.range
    assert bottom <= min(values)
    assert top >= max(values)
    assert top - bottom >= 20
    assert bottom >= -1
    assert top <= 101
    assert low - 5 <= bottom <= low + 5
    assert high - 5 <= top <= high + 5


def test_bands_in_view_are_marked_and_named() -> None:
    """Scores from 55 to 85 cross 60 and 80: lines there, and the vendor's words."""
    daily, traffic = frames({"overall": [55, 85]})
    layout = checked(heart_trend(daily, traffic, ["overall"])).layout
    assert {shape.y0 for shape in layout.shapes if shape.type == "line"} == {60, 80}
    assert {"High", "Fair", "Excellent"} >= {note.text for note in layout.annotations} >= {"High"}


def test_contributions_end_where_the_change_is() -> None:
    """Each bar begins where the last ended, largest first; with what is left they reach the overall's bar."""
    bars = [("happiness", "Happiness", 0.4), ("adoption", "Adoption", -1.0)]
    figure = checked(heart_contributions(moved(bars, -0.63, -0.03)))
    (trace,) = figure.data
    assert list(figure.layout.yaxis.ticktext) == ["Adoption", "Happiness", "Rounding", "Overall"]
    assert list(trace.x) == pytest.approx([-1.0, 0.4, -0.03, -0.63])
    assert list(trace.base) == pytest.approx([0, -1.0, -0.6, 0])
    assert trace.base[2] + trace.x[2] == pytest.approx(trace.x[3])
    assert list(trace.text) == ["−1.00", "+0.40", "−0.03", "−0.63"]
    assert trace.hovertext[0].startswith("Adoption: <b>−1.00</b> points")
    assert "58 days" in trace.hovertext[0]


def test_contributions_have_the_colours_of_their_letters() -> None:
    """A second bar of one letter has its colour too; what is left is neutral."""
    bars = [("happiness", "Happiness", 0.4), ("happiness", "Happiness joins", 0.3)]
    (trace,) = checked(heart_contributions(moved(bars, 0.9, 0.2))).data
    happiness, overall = SCORE_STYLES["happiness"].colour, SCORE_STYLES["overall"].colour
    assert trace.marker.color[:2] == (happiness, happiness)
    assert trace.marker.color[2] not in {style.colour for style in SCORE_STYLES.values()}
    assert trace.marker.color[3] == overall


def test_what_fitted_weights_leave_is_called_not_explained() -> None:
    figure = checked(heart_contributions(moved([("adoption", "Adoption", 1.0)], 2.0, 1.0, holds=False)))
    assert "Not explained" in figure.layout.yaxis.ticktext


def test_nothing_left_has_no_bar() -> None:
    figure = checked(heart_contributions(moved([("adoption", "Adoption", 1.0)], 1.0, 1e-12)))
    assert list(figure.layout.yaxis.ticktext) == ["Adoption", "Overall"]


def test_no_comparison_gives_an_empty_figure() -> None:
    assert not checked(heart_contributions(moved([], NAN, NAN))).data


def test_no_rows_give_an_empty_figure() -> None:
    daily, traffic = frames({"overall": [70]})
    assert not checked(heart_trend(daily.iloc[:0], traffic.iloc[:0], SCORES)).data


def test_a_period_that_was_never_measured_is_drawn_as_gaps() -> None:
    """The axes are those of the period, from 0 to 100."""
    daily, traffic = frames({"overall": [NAN] * 30})
    figure = checked(heart_trend(daily, traffic, ["overall"]))
    assert list(figure.layout.yaxis.range) == [0, 100]
