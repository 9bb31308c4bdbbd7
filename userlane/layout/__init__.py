"""How a page is put together: frame, loading, cards, tables, downloads, filters, connecting."""

from userlane.layout.cards import heart_cards, nps_card, nps_cards, row, survey_cards, tag_cards
from userlane.layout.connecting import matched, status, tag_names
from userlane.layout.filters import sidebar
from userlane.layout.frame import explained, load, page, ready, sentences
from userlane.layout.loading import Loaded, load_all
from userlane.layout.offers import View, offer
from userlane.layout.tables import (
    chart,
    choose_tags,
    comments_table,
    contributions_note,
    heart_table,
    heaviest_table,
    label_tags,
    labelled,
    people_table,
    search_tags,
    step,
    survey_names,
    tag_extremes,
    tag_ranking,
    tag_table,
)

__all__ = [
    "Loaded",
    "View",
    "chart",
    "choose_tags",
    "comments_table",
    "contributions_note",
    "explained",
    "heart_cards",
    "heart_table",
    "heaviest_table",
    "label_tags",
    "labelled",
    "load",
    "load_all",
    "matched",
    "nps_card",
    "nps_cards",
    "offer",
    "page",
    "people_table",
    "ready",
    "row",
    "search_tags",
    "sentences",
    "sidebar",
    "status",
    "step",
    "survey_cards",
    "survey_names",
    "tag_cards",
    "tag_extremes",
    "tag_names",
    "tag_ranking",
    "tag_table",
]
