"""Overview: the six HEART numbers, NPS, surveys and tags of one period, and what changed most."""

import streamlit as st

from userlane import layout, session
from userlane.contract import Measured, measure
from userlane.metrics import headlines
from userlane.metrics import heart as heart_metrics
from userlane.metrics import nps as nps_metrics
from userlane.metrics import surveys as survey_metrics
from userlane.metrics import tags as tag_metrics

corner = layout.page("Overview")
heart, nps, surveys, tags = layout.load_all("heart", "nps", "surveys", "tags")
names = layout.survey_names(session.filters().survey_ids)
sentences: list[Measured[list[str]]] = []
views: list[layout.View] = []

changes = st.container()
st.subheader("HEART", anchor=False)
if layout.ready(heart):
    summary = measure(heart_metrics.summary, heart.frame, heart.frame_before)
    layout.heart_cards(summary)
    sentences.append(summary.map(headlines.heart))
    views.append(layout.View("heart", summary))

st.subheader("NPS and surveys", anchor=False)
ready = [layout.ready(nps), layout.ready(surveys)]
with layout.row(4, 240):
    if ready[0]:
        latest = nps.frame.map(nps_metrics.latest_per_user)
        counts = latest.map(nps_metrics.counts)
        before = nps.compared(lambda frame: nps_metrics.counts(nps_metrics.latest_per_user(frame)))
        layout.nps_card(counts, before)
        sentences.append(measure(headlines.nps, counts, before))
        views.append(layout.View("nps", latest.map(nps_metrics.split), {"answers": "latest of each user"}))
    if ready[1]:
        scores = surveys.frame.map(survey_metrics.summary)
        moved = measure(survey_metrics.change, surveys.frame, surveys.frame_before)
        layout.survey_cards(scores, moved, names)
        sentences.append(moved.map(headlines.surveys, names))
        views.append(layout.View("surveys", layout.labelled(scores, names), {"surveys": ", ".join(names)}))

st.subheader("Tags", anchor=False)
if layout.ready(tags):
    seen = tags.measure(tag_metrics.seen_users)
    ranking = layout.tag_ranking(
        tags.measure(tag_metrics.adoption, seen=seen), tags.measure(tag_metrics.sparklines)
    )
    layout.tag_extremes(ranking)
    if tags.before:
        was = tags.before.measure(tag_metrics.seen_users)
        changed = tags.measure(tag_metrics.change, tags.before, seen=seen, seen_before=was)
        sentences.append(layout.label_tags(changed).map(headlines.tags))
    views.append(layout.View("tags", ranking))

layout.sentences(changes, sentences, (heart, nps, surveys, tags))
layout.explained("overview")

with corner:
    layout.offer(*views)
