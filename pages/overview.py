"""Overview: the six HEART numbers, NPS, surveys and tags of one period, and what changed most."""

import streamlit as st

from userlane import session, ui
from userlane.cache import measured
from userlane.contract import Measured
from userlane.metrics import headlines
from userlane.metrics import heart as heart_metrics
from userlane.metrics import nps as nps_metrics
from userlane.metrics import surveys as survey_metrics
from userlane.metrics import tags as tag_metrics

corner = ui.page("Overview")
heart, nps, surveys, tags = ui.load_all("heart", "nps", "surveys", "tags")
names = ui.survey_names(session.filters().survey_ids)
sentences: list[Measured[list[str]]] = []
views: list[ui.View] = []

changes = st.container()
st.subheader("HEART", anchor=False)
if ui.ready(heart):
    summary = measured(heart_metrics.summary, heart.frame, heart.frame_before)
    ui.heart_cards(summary)
    sentences.append(measured(headlines.heart, summary))
    views.append(ui.View("heart", summary))

st.subheader("NPS and surveys", anchor=False)
ready = [ui.ready(nps), ui.ready(surveys)]
with ui.row(4, 240):
    if ready[0]:
        latest = measured(nps_metrics.latest_per_user, nps.frame)
        counts = measured(nps_metrics.counts, latest)
        earlier = nps.frame_before and measured(nps_metrics.latest_per_user, nps.frame_before)
        before = measured(nps_metrics.counts, earlier) if earlier else None
        ui.nps_card(counts, before)
        sentences.append(measured(headlines.nps, counts, before))
        views.append(ui.View("nps", measured(nps_metrics.split, latest), {"answers": "latest of each user"}))
    if ready[1]:
        scores = measured(survey_metrics.summary, surveys.frame)
        moved = measured(survey_metrics.change, surveys.frame, surveys.frame_before)
        ui.survey_cards(scores, moved, names)
        sentences.append(measured(headlines.surveys, moved, names=names))
        views.append(ui.View("surveys", ui.labelled(scores, names), {"surveys": ", ".join(names)}))

st.subheader("Tags", anchor=False)
if ui.ready(tags):
    seen = tags.measure(tag_metrics.seen_users)
    ranking = ui.tag_ranking(
        tags.measure(tag_metrics.adoption, seen=seen), tags.measure(tag_metrics.sparklines)
    )
    ui.tag_extremes(ranking)
    if tags.before:
        was = tags.before.measure(tag_metrics.seen_users)
        changed = tags.measure(tag_metrics.change, tags.before, seen=seen, seen_before=was)
        sentences.append(measured(headlines.tags, ui.label_tags(changed)))
    views.append(ui.View("tags", ranking))

ui.sentences(changes, sentences, (heart, nps, surveys, tags))
ui.explained("overview")
if views:
    ui.charts_ahead()

with corner:
    ui.offer(*views)
