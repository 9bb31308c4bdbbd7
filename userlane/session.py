"""What one visitor has brought and loaded. Only this module and `url` use `st.session_state`."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from userlane.contract import ASSUMED, Connection, Dataset, DatasetName, Profile, Query, Token, Window
from userlane.errors import ConsentNeeded, UserlaneError
from userlane.fetch import Load, Probe
from userlane.lookups.names import Names
from userlane.request_import import ImportResult
from userlane.saved_json import Saved


@dataclass(frozen=True, slots=True)
class Filters:
    """The global filters; the URL carries them."""

    property_id: str | None
    window: Window
    compare: bool
    survey_ids: tuple[str, ...]


@dataclass(slots=True)
class LoadResult:
    """What a visit knows of one query.

    Attributes:
        load: The load that is under way.
        outcome: What the last load brought, if it is not complete. It is shown until the visitor asks again,
            so that no script run asks the API by itself. What is complete is opened from the store instead.
        older: The dataset that is shown if asking again brings less.
        allowed_at: When the API last let the visitor's token see the rows.
    """

    load: Load | None = None
    outcome: Dataset | UserlaneError | None = None
    older: Dataset | None = None
    allowed_at: datetime | None = None

    def ask_again(self) -> None:
        """Have the next run load the query; a dataset that is shown now stays in reserve."""
        if isinstance(self.outcome, Dataset):
            self.older = self.outcome
        self.outcome = None


@dataclass(slots=True)
class Visit:
    """What one visitor has brought and loaded. It never leaves the memory of this process.

    Attributes:
        owner: Tells this visit's loads from those of other visits with the same token.
        connection: The API to ask, and with which token.
        sample: Whether the connection is to the made-up sample data.
        properties: Name of each property by its ID.
        surveys: Names of this property's surveys by their ID.
        known_surveys: The same of every property.
        names: The tag names that were uploaded.
        probes: The last test of the connection.
        results: What is known of each query under the filters in force.
        accepted: Queries that may take long, because the visitor said so or has seen their result.
        deleted: What became of the wish to delete stored records, in words.
        refreshed: Property and days that are loaded anew, and since when.
        filters: The filters in force.
        opening: Property and surveys that the filters show from the next run on.
        opening_range: First and last day that the filters show from the next run on.
        range_replaced: Whether the dates in the link could not be used.
        surveys_left_out: How many surveys of the link are not shown, because it names too many.
        custom: Whether the visitor has chosen the period "Custom".
        profile: What the visitor's own requests say about the API.
        found_token: The token in those requests, or the one that was typed.
        typed_token: What the form was sent with, until it is used in the same run.
        uploader: Numbers the upload field of tag names: another number is another, empty field.
        import_results: What was read of pasted requests and is not in use yet.
        import_refusal: Why they cannot be used together.
        saved: The responses that were opened from files.
        unreadable: Why files could not be opened.
    """

    owner: str = field(default_factory=lambda: uuid.uuid4().hex)
    connection: Connection | None = None
    sample: bool = False
    properties: dict[str, str] = field(default_factory=dict)
    surveys: dict[str, str] = field(default_factory=dict)
    known_surveys: dict[str, Mapping[str, str]] = field(default_factory=dict)
    names: Names | None = None
    probes: tuple[Probe, ...] = ()
    results: dict[Query, LoadResult] = field(default_factory=dict)
    accepted: set[Query] = field(default_factory=set)
    deleted: str = ""
    refreshed: tuple[str | None, Window, datetime] | None = None
    filters: Filters | None = None
    opening: tuple[str, list[str]] | None = None
    opening_range: tuple[date, date] | None = None
    range_replaced: bool = False
    surveys_left_out: int = 0
    custom: bool = False
    profile: Profile | None = None
    found_token: Token | None = None
    typed_token: str = field(default="", repr=False)
    uploader: int = 0
    import_results: dict[DatasetName, ImportResult | UserlaneError] = field(default_factory=dict)
    import_refusal: UserlaneError | None = None
    saved: Mapping[DatasetName, Saved] = field(default_factory=dict)
    unreadable: dict[DatasetName, UserlaneError] = field(default_factory=dict)

    @property
    def connected(self) -> bool:
        """Whether there is something to show: an API to ask, or files that were opened."""
        return self.connection is not None or bool(self.saved)


def visit() -> Visit:
    """Return this visitor's state."""
    current = st.session_state.get("visit")
    if not isinstance(current, Visit):
        current = Visit()
        st.session_state["visit"] = current
    return current


def connection_watcher() -> Callable[[], bool]:
    """Return a function that says whether this visitor's tab is open; any thread may call it."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    server, tab = runtime.get_instance(), context.session_id
    return lambda: server.is_active_session(tab)


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
    reset_visit()
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
    """Show saved responses in place of an API's, over all the days they hold."""
    reset_visit()
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


def reset_visit() -> None:
    """Forget the token and all that was loaded with it; running loads are stopped. The filters stay."""
    stop_loads()
    free_uploads()
    st.session_state["visit"] = Visit()


def stop_loads() -> None:
    """Stop every load that is under way for this visitor."""
    for result in visit().results.values():
        if result.load is not None:
            result.load.stop()


def remove_tag_names() -> None:
    """Callback: show tags by their ID again."""
    visit().names = None
    free_uploads()


def free_uploads() -> None:
    """Free the memory that this visitor's uploaded files take: what was in them has been read."""
    visit().uploader += 1
    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)


def retry_loads(name: DatasetName | None = None) -> None:
    """Callback: have the next run load again what is not complete, of one dataset or of all."""
    for query, result in visit().results.items():
        if name in {None, query.dataset}:
            result.ask_again()


def accept_long_load(name: DatasetName) -> None:
    """Callback: have the next run load what takes long, of one dataset."""
    current = visit()
    for query, result in current.results.items():
        if query.dataset == name and isinstance(result.outcome, ConsentNeeded):
            current.accepted.add(query)
            result.ask_again()


def refresh() -> None:
    """Callback: have the next runs load everything under these filters anew."""
    current = visit()
    if current.filters is None:
        return
    current.refreshed = (current.filters.property_id, current.filters.window, datetime.now(UTC))
    stop_loads()
    for query, result in current.results.items():
        # What is on screen was accepted already, or is short: it is not hidden behind a question.
        if result.allowed_at is not None and not isinstance(result.outcome, UserlaneError):
            current.accepted.add(query)
        if not isinstance(result.outcome, ConsentNeeded):
            result.ask_again()


def fresh_since() -> datetime | None:
    """Return since when everything under these filters is to be loaded anew; None if it is not."""
    current = visit()
    if current.filters is None or current.refreshed is None:
        return None
    property_id, window, moment = current.refreshed
    return moment if (property_id, window) == (current.filters.property_id, current.filters.window) else None


def set_widget(key: str, value: Any) -> None:
    """Set a widget's value before the widget is drawn."""
    st.session_state[key] = value


def select_from_chart(chart: str, key: str) -> None:
    """Callback of a chart: the custom data of the points that were clicked become the choice of a widget."""
    chosen = [point["customdata"][0] for point in st.session_state[chart]["selection"]["points"]]
    st.session_state[key] = list(dict.fromkeys(chosen))


def get_widget(key: str) -> Any:
    """Return a widget's value; None if it has none."""
    return st.session_state.get(key)


def forget_widgets() -> None:
    """Drop the values of all widgets: the next run takes them from the URL."""
    for key in [key for key in st.session_state if key != "visit"]:
        del st.session_state[key]
