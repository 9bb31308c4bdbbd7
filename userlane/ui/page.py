"""Draws what all pages have in common: head, notices about the data, failed loads, method."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from userlane import cache, session, url
from userlane.contract import NOUNS, TITLES, DatasetName, Query
from userlane.errors import (
    AccessRefused,
    ConsentNeeded,
    FieldsAmbiguous,
    FieldsMissing,
    InputUnusable,
    LoadStopped,
    UserlaneError,
)
from userlane.formatting import format_age, format_count, format_day, format_minutes, format_number
from userlane.logs import log_error
from userlane.saved_json import UNKNOWN
from userlane.ui import connect, request_import
from userlane.ui.loaded import Loaded
from userlane.ui.loading import load_all
from userlane.ui.text import escape_markdown

_REJECTED = "rejected the token"
EXPLAINED = Path(__file__).parent / "explained"


def begin_page(title: str, *, needs_property: bool = True) -> DeltaGenerator:
    """Draw a page's title and which property and days it shows.

    Returns the container beside the title in which the page draws its downloads. Where nobody is connected,
    as after a deep link, it draws the connection form and stops the page.
    """
    heading, corner = st.columns([5, 1], vertical_alignment="bottom", wrap=False)
    heading.title(title, anchor=False)
    visit = session.visit()
    if not visit.connected:
        # Not emptied before: the browser would forget what is typed in its boxes and not sent yet.
        with st.container():
            connect.show_form()
        st.stop()
    # In the form's place, so that it and the token typed into it leave the screen at once, not when the page
    # behind it has loaded.
    st.empty()
    filters = url.filters()
    if filters.property_id is None:
        if not needs_property:
            return corner.container()
        st.info("Choose a property on the left.", icon=":material/arrow_back:")
        st.stop()
    name = visit.properties.get(filters.property_id, filters.property_id)
    compared = f" · compared with {filters.window.previous().describe()}" if filters.compare else ""
    sample = " · sample data, made up" if visit.sample else ""
    days = f"{filters.window.describe()} · {cache.settings().timezone}"
    st.caption(f"{escape_markdown(name)} · {days}{compared}{sample}")
    if trouble := cache.fetcher().trouble:
        st.caption(f":material/sd_card_alert: {escape_markdown(trouble)}")
    return corner.container(horizontal=True, horizontal_alignment="right")


def show_state(loaded: Loaded) -> bool:
    """Draw the notices about a dataset. Returns whether it has any rows to draw."""
    if loaded.name == "surveys" and not url.filters().survey_ids:
        st.info(
            "No survey chosen. Type a survey ID into **Surveys** on the left; "
            "it is in the survey's address in the Portal.",
            icon=":material/edit_note:",
        )
        return False
    _show_notices(loaded)
    if not loaded.rows and any(dataset.state.complete for dataset in loaded.current):
        show_empty(loaded)
    return bool(loaded.current and loaded.rows)


def load(name: DatasetName, *, lead_days: int = 0) -> Loaded:
    """Load the one dataset of a page and draw its notices; stop the page when there are no rows to draw."""
    (loaded,) = load_all(name, lead_days=lead_days)
    if not show_state(loaded):
        st.stop()
    return loaded


def _show_notices(loaded: Loaded) -> None:
    """Draw what failed, is missing or was left out; nothing when all is well."""
    if loaded.errors:
        _show_failures(loaded.errors, loaded.name)
    state = loaded.state
    if loaded.current and UNKNOWN in state.reasons:
        st.warning(f"**{escape_markdown(' '.join(state.reasons))}**", icon=":material/folder_open:")
    else:
        had = tuple(dataset for dataset in loaded.current if dataset.query not in loaded.errors)
        some = tuple(dataset for dataset in had if not dataset.state.complete)
        if some:
            _show_incomplete(replace(loaded, current=some), rows=loaded.rows)
    if loaded.rows:
        _show_not_comparable(loaded)
    if state.stale and state.fetched_at:
        show_stale(loaded, state.fetched_at)
    left_out = [
        f"{format_number(count)} × {escape_markdown(reason)}" for reason, count in state.refused.items()
    ]
    if left_out:
        many = format_count(state.refused_rows, "value or record", "values or records")
        st.warning(f"{many} left out: {', '.join(left_out)}.", icon=":material/rule:")
    repeats = format_count(state.duplicates, "repeated record")
    outside = format_count(state.outside, "record from outside these days", "records from outside these days")
    surplus = [words for count, words in ((state.duplicates, repeats), (state.outside, outside)) if count]
    if surplus:
        st.caption(f":material/rule: {' and '.join(surplus)} left out.")
    for note in state.notes:
        st.warning(escape_markdown(note), icon=":material/priority_high:")


def _show_incomplete(loaded: Loaded, rows: int) -> None:
    """Draw the notice about partial loads with a Retry button; `rows` is how many the page shows."""
    state = loaded.state
    reasons = " ".join(escape_markdown(reason) for reason in state.causes)
    missing = ", ".join(window.describe() for window in state.missing)
    have = format_count(rows, *NOUNS[loaded.name])
    whose = query_names(dataset.query for dataset in loaded.current)
    alone = " It is not compared with the period before." if url.filters().compare else ""
    with _notice_row():
        st.warning(
            f"**Incomplete: {whose}.** {reasons} What you see is {have}"
            + (f"; not all there: {missing}." if missing else ".")
            + alone,
            icon=":material/hourglass_bottom:",
        )
        retry_button("Retry the missing part", loaded.name)
        if any(_REJECTED in reason for reason in state.reasons):
            _show_token_link()


def _show_token_link() -> None:
    """Draw a link to the Connect page, for when the API refuses the token."""
    st.page_link("../pages/connect.py", label="Use another token", icon=":material/key:")


def _show_not_comparable(loaded: Loaded) -> None:
    """Draw why there is no comparison, with a Retry button where loading again can help."""
    told = _group_by_error(loaded.not_comparable)
    all_alike = len(told) == 1 and len(loaded.not_comparable) == len(loaded.current)
    for position, (whose, error) in enumerate(told):
        of = "" if all_alike else f" of {whose}"
        if isinstance(error, ConsentNeeded):
            _show_consent(error, loaded.name, before=True)
            continue
        with _notice_row():
            st.info(f"No comparison{of}. {escape_markdown(error.cause)}", icon=":material/difference:")
            if not isinstance(error, InputUnusable):
                retry_button("Load it again", loaded.name, "before", str(position))


def _group_by_error(errors: Mapping[Query, UserlaneError]) -> list[tuple[str, UserlaneError]]:
    """Return each error once, with the names of the queries it is about."""
    whose: dict[tuple[str, str], list[Query]] = {}
    for query, error in errors.items():
        whose.setdefault((error.cause, error.next_step), []).append(query)
    return [(query_names(queries), errors[queries[0]]) for queries in whose.values()]


def query_names(queries: Iterable[Query]) -> str:
    """Return the queries' names in words; surveys are called by their names."""
    surveys = session.visit().surveys
    return ", ".join(
        escape_markdown(surveys.get(query.survey_id, f"Survey {query.survey_id}"))
        if query.survey_id
        else TITLES[query.dataset]
        for query in queries
    )


