"""Tags: which features are used, by how many, and how that develops."""

import streamlit as st

from userlane import charts, layout
from userlane.cached import measured
from userlane.metrics import tags as metrics

corner = layout.page("Tags")
tags = layout.load("tags")
(dataset,) = tags.now
seen = measured(metrics.seen_users, dataset)
ranking = layout.tag_ranking(
    measured(metrics.adoption, dataset, seen=seen), measured(metrics.sparklines, dataset)
)
before = [measured(metrics.totals, earlier) for earlier in tags.before]
layout.tag_cards(measured(metrics.totals, dataset), next(iter(before), None), tags)
layout.matched(list(ranking["tag_id"]))

search = st.text_input("Search by tag name or ID", key="tag-search", type="search", persist_state="session")
shown = layout.search_tags(ranking, search or "")
st.subheader("Adoption: users of each tag", anchor=False)
picked = layout.tag_table(shown, tags)

chosen = layout.choose_tags(ranking, picked)
left, right = st.columns(2, gap="medium")
with left:
    st.subheader("Users of the chosen tags", anchor=False)
    step = layout.step("tag-step", tags.window, ("day", "week"))
    trend = layout.label_tags(measured(metrics.trend, dataset, by=step, tag_ids=chosen))
    layout.chart(charts.tag_trend(trend), tags, f"Users per {step} of each chosen tag", key="tag-trend")
with right:
    st.subheader("Adoption over time", anchor=False)
    cumulative = layout.label_tags(measured(metrics.cumulative, dataset, tag_ids=chosen))
    layout.chart(charts.tag_cumulative(cumulative), tags, "Users of each chosen tag so far", key="tag-reach")

st.subheader("Heaviest users of the chosen tags", anchor=False)
heaviest = measured(metrics.heaviest, dataset, tag_ids=chosen)
layout.heaviest_table(heaviest, tags)

layout.explained("tags")

with corner:
    layout.offer(
        layout.View("adoption", shown.drop(columns="trend"), tags, {"search": search or ""}),
        layout.View("trend", trend, tags, {"by": step, "tags": ", ".join(chosen)}),
        layout.View("adoption over time", cumulative, tags, {"tags": ", ".join(chosen)}),
        layout.View("heaviest users", heaviest, tags, {"tags": ", ".join(chosen)}),
        raw=tags.now,
    )
