"""Tags: which features are used, by how many, and how that develops."""

import streamlit as st

from userlane import charts, ui
from userlane.cache import measure_cached
from userlane.metrics import tags as metrics

corner = ui.begin_page("Tags")
tags = ui.load("tags")
seen = tags.measure(metrics.seen_users)
ranking = ui.rank_tags(tags.measure(metrics.adoption, seen=seen), tags.measure(metrics.sparklines))
totals, before = tags.measure(metrics.totals), tags.previous and tags.previous.measure(metrics.totals)
ui.show_tag_cards(totals, before)
ui.show_tag_match(ranking)

search = st.text_input("Search by tag name or ID", key="tag-search", type="search", persist_state="session")
shown = ui.search_tags(ranking, search or "")
st.subheader("Adoption: users of each tag", anchor=False)
picked = ui.show_tag_table(shown)

chosen = ui.choose_tags(ranking, picked)
left, right = st.columns(2, gap="medium")
with left:
    st.subheader("Users of the chosen tags", anchor=False)
    step = ui.choose_granularity("tag-step", tags.window, ("day", "week"))
    trend = ui.label_tags(tags.measure(metrics.trend, by=step, tag_ids=chosen))
    ui.show_chart(
        measure_cached(charts.tag_trend, trend), f"Users per {step} of each chosen tag", key="tag-trend"
    )
with right:
    st.subheader("Adoption over time", anchor=False)
    cumulative = ui.label_tags(tags.measure(metrics.cumulative, tag_ids=chosen))
    ui.show_chart(
        measure_cached(charts.tag_cumulative, cumulative), "Users of each chosen tag so far", key="tag-reach"
    )

st.subheader("Heaviest users of the chosen tags", anchor=False)
heaviest = tags.measure(metrics.heaviest, tag_ids=chosen)
ui.show_heaviest_users(heaviest)

ui.show_method("tags")

with corner:
    of_chosen = {"tags": ", ".join(chosen)}
    ui.show_downloads(
        ui.ExportedTable("adoption", shown, {"search": search or ""}),
        ui.ExportedTable("trend", trend, {"by": step} | of_chosen),
        ui.ExportedTable("adoption over time", cumulative, of_chosen),
        ui.ExportedTable("heaviest users", heaviest, of_chosen),
        raw=tags,
    )
