"""Figures of the small frames that metrics make. A figure is returned, never drawn.

Draw with `st.plotly_chart(figure, theme="streamlit", config=CONFIG)`. A frame without rows gives an empty
figure; the page then says in words that there is nothing to show.
"""

from userlane.charts.canvas import CONFIG, drawn, nothing
from userlane.charts.heart import dotted, heart_contributions, heart_trend
from userlane.charts.nps import nps_histogram, nps_split, nps_trend
from userlane.charts.palette import BUCKET_COLOURS, SCORE_STYLES, SERIES, TRAFFIC_STYLES
from userlane.charts.surveys import survey_distribution, survey_trend
from userlane.charts.tags import tag_cumulative, tag_ranking, tag_trend

__all__ = [
    "BUCKET_COLOURS",
    "CONFIG",
    "SCORE_STYLES",
    "SERIES",
    "TRAFFIC_STYLES",
    "dotted",
    "drawn",
    "heart_contributions",
    "heart_trend",
    "nothing",
    "nps_histogram",
    "nps_split",
    "nps_trend",
    "survey_distribution",
    "survey_trend",
    "tag_cumulative",
    "tag_ranking",
    "tag_trend",
]