def show_stale(loaded: Loaded, fetched_at: datetime) -> None:
    """Draw the notice about rows that could not be updated."""
    whose = query_names(dataset.query for dataset in loaded.current if dataset.state.stale)
    when = f"{format_day(fetched_at)}, {fetched_at:%H:%M} UTC, {format_age(fetched_at)}"
    with _notice_row():
        st.warning(
            f"**Stale: {whose}.** Newer data could not be had; this is as of {when}.",
            icon=":material/history:",
        )
        retry_button("Try again", loaded.name, "stale")


def _notice_row() -> DeltaGenerator:
    """Return a container for a message with its button beside it, or below it on a narrow screen."""
    return st.container(horizontal=True, vertical_alignment="center", gap="small")


def retry_button(label: str, name: DatasetName, *parts: str) -> None:
    key = "-".join(("retry", name, *parts))
    st.button(label, key=key, on_click=session.retry_loads, args=(name,), icon=":material/refresh:")


def _show_failures(errors: Mapping[Query, UserlaneError], name: DatasetName) -> None:
    """Draw a box per error: what was not loaded, cause, next step and buttons."""
    for position, (whose, error) in enumerate(_group_by_error(errors)):
        if isinstance(error, ConsentNeeded):
            _show_consent(error, name)
            continue
        with _notice_row():
            why = f"{escape_markdown(error.cause)} {escape_markdown(error.next_step)}"
            if isinstance(error, LoadStopped):
                st.info(why, icon=":material/stop_circle:")
            else:
                st.error(f"**Not loaded: {whose}.** {why}", icon=":material/error:")
            retry_button("Try again", name, str(position))
            if isinstance(error, AccessRefused):
                _show_token_link()
        if not isinstance(error, LoadStopped):
            st.caption(f"Error ID {log_error(error, dataset=name)}")
        if isinstance(error, FieldsMissing | FieldsAmbiguous):
            request_import.show_field_choice(error)


def _show_consent(error: ConsentNeeded, name: DatasetName, *, before: bool = False) -> None:
    """Ask for consent to a long load: its size and duration, and shorter ranges to choose instead."""
    window = url.filters().window
    days = "The period before holds" if before else "These days hold"
    many = format_count(error.records, "tag record")
    minutes = format_minutes(error.seconds)
    st.info(
        f"{days} about {many} that are not here yet. Getting them takes about {minutes}; you can look at "
        "other pages meanwhile, and what has arrived stays if you stop.",
        icon=":material/hourglass_top:",
    )
    with st.container(horizontal=True):
        key = f"agree-{name}-{'before' if before else 'now'}"
        words = "Load the period before" if before else "Load them"
        st.button(words, key=key, on_click=session.accept_long_load, args=(name,), icon=":material/download:")
        for shorter in (30, 90):
            if shorter < window.days and not before:
                st.button(
                    f"Last {shorter} days",
                    key=f"{key}-{shorter}",
                    on_click=url.choose_days,
                    args=(shorter,),
                )


def show_empty(loaded: Loaded) -> None:
    """Draw that the API has no records in these days, for the datasets that are complete."""
    things = {"heart": "HEART scores", "nps": "NPS answers", "surveys": "survey answers", "tags": "tag use"}
    empty = tuple(dataset for dataset in loaded.current if dataset.state.complete)
    state = replace(loaded, current=empty).state
    of = "" if len(empty) == len(loaded.current) else f" of {query_names(dataset.query for dataset in empty)}"
    known = (
        f"That was so {format_age(state.fetched_at)}; newer data could not be had."
        if state.stale and state.fetched_at
        else "The API answered and the range is complete; "
        "choose a longer range on the left to look further back."
    )
    st.info(
        f"No {things[loaded.name]}{of} in {loaded.window.describe()}. {known}", icon=":material/event_busy:"
    )


def show_method(name: str) -> None:
    """Draw how a page's numbers are computed: the text of `explained/{name}.md`."""
    with st.expander("How this is computed", icon=":material/function:"):
        st.markdown((EXPLAINED / f"{name}.md").read_text(encoding="utf-8"))
