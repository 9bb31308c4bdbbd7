"""The visitor's own state; the only module that touches `st.session_state`.

What a link shares is in the URL (`Filters`); what it must not share is in the `Visit`.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from userlane.contract import (
    ASSUMED,
    Connection,
    Dataset,
    DatasetName,
    Profile,
    Query,
    Token,
    Window,
)
from userlane.errors import UserlaneError
from userlane.fetch import Load, Probe
from userlane.learning import Lesson
from userlane.lookups import Names
from userlane.saved import Saved

PROPERTY, RANGE, COMPARE, SURVEYS, PERIOD = "property", "range", "compare", "survey", "period"
CUSTOM = "Custom"
EARLIEST = date(2010, 1, 1)
"""Before the first day any data can be of."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The global filters, as the URL carries them."""

    property_id: str | None
    window: Window
    compare: bool
    survey_ids: tuple[str, ...]


@dataclass(slots=True)
class Visit:
    """What one visitor has brought and loaded. Never leaves this process's memory.

    `owner` tells this visit's loads from those of others with the same token. `outcomes` holds loads that
    failed, were stopped or are stale, so that a rerun does not ask the API again by itself.
    `opening` is the property and the surveys that the filters show from the next run on. `surveys` are the
    names of this property's surveys, `known_surveys` those of every property. `profile` is what the visitor's
    own requests taught, `lessons` what of them is not in use yet, `found_token` the token found in them.
    `saved` are the answers opened from files, `unreadable` why some could not be.
    """

    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    connection: Connection | None = None
    sample: bool = False
    properties: dict[str, str] = field(default_factory=dict)
    surveys: dict[str, str] = field(default_factory=dict)
    known_surveys: dict[str, Mapping[str, str]] = field(default_factory=dict)
    names: Names | None = None
    probes: tuple[Probe, ...] = ()
    loads: dict[Query, Load] = field(default_factory=dict)
    outcomes: dict[Query, Dataset | UserlaneError] = field(default_factory=dict)
    filters: Filters | None = None
    opening: tuple[str, list[str]] | None = None
    opening_range: tuple[date, date] | None = None
    range_replaced: bool = False
    custom: bool = False
    profile: Profile | None = None
    found_token: Token | None = None
    lessons: dict[DatasetName, Lesson | UserlaneError] = field(default_factory=dict)
    saved: Mapping[DatasetName, Saved] = field(default_factory=dict)
    unreadable: dict[DatasetName, UserlaneError] = field(default_factory=dict)

    @property
    def connected(self) -> bool:
        """Whether there is something to show: an API to ask, or files that were opened."""
        return self.connection is not None or bool(self.saved)


def visit() -> Visit:
    """This visitor's state."""
    current = st.session_state.get("visit")
    if not isinstance(current, Visit):
        current = Visit()
        st.session_state["visit"] = current
    return current


def connection() -> Connection | None:
    """The visitor's connection, if there is one."""
    return visit().connection


def connect(
    to: Connection,
    property_id: str,
    *,
    surveys: Mapping[str, str],
    properties: Mapping[str, str],
    other_surveys: Mapping[str, Mapping[str, str]] | None = None,
    names: Names | None = None,
    sample: bool = False,
) -> None:
    """Remember a connection and open its property; everything of an earlier connection is forgotten."""
    forget()
    current = visit()
    current.connection = to
    current.sample = sample
    current.properties = {property_id: property_id, **properties}
    current.surveys = dict(surveys)
    current.known_surveys = {**(other_surveys or {}), property_id: surveys}
    current.names = names
    current.profile = to.profile if to.profile != ASSUMED else None
    current.opening = (property_id, list(surveys))


def open_files(
    saved: Mapping[DatasetName, Saved], properties: Mapping[str, str], surveys: Mapping[str, str]
) -> None:
    """Show saved answers in place of an API's, over all the days they hold."""
    forget()
    current = visit()
    current.saved = dict(saved)
    current.properties = dict(properties)
    current.surveys = dict(surveys)
    current.known_surveys = dict.fromkeys(properties, surveys)
    current.opening = (next(iter(properties)), list(surveys))
    windows = [each.window for each in saved.values() if each.window]
    if windows:
        last = max(window.last for window in windows)
        current.opening_range = (min(window.start for window in windows), last)


