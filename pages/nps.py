"""NPS: the score and its split, over time, and the people and words behind it."""

import streamlit as st

from userlane import charts, ui
from userlane.cache import measured
from userlane.contract import BUCKETS
from userlane.metrics import nps as metrics

corner = ui.page("NPS")
nps = ui.load("nps")
latest = st.toggle(
    "Count each user once, by their latest answer",
    value=True,
    key="nps-latest",
    bind="query-params",
    persist_state="session",
    help="Several answers of one person are not independent. Off: every answer counts.",
)
once = {"answers": "latest of each user" if latest else "all"}
everything, earlier = nps.frame, nps.frame_before
answers = measured(metrics.latest_per_user, everything) if latest else everything
before = measured(metrics.latest_per_user, earlier) if earlier and latest else earlier
ui.nps_cards(measured(metrics.counts, answers), before and measured(metrics.counts, before))

st.subheader("Promoters, passives and detractors", anchor=False)
split, histogram = (measured(each, answers) for each in (metrics.split, metrics.histogram))
n = measured(len, answers)
ui.chart(
    measured(charts.nps_split, split),
    "Promoters, passives and detractors with counts and shares; click one to see its comments",
    key="nps-split",
    n=n,
    picks="nps-buckets",
)
left, right = st.columns([2, 3], gap="medium")
with left:
    st.subheader("Answers by score, 0 to 10", anchor=False)
    ui.chart(measured(charts.nps_histogram, histogram), "Answers per score", key="nps-scores", n=n)
with right:
    st.subheader("NPS over time", anchor=False)
    step = ui.step("nps-step", nps.window)
    followed = measured(metrics.latest_per_user, everything, period=step) if latest else everything
    trend = measured(metrics.trend, followed, window=nps.window, by=step, missing=nps.missing)
    ui.chart(measured(charts.nps_trend, trend), f"NPS by {step}, its split below", key="nps-trend")

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
comments = measured(metrics.comments, answers, buckets=buckets, search=search or "")
ui.comments_table(comments)

st.subheader("People", anchor=False)
people = {
    "Champions": measured(metrics.champions, everything),
    "At risk": measured(metrics.at_risk, everything),
}
ui.people_tabs(people)

ui.explained("nps")

with corner:
    ui.offer(
        ui.View("split", split, once),
        ui.View("scores", histogram, once),
        ui.View("trend", trend, once | {"by": step}),
        ui.View("comments", comments, once | {"buckets": ", ".join(buckets), "search": search or ""}),
        *(ui.View(name.lower(), users) for name, users in people.items()),
        raw=nps,
    )
