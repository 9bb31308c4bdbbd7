"""Surveys: each survey's mean, share of 4–5 and distribution, side by side."""

import streamlit as st

from userlane import charts, layout, session
from userlane.cached import measured
from userlane.metrics import surveys as metrics

corner = layout.page("Surveys")
surveys = layout.load("surveys")
names = layout.survey_names(session.filters().survey_ids)
answers = surveys.frame
summary = measured(metrics.summary, answers)
with layout.row(3, 240):
    layout.survey_cards(summary, measured(metrics.change, answers, surveys.frame_before), names)

left, right = st.columns(2, gap="medium")
with left:
    st.subheader("Share of answers for each score, 1 to 5", anchor=False)
    distribution = measured(metrics.distribution, answers)
    layout.chart(
        measured(charts.survey_distribution, distribution, names=names),
        "Share per score",
        key="survey-scores",
    )
with right:
    st.subheader("Share of 4 and 5 over time", anchor=False)
    step = layout.step("survey-step", surveys.window)
    trend = measured(metrics.trend, answers, window=surveys.window, by=step, missing=surveys.missing)
    layout.chart(
        measured(charts.survey_trend, trend, names=names), f"Share of 4 and 5 by {step}", key="survey-trend"
    )

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
found = measured(metrics.comments, answers, survey_ids=of, scores=scores, search=search or "")
comments = layout.labelled(found, names)
layout.comments_table(comments)

layout.explained("surveys")

with corner:
    of_all = {"surveys": ", ".join(names)}
    narrowed = {
        "surveys": ", ".join(of or names),
        "scores": ", ".join(map(str, scores)),
        "search": search or "",
    }
    layout.offer(
        layout.View("summary", layout.labelled(summary, names), of_all),
        layout.View("distribution", layout.labelled(distribution, names), of_all),
        layout.View("trend", layout.labelled(trend, names), of_all | {"by": step}),
        layout.View("comments", comments, narrowed),
        raw=surveys,
    )
