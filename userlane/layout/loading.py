"""Loading with the visitor watching: progress, a stop, and outcomes that a page can draw."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TypeVar

import pandas as pd
import pyarrow.compute as pc
import streamlit as st

from userlane import cached, session
from userlane.contract import Dataset, DatasetName, Query, State, Window
from userlane.errors import ApiFailed, LoadStopped, UploadRefused, UserlaneError, WindowUnusable
from userlane.fetch import Load
from userlane.layout.text import API_NAMES, counted, plain
from userlane.saved import UNKNOWN, Saved

QUIET_SECONDS = 0.4
POLL_SECONDS = 0.15
T = TypeVar("T")
Outcome = Dataset | UserlaneError


@dataclass(frozen=True)
class Loaded:
    """One of the four datasets under the filters: this period, the one before, and what failed.

    `now` and `before` hold one `Dataset`, or one per survey. `lead` is the days just before the window.
    `before` is empty when no comparison is wanted or none could be had (`no_comparison` says why).
    """

    name: DatasetName
    window: Window
    now: tuple[Dataset, ...]
    before: tuple[Dataset, ...] = ()
    lead: Dataset | None = None
    errors: tuple[UserlaneError, ...] = ()
    no_comparison: UserlaneError | None = None

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rows of this period."""
        return pd.concat([dataset.frame for dataset in self.now], ignore_index=True)

    @cached_property
    def frame_before(self) -> pd.DataFrame | None:
        """All rows of the period before, or nothing without a comparison."""
        if not self.before:
            return None
        return pd.concat([dataset.frame for dataset in self.before], ignore_index=True)

    def compared(self, metric: Callable[[pd.DataFrame], T]) -> T | None:
        """`metric` of the period before, or nothing without a comparison."""
        return None if self.frame_before is None else metric(self.frame_before)

    @property
    def rows(self) -> int:
        """How many records this period holds."""
        return sum(dataset.rows for dataset in self.now)

    @property
    def state(self) -> State:
        """The worst of the states shown together."""
        states = [dataset.state for dataset in self.now]
        return states[0].merged(*states[1:]) if states else State(reasons=("nothing was loaded",))


def load_all(*names: DatasetName, lead_days: int = 0) -> tuple[Loaded, ...]:
    """Load these datasets under the visitor's filters, all at the same time.

    Shows progress with a stop when it takes longer than a moment. Whatever fails is in `Loaded.errors`.
    """
    filters, zone = session.filters(), cached.settings().timezone
    asked = {name: session.queries(filters, name, zone) for name in names}
    lead = Window(filters.window.start - timedelta(days=lead_days or 1), filters.window.start)
    wanted: list[Query] = []
    for name in names:
        wanted += asked[name]
        wanted += [query.previous() for query in asked[name] if filters.compare]
        wanted += [query.over(lead) for query in asked[name] if lead_days and name == "heart"]
    outcomes = _settle(wanted)

    def collect(queries: Iterable[Query]) -> tuple[tuple[Dataset, ...], tuple[UserlaneError, ...]]:
        found = [outcomes[query] for query in queries]
        return (
            tuple(outcome for outcome in found if isinstance(outcome, Dataset)),
            tuple(outcome for outcome in found if isinstance(outcome, UserlaneError)),
        )

    loaded = []
    for name in names:
        now, errors = collect(asked[name])
        before, failed = collect(query.previous() for query in asked[name] if filters.compare)
        no_comparison = (*failed, *_unfit(before))
        leads = collect(query.over(lead) for query in asked[name] if lead_days and name == "heart")[0]
        loaded.append(
            Loaded(
                name,
                filters.window,
                now,
                () if no_comparison else before,
                next(iter(leads), None),
                errors,
                next(iter(no_comparison), None),
            )
        )
    return tuple(loaded)


def _unfit(before: Sequence[Dataset]) -> tuple[UserlaneError, ...]:
    """Why a period before cannot be compared with: it is not whole, empty, or begins past its middle.

    A comparison with half a period would be drawn as a change that never was. Where loading again cannot
    help, it is a `WindowUnusable`.
    """
    if not before:
        return ()
    state = before[0].state.merged(*(dataset.state for dataset in before))
    window = before[0].query.window
    if UNKNOWN in state.reasons:
        return (WindowUnusable(f"Whether the files hold all of {window.words()} is not known."),)
    if not state.complete:
        return (ApiFailed(f"The period before, {window.words()}, is incomplete: {' '.join(state.reasons)}"),)
    first = min((day for day in map(_first_day, before) if day), default=None)
    if first is None:
        return (WindowUnusable(f"The period before, {window.words()}, holds nothing."),)
    if 2 * (first - window.start).days > window.days:
        return (
            WindowUnusable(
                f"In the period before, {window.words()}, the first record is of {first:%-d %b %Y}."
            ),
        )
    return ()


