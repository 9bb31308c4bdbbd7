"""Loading with the visitor watching: progress, a stop, and outcomes that a page can draw."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import streamlit as st

from userlane import cache, session
from userlane.contract import NAMES, TITLES, Dataset, DatasetName, Query, Window
from userlane.errors import AccessRefused, LoadStopped, UploadRefused, UserlaneError
from userlane.fetch import ACCESS_LASTS, Load, Progress
from userlane.formatting import format_count, format_number, format_time_left
from userlane.saved_json import Saved
from userlane.ui import errors
from userlane.ui.loaded import Loaded, Outcome, build_loaded
from userlane.ui.text import escape_markdown

QUIET_SECONDS = 0.4
POLL_SECONDS = 0.15
LONG_SECONDS = 20.0
"""What a load of tags may take without anybody having agreed to it."""

AT_ONCE = 8
"""Loads of one page that run at the same time; the others wait for their turn."""

_STOPPED = LoadStopped("The load was stopped.", "Load again to get it.")


class Unforeseen(UserlaneError):
    """A load ended in a way nobody planned for; the log says more under `error_id`."""

    def __init__(self, query: Query, error_id: str) -> None:
        super().__init__(
            f"Loading {TITLES[query.dataset]} of {query.window.describe()} broke off.",
            "That is a defect of this dashboard, neither of your data nor of your token. If trying again "
            "does not help, tell whoever runs this dashboard the error ID.",
        )
        self.error_id = error_id


def load_all(*names: DatasetName, lead_days: int = 0) -> tuple[Loaded, ...]:
    """Load these datasets under the visitor's filters, all at the same time; HEART also `lead_days` ahead.

    Shows progress with a stop when it takes longer than a moment. Whatever fails is in `Loaded.errors`.
    """
    filters, zone = session.filters(), cache.settings().timezone
    asked = {name: session.queries(filters, name, zone) for name in names}
    queries = [query for name in names for query in asked[name]]
    before = [query.previous() for query in queries if filters.compare]
    lead = Window(filters.window.start - timedelta(days=lead_days or 1), filters.window.start)
    leads = [query.over(lead) for query in asked.get("heart", ()) if lead_days]
    outcomes = _load_missing([*queries, *before, *leads])
    loaded = (build_loaded(name, filters.window, asked[name], outcomes) for name in names)
    ahead = [each for query in leads if isinstance(each := outcomes[query], Dataset) and each.state.complete]
    return tuple(
        replace(each, lead_in=Loaded("heart", lead, tuple(ahead))) if ahead and each.name == "heart" else each
        for each in loaded
    )


def _load_missing(wanted: Sequence[Query]) -> dict[Query, Outcome]:
    visit, connection = session.visit(), session.connection()
    if visit.saved:
        return {query: _from_files(query, visit.saved) for query in wanted}
    if connection is None:
        return {query: LoadStopped("Not connected.", "Connect first.") for query in wanted}
    _drop_outdated()
    fetcher, present = cache.fetcher(), session.connection_watcher()
    queue = [query for query in dict.fromkeys(wanted) if query not in visit.outcomes]
    loads: dict[Query, Load] = {}

    def running() -> list[Load]:
        """The loads under way, once as many of the queue were begun as there is room for; none at the end."""
        for query in queue:
            if query in visit.loads:
                loads[query] = visit.loads[query]
        waiting = [query for query in queue if query not in loads and query not in visit.outcomes]
        room = max(0, AT_ONCE - sum(not load.done for load in loads.values()))
        for query in waiting[:room]:
            load = fetcher.start(
                connection,
                query,
                visit.owner,
                wanted=present,
                since=session.fresh_since(),
                at_most=None if query in visit.agreed else LONG_SECONDS,
            )
            loads[query] = visit.loads[query] = load
        under_way = [load for load in loads.values() if not load.done]
        return running() if waiting[room:] and not under_way else under_way

    _watch(running, loads, queue)
    settled = {query: _settled(query, load) for query, load in loads.items()}
    return {query: settled.get(query) or visit.outcomes.get(query, _STOPPED) for query in wanted}


def _settled(query: Query, load: Load) -> Outcome:
    """How a load ended. A retry that brought less hides nothing that was there, unless it was refused."""
    visit, outcome = session.visit(), _result(query, load)
    visit.loads.pop(query, None)
    older = visit.older.pop(query, None)
    if older is not None and _brought_less(outcome, older):
        outcome = _still(older, outcome)
    elif load.proved_at is not None:
        visit.proved[query] = load.proved_at
    if isinstance(outcome, UserlaneError) or not outcome.state.complete or outcome.state.stale:
        visit.outcomes[query] = outcome
    return outcome


def _brought_less(outcome: Outcome, older: Dataset) -> bool:
    if isinstance(outcome, UserlaneError):
        return not isinstance(outcome, AccessRefused)
    return not (outcome.state.complete or outcome.state.denied) and outcome.rows < older.rows


def _still(older: Dataset, outcome: Outcome) -> Dataset:
    """What was there before a retry brought less; where some is missing, the retry's reasons come first."""
    if older.state.complete:
        return older
    causes = (outcome.cause,) if isinstance(outcome, UserlaneError) else outcome.state.causes
    reasons = tuple(dict.fromkeys((*causes, *older.state.reasons)))
    fingerprint = hashlib.sha256(repr((older.fingerprint, reasons)).encode()).hexdigest()
    return replace(older, state=replace(older.state, reasons=reasons), fingerprint=fingerprint)