def forget() -> None:
    """Forget the token and all that was loaded with it; running loads are stopped. The filters stay."""
    stop_loads()
    st.session_state["visit"] = Visit()


def stop_loads() -> None:
    """Stop every load that is under way for this visitor."""
    for load in visit().loads.values():
        load.stop()


def forget_names() -> None:
    """Callback: show tags by their ID again."""
    visit().names = None
    st.session_state.pop("tag-names", None)


def retry() -> None:
    """Forget failed and stopped loads, so that the next run asks for what is missing."""
    visit().outcomes.clear()


def choose_property() -> None:
    """Callback of the property picker: survey IDs mean nothing in another property."""
    current = visit()
    current.probes = ()
    current.surveys = dict(current.known_surveys.get(value(PROPERTY) or "", {}))
    st.session_state[SURVEYS] = list(current.surveys)


def keep(key: str, value: Any) -> None:
    """Set a widget's value before the widget is drawn."""
    st.session_state[key] = value


def pick(chart: str, into: str) -> None:
    """Callback of a clicked chart: what its clicked points carry becomes the choice of the widget `into`."""
    points = st.session_state[chart]["selection"]["points"]
    st.session_state[into] = list(dict.fromkeys(_carried(point) for point in points if _carried(point)))


def _carried(point: Mapping[str, Any]) -> Any:
    carried = point.get("customdata")
    return carried[0] if isinstance(carried, Sequence) and not isinstance(carried, str) else carried


def value(key: str, default: Any = None) -> Any:
    """A widget's value, if it has one."""
    return st.session_state.get(key, default)


def today(timezone: str) -> date:
    """Today in the days' time zone."""
    return datetime.now(ZoneInfo(timezone)).date()


def periods(now: date) -> Mapping[str, Window]:
    """The named periods, all of whole days that are over, except those that begin today."""
    yesterday = now - timedelta(days=1)
    first_of_month = now.replace(day=1)
    last_of_previous = first_of_month - timedelta(days=1)
    return {
        "Last 7 days": Window(now - timedelta(days=7), now),
        "Last 30 days": Window(now - timedelta(days=30), now),
        "Last 90 days": Window(now - timedelta(days=90), now),
        "This month": Window.through(first_of_month, max(yesterday, first_of_month)),
        "Last month": Window.through(last_of_previous.replace(day=1), last_of_previous),
        "Year to date": Window.through(
            now.replace(month=1, day=1), max(yesterday, now.replace(month=1, day=1))
        ),
    }


def choose_period(now: date) -> None:
    """Callback of the period picker: put the named period into the date range."""
    chosen = st.session_state.get(PERIOD, CUSTOM)
    visit().custom = chosen == CUSTOM
    window = periods(now).get(chosen)
    if window:
        st.session_state[RANGE] = (window.start, window.last)


def show_period(window: Window, now: date) -> None:
    """Let the period picker name the range in force; “Custom” stays when the visitor has chosen it."""
    named = (name for name, period in periods(now).items() if period == window)
    st.session_state[PERIOD] = CUSTOM if visit().custom else next(named, CUSTOM)


def take_range(now: date) -> None:
    """Let the dates begin with those of the link, else with the last 30 days.

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


def take_ids() -> None:
    """Let the filters begin with what was just connected to, else with what is in the link.

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
        st.session_state[SURVEYS] = st.query_params.get_all(SURVEYS)


def put_filters(chosen: Filters) -> None:
    """Keep property, dates and surveys in the URL, on every page, in one step."""
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


def queries(filters: Filters, dataset: str, timezone: str) -> Sequence[Query]:
    """The queries that answer one dataset under the filters: one a survey, one for anything else."""
    if filters.property_id is None:
        return ()
    if dataset == "surveys":
        return tuple(
            Query("surveys", filters.property_id, filters.window, survey_id, timezone)
            for survey_id in filters.survey_ids
        )
    return (Query(dataset, filters.property_id, filters.window, None, timezone),)  # type: ignore[arg-type]


def filters() -> Filters:
    """The filters in force; the entry script has drawn them before any page runs."""
    current = visit().filters
    if current is None:
        now = today("UTC")
        return Filters(None, periods(now)["Last 30 days"], compare=True, survey_ids=())
    return current
