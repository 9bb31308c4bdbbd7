"""Overview: the six HEART numbers, NPS, surveys and tags of one period, and what changed most."""

import streamlit as st

from userlane import layout, session
from userlane.cached import measured
from userlane.contract import Measured
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
    summary = measured(heart_metrics.summary, heart.frame, heart.frame_before)
    layout.heart_cards(summary)
    sentences.append(measured(headlines.heart, summary))
    views.append(layout.View("heart", summary))

st.subheader("NPS and surveys", anchor=False)
ready = [layout.ready(nps), layout.ready(surveys)]
with layout.row(4, 240):
    if ready[0]:
        latest = measured(nps_metrics.latest_per_user, nps.frame)
        counts = measured(nps_metrics.counts, latest)
        earlier = nps.frame_before and measured(nps_metrics.latest_per_user, nps.frame_before)
        before = measured(nps_metrics.counts, earlier) if earlier else None
        layout.nps_card(counts, before)
        sentences.append(measured(headlines.nps, counts, before))
        views.append(
            layout.View("nps", measured(nps_metrics.split, latest), {"answers": "latest of each user"})
        )
    if ready[1]:
        scores = measured(survey_metrics.summary, surveys.frame)
        moved = measured(survey_metrics.change, surveys.frame, surveys.frame_before)
        layout.survey_cards(scores, moved, names)
        sentences.append(measured(headlines.surveys, moved, names=names))
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
        sentences.append(measured(headlines.tags, layout.label_tags(changed)))
    views.append(layout.View("tags", ranking))

layout.sentences(changes, sentences, (heart, nps, surveys, tags))
layout.explained("overview")
if views:
    layout.charts_ahead()

with corner:
    layout.offer(*views)
