"""Draws the tables of tags, and chooses the tags of the charts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from userlane import cache, session
from userlane.contract import Measured, unwrap
from userlane.formatting import format_count
from userlane.lookups import tag_join
from userlane.ui.tables import show_caption, show_source, table_key
from userlane.ui.text import describe_source

FIRST_DRAWN, MOST_DRAWN = 5, 8
EXTREMES = 5
TAG_COLUMNS: Mapping[str, Any] = {
    "tag": st.column_config.TextColumn("Tag", width=210),
    "users": st.column_config.NumberColumn("Users", format="localized", width=60),
    "share": st.column_config.ProgressColumn(
        "Share of users", format="%.1f %%", min_value=0, max_value=100, width=150, help="Of all users seen."
    ),
    "range": st.column_config.TextColumn("95 % sure", width=100, help="The interval of the share."),
    "interactions": st.column_config.NumberColumn("Interactions", format="localized"),
    "per_user": st.column_config.NumberColumn("Per user", format="%.1f"),
    "trend": st.column_config.LineChartColumn("Trend", y_min=0, width=110, help="Users over the period."),
    "tag_id": st.column_config.TextColumn("Tag ID", width="small"),
}


def rank_tags(adoption: Measured[pd.DataFrame], trends: Measured[pd.DataFrame]) -> Measured[pd.DataFrame]:
    """Return adoption with tag names and trends, most users first."""
    return cache.measure_cached(_rank_tags, label_tags(adoption), trends)


def _rank_tags(adoption: pd.DataFrame, trends: pd.DataFrame) -> pd.DataFrame:
    ranking = adoption.merge(trends, on="tag_id", how="left")
    # A sparkline cannot show a gap, and must not hide one; a single day is no course.
    whole = ranking["trend"].map(
        lambda trend: isinstance(trend, list) and len(trend) > 1 and None not in trend
    )
    ranking["trend"] = ranking["trend"].where(whole, None)
    return ranking[["tag", *(name for name in ranking if name != "tag")]]


def label_tags(table: Measured[pd.DataFrame]) -> Measured[pd.DataFrame]:
    """Return the table with the tag's name from the visitor's upload, or its ID in words."""
    return cache.measure_cached(tag_join.label_tags, table, names=session.visit().names)


def search_tags(ranking: Measured[pd.DataFrame], search: str) -> Measured[pd.DataFrame]:
    """Return the tags whose name or ID contains the text, in upper or lower case."""
    return cache.measure_cached(_search_tags, ranking, wanted=search.strip().casefold())


def _search_tags(ranking: pd.DataFrame, wanted: str) -> pd.DataFrame:
    found = ranking["tag"].str.casefold().str.contains(wanted, regex=False)
    return ranking[found | ranking["tag_id"].str.casefold().str.contains(wanted, regex=False)]


def choose_tags(ranking: Measured[pd.DataFrame], ticked: Sequence[str]) -> list[str]:
    """Return the IDs of the tags to draw: those ticked in the table, else the most used."""
    return list(ticked[:MOST_DRAWN] or unwrap(ranking)["tag_id"].head(FIRST_DRAWN))


def show_tag_extremes(tags: Measured[pd.DataFrame]) -> None:
    """Draw the tags with most and with fewest users side by side."""
    ranking = unwrap(tags)
    most, least = st.columns(2, gap="medium")
    for place, title, rows in (
        (most, "Most users", ranking.head(EXTREMES)),
        (least, "Fewest users", ranking.iloc[::-1].head(EXTREMES)),
    ):
        with place:
            st.markdown(f"**{title}**")
            st.dataframe(
                rows[["tag", "users", "share", "trend"]].assign(share=100 * rows["share"]),
                hide_index=True,
                column_config=TAG_COLUMNS,
                alt=f"Tags with {title.lower()}",
            )
    show_caption(tags, f"{format_count(len(ranking), 'tag')} with any use · {describe_source(tags)}")


def show_tag_table(tags: Measured[pd.DataFrame]) -> list[str]:
    """Draw the tags by adoption; returns the IDs of the rows that are ticked."""
    ranking = unwrap(tags)
    if ranking.empty:
        st.info("No tag matches.", icon=":material/search_off:")
        show_source(tags)
        return []
    columns = ["tag", "users", "share", "range", "interactions", "per_user", "trend", "tag_id"]
    ranges = [
        f"{100 * low:.1f}–{100 * high:.1f} %"
        for low, high in zip(ranking["share_low"], ranking["share_high"], strict=True)
    ]
    event = st.dataframe(
        ranking.assign(share=100 * ranking["share"], range=ranges)[columns],
        hide_index=True,
        column_config=TAG_COLUMNS,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"tag-table-{table_key(ranking['tag_id'])}",
        alt="Tags by number of users",
    )
    how = f"tick up to {MOST_DRAWN} to compare them below"
    show_caption(tags, f"{format_count(len(ranking), 'tag')} · {describe_source(tags)} · {how}")
    return [ranking["tag_id"].iloc[row] for row in event["selection"]["rows"] if row < len(ranking)]


def show_heaviest_users(users: Measured[pd.DataFrame]) -> None:
    """Draw the users with most interactions."""
    heaviest = unwrap(users)
    st.dataframe(
        heaviest.assign(share=100 * heaviest["share"]),
        hide_index=True,
        column_config={
            "user_id": "User",
            "interactions": st.column_config.NumberColumn("Interactions", format="localized"),
            "active_days": st.column_config.NumberColumn("Active days"),
            "tags": st.column_config.NumberColumn("Tags used"),
            "share": st.column_config.NumberColumn("Share of interactions", format="%.1f %%"),
        },
        alt="Users with most interactions",
    )
    show_source(users)