def _first_day(dataset: Dataset) -> date | None:
    if not dataset.rows:
        return None
    column = dataset.table["date" if "date" in dataset.table.column_names else "timestamp"]
    first: date = pc.min(column).as_py()
    return first.date() if isinstance(first, datetime) else first


def _settle(wanted: Sequence[Query]) -> dict[Query, Outcome]:
    visit, connection = session.visit(), session.connection()
    if visit.saved:
        return {query: _from_files(query, visit.saved) for query in wanted}
    if connection is None:
        return {query: LoadStopped("Not connected.", "Connect first.") for query in wanted}
    _drop_superseded()
    for query in wanted:
        if query not in visit.outcomes and query not in visit.loads:
            visit.loads[query] = cached.fetcher().start(connection, query, visit.owner)
    loads = {query: visit.loads[query] for query in wanted if query in visit.loads}
    _watch(loads)
    outcomes = {query: visit.outcomes[query] for query in wanted if query in visit.outcomes}
    for query, load in loads.items():
        visit.loads.pop(query, None)
        outcomes[query] = outcome = _result(load)
        if isinstance(outcome, UserlaneError) or not outcome.state.complete or outcome.state.stale:
            visit.outcomes[query] = outcome
    return outcomes


def _from_files(query: Query, opened: Mapping[DatasetName, Saved]) -> Outcome:
    if query.dataset not in opened:
        return UploadRefused(
            f"No file with {API_NAMES[query.dataset]} was opened.",
            "Close the files under Connect to open others.",
        )
    return opened[query.dataset].answer(query)


def _drop_superseded() -> None:
    """Stop loads for dates or a property the visitor has left; those of other pages go on."""
    visit, filters = session.visit(), session.filters()
    for query in [query for query in visit.loads if not _belongs(query, filters)]:
        visit.loads.pop(query).stop()
    for query in [query for query in visit.outcomes if not _belongs(query, filters)]:
        del visit.outcomes[query]


def _belongs(query: Query, filters: session.Filters) -> bool:
    """Whether some page asks this under the filters: their dates, those before, or the lead up to them."""
    window = filters.window
    if query.property_id != filters.property_id:
        return False
    if filters.compare and query.window == window.previous():
        return True
    return query.window == window or query.window.end == window.start


def _result(load: Load) -> Outcome:
    try:
        return load.result()
    except UserlaneError as error:
        return error


def _watch(loads: dict[Query, Load]) -> None:
    """Wait for all loads; past a moment, say how far they are and offer to stop them."""
    quiet_until = time.monotonic() + QUIET_SECONDS
    for load in loads.values():
        load.wait(max(0.0, quiet_until - time.monotonic()))
    waiting = [load for load in loads.values() if not load.wait(0)]
    if not waiting:
        return
    place = st.empty()
    with place.container(border=True):
        words = st.empty()
        st.button("Stop loading", on_click=session.stop_loads, icon=":material/stop_circle:")
        while waiting:
            words.markdown(_progress(loads))
            waiting[0].wait(POLL_SECONDS)
            waiting = [load for load in waiting if not load.wait(0)]
    place.empty()


def _progress(loads: dict[Query, Load]) -> str:
    lines = []
    for query, load in loads.items():
        if load.wait(0):
            continue
        progress = load.progress
        what = "Tags" if query.dataset == "tags" else query.dataset.upper()
        what = f"Survey {query.survey_id}" if query.survey_id else what
        window = progress.window or query.window
        line = f"**{what}** {window.words()}: {counted(progress.records, 'record')} so far"
        if progress.waiting_until:
            seconds = max(0, round((progress.waiting_until - datetime.now(UTC)).total_seconds()))
            line += f" · {plain(progress.waiting)} {counted(seconds, 'second')} left."
        lines.append(line)
    return "Loading from the API\n\n" + "\n\n".join(lines)
