"""The frame of every page: heading, guard, error box, state notices, explanation."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from userlane import cached, session
from userlane.contract import DatasetName
from userlane.errors import (
    AccessRefused,
    FieldsAmbiguous,
    FieldsMissing,
    InputUnusable,
    LoadStopped,
    UserlaneError,
)
from userlane.layout import connecting, teaching
from userlane.layout.loading import Loaded, load_all
from userlane.layout.text import NOUNS, counted, number, plain
from userlane.saved import UNKNOWN

EXPLAINED = Path(__file__).parent / "explained"


def page(title: str, *, needs_property: bool = True) -> DeltaGenerator:
    """Head a page: the guard, the title, and which property and days it shows.

    Answers the place beside the title where the page puts its downloads. Stops the page with the connection
    form when nobody is connected: a page can be reached by a deep link.
    """
    heading, corner = st.columns([5, 1], vertical_alignment="bottom", wrap=False)
    heading.title(title, anchor=False)
    visit = session.visit()
    # A place of its own, so that the form and the token typed into it leave the screen at once, not when
    # the page behind it has loaded.
    place = st.empty()
    if not visit.connected:
        with place.container():
            connecting.form()
        st.stop()
    filters = session.filters()
    if filters.property_id is None and not needs_property:
        return corner.container()
    if filters.property_id is None:
        st.info("Choose a property on the left.", icon=":material/arrow_back:")
        st.stop()
    name = visit.properties.get(filters.property_id, filters.property_id)
    compared = f" · compared with {filters.window.previous().words()}" if filters.compare else ""
    sample = " · sample data, made up" if visit.sample else ""
    days = f"{filters.window.words()} · {cached.settings().timezone}"
    st.caption(f"{plain(name)} · {days}{compared}{sample}")
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
    if loaded.now and not loaded.rows:
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
    for dataset in loaded.now:
        if UNKNOWN in dataset.state.reasons:
            reasons = " ".join(plain(reason) for reason in loaded.state.reasons)
            st.warning(f"**{reasons}**", icon=":material/folder_open:")
            break
        if not dataset.state.complete:
            incomplete(loaded)
            break
    if loaded.no_comparison is not None and not loaded.errors:
        st.info(f"No comparison. {plain(loaded.no_comparison.cause)}", icon=":material/difference:")
        if not isinstance(loaded.no_comparison, InputUnusable):
            key = f"retry-before-{loaded.name}"
            st.button("Load it again", key=key, on_click=session.retry, icon=":material/refresh:")
    state = loaded.state
    if state.stale and state.fetched_at:
        stale(loaded.name, state.fetched_at)
    left_out = [f"{number(count, 0)} × {plain(reason)}" for reason, count in state.refused.items()]
    if left_out:
        many = counted(state.refused_rows, "value or record", "values or records")
        st.warning(f"{many} left out: {', '.join(left_out)}.", icon=":material/rule:")
    for note in state.notes:
        st.warning(plain(note), icon=":material/priority_high:")


def incomplete(loaded: Loaded) -> None:
    """The notice of a partial load, with the way to complete it."""
    state = loaded.state
    reasons = " ".join(plain(reason) for reason in state.reasons)
    missing = ", ".join(window.words() for window in state.missing)
    have = counted(loaded.rows, *NOUNS[loaded.name])
    with st.container(border=True):
        st.warning(
            f"**Incomplete.** {reasons} What you see is {have}"
            + (f"; missing: {missing}." if missing else "."),
            icon=":material/hourglass_bottom:",
        )
        st.button(
            "Load the missing part",
            key=f"retry-{loaded.name}",
            on_click=session.retry,
            icon=":material/refresh:",
        )


def stale(name: DatasetName, fetched_at: datetime) -> None:
    """The notice of rows that could not be brought up to date."""
    when = f"{fetched_at:%-d %b %Y, %H:%M} UTC"
    st.warning(f"**Stale.** Newer data could not be had; this is as of {when}.", icon=":material/history:")
    st.button("Try again", key=f"retry-stale-{name}", on_click=session.retry, icon=":material/refresh:")


def failure(errors: Sequence[UserlaneError], name: DatasetName) -> None:
    """The one error box: cause, next step, and what can be pressed."""
    for position, error in enumerate({(each.cause, each.next_step): each for each in errors}.values()):
        if isinstance(error, LoadStopped):
            st.info("You stopped the load.", icon=":material/stop_circle:")
        else:
            st.error(f"**{plain(error.cause)}** {plain(error.next_step)}", icon=":material/error:")
        left, right = st.columns([1, 3])
        key = f"retry-{name}-{position}"
        left.button("Try again", key=key, on_click=session.retry, icon=":material/refresh:")
        if isinstance(error, FieldsMissing | FieldsAmbiguous):
            teaching.mapping(error)
        if isinstance(error, AccessRefused):
            right.page_link("../pages/connect.py", label="Use another token", icon=":material/key:")


def nothing(loaded: Loaded) -> None:
    """The empty state: the API answered, and there is nothing in these days."""
    things = {"heart": "HEART scores", "nps": "NPS answers", "surveys": "survey answers", "tags": "tag use"}
    st.info(
        f"No {things[loaded.name]} in {loaded.window.words()}. "
        "The API answered and the range is complete; choose a longer range on the left to look further back.",
        icon=":material/event_busy:",
    )


def sentences(place: DeltaGenerator, found: Sequence[str]) -> None:
    """What changed most, as a list in a place kept free for it."""
    with place.container(border=True):
        st.markdown("**What changed most**")
        if found:
            st.markdown("\n".join(f"- {plain(sentence)}" for sentence in found))
        else:
            st.markdown("Nothing to compare: switch on the comparison on the left, or choose a longer range.")


def explained(name: str) -> None:
    """How a page's numbers are computed: the text of `explained/{name}.md`."""
    with st.expander("How this is computed", icon=":material/function:"):
        st.markdown((EXPLAINED / f"{name}.md").read_text(encoding="utf-8"))
