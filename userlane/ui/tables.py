"""Draws charts and tables, each with a line about its range, sample size and state."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from userlane import cache, charts, session
from userlane.contract import LABELS, Measured, Window, unwrap
from userlane.formatting import NOTHING, format_count, format_number
from userlane.inference import COUNTS_FROM
from userlane.metrics.heart import Contributions
from userlane.ui.text import describe_source

WEEKLY_FROM_DAYS = 60


def show_chart(
    figure: Measured[go.Figure], alt: str, *, key: str, n: Measured[int] | None = None, picks: str = ""
) -> None:
    """Draw a figure and, under it, its range, n and state. A click on it sets the pills named `picks`.

    Where too little was measured for a single point, words stand in its place.
    """
    drawing, count = unwrap(figure), figure.rows if n is None else unwrap(n)
    few = figure.query.dataset in {"nps", "surveys"} and count < COUNTS_FROM
    if few or not charts.has_points(drawing):
        st.info("Too few answers to draw anything that would hold.", icon=":material/data_alert:")
    else:
        st.plotly_chart(
            drawing,
            key=key,
            config=dict(charts.CONFIG),
            alt=alt,
            on_select=(lambda: session.select_from_chart(key, picks)) if picks else "ignore",
            selection_mode="points",
        )
    show_source(figure, count)


def preload_charts() -> None:
    """Draw an empty chart at the end of a page without charts, so that the browser loads the chart library.

    For its first chart a browser loads megabytes of script, which keep it busy for a second: better now, as
    the visitor reads, than when another page waits for them.
    """
    with st.container(height=10, border=False):
        st.plotly_chart(
            charts.empty_figure(), key="charts-ahead", config={"staticPlot": True}, alt="Empty chart"
        )


def show_source(measured: Measured[Any], n: int | None = None) -> None:
    """Draw the line under a chart or table: its range, n and state."""
    show_caption(measured, describe_source(measured, n))


def show_caption(measured: Measured[Any], line: str) -> None:
    """Draw a line under what was measured: as a quiet caption, or as normal text if it is not complete."""
    if measured.condition in {"complete", "empty"}:
        st.caption(line)
    else:
        st.markdown(f":small[{line}]")


def choose_granularity(key: str, window: Window, steps: tuple[str, str] = ("week", "month")) -> Any:
    """Draw a control for the periods of a trend and return the choice; short ranges begin with the finer."""
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
    """Return the name of each survey by its ID; one without a name is called by its ID."""
    known = session.visit().surveys
    return {survey_id: known.get(survey_id, f"Survey {survey_id}") for survey_id in survey_ids}


def label_surveys(table: Measured[pd.DataFrame], names: Mapping[str, str]) -> Measured[pd.DataFrame]:
    """Return the table with a column for the survey's name after its ID."""
    return cache.measure_cached(_label_surveys, table, names=names)


