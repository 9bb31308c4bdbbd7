"""HEART: how the letter scores move, and which one moved the overall score."""

import streamlit as st

from userlane import charts, ui
from userlane.cache import measured
from userlane.contract import LABELS, SCORES
from userlane.metrics import heart as metrics

corner = ui.page("HEART")
heart = ui.load("heart", lead_days=6)
summary = measured(metrics.summary, heart.frame, heart.frame_before)
ui.heart_cards(summary)

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
earlier = heart.lead.frame if heart.lead else None
daily = measured(metrics.daily, heart.frame, window=heart.window, earlier=earlier, missing=heart.missing)
traffic = measured(metrics.traffic, heart.frame, window=heart.window)
ui.chart(
    measured(charts.heart_trend, daily, traffic, scores=scores),
    "HEART scores by day, 0 to 100, and below them users and sessions by day",
    key="heart-trend",
)
ui.dots_note(daily, scores)

left, right = st.columns(2, gap="medium")
with left:
    st.subheader("This period against the one before", anchor=False)
    ui.heart_table(summary)
with right:
    st.subheader("What moved the overall score", anchor=False)
    if heart.frame_before is None:
        st.info("There is no period before to compare with.", icon=":material/difference:")
    else:
        moved = measured(metrics.contributions, heart.frame, heart.frame_before)
        ui.chart(
            measured(charts.heart_contributions, moved), "Points each letter moved the score by", key="moved"
        )
        ui.contributions_note(moved)

ui.explained("heart")

with corner:
    ui.offer(
        ui.View("period table", summary),
        ui.View(
            "daily scores", measured(metrics.of_scores, daily, scores=scores), {"scores": ", ".join(scores)}
        ),
        ui.View("users and sessions", traffic),
        raw=heart,
    )