def _from_files(query: Query, opened: Mapping[DatasetName, Saved]) -> Outcome:
    if query.dataset not in opened:
        return UploadRefused(
            f"No file with {TITLES[query.dataset]} was opened.",
            "Close the files under Connect to open others.",
        )
    return opened[query.dataset].answer(query)


def _drop_outdated() -> None:
    """Stop loads for dates or a property the visitor has left; those of other pages go on. What ended so long
    ago that the API would have to be asked again whether this token may see it is asked for anew.
    """
    visit, filters = session.visit(), session.filters()
    for query in [query for query in visit.loads if not _belongs(query, filters)]:
        visit.loads.pop(query).stop()
    visit.loads = {
        query: load for query, load in visit.loads.items() if not load.done or _lately(load.proved_at)
    }
    visit.proved = {query: proved for query, proved in visit.proved.items() if _lately(proved)}
    visit.outcomes = {
        query: each
        for query, each in visit.outcomes.items()
        if _belongs(query, filters) and (query in visit.proved or isinstance(each, UserlaneError))
    }
    visit.older = {
        query: each
        for query, each in visit.older.items()
        if _belongs(query, filters) and query in visit.proved
    }


def _lately(proved: datetime | None) -> bool:
    """Whether the API's answer still lets this token see what was loaded; a clock put back ends it."""
    return proved is not None and timedelta(0) <= datetime.now(UTC) - proved < ACCESS_LASTS


def _belongs(query: Query, filters: session.Filters) -> bool:
    """Whether some page asks this under the filters: their dates, those before, or the lead up to them."""
    window = filters.window
    if query.property_id != filters.property_id:
        return False
    if filters.compare and query.window == window.previous():
        return True
    return query.window == window or query.window.end == window.start


def _result(query: Query, load: Load) -> Outcome:
    try:
        return load.result()
    except UserlaneError as error:
        return error
    except Exception as error:  # noqa: BLE001  # one load that broke must not take the others off the screen
        return Unforeseen(query, errors.log_error(error))


def _watch(
    running: Callable[[], Sequence[Load]], loads: Mapping[Query, Load], queue: Sequence[Query]
) -> None:
    """Wait for all loads; past a moment, say how far they are and offer to stop them."""
    quiet_until = time.monotonic() + QUIET_SECONDS
    while (under_way := running()) and (left := quiet_until - time.monotonic()) > 0:
        under_way[0].wait(left)
    if not under_way:
        return
    place = st.empty()
    with place.container(border=True):
        words = st.empty()
        st.button("Stop loading", on_click=_stop, args=(queue,), icon=":material/stop_circle:")
        while under_way:
            words.markdown(_progress(loads))
            under_way[0].wait(POLL_SECONDS)
            under_way = running()
    place.empty()


def _stop(queue: Sequence[Query]) -> None:
    """Callback: stop what runs, and do not begin what has not run yet."""
    visit = session.visit()
    for query in queue:
        if query not in visit.loads:
            visit.outcomes[query] = visit.older.pop(query, _STOPPED)
    session.stop_loads()


def _progress(loads: Mapping[Query, Load]) -> str:
    lines = []
    for query, load in loads.items():
        if load.done:
            continue
        progress = load.progress
        what = f"Survey {query.survey_id}" if query.survey_id else NAMES[query.dataset]
        window = progress.window or query.window
        line = f"**{what}** {window.describe()}: {_so_far(progress)}"
        if progress.waiting_until:
            seconds = max(0, round((progress.waiting_until - datetime.now(UTC)).total_seconds()))
            line += f" · {escape_markdown(progress.waiting)} {format_count(seconds, 'second')} left."
        lines.append(line)
    return "Loading from the API\n\n" + "\n\n".join(lines)


def _so_far(progress: Progress) -> str:
    """How far a load is; of one that takes a while, also how fast it is and how long it will still take."""
    left = progress.left
    if left is None or progress.expected is None:
        return f"{format_count(progress.records, 'record')} so far"
    have, expected = format_number(progress.records), format_count(progress.expected, "record")
    rate = format_count(round(progress.rate), "record")
    return f"{have} of about {expected} · {rate} a second · {format_time_left(left)}"
