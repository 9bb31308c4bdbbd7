"""Draws the screen: page head and notices, loading, cards, tables, downloads, sidebar, connection form.

What is drawn comes as `contract.Measured`: a value with the rows it was measured on, so that their state can
be shown beside it. Nothing here takes a bare number, table or figure.
"""

from userlane.ui.cards import (
    card_row,
    show_changes,
    show_heart_cards,
    show_nps_card,
    show_nps_cards,
    show_survey_cards,
    show_tag_cards,
)
from userlane.ui.connect import show_connection
from userlane.ui.downloads import ExportedTable, show_downloads
from userlane.ui.loaded import Loaded
from userlane.ui.loading import load_all
from userlane.ui.page import begin_page, load, show_method, show_state
from userlane.ui.sidebar import show_sidebar
from userlane.ui.tables import (
    choose_granularity,
    label_surveys,
    preload_charts,
    show_chart,
    show_comments,
    show_contributions_note,
    show_dots_note,
    show_heart_table,
    show_people,
    survey_names,
)
from userlane.ui.tag_tables import (
    choose_tags,
    label_tags,
    rank_tags,
    search_tags,
    show_heaviest_users,
    show_tag_extremes,
    show_tag_table,
)
from userlane.ui.uploads import show_tag_match, show_tag_names

__all__ = [
    "ExportedTable",
    "Loaded",
    "begin_page",
    "card_row",
    "choose_granularity",
    "choose_tags",
    "label_surveys",
    "label_tags",
    "load",
    "load_all",
    "preload_charts",
    "rank_tags",
    "search_tags",
    "show_changes",
    "show_chart",
    "show_comments",
    "show_connection",
    "show_contributions_note",
    "show_dots_note",
    "show_downloads",
    "show_heart_cards",
    "show_heart_table",
    "show_heaviest_users",
    "show_method",
    "show_nps_card",
    "show_nps_cards",
    "show_people",
    "show_sidebar",
    "show_state",
    "show_survey_cards",
    "show_tag_cards",
    "show_tag_extremes",
    "show_tag_match",
    "show_tag_names",
    "show_tag_table",
    "survey_names",
]
