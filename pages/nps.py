"""NPS: the score and its split, over time, and the people and words behind it."""

import streamlit as st

from userlane import charts, layout
from userlane.contract import BUCKETS
from userlane.metrics import nps as metrics

corner = layout.page("NPS")
nps = layout.load("nps")
latest = st.toggle(
    "Count each user once, by their latest answer",
    value=True,
    key="nps-latest",
    bind="query-params",
    persist_state="session",
    help="Several answers of one person are not independent. Off: every answer counts.",
)
once = {"answers": "latest of each user" if latest else "all"}
answers = metrics.latest_per_user(nps.frame) if latest else nps.frame
before = nps.compared(lambda frame: metrics.counts(metrics.latest_per_user(frame) if latest else frame))
split, histogram = metrics.split(answers), metrics.histogram(answers)
layout.nps_cards(metrics.counts(answers), before, nps)

st.subheader("Promoters, passives and detractors", anchor=False)
layout.chart(
    charts.nps_split(split),
    nps,
    "Promoters, passives and detractors with counts and shares; click one to see its comments",
    key="nps-split",
    n=len(answers),
    picks="nps-buckets",
)
left, right = st.columns([2, 3], gap="medium")
with left:
    st.subheader("Answers by score, 0 to 10", anchor=False)
    layout.chart(charts.nps_histogram(histogram), nps, "Answers per score", key="nps-scores", n=len(answers))
with right:
    st.subheader("NPS over time", anchor=False)
    step = layout.step("nps-step", nps.window)
    trend = metrics.trend(metrics.latest_per_user(nps.frame, step) if latest else nps.frame, nps.window, step)
    layout.chart(charts.nps_trend(trend), nps, f"NPS by {step}, its split below", key="nps-trend", n=nps.rows)

st.subheader("Comments", anchor=False)
controls = st.columns([3, 2], vertical_alignment="bottom")
buckets = controls[0].pills(
    "Show comments of (or click a group above)",
    BUCKETS,
    selection_mode="multi",
    format_func=lambda each: f"{each.title()}s",
    key="nps-buckets",
    persist_state="session",
)
search = controls[1].text_input(
    "Search in comments", key="nps-search", type="search", persist_state="session"
)
comments = metrics.comments(answers, buckets, search or "")
layout.comments_table(comments, nps)

st.subheader("People", anchor=False)
champions, at_risk = metrics.champions(nps.frame), metrics.at_risk(nps.frame)
happy, unhappy = st.tabs([f"Champions ({len(champions)})", f"At risk ({len(at_risk)})"])
with happy:
    layout.people_table(champions, nps)
with unhappy:
    layout.people_table(at_risk, nps)

layout.explained("nps")

with corner:
    layout.offer(
        layout.View("split", split, nps, once),
        layout.View("scores", histogram, nps, once),
        layout.View("trend", trend, nps, once | {"by": step}),
        layout.View(
            "comments", comments, nps, once | {"buckets": ", ".join(buckets), "search": search or ""}
        ),
        layout.View("champions", champions, nps),
        layout.View("at risk", at_risk, nps),
        raw=nps.now,
    )
