"""Overview: the six HEART numbers, NPS, surveys and tags of one period, and what changed most."""

import streamlit as st

from userlane import ui, url
from userlane.cache import measure_cached
from userlane.contract import Measured
from userlane.metrics import headlines
from userlane.metrics import heart as heart_metrics
from userlane.metrics import nps as nps_metrics
from userlane.metrics import surveys as survey_metrics
from userlane.metrics import tags as tag_metrics

corner = ui.begin_page("Overview")
heart, nps, surveys, tags = ui.load_all("heart", "nps", "surveys", "tags")
names = ui.survey_names(url.filters().survey_ids)
sentences: list[Measured[list[str]]] = []
views: list[ui.ExportedTable] = []

changes = st.container()
st.subheader("HEART", anchor=False)
if ui.show_state(heart):
    summary = measure_cached(heart_metrics.summary, heart.frame, heart.previous_frame)
    ui.show_heart_cards(summary)
    sentences.append(measure_cached(headlines.heart, summary))
    views.append(ui.ExportedTable("heart", summary))

st.subheader("NPS and surveys", anchor=False)
ready = [ui.show_state(nps), ui.show_state(surveys)]
with ui.card_row(4, 240):
    if ready[0]:
        latest = measure_cached(nps_metrics.latest_per_user, nps.frame)
        counts = measure_cached(nps_metrics.counts, latest)
        earlier = nps.previous_frame and measure_cached(nps_metrics.latest_per_user, nps.previous_frame)
        before = measure_cached(nps_metrics.counts, earlier) if earlier else None
        ui.show_nps_card(counts, before)
        sentences.append(measure_cached(headlines.nps, counts, before))
        views.append(
            ui.ExportedTable(
                "nps", measure_cached(nps_metrics.split, latest), {"answers": "latest of each user"}
            )
        )
    if ready[1]:
        scores = measure_cached(survey_metrics.summary, surveys.frame)
        moved = measure_cached(survey_metrics.change, surveys.frame, surveys.previous_frame)
        ui.show_survey_cards(scores, moved, names)
        sentences.append(measure_cached(headlines.surveys, moved, names=names))
        views.append(
            ui.ExportedTable("surveys", ui.label_surveys(scores, names), {"surveys": ", ".join(names)})
        )

st.subheader("Tags", anchor=False)
if ui.show_state(tags):
    seen = tags.measure(tag_metrics.seen_users)
    ranking = ui.rank_tags(
        tags.measure(tag_metrics.adoption, seen=seen), tags.measure(tag_metrics.sparklines)
    )
    ui.show_tag_extremes(ranking)
    if tags.previous:
        was = tags.previous.measure(tag_metrics.seen_users)
        changed = tags.measure(tag_metrics.change, tags.previous, seen=seen, seen_before=was)
        sentences.append(measure_cached(headlines.tags, ui.label_tags(changed)))
    views.append(ui.ExportedTable("tags", ranking))

ui.show_changes(changes, sentences, (heart, nps, surveys, tags))
ui.show_method("overview")
if views:
    ui.preload_charts()

with corner:
    ui.show_downloads(*views)
