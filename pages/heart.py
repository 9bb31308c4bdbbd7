"""HEART: how the letter scores move, and which one moved the overall score."""

import streamlit as st

from userlane import charts, ui
from userlane.cache import measure_cached
from userlane.contract import LABELS, SCORES
from userlane.metrics import heart as metrics

corner = ui.begin_page("HEART")
heart = ui.load("heart", lead_days=6)
summary = measure_cached(metrics.summary, heart.frame, heart.previous_frame)
ui.show_heart_cards(summary)

chosen = st.pills(
    "Scores",
    SCORES,
    selection_mode="multi",
    default=SCORES,
    format_func=LABELS.__getitem__,
    key="heart-scores",
    bind="query-params",
    persist_state="session",
    label_visibility="collapsed",
)
scores = chosen or SCORES
st.subheader("Daily scores and their 7-day mean, with users and sessions", anchor=False)
earlier = heart.lead_in.frame if heart.lead_in else None
daily = measure_cached(
    metrics.daily, heart.frame, window=heart.window, earlier=earlier, missing=heart.missing
)
traffic = measure_cached(metrics.traffic, heart.frame, window=heart.window)
ui.show_chart(
    measure_cached(charts.heart_trend, daily, traffic, scores=scores),
    "HEART scores by day, 0 to 100, and below them users and sessions by day",
    key="heart-trend",
)
ui.show_dots_note(daily, scores)

left, right = st.columns(2, gap="medium")
with left:
    st.subheader("This period against the one before", anchor=False)
    ui.show_heart_table(summary)
with right:
    st.subheader("What moved the overall score", anchor=False)
    if heart.previous_frame is None:
        st.info("There is no period before to compare with.", icon=":material/difference:")
    else:
        moved = measure_cached(metrics.contributions, heart.frame, heart.previous_frame)
        ui.show_chart(
            measure_cached(charts.heart_contributions, moved),
            "Points each letter moved the score by",
            key="moved",
        )
        ui.show_contributions_note(moved)

ui.show_method("heart")

with corner:
    ui.show_downloads(
        ui.ExportedTable("period table", summary),
        ui.ExportedTable(
            "daily scores",
            measure_cached(metrics.of_scores, daily, scores=scores),
            {"scores": ", ".join(scores)},
        ),
        ui.ExportedTable("users and sessions", traffic),
        raw=heart,
    )
