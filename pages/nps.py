"""NPS: the score and its split, over time, and the people and words behind it."""

import streamlit as st

from userlane import charts, ui
from userlane.cache import measure_cached
from userlane.contract import BUCKETS
from userlane.metrics import nps as metrics

corner = ui.begin_page("NPS")
nps = ui.load("nps")
latest = st.toggle(
    "Count each user once, by their latest answer",
    value=True,
    key="nps-latest",
    bind="query-params",
    persist_state="session",
    help="Several answers of one person are not independent. Off: every answer counts.",
)
everything, earlier = nps.frame, nps.previous_frame
answers = measure_cached(metrics.latest_per_user, everything) if latest else everything
before = measure_cached(metrics.latest_per_user, earlier) if earlier and latest else earlier
ui.show_nps_cards(measure_cached(metrics.counts, answers), before and measure_cached(metrics.counts, before))

st.subheader("Promoters, passives and detractors", anchor=False)
split, histogram = (measure_cached(each, answers) for each in (metrics.split, metrics.histogram))
n = measure_cached(len, answers)
ui.show_chart(
    measure_cached(charts.nps_split, split),
    "Promoters, passives and detractors with counts and shares; click one to see its comments",
    key="nps-split",
    n=n,
    picks="nps-buckets",
)
left, right = st.columns([2, 3], gap="medium")
with left:
    st.subheader("Answers by score, 0 to 10", anchor=False)
    ui.show_chart(measure_cached(charts.nps_histogram, histogram), "Answers per score", key="nps-scores", n=n)
with right:
    st.subheader("NPS over time", anchor=False)
    step = ui.choose_granularity("nps-step", nps.window)
    followed = measure_cached(metrics.latest_per_user, everything, period=step) if latest else everything
    trend = measure_cached(metrics.trend, followed, window=nps.window, by=step, missing=nps.missing)
    ui.show_chart(measure_cached(charts.nps_trend, trend), f"NPS by {step}, its split below", key="nps-trend")

st.subheader("Comments", anchor=False)
left, right = st.columns([3, 2], vertical_alignment="bottom")
buckets = left.pills(
    "Show comments of (or click a group above)",
    BUCKETS,
    selection_mode="multi",
    format_func=lambda each: f"{each.title()}s",
    key="nps-buckets",
    persist_state="session",
)
search = right.text_input("Search in comments", key="nps-search", type="search", persist_state="session")
comments = measure_cached(metrics.comments, answers, buckets=buckets, search=search or "")
ui.show_comments(comments)

st.subheader("People", anchor=False)
people = {
    "Champions": measure_cached(metrics.champions, everything),
    "At risk": measure_cached(metrics.at_risk, everything),
}
ui.show_people(people)

ui.show_method("nps")

with corner:
    once = {"answers": "latest of each user" if latest else "all"}
    found = {"buckets": ", ".join(buckets), "search": search or ""}
    ui.show_downloads(
        ui.ExportedTable("split", split, once),
        ui.ExportedTable("scores", histogram, once),
        ui.ExportedTable("trend", trend, once | {"by": step}),
        ui.ExportedTable("comments", comments, once | found),
        *(ui.ExportedTable(name.lower(), users) for name, users in people.items()),
        raw=nps,
    )
