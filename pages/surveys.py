"""Surveys: each survey's mean, share of 4–5 and distribution, side by side."""

import streamlit as st

from userlane import charts, layout, session
from userlane.metrics import surveys as metrics

corner = layout.page("Surveys")
surveys = layout.load("surveys")
names = layout.survey_names(session.filters().survey_ids)
of_all = {"surveys": ", ".join(names)}
summary = metrics.summary(surveys.frame)
change = surveys.compared(lambda before: metrics.change(before, surveys.frame))
distribution, trend = metrics.distribution(surveys.frame), metrics.trend(surveys.frame, surveys.window)
with layout.row(3, 240):
    layout.survey_cards(summary, change, names, surveys)

left, right = st.columns(2, gap="medium")
with left:
    st.subheader("Share of answers for each score, 1 to 5", anchor=False)
    layout.chart(
        charts.survey_distribution(distribution, names), surveys, "Share per score", key="survey-scores"
    )
with right:
    st.subheader("Share of 4 and 5 by week", anchor=False)
    layout.chart(charts.survey_trend(trend, names), surveys, "Share of 4 and 5 by week", key="survey-trend")

st.subheader("Comments", anchor=False)
controls = st.columns([2, 2, 2], vertical_alignment="bottom")
of = controls[0].multiselect(
    "Surveys",
    session.filters().survey_ids,
    format_func=names.__getitem__,
    placeholder="All",
    key="survey-comments-of",
    persist_state="session",
)
scores = controls[1].pills(
    "Scores", (1, 2, 3, 4, 5), selection_mode="multi", key="survey-comments-scores", persist_state="session"
)
search = controls[2].text_input(
    "Search in comments", key="survey-search", type="search", persist_state="session"
)
comments = layout.labelled(metrics.comments(surveys.frame, of, scores, search or ""), names)
layout.comments_table(comments, surveys)

layout.explained("surveys")

with corner:
    layout.offer(
        layout.View("summary", layout.labelled(summary, names), surveys, of_all),
        layout.View("distribution", layout.labelled(distribution, names), surveys, of_all),
        layout.View("trend", layout.labelled(trend, names), surveys, of_all),
        layout.View(
            "comments",
            comments,
            surveys,
            {
                "surveys": ", ".join(of or names),
                "scores": ", ".join(map(str, scores)),
                "search": search or "",
            },
        ),
        raw=surveys.now,
    )
