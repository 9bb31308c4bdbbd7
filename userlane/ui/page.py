"""The frame of every page: heading, guard, error box, state notices, explanation."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from userlane import cache, session
from userlane.contract import DatasetName, Query
from userlane.errors import (
    AccessRefused,
    FieldsAmbiguous,
    FieldsMissing,
    InputUnusable,
    LoadStopped,
    LongLoad,
    UserlaneError,
)
from userlane.saved_json import UNKNOWN
from userlane.ui import connect, request_import
from userlane.ui import errors as failing
from userlane.ui.loaded import Loaded
from userlane.ui.loading import Unforeseen, load_all
from userlane.ui.text import API_NAMES, NOUNS, age, counted, number, plain

_REJECTED = "rejected the token"
EXPLAINED = Path(__file__).parent / "explained"


def page(title: str, *, needs_property: bool = True) -> DeltaGenerator:
    """Head a page: the guard, the title, and which property and days it shows.

    Answers the place beside the title where the page puts its downloads. Stops the page with the connection
    form when nobody is connected: a page can be reached by a deep link.
    """
    heading, corner = st.columns([5, 1], vertical_alignment="bottom", wrap=False)
    heading.title(title, anchor=False)
    visit = session.visit()
    if not visit.connected:
        # Not emptied before: the browser would forget what is typed in its boxes and not sent yet.
        with st.container():
            connect.form()
        st.stop()
    # In the form's place, so that it and the token typed into it leave the screen at once, not when the page
    # behind it has loaded.
    st.empty()
    filters = session.filters()
    if filters.property_id is None and not needs_property:
        return corner.container()
    if filters.property_id is None:
        st.info("Choose a property on the left.", icon=":material/arrow_back:")
        st.stop()
    name = visit.properties.get(filters.property_id, filters.property_id)
    compared = f" · compared with {filters.window.previous().words()}" if filters.compare else ""
    sample = " · sample data, made up" if visit.sample else ""
    days = f"{filters.window.words()} · {cache.settings().timezone}"
    st.caption(f"{plain(name)} · {days}{compared}{sample}")
    if trouble := cache.fetcher().trouble:
        st.caption(f":material/sd_card_alert: {plain(trouble)}")
    return corner.container(horizontal=True, horizontal_alignment="right")


def ready(loaded: Loaded) -> bool:
    """Whether there is something to draw; says in words when not, and what is missing when there is."""
    if loaded.name == "surveys" and not session.filters().survey_ids:
        st.info(
            "No survey chosen. Type a survey ID into **Surveys** on the left; "
            "it is in the survey's address in the Portal.",
            icon=":material/edit_note:",
        )
        return False
    notices(loaded)
    if not loaded.rows and any(dataset.state.complete for dataset in loaded.now):
        nothing(loaded)
    return bool(loaded.now and loaded.rows)


def load(name: DatasetName, *, lead_days: int = 0) -> Loaded:
    """Load one dataset for a page about nothing else; stops the page when there is nothing to draw."""
    (loaded,) = load_all(name, lead_days=lead_days)
    if not ready(loaded):
        st.stop()
    return loaded


def notices(loaded: Loaded) -> None:
    """Say what failed, what is missing and what was left out; silent when all is well."""
    if loaded.errors:
        failure(loaded.errors, loaded.name)
    state = loaded.state
    if loaded.now and UNKNOWN in state.reasons:
        st.warning(f"**{plain(' '.join(state.reasons))}**", icon=":material/folder_open:")
    else:
        had = tuple(dataset for dataset in loaded.now if dataset.query not in loaded.errors)
        some = tuple(dataset for dataset in had if not dataset.state.complete)
        if some:
            incomplete(replace(loaded, now=some), rows=loaded.rows)
    if loaded.rows:
        uncompared(loaded)
    if state.stale and state.fetched_at:
        stale(loaded, state.fetched_at)
    left_out = [f"{number(count, 0)} × {plain(reason)}" for reason, count in state.refused.items()]
    if left_out:
        many = counted(state.refused_rows, "value or record", "values or records")
        st.warning(f"{many} left out: {', '.join(left_out)}.", icon=":material/rule:")
    repeats = counted(state.duplicates, "repeated record")
    outside = counted(state.outside, "record from outside these days", "records from outside these days")
    surplus = [words for count, words in ((state.duplicates, repeats), (state.outside, outside)) if count]
    if surplus:
        st.caption(f":material/rule: {' and '.join(surplus)} left out.")
    for note in state.notes:
        st.warning(plain(note), icon=":material/priority_high:")


def incomplete(loaded: Loaded, rows: int) -> None:
    """The notice of partial loads, with the way to complete them; the page shows so many rows."""
    state = loaded.state
    reasons = " ".join(plain(reason) for reason in state.causes)
    missing = ", ".join(window.words() for window in state.missing)
    have = counted(rows, *NOUNS[loaded.name])
    whose = called(dataset.query for dataset in loaded.now)
    alone = " It is not compared with the period before." if session.filters().compare else ""
    with notice():
        st.warning(
            f"**Incomplete: {whose}.** {reasons} What you see is {have}"
            + (f"; not all there: {missing}." if missing else ".")
            + alone,
            icon=":material/hourglass_bottom:",
        )
        again("Retry the missing part", loaded.name)
        if any(_REJECTED in reason for reason in state.reasons):
            another_token()


def another_token() -> None:
    """The way on where the API refuses the token."""
    st.page_link("../pages/connect.py", label="Use another token", icon=":material/key:")


def uncompared(loaded: Loaded) -> None:
    """Why there is no comparison, where there should be one; with a retry where that can help."""
    told = _together(loaded.unlike)
    all_alike = len(told) == 1 and len(loaded.unlike) == len(loaded.now)
    for position, (whose, error) in enumerate(told):
        of = "" if all_alike else f" of {whose}"
        if isinstance(error, LongLoad):
            long(error, loaded.name, before=True)
            continue
        with notice():
            st.info(f"No comparison{of}. {plain(error.cause)}", icon=":material/difference:")
            if not isinstance(error, InputUnusable):
                again("Load it again", loaded.name, "before", str(position))


def _together(errors: Mapping[Query, UserlaneError]) -> list[tuple[str, UserlaneError]]:
    """Each error once, after whose it is in words."""
    whose: dict[tuple[str, str], list[Query]] = {}
    for query, error in errors.items():
        whose.setdefault((error.cause, error.next_step), []).append(query)
    return [(called(queries), errors[queries[0]]) for queries in whose.values()]


def called(queries: Iterable[Query]) -> str:
    """What is asked for, as people say it: the surveys by their names."""
    surveys = session.visit().surveys
    return ", ".join(
        plain(surveys.get(query.survey_id, f"Survey {query.survey_id}"))
        if query.survey_id
        else API_NAMES[query.dataset]
        for query in queries
    )


def stale(loaded: Loaded, fetched_at: datetime) -> None:
    """The notice of rows that could not be brought up to date."""
    whose = called(dataset.query for dataset in loaded.now if dataset.state.stale)
    when = f"{fetched_at:%-d %b %Y, %H:%M} UTC, {age(fetched_at)}"
    with notice():
        st.warning(
            f"**Stale: {whose}.** Newer data could not be had; this is as of {when}.",
            icon=":material/history:",
        )
        again("Try again", loaded.name, "stale")


def notice() -> DeltaGenerator:
    """A place for a message with its button beside it, or below it on a narrow screen."""
    return st.container(horizontal=True, vertical_alignment="center", gap="small")


def again(label: str, name: DatasetName, *parts: str) -> None:
    key = "-".join(("retry", name, *parts))
    st.button(label, key=key, on_click=session.retry, args=(name,), icon=":material/refresh:")


def failure(errors: Mapping[Query, UserlaneError], name: DatasetName) -> None:
    """The one error box: whose, cause, next step, and what can be pressed."""
    for position, (whose, error) in enumerate(_together(errors)):
        if isinstance(error, LongLoad):
            long(error, name)
            continue
        with notice():
            why = f"{plain(error.cause)} {plain(error.next_step)}"
            if isinstance(error, LoadStopped):
                st.info(why, icon=":material/stop_circle:")
            else:
                st.error(f"**Not loaded: {whose}.** {why}", icon=":material/error:")
            again("Try again", name, str(position))
            if isinstance(error, AccessRefused):
                another_token()
        if not isinstance(error, LoadStopped):
            st.caption(f"Error ID {_identity(error, name)}")
        if isinstance(error, FieldsMissing | FieldsAmbiguous):
            request_import.mapping(error)


def long(error: LongLoad, name: DatasetName, *, before: bool = False) -> None:
    """A load that would take long, before it begins: what it would bring, and shorter ranges to choose."""
    window = session.filters().window
    days = "The period before holds" if before else "These days hold"
    many = counted(error.records, "tag record")
    minutes = counted(max(1, round(error.seconds / 60)), "minute")
    st.info(
        f"{days} about {many} that are not here yet. Getting them takes about {minutes}; you can look at "
        "other pages meanwhile, and what has arrived stays if you stop.",
        icon=":material/hourglass_top:",
    )
    with st.container(horizontal=True):
        key = f"agree-{name}-{'before' if before else 'now'}"
        words = "Load the period before" if before else "Load them"
        st.button(words, key=key, on_click=session.agree, args=(name,), icon=":material/download:")
        for shorter in (30, 90):
            if shorter < window.days and not before:
                st.button(
                    f"Last {shorter} days",
                    key=f"{key}-{shorter}",
                    on_click=session.choose_days,
                    args=(shorter,),
                )


def _identity(error: UserlaneError, name: DatasetName) -> str:
    """The ID under which the log has the error, or what lies behind it."""
    return error.error_id if isinstance(error, Unforeseen) else failing.noted(error, dataset=name)


def nothing(loaded: Loaded) -> None:
    """The empty state, of what is complete: the API answered, and there is nothing in these days."""
    things = {"heart": "HEART scores", "nps": "NPS answers", "surveys": "survey answers", "tags": "tag use"}
    empty = tuple(dataset for dataset in loaded.now if dataset.state.complete)
    state = replace(loaded, now=empty).state
    of = "" if len(empty) == len(loaded.now) else f" of {called(dataset.query for dataset in empty)}"
    known = (
        f"That was so {age(state.fetched_at)}; newer data could not be had."
        if state.stale and state.fetched_at
        else "The API answered and the range is complete; "
        "choose a longer range on the left to look further back."
    )
    st.info(f"No {things[loaded.name]}{of} in {loaded.window.words()}. {known}", icon=":material/event_busy:")


def explained(name: str) -> None:
    """How a page's numbers are computed: the text of `explained/{name}.md`."""
    with st.expander("How this is computed", icon=":material/function:"):
        st.markdown((EXPLAINED / f"{name}.md").read_text(encoding="utf-8"))
