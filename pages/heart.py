"""HEART: how the letter scores move, and which one moved the overall score."""

import streamlit as st

from userlane import charts, layout
from userlane.contract import LABELS, SCORES
from userlane.metrics import heart as metrics

corner = layout.page("HEART")
heart = layout.load("heart", lead_days=6)
summary = metrics.summary(heart.frame, heart.frame_before)
earlier = heart.lead.frame if heart.lead else None

layout.heart_cards(summary, heart)

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
st.subheader("Daily scores and their 7-day mean, with users and sessions", anchor=False)
daily, traffic = metrics.daily(heart.frame, heart.window, earlier), metrics.traffic(heart.frame, heart.window)
layout.chart(
    charts.heart_trend(daily, traffic, chosen or SCORES),
    heart,
    "HEART scores by day, 0 to 100, and below them users and sessions by day",
    key="heart-trend",
)

left, right = st.columns(2, gap="medium")
with left:
    st.subheader("This period against the one before", anchor=False)
    layout.heart_table(summary, heart)
with right:
    st.subheader("What moved the overall score", anchor=False)
    if heart.frame_before is None or heart.frame_before.empty:
        st.info("There is no period before to compare with.", icon=":material/difference:")
    else:
        moved = metrics.contributions(heart.frame, heart.frame_before)
        layout.chart(
            charts.heart_contributions(moved), heart, "Points each letter moved the score by", key="moved"
        )
        layout.contributions_note(moved)

layout.explained("heart")

with corner:
    layout.offer(
        layout.View("period table", summary.drop(columns="trend"), heart),
        layout.View(
            "daily scores",
            daily[daily["score"].isin(chosen or SCORES)],
            heart,
            {"scores": ", ".join(chosen or SCORES)},
        ),
        layout.View("users and sessions", traffic, heart),
        raw=heart.now,
    )
