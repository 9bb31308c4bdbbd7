"""Tags: which features are used, by how many, and how that develops."""

import streamlit as st

from userlane import charts, layout
from userlane.cached import measured
from userlane.metrics import tags as metrics

corner = layout.page("Tags")
tags = layout.load("tags")
seen = tags.measure(metrics.seen_users)
ranking = layout.tag_ranking(tags.measure(metrics.adoption, seen=seen), tags.measure(metrics.sparklines))
totals, before = tags.measure(metrics.totals), tags.before and tags.before.measure(metrics.totals)
layout.tag_cards(totals, before)
layout.matched(ranking)

search = st.text_input("Search by tag name or ID", key="tag-search", type="search", persist_state="session")
shown = layout.search_tags(ranking, search or "")
st.subheader("Adoption: users of each tag", anchor=False)
picked = layout.tag_table(shown)

chosen = layout.choose_tags(ranking, picked)
left, right = st.columns(2, gap="medium")
with left:
    st.subheader("Users of the chosen tags", anchor=False)
    step = layout.step("tag-step", tags.window, ("day", "week"))
    trend = layout.label_tags(tags.measure(metrics.trend, by=step, tag_ids=chosen))
    layout.chart(measured(charts.tag_trend, trend), f"Users per {step} of each chosen tag", key="tag-trend")
with right:
    st.subheader("Adoption over time", anchor=False)
    cumulative = layout.label_tags(tags.measure(metrics.cumulative, tag_ids=chosen))
    layout.chart(
        measured(charts.tag_cumulative, cumulative), "Users of each chosen tag so far", key="tag-reach"
    )

st.subheader("Heaviest users of the chosen tags", anchor=False)
heaviest = tags.measure(metrics.heaviest, tag_ids=chosen)
layout.heaviest_table(heaviest)

layout.explained("tags")

with corner:
    of_chosen = {"tags": ", ".join(chosen)}
    layout.offer(
        layout.View("adoption", shown, {"search": search or ""}),
        layout.View("trend", trend, {"by": step} | of_chosen),
        layout.View("adoption over time", cumulative, of_chosen),
        layout.View("heaviest users", heaviest, of_chosen),
        raw=tags,
    )
