"""What one visitor has brought and loaded."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

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
from userlane.errors import LongLoad, UserlaneError
from userlane.fetch import Load, Probe
from userlane.lookups.names import Names
from userlane.request_import import ImportResult
from userlane.saved_json import Saved


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
    failed, were stopped or are stale, so that a rerun does not ask the API again by itself; `older` those of
    them that are being asked for again, to be shown if that fails; `proved` is when the API last let them be
    seen. `opening` is the property and the surveys that the filters show from the next run on. `surveys` are
    the names of this property's surveys, `known_surveys` those of every property. `profile` is what the
    visitor's own requests say, `import_results` what of them is not in use yet, `found_token` the token in
    them or typed. `typed_token` is what the form was sent with, until it is used in the same run. `uploader`
    numbers the upload of tag names: another number, another field, without a file. `agreed` are the loads
    that may take long; `refreshed` is which property and days were asked for anew, and when; `deleted` is
    what became of a wish to delete. `saved` are the answers opened from files, `unreadable` why some could
    not be.
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
    agreed: set[Query] = field(default_factory=set)
    deleted: str = ""
    refreshed: tuple[str | None, Window, datetime] | None = None
    outcomes: dict[Query, Dataset | UserlaneError] = field(default_factory=dict)
    older: dict[Query, Dataset] = field(default_factory=dict)
    proved: dict[Query, datetime] = field(default_factory=dict)
    filters: Filters | None = None
    opening: tuple[str, list[str]] | None = None
    opening_range: tuple[date, date] | None = None
    range_replaced: bool = False
    custom: bool = False
    profile: Profile | None = None
    found_token: Token | None = None
    typed_token: str = field(default="", repr=False)
    uploader: int = 0
    import_results: dict[DatasetName, ImportResult | UserlaneError] = field(default_factory=dict)
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


def connection_watcher() -> Callable[[], bool]:
    """Whether this visitor's tab is still open, as a question that any thread may ask."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return lambda: True
    server, tab = runtime.get_instance(), context.session_id
    return lambda: server.is_active_session(tab)


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
    """Show saved answers in place of an API's, over all the days they hold."""
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
    for load in visit().loads.values():
        load.stop()


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
    """Callback: have the next run ask for what is missing, of one dataset or of all that failed."""
    current = visit()
    for query in [query for query in current.outcomes if name in {None, query.dataset}]:
        outcome = current.outcomes.pop(query)
        if isinstance(outcome, Dataset):
            current.older[query] = outcome


def accept_long_load(name: DatasetName) -> None:
    """Callback: have the next run load what takes long, of one dataset."""
    current = visit()
    long = [query for query, each in current.outcomes.items() if isinstance(each, LongLoad)]
    for query in [query for query in long if query.dataset == name]:
        current.agreed.add(query)
        del current.outcomes[query]


def refresh() -> None:
    """Callback: have the next runs ask for everything under these filters anew."""
    current = visit()
    if current.filters is not None:
        current.refreshed = (current.filters.property_id, current.filters.window, datetime.now(UTC))
        stop_loads()
        # What is on screen was agreed to already, or is short: it is not hidden behind a question.
        failed = {query for query, each in current.outcomes.items() if isinstance(each, UserlaneError)}
        current.agreed.update(current.proved.keys() - failed)
        for query in [query for query, each in current.outcomes.items() if not isinstance(each, LongLoad)]:
            outcome = current.outcomes.pop(query)
            if isinstance(outcome, Dataset):
                current.older[query] = outcome


def fresh_since() -> datetime | None:
    """When everything under these filters was asked for anew, if it was."""
    current = visit()
    if current.filters is None or current.refreshed is None:
        return None
    property_id, window, moment = current.refreshed
    return moment if (property_id, window) == (current.filters.property_id, current.filters.window) else None
