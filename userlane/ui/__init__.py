"""How a page is put together: frame, loading, cards, tables, downloads, filters, connecting.

What is drawn comes as `contract.Measured`: a value with the rows it was measured on, so that their state can
be shown beside it. Nothing here takes a bare number, table or figure.
"""

from userlane.ui.cards import heart_cards, nps_card, nps_cards, row, survey_cards, tag_cards
from userlane.ui.changes import sentences
from userlane.ui.connect import status
from userlane.ui.downloads import View, offer
from userlane.ui.loaded import Loaded
from userlane.ui.loading import load_all
from userlane.ui.names import matched, tag_names
from userlane.ui.page import explained, load, page, ready
from userlane.ui.sidebar import sidebar
from userlane.ui.tables import (
    chart,
    charts_ahead,
    comments_table,
    contributions_note,
    dots_note,
    heart_table,
    labelled,
    people_tabs,
    step,
    survey_names,
)
from userlane.ui.tag_tables import (
    choose_tags,
    heaviest_table,
    label_tags,
    search_tags,
    tag_extremes,
    tag_ranking,
    tag_table,
)

__all__ = [
    "Loaded",
    "View",
    "chart",
    "charts_ahead",
    "choose_tags",
    "comments_table",
    "contributions_note",
    "dots_note",
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
    "people_tabs",
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
