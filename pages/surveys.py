"""Surveys: each survey's mean, share of 4–5 and distribution, side by side."""

import streamlit as st

from userlane import charts, ui, url
from userlane.cache import measure_cached
from userlane.metrics import surveys as metrics

corner = ui.begin_page("Surveys")
surveys = ui.load("surveys")
names = ui.survey_names(url.filters().survey_ids)
answers = surveys.frame
summary = measure_cached(metrics.summary, answers)
with ui.card_row(3, 240):
    ui.show_survey_cards(summary, measure_cached(metrics.change, answers, surveys.previous_frame), names)

left, right = st.columns(2, gap="medium")
with left:
    st.subheader("Share of answers for each score, 1 to 5", anchor=False)
    distribution = measure_cached(metrics.distribution, answers)
    ui.show_chart(
        measure_cached(charts.survey_distribution, distribution, names=names),
        "Share per score",
        key="survey-scores",
    )
with right:
    st.subheader("Share of 4 and 5 over time", anchor=False)
    step = ui.choose_granularity("survey-step", surveys.window)
    trend = measure_cached(metrics.trend, answers, window=surveys.window, by=step, missing=surveys.missing)
    ui.show_chart(
        measure_cached(charts.survey_trend, trend, names=names),
        f"Share of 4 and 5 by {step}",
        key="survey-trend",
    )

st.subheader("Comments", anchor=False)
controls = st.columns([2, 2, 2], vertical_alignment="bottom")
of = controls[0].multiselect(
    "Surveys",
    url.filters().survey_ids,
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
found = measure_cached(metrics.comments, answers, survey_ids=of, scores=scores, search=search or "")
comments = ui.label_surveys(found, names)
ui.show_comments(comments)

ui.show_method("surveys")

with corner:
    of_all = {"surveys": ", ".join(names)}
    narrowed = {
        "surveys": ", ".join(of or names),
        "scores": ", ".join(map(str, scores)),
        "search": search or "",
    }
    ui.show_downloads(
        ui.ExportedTable("summary", ui.label_surveys(summary, names), of_all),
        ui.ExportedTable("distribution", ui.label_surveys(distribution, names), of_all),
        ui.ExportedTable("trend", ui.label_surveys(trend, names), of_all | {"by": step}),
        ui.ExportedTable("comments", comments, narrowed),
        raw=surveys,
    )
