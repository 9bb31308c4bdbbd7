"""Overview: the six HEART numbers, NPS, surveys and tags of one period, and what changed most."""

import streamlit as st

from userlane import layout, session
from userlane.cached import measured
from userlane.metrics import headlines
from userlane.metrics import heart as heart_metrics
from userlane.metrics import nps as nps_metrics
from userlane.metrics import surveys as survey_metrics
from userlane.metrics import tags as tag_metrics

corner = layout.page("Overview")
heart, nps, surveys, tags = layout.load_all("heart", "nps", "surveys", "tags")
names = layout.survey_names(session.filters().survey_ids)
sentences: list[str] = []
views: list[layout.View] = []

changes = st.container()
st.subheader("HEART", anchor=False)
if layout.ready(heart):
    summary = heart_metrics.summary(heart.frame, heart.frame_before)
    layout.heart_cards(summary, heart)
    sentences += headlines.heart(summary)
    views.append(layout.View("heart", summary.drop(columns="trend"), heart))

st.subheader("NPS and surveys", anchor=False)
ready = [layout.ready(nps), layout.ready(surveys)]
with layout.row(4, 240):
    if ready[0]:
        counts = nps_metrics.counts(nps_metrics.latest_per_user(nps.frame))
        before = nps.compared(lambda frame: nps_metrics.counts(nps_metrics.latest_per_user(frame)))
        layout.nps_card(counts, before, nps)
        sentences += headlines.nps(counts, before)
        split = nps_metrics.split(nps_metrics.latest_per_user(nps.frame))
        views.append(layout.View("nps", split, nps, {"answers": "latest of each user"}))
    if ready[1]:
        scores = survey_metrics.summary(surveys.frame)
        moved = surveys.compared(lambda frame: survey_metrics.change(frame, surveys.frame))
        layout.survey_cards(scores, moved, names, surveys)
        sentences += headlines.surveys(moved, names) if moved is not None else []
        views.append(
            layout.View("surveys", layout.labelled(scores, names), surveys, {"surveys": ", ".join(names)})
        )

st.subheader("Tags", anchor=False)
if layout.ready(tags):
    (dataset,) = tags.now
    seen = measured(tag_metrics.seen_users, dataset)
    ranking = layout.tag_ranking(
        measured(tag_metrics.adoption, dataset, seen=seen), measured(tag_metrics.sparklines, dataset)
    )
    layout.tag_extremes(ranking, tags)
    if tags.before:
        (earlier,) = tags.before
        options = {"seen": seen, "seen_before": measured(tag_metrics.seen_users, earlier)}
        sentences += headlines.tags(
            layout.label_tags(measured(tag_metrics.change, dataset, earlier, **options))
        )
    views.append(layout.View("tags", ranking.drop(columns="trend"), tags))

layout.sentences(changes, sentences)
layout.explained("overview")

with corner:
    layout.offer(*views)
