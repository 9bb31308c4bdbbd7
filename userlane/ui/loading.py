"""Loads what a page shows while the visitor watches.

What is stored is opened at once; the rest is loaded in the background, with progress and a stop. The visit's
`results` are the only state: they hold the loads that are under way, and outcomes that are not complete.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import streamlit as st

from userlane import cache, session, url
from userlane.contract import NAMES, TITLES, Connection, Dataset, DatasetName, Query, Window
from userlane.errors import AccessRefused, LoadStopped, UploadRefused, UserlaneError
from userlane.fetch import Load, Progress, is_recent
from userlane.formatting import format_count, format_number, format_time_left
from userlane.logs import log_error
from userlane.saved_json import Saved
from userlane.ui.loaded import Loaded, Outcome, build_loaded
from userlane.ui.text import escape_markdown

QUIET_SECONDS = 0.4
POLL_SECONDS = 0.15
LONG_SECONDS = 20.0
"""What a load of tags may take without anybody having agreed to it."""

AT_ONCE = 8
"""Loads of one page that run at the same time; the others wait for their turn."""

_STOPPED = LoadStopped("The load was stopped.", "Load again to get it.")


def load_all(*names: DatasetName, lead_days: int = 0) -> tuple[Loaded, ...]:
    """Load these datasets under the visitor's filters, side by side; of HEART also `lead_days` days before.

    Shows progress with a stop when it takes longer than a moment. Whatever fails is in `Loaded.errors`.
    """
    filters, zone = url.filters(), cache.settings().timezone
    asked = {name: url.queries(filters, name, zone) for name in names}
    queries = [query for name in names for query in asked[name]]
    previous = [query.previous() for query in queries if filters.compare]
    lead = Window(filters.window.start - timedelta(days=lead_days or 1), filters.window.start)
    leads = [query.over(lead) for query in asked.get("heart", ()) if lead_days]
    outcomes = _find_outcomes([*queries, *previous, *leads])
    loaded = (build_loaded(name, filters.window, asked[name], outcomes) for name in names)
    ahead = [each for query in leads if isinstance(each := outcomes[query], Dataset) and each.state.complete]
    return tuple(
        replace(each, lead_in=Loaded("heart", lead, tuple(ahead))) if ahead and each.name == "heart" else each
        for each in loaded
    )


def _find_outcomes(queries: Sequence[Query]) -> dict[Query, Outcome]:
    """Return what became of each query: from opened files, kept by the visit, stored, or loaded now."""
    visit = session.visit()
    if visit.saved:
        return {query: _from_files(query, visit.saved) for query in queries}
    if visit.connection is None:
        return {query: LoadStopped("Not connected.", "Connect first.") for query in queries}
    _drop_outdated()
    outcomes = {}
    for query in dict.fromkeys(queries):
        result = visit.results.setdefault(query, session.LoadResult())
        outcomes[query] = result.outcome or _open_stored(visit.connection, query, result)
    missing = [query for query, outcome in outcomes.items() if outcome is None]
    if missing:
        _load_missing(visit.connection, missing)
    return {query: outcome or _settle(query) for query, outcome in outcomes.items()}


def _open_stored(connection: Connection, query: Query, result: session.LoadResult) -> Dataset | None:
    """Return the dataset if all of it is stored and no load of it is under way. The API is not asked."""
    if result.load is not None:
        return None
    found = cache.fetcher().stored(connection, query, session.fresh_since())
    if found is None:
        return None
    dataset, result.allowed_at = found
    result.older = None
    return dataset


def _load_missing(connection: Connection, queries: Sequence[Query]) -> None:
    """Load these queries; past a moment, show how far the loads are and a button that stops them."""
    quiet_until = time.monotonic() + QUIET_SECONDS
    while (under_way := _start_loads(connection, queries)) and (left := quiet_until - time.monotonic()) > 0:
        next(iter(under_way.values())).wait(left)
    if not under_way:
        return
    place = st.empty()
    with place.container(border=True):
        words = st.empty()
        st.button("Stop loading", on_click=_stop, args=(queries,), icon=":material/stop_circle:")
        while under_way:
            words.markdown(_describe_progress(under_way))
            next(iter(under_way.values())).wait(POLL_SECONDS)
            under_way = _start_loads(connection, queries)
    place.empty()


def _start_loads(connection: Connection, queries: Sequence[Query]) -> dict[Query, Load]:
    """Begin loads in the order of the queries, at most `AT_ONCE` at a time.

    Returns:
        The loads that are under way; none once all have ended.
    """
    visit, fetcher, watcher = session.visit(), cache.fetcher(), session.connection_watcher()
    results = {query: visit.results[query] for query in queries}
    under_way = {query: each.load for query, each in results.items() if each.load and not each.load.done}
    for query, result in results.items():
        if len(under_way) >= AT_ONCE:
            break
        if result.load is None and result.outcome is None:
            result.load = fetcher.start(
                connection,
                query,
                visit.owner,
                wanted=watcher,
                since=session.fresh_since(),
                at_most=None if query in visit.accepted else LONG_SECONDS,
            )
            if not result.load.done:
                under_way[query] = result.load
    return under_way


def _settle(query: Query) -> Outcome:
    """Take over how a query's load ended.

    What is not complete stays with the visit, so that the next run does not ask the API again by itself. A
    load that brought less than an earlier one hides nothing that was there, unless access was refused.
    """
    result = session.visit().results[query]
    load, result.load = result.load, None
    if load is None:
        return result.outcome or _STOPPED
    outcome, older = _wait_for(query, load), result.older
    result.older = None
    if older is not None and _brought_less(outcome, older):
        outcome = _keep_older(older, outcome)
    elif load.allowed_at is not None:
        result.allowed_at = load.allowed_at
    if isinstance(outcome, UserlaneError) or not outcome.state.complete or outcome.state.stale:
        result.outcome = outcome
    return outcome


def _wait_for(query: Query, load: Load) -> Outcome:
    load.wait()
    if isinstance(load.outcome, Dataset | UserlaneError):
        return load.outcome
    # One load that broke must not take the others off the screen.
    broken = UserlaneError(
        f"Loading {TITLES[query.dataset]} of {query.window.describe()} broke off.",
        "That is a defect of this dashboard, neither of your data nor of your token. If trying again does "
        "not help, tell whoever runs this dashboard the error ID.",
    )
    broken.__cause__ = load.outcome or RuntimeError("a load ended without a result")
    log_error(broken.__cause__)
    return broken


def _brought_less(outcome: Outcome, older: Dataset) -> bool:
    if isinstance(outcome, UserlaneError):
        return not isinstance(outcome, AccessRefused)
    return not (outcome.state.complete or outcome.state.denied) and outcome.rows < older.rows


def _keep_older(older: Dataset, outcome: Outcome) -> Dataset:
    """Return the dataset of before; where some of it is missing, with the reasons of the last load first."""
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
    """Stop loads for dates or a property that the visitor has left; those of other pages go on.

    Rows are dropped when the API's permission to see them is older than it may be: the next load asks again.
    """
    visit, filters = session.visit(), url.filters()
    for query, result in list(visit.results.items()):
        if not _belongs(query, filters):
            if result.load is not None:
                result.load.stop()
            del visit.results[query]
            continue
        if result.load is not None and result.load.done and not is_recent(result.load.allowed_at):
            result.load = None
        if not is_recent(result.allowed_at):
            result.older = None
            result.outcome = result.outcome if isinstance(result.outcome, UserlaneError) else None


def _belongs(query: Query, filters: session.Filters) -> bool:
    """Whether some page loads this under the filters: their dates, the period before, or the lead-in."""
    window = filters.window
    if query.property_id != filters.property_id:
        return False
    if filters.compare and query.window == window.previous():
        return True
    return query.window == window or query.window.end == window.start


def _stop(queries: Sequence[Query]) -> None:
    """Callback: stop what runs, and do not begin what has not run yet."""
    for query in queries:
        result = session.visit().results[query]
        if result.load is None:
            result.outcome, result.older = result.older or _STOPPED, None
    session.stop_loads()


def _describe_progress(loads: Mapping[Query, Load]) -> str:
    lines = []
    for query, load in loads.items():
        progress = load.progress
        what = f"Survey {query.survey_id}" if query.survey_id else NAMES[query.dataset]
        window = progress.window or query.window
        line = f"**{what}** {window.describe()}: {_describe_amount(progress)}"
        if progress.waiting_until:
            seconds = max(0, round((progress.waiting_until - datetime.now(UTC)).total_seconds()))
            line += f" · {escape_markdown(progress.waiting)} {format_count(seconds, 'second')} left."
        lines.append(line)
    return "Loading from the API\n\n" + "\n\n".join(lines)


def _describe_amount(progress: Progress) -> str:
    """Say how far a load is; of a long one also how fast it is and how long it will still take."""
    left = progress.left
    if left is None or progress.expected is None:
        return f"{format_count(progress.records, 'record')} so far"
    have, expected = format_number(progress.records), format_count(progress.expected, "record")
    rate = format_count(round(progress.rate), "record")
    return f"{have} of about {expected} · {rate} a second · {format_time_left(left)}"
