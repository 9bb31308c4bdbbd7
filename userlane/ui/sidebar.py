"""Draws the global filters, which the URL carries."""

from datetime import date

import streamlit as st

from userlane import cache, session, url
from userlane.contract import Window, check_id
from userlane.errors import IdentifierUnusable
from userlane.formatting import format_count
from userlane.ui.text import escape_markdown


def show_sidebar() -> None:
    """Draw the filters and remember them as `session.Filters`.

    They are drawn even when nobody is connected, so that a shared link keeps its filters through connecting.
    """
    now = url.today(cache.settings().timezone)
    _use_deployment_token()
    url.read_ids()
    visit = session.visit()
    disabled = not visit.connected
    known = {**cache.settings().properties, **visit.properties}
    asked = session.get_widget(url.PROPERTY)
    property_id = st.selectbox(
        "Property",
        list(dict.fromkeys([*known, *([asked] if asked else [])])),
        index=None,
        format_func=lambda each: known.get(each, each),
        accept_new_options=True,
        placeholder="Property ID",
        key=url.PROPERTY,
        on_change=url.choose_property,
        disabled=disabled,
    )
    window = _choose_dates(now, disabled=disabled)
    compare = st.toggle(
        "Compare with the period before",
        value=True,
        key=url.COMPARE,
        bind="query-params",
        help="The same number of days, moved back by whole weeks so that weekdays align.",
        disabled=disabled,
    )
    survey_ids = st.multiselect(
        "Surveys",
        list(dict.fromkeys([*visit.surveys, *(session.get_widget(url.SURVEYS) or [])])),
        format_func=lambda each: visit.surveys.get(each, f"Survey {each}"),
        accept_new_options=True,
        placeholder="Survey ID",
        key=url.SURVEYS,
        disabled=disabled,
    )
    if visit.surveys_left_out:
        others = format_count(visit.surveys_left_out, "other")
        st.caption(f"The link names too many surveys. Shown are {url.MOST_SURVEYS}; {others} left out.")
    visit.filters = session.Filters(
        _check_id(property_id, "property ID"),
        window,
        compare,
        tuple(each for each in survey_ids[: url.MOST_SURVEYS] if _check_id(each, "survey ID")),
    )
    url.write_url(visit.filters)
    st.button(
        "Refresh",
        on_click=session.refresh,
        icon=":material/sync:",
        help="Ask the API for these days anew. Otherwise days that are over are asked for once a month, and "
        "the last four every quarter of an hour.",
        disabled=visit.connection is None,
    )


def _choose_dates(now: date, *, disabled: bool) -> Window:
    """Draw the period and the dates, and return the days in force."""
    period = st.container()
    url.read_range(now)
    chosen = st.date_input(
        "Dates, both included",
        (now, now),
        min_value=url.EARLIEST,
        max_value=now,
        key=url.RANGE,
        disabled=disabled,
    )
    if session.visit().range_replaced:
        st.caption("The dates in the link cannot be used; shown are the last 30 days.")
    # While a range is being picked there is one day or none: the dates in force stay until there are two.
    window = Window.through(*sorted(chosen)) if len(chosen) == 2 else url.filters().window
    url.name_period(window, now)
    period.selectbox(
        "Period",
        [*url.periods(now), url.CUSTOM],
        key=url.PERIOD,
        on_change=url.choose_period,
        args=(now,),
        disabled=disabled,
    )
    return window


def _check_id(text: str | None, what: str) -> str | None:
    if not text:
        return None
    try:
        return check_id(text, what)
    except IdentifierUnusable as error:
        st.error(escape_markdown(error.cause))
        return None


def _use_deployment_token() -> None:
    """Connect the visit with the deployment's own token, if it has one."""
    settings, visit = cache.settings(), session.visit()
    if visit.connection is None and settings.token is not None and settings.base_url is not None:
        visit.connection = settings.connection(settings.token)
        visit.properties = dict(settings.properties)
        if session.get_widget(url.PROPERTY) is None and len(settings.properties) == 1:
            visit.opening = (next(iter(settings.properties)), list(session.get_widget(url.SURVEYS) or []))
