"""Moves property, dates and surveys between the URL, the widgets and the pages."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from userlane.contract import DatasetName, Query, Window
from userlane.session import Filters, get_widget, visit

PROPERTY, RANGE, COMPARE, SURVEYS, PERIOD = "property", "range", "compare", "survey", "period"
CUSTOM = "Custom"
EARLIEST = date(2010, 1, 1)
"""Before the first day any data can be of."""

MOST_SURVEYS = 50
"""Surveys that a link or the connection form may name: each is a question to the API of its own."""


def today(timezone: str) -> date:
    """Return today's date in a time zone."""
    return datetime.now(ZoneInfo(timezone)).date()


def periods(now: date) -> Mapping[str, Window]:
    """Return the named periods. They hold whole days that are over, except a period that begins today."""
    yesterday = now - timedelta(days=1)
    first_of_month, first_of_year = now.replace(day=1), now.replace(month=1, day=1)
    last_of_previous = first_of_month - timedelta(days=1)
    return {
        "Last 7 days": Window(now - timedelta(days=7), now),
        "Last 30 days": Window(now - timedelta(days=30), now),
        "Last 90 days": Window(now - timedelta(days=90), now),
        "This month": Window.through(first_of_month, max(yesterday, first_of_month)),
        "Last month": Window.through(last_of_previous.replace(day=1), last_of_previous),
        "Year to date": Window.through(first_of_year, max(yesterday, first_of_year)),
    }


def choose_period(now: date) -> None:
    """Callback of the period picker: put the named period into the date range."""
    chosen = st.session_state.get(PERIOD, CUSTOM)
    visit().custom = chosen == CUSTOM
    window = periods(now).get(chosen)
    if window:
        st.session_state[RANGE] = (window.start, window.last)


def choose_days(days: int) -> None:
    """Callback: put the last so many days of the range in force into the date range."""
    last = filters().window.last
    st.session_state[RANGE] = (last - timedelta(days=days - 1), last)
    visit().custom = False


def name_period(window: Window, now: date) -> None:
    """Set the period picker to the name of the range in force, or to “Custom” if the visitor chose that."""
    named = (name for name, period in periods(now).items() if period == window)
    st.session_state[PERIOD] = CUSTOM if visit().custom else next(named, CUSTOM)


def choose_property() -> None:
    """Callback of the property picker: replace the surveys, which belong to one property."""
    current = visit()
    current.probes = ()
    current.surveys = dict(current.known_surveys.get(get_widget(PROPERTY) or "", {}))
    current.deleted = ""
    st.session_state[SURVEYS] = list(current.surveys)


def read_range(now: date) -> None:
    """Set the date filter in a visit's first run: to the dates of the URL, else to the last 30 days.

    The dates are not bound to the URL by their widget: a bound range of one day comes back as half a range,
    and one that cannot be used is replaced without a word.
    """
    if RANGE in st.session_state:
        return
    window = periods(now)["Last 30 days"]
    try:
        days = sorted(map(date.fromisoformat, st.query_params.get_all(RANGE)))
    except ValueError:
        days = []
    if days and days[0] >= EARLIEST and days[-1] <= now:
        window = Window.through(days[0], days[-1])
    elif RANGE in st.query_params:
        visit().range_replaced = True
    st.session_state[RANGE] = (window.start, window.last)


def read_ids() -> None:
    """Set property and surveys: to those just connected to, or in a visit's first run to those of the URL.

    These two are not bound to the URL by their widgets, because a bound widget puts the name that is shown
    into the URL, and the recipient of a link need not know the names.
    """
    current = visit()
    if current.opening:
        st.session_state[PROPERTY], st.session_state[SURVEYS] = current.opening
        current.opening = None
    if current.opening_range:
        st.session_state[RANGE], current.opening_range = current.opening_range, None
    if PROPERTY not in st.session_state:
        st.session_state[PROPERTY] = st.query_params.get(PROPERTY)
    if SURVEYS not in st.session_state:
        linked = list(dict.fromkeys(st.query_params.get_all(SURVEYS)))
        st.session_state[SURVEYS] = linked[:MOST_SURVEYS]
        current.surveys_left_out = len(linked[MOST_SURVEYS:])


def write_url(chosen: Filters) -> None:
    """Write property, dates and surveys into the URL in one step, on every page."""
    wanted = {
        RANGE: [chosen.window.start.isoformat(), chosen.window.last.isoformat()],
        PROPERTY: [chosen.property_id] if chosen.property_id else [],
        SURVEYS: list(chosen.survey_ids),
    }
    stale = {name: values for name, values in wanted.items() if st.query_params.get_all(name) != values}
    if stale:
        st.query_params.update({name: values for name, values in stale.items() if values})
        for name in [name for name, values in stale.items() if not values]:
            del st.query_params[name]


def queries(filters: Filters, dataset: DatasetName, timezone: str) -> Sequence[Query]:
    """Return the queries of one dataset under the filters: one per survey, one of any other dataset."""
    if filters.property_id is None:
        return ()
    if dataset == "surveys":
        return tuple(
            Query("surveys", filters.property_id, filters.window, survey_id, timezone)
            for survey_id in filters.survey_ids
        )
    return (Query(dataset, filters.property_id, filters.window, None, timezone),)


def filters() -> Filters:
    """Return the filters in force; the entry script draws them before any page runs."""
    current = visit().filters
    if current is None:
        now = today("UTC")
        return Filters(None, periods(now)["Last 30 days"], compare=True, survey_ids=())
    return current