def _label_surveys(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    position = list(frame.columns).index("survey_id") + 1
    frame = frame.copy()
    frame.insert(position, "survey", frame["survey_id"].map(names))
    return frame


def _show_table(table: pd.DataFrame, columns: Mapping[str, Any], alt: str, **more: Any) -> Any:
    """Draw rows as a table; `columns` says what the header of each is. Returns the event of its ticks."""
    return st.dataframe(table, hide_index=True, column_config=columns, placeholder=NOTHING, alt=alt, **more)


def show_heart_table(summary: Measured[pd.DataFrame]) -> None:
    """Draw a table of this period and the one before, a row per HEART score."""
    _show_table(
        unwrap(summary)[["label", "mean", "days", "band", "previous", "previous_days", "change"]],
        {
            "label": "Score",
            "mean": st.column_config.NumberColumn("This period", format="%.1f"),
            "days": st.column_config.NumberColumn("Days", help="Days with this score in the period."),
            "band": "Band",
            "previous": st.column_config.NumberColumn("Before", format="%.1f"),
            "previous_days": st.column_config.NumberColumn("Days before"),
            "change": st.column_config.NumberColumn("Change", format="%+.1f"),
        },
        "HEART scores of this period and the one before",
    )
    show_source(summary)


def show_contributions_note(contributions: Measured[Contributions]) -> None:
    """Draw a sentence on whether the bars are exact."""
    moved = unwrap(contributions)
    if moved.holds:
        st.caption(
            f"On all {format_number(moved.days_tested)} days tested the overall score is the plain mean of "
            "the letters present, so the bars are exact."
        )
    elif moved.r_squared is not None:
        st.caption(
            "The overall score is not the plain mean of the letters here. The bars use weights fitted to "
            f"the loaded days (R² {moved.r_squared:.2f}); “not explained” is what they leave over."
        )


def show_dots_note(daily: Measured[pd.DataFrame], scores: Sequence[str]) -> None:
    """Draw which scores do not show single days, if there are too many days for all."""
    dotted = charts.scores_with_dots(unwrap(daily), scores)
    others = [LABELS[score] for score in scores if score not in dotted]
    if others:
        st.caption(
            f"Over a range this long the 7-day mean stands for the single days of {', '.join(others)}. "
            "Choose fewer scores to see their days."
        )


def show_comments(found: Measured[pd.DataFrame]) -> None:
    """Draw comments, newest first; the row that is ticked is shown in full."""
    comments = unwrap(found)
    if comments.empty:
        st.info("No comment matches.", icon=":material/search_off:")
        show_source(found, 0)
        return
    columns = [name for name in ("day", "survey", "score", "comment", "user_id") if name in comments]
    event = _show_table(
        comments[columns],
        {
            "day": st.column_config.DateColumn("Day", format="D MMM YYYY", width="small"),
            "survey": st.column_config.TextColumn("Survey", width="medium"),
            "score": st.column_config.NumberColumn("Score", width="small"),
            "comment": st.column_config.TextColumn("Comment", width="large"),
            "user_id": st.column_config.TextColumn("User", width="small"),
        },
        "Comments, newest first",
        on_select="rerun",
        selection_mode="single-row",
        key=f"comments-{found.query.dataset}-{table_key(comments['comment'])}",
    )
    for position in event["selection"]["rows"]:
        if position < len(comments):
            with st.container(border=True):
                st.text(str(comments["comment"].iloc[position]))
    show_source(found, len(comments))


def table_key(column: "pd.Series[str]") -> str:
    """Return a widget key made of the rows, so that ticks in one list do not carry over to another."""
    return hashlib.sha256("\0".join(column.astype(str)).encode()).hexdigest()[:12]


def show_people(groups: Mapping[str, Measured[pd.DataFrame]]) -> None:
    """Draw a tab for each group of users, with their number if the data is complete."""
    labels = [
        f"{name} ({format_number(len(unwrap(users)))})" if users.condition in {"complete", "empty"} else name
        for name, users in groups.items()
    ]
    for tab, users in zip(st.tabs(labels), groups.values(), strict=True):
        with tab:
            _show_people_table(users)


def _show_people_table(users: Measured[pd.DataFrame]) -> None:
    """Draw a table of users and their latest answer."""
    people = unwrap(users)
    if people.empty:
        st.info("Nobody in this period.", icon=":material/person_off:")
        show_source(users)
        return
    _show_table(
        people,
        {
            "user_id": "User",
            "promoter_answers": st.column_config.NumberColumn("Times promoter"),
            "answers": st.column_config.NumberColumn("Answers"),
            "latest_score": st.column_config.NumberColumn("Latest score"),
            "previous_score": st.column_config.NumberColumn("Score before"),
            "latest": st.column_config.DatetimeColumn("Latest answer", format="D MMM YYYY"),
            "comment": st.column_config.TextColumn("Comment", width="large"),
        },
        "Users and their latest answer",
    )
    show_caption(users, f"{format_count(len(people), 'user')} out of {describe_source(users)}")
