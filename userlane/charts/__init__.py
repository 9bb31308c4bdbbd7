"""Makes plotly figures of the small frames that metrics return. A figure is returned, never drawn.

Draw with `st.plotly_chart(figure, theme="streamlit", config=CONFIG)`. A frame without rows gives an empty
figure; the page then says in words that there is nothing to show.
"""

from userlane.charts.canvas import CONFIG, empty_figure, has_points
from userlane.charts.heart import heart_contributions, heart_trend, scores_with_dots
from userlane.charts.nps import nps_histogram, nps_split, nps_trend
from userlane.charts.surveys import survey_distribution, survey_trend
from userlane.charts.tags import tag_cumulative, tag_trend

__all__ = [
    "CONFIG",
    "empty_figure",
    "has_points",
    "heart_contributions",
    "heart_trend",
    "nps_histogram",
    "nps_split",
    "nps_trend",
    "scores_with_dots",
    "survey_distribution",
    "survey_trend",
    "tag_cumulative",
    "tag_trend",
]
