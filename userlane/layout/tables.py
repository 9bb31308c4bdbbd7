"""Charts and tables on a page, each with the line that says what it rests on."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from userlane import charts, lookups, session
from userlane.contract import Window
from userlane.inference import reliability
from userlane.layout.loading import Loaded
from userlane.layout.text import NOTHING, counted, number, provenance

WEEKLY_FROM_DAYS = 60
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


def chart(
    figure: go.Figure, loaded: Loaded, alt: str, *, key: str, n: int | None = None, picks: str = ""
) -> None:
    """A figure and, under it, its range, n and state. A click on it sets the pills named `picks`.

    Where too little was measured for a single point, words stand in its place.
    """
    few = loaded.name in {"nps", "surveys"} and reliability(loaded.rows if n is None else n) == "hidden"
    if few or not charts.drawn(figure):
        st.info("Too few answers to draw anything that would hold.", icon=":material/data_alert:")
        source(loaded, n)
        return
    st.plotly_chart(
        figure,
        key=key,
        config=dict(charts.CONFIG),
        alt=alt,
        on_select=(lambda: session.pick(key, picks)) if picks else "ignore",
        selection_mode="points",
    )
    source(loaded, n)


def source(loaded: Loaded, n: int | None = None) -> None:
    """The line under a chart or table: its range, n and state."""
    st.caption(provenance(loaded.now, n))


def step(key: str, window: Window, steps: tuple[str, str] = ("week", "month")) -> Any:
    """How finely a trend is cut; the finer one is offered first for short ranges."""
    finer, coarser = steps
    limit = WEEKLY_FROM_DAYS if finer == "day" else 4 * WEEKLY_FROM_DAYS
    return st.segmented_control(
        "Per",
        steps,
        default=finer if window.days <= limit else coarser,
        format_func=str.title,
        required=True,
        key=f"{key}-{window.days <= limit}",
        persist_state="session",
        label_visibility="collapsed",
    )


def survey_names(survey_ids: Sequence[str]) -> dict[str, str]:
    """Each survey's name, or its ID in words where it has none."""
    known = session.visit().surveys
    return {survey_id: known.get(survey_id, f"Survey {survey_id}") for survey_id in survey_ids}


def labelled(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """`frame` with the survey's name after its ID."""
    position = list(frame.columns).index("survey_id") + 1
    frame = frame.copy()
    frame.insert(position, "survey", frame["survey_id"].map(names))
    return frame


def heart_table(summary: pd.DataFrame, loaded: Loaded) -> None:
    """This period against the one before, a row per letter."""
    st.dataframe(
        summary[["label", "mean", "days", "band", "previous", "previous_days", "change"]],
        hide_index=True,
        column_config={
            "label": "Score",
            "mean": st.column_config.NumberColumn("This period", format="%.1f"),
            "days": st.column_config.NumberColumn("Days", help="Days with this score in the period."),
            "band": "Band",
            "previous": st.column_config.NumberColumn("Before", format="%.1f"),
            "previous_days": st.column_config.NumberColumn("Days before"),
            "change": st.column_config.NumberColumn("Change", format="%+.1f"),
        },
        placeholder=NOTHING,
        alt="HEART scores of this period and the one before",
    )
    source(loaded)


def contributions_note(moved: Any) -> None:
    """Whether the bars are exact, in one sentence."""
    if moved.holds:
        st.caption(
            f"On all {number(moved.days_tested, 0)} days tested the overall score is the plain mean of "
            "the letters present, so the bars are exact."
        )
    elif moved.r_squared is not None:
        st.caption(
            "The overall score is not the plain mean of the letters here. The bars use weights fitted to "
            f"the loaded days (R² {moved.r_squared:.2f}); “not explained” is what they leave over."
        )


def comments_table(comments: pd.DataFrame, loaded: Loaded) -> None:
    """Comments, newest first; the row that is clicked is shown in full."""
    if comments.empty:
        st.info("No comment matches.", icon=":material/search_off:")
        return
    columns = [name for name in ("day", "survey", "score", "comment", "user_id") if name in comments]
    event = st.dataframe(
        comments[columns],
        hide_index=True,
        height=min(38 + 35 * len(comments), 388),
        column_config={
            "day": st.column_config.DateColumn("Day", format="D MMM YYYY", width="small"),
            "survey": st.column_config.TextColumn("Survey", width="medium"),
            "score": st.column_config.NumberColumn("Score", width="small"),
            "comment": st.column_config.TextColumn("Comment", width="large"),
            "user_id": st.column_config.TextColumn("User", width="small"),
        },
        on_select="rerun",
        selection_mode="single-row",
        placeholder=NOTHING,
        key=f"comments-{loaded.name}-{_contents(comments['comment'])}",
        alt="Comments, newest first",
    )
    for position in event["selection"]["rows"]:
        if position < len(comments):
            with st.container(border=True):
                st.text(str(comments["comment"].iloc[position]))
    source(loaded, len(comments))


def _contents(column: "pd.Series[str]") -> str:
    """Names a table by its rows: what was ticked in one list means nothing in another."""
    return hashlib.sha256("\0".join(column.astype(str)).encode()).hexdigest()[:12]


def people_table(people: pd.DataFrame, loaded: Loaded) -> None:
    """Users and their latest answer."""
    if people.empty:
        st.info("Nobody in this period.", icon=":material/person_off:")
        return
    st.dataframe(
        people,
        hide_index=True,
        height=min(38 + 35 * len(people), 388),
        column_config={
            "user_id": "User",
            "promoter_answers": st.column_config.NumberColumn("Times promoter"),
            "answers": st.column_config.NumberColumn("Answers"),
            "latest_score": st.column_config.NumberColumn("Latest score"),
            "previous_score": st.column_config.NumberColumn("Score before"),
            "latest": st.column_config.DatetimeColumn("Latest answer", format="D MMM YYYY"),
            "comment": st.column_config.TextColumn("Comment", width="large"),
        },
        placeholder=NOTHING,
        alt="Users and their latest answer",
    )
    st.caption(f"{counted(len(people), 'user')} out of {provenance(loaded.now)}")


def tag_ranking(adoption: pd.DataFrame, trends: pd.DataFrame) -> pd.DataFrame:
    """Adoption with names and trends, most users first."""
    ranking = label_tags(adoption).merge(trends, on="tag_id", how="left")
    # A sparkline cannot show a gap, and must not hide one.
    whole = ranking["trend"].map(lambda trend: isinstance(trend, list) and None not in trend)
    ranking["trend"] = ranking["trend"].where(whole, None)
    return ranking[["tag", *(name for name in ranking if name != "tag")]]


def label_tags(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with the tag's name, or its ID in words, from the visitor's upload."""
    return lookups.label_tags(frame, session.visit().names)


def search_tags(ranking: pd.DataFrame, search: str) -> pd.DataFrame:
    """The tags whose name or ID holds the text searched for, as typed, in any case."""
    wanted = search.strip().casefold()
    found = ranking["tag"].str.casefold().str.contains(wanted, regex=False)
    return ranking[found | ranking["tag_id"].str.casefold().str.contains(wanted, regex=False)]


def choose_tags(ranking: pd.DataFrame, ticked: Sequence[str]) -> list[str]:
    """The tags to draw: those ticked in the table, else the most used."""
    return list(ticked[:MOST_DRAWN] or ranking["tag_id"].head(FIRST_DRAWN))


def tag_extremes(ranking: pd.DataFrame, loaded: Loaded) -> None:
    """The most and the least adopted tags, side by side."""
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
    st.caption(f"{counted(len(ranking), 'tag')} with any use · {provenance(loaded.now)}")


def tag_table(ranking: pd.DataFrame, loaded: Loaded) -> list[str]:
    """Tags by adoption; answers the IDs of the rows that are ticked."""
    if ranking.empty:
        st.info("No tag matches.", icon=":material/search_off:")
        return []
    columns = ["tag", "users", "share", "range", "interactions", "per_user", "trend", "tag_id"]
    ranges = [
        f"{100 * low:.1f}–{100 * high:.1f} %"
        for low, high in zip(ranking["share_low"], ranking["share_high"], strict=True)
    ]
    event = st.dataframe(
        ranking.assign(share=100 * ranking["share"], range=ranges)[columns],
        hide_index=True,
        height=min(38 + 35 * len(ranking), 388),
        column_config=TAG_COLUMNS,
        on_select="rerun",
        selection_mode="multi-row",
        key=f"tag-table-{_contents(ranking['tag_id'])}",
        alt="Tags by number of users",
    )
    how = f"tick up to {MOST_DRAWN} to compare them below"
    st.caption(f"{counted(len(ranking), 'tag')} · {provenance(loaded.now)} · {how}")
    return [ranking["tag_id"].iloc[row] for row in event["selection"]["rows"] if row < len(ranking)]


def heaviest_table(heaviest: pd.DataFrame, loaded: Loaded) -> None:
    """Users with most interactions."""
    st.dataframe(
        heaviest.assign(share=100 * heaviest["share"]),
        hide_index=True,
        height=min(38 + 35 * len(heaviest), 388),
        column_config={
            "user_id": "User",
            "interactions": st.column_config.NumberColumn("Interactions", format="localized"),
            "active_days": st.column_config.NumberColumn("Active days"),
            "tags": st.column_config.NumberColumn("Tags used"),
            "share": st.column_config.NumberColumn("Share of interactions", format="%.1f %%"),
        },
        alt="Users with most interactions",
    )
    source(loaded)
