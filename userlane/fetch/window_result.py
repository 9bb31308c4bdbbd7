"""What became of one window: its pages, its rows, and why some may be missing."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from userlane.client import LoadDeadline, Paginator
from userlane.contract import Connection, Dataset, Query
from userlane.decode import Page
from userlane.errors import (
    AccessRefused,
    LoadStopped,
    NotFound,
    Throttled,
    Unreachable,
    Untrusted,
    UserlaneError,
)
from userlane.fetch.access import AccessPolicy, Windows
from userlane.fetch.deduplicate import deduplicate
from userlane.store import FetchedWindow, Store

FINAL = (AccessRefused, LoadStopped, NotFound, Throttled, Unreachable, Untrusted)
"""After these no other window can fare better."""

_CLOCKS_DIFFER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class WindowResult:
    """One window: the rows that arrived, and why they are not all there, if they are not."""

    fetched: FetchedWindow
    reason: str | None = None
    error: UserlaneError | None = None

    @property
    def complete(self) -> bool:
        """Whether the window can be stored as it is."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class WindowSink:
    """Where one load puts the windows that it fetched, and finds those that other loads fetch meanwhile."""

    policy: AccessPolicy
    store: Store
    connection: Connection
    deadline: LoadDeadline
    since: datetime | None = None
    began: datetime = field(default_factory=lambda: datetime.now(UTC) - _CLOCKS_DIFFER)

    def write(self, fetched: FetchedWindow) -> FetchedWindow:
        """Store a window. Returns it as it is kept."""
        return self.policy.write(self.connection, fetched)

    def acquire_lease(self, query: Query) -> AbstractContextManager[object] | None:
        """As `Store.acquire_lease`."""
        return self.store.acquire_lease(self.policy.scope(self.connection), query)

    def has_new(self, query: Query) -> bool:
        """Whether another load has stored something of the query's window since this load began."""
        stored = self.store.find(self.policy.scope(self.connection), query)
        return any(each.fetched_at >= self.began for each in stored)

    def find(self, query: Query) -> Windows:
        """The whole window as another load has stored it; nothing if it is not all there, or not for this
        token to see. Raises nothing.
        """
        with suppress(UserlaneError):  # whatever is wrong, the fetch will tell
            opened = self.policy.open(self.connection, query, self.since, self.deadline)
            if not query.window.without(fetched.window for fetched in opened.windows):
                return opened.windows
        return ()


class WindowFetch:
    """The pages of a window, fetched once from the first to the last and, after `finish`, their rows.

    Pages are asked for by number, so a record that is added or removed meanwhile shifts all those
    behind it. An addition among what was read already shifts a record into the next page, where it comes
    again: a repeat across pages. A removal shifts one into a page that was read already, and it is lost: only
    a total that the API declares, and that falls, shows it. So what cannot be seen is a removal where no
    total is declared, and one that an addition further on makes up for.
    """

    def __init__(self, query: Query) -> None:
        self._query = query
        self._began = datetime.now(UTC)
        self._tables: list[pa.Table] = []
        self._refused: Counter[tuple[str, date | None]] = Counter()
        self.records = 0
        """How many the API sent, usable or not."""
        self.totals: tuple[int, ...] = ()
        """What the pages declared, in turn."""
        self.error: UserlaneError | None = None
        """What ended the paging, if that was an error."""
        self.broken = False
        """Whether the paging ended before its time."""
        self.too_many: bool = False
        """Whether it was given up because the window holds too many records."""
        self.moved = False
        """Whether records were added or removed meanwhile, as far as that can be seen."""
        self.result: WindowResult

    def add(self, page: Page) -> None:
        """Take the next page that holds records."""
        self.records += page.records
        self._tables.append(page.table)
        self._refused.update(page.refused)

    @property
    def until(self) -> date | None:
        """The latest day of the latest page of tags."""
        if self._query.dataset != "tags" or not self._tables:
            return None
        day: date | None = pc.max(self._tables[-1]["date"]).as_py()
        return day

    def finish(self, paginator: Paginator[Page]) -> None:
        """Make the rows and the result, now that the paging has ended, with an `error` or by itself."""
        reason = paginator.reason
        if self.error:  # who is refused has to do something about it before anything else can help
            refused = isinstance(self.error, AccessRefused)
            reason = f"{self.error.cause} {self.error.next_step}" if refused else self.error.cause
        self.totals = paginator.totals
        self.broken = paginator.ends_load or self.error is not None
        if self.too_many:
            return
        tidied = deduplicate(self._query, self._tables)
        self.moved = not self.broken and (self._repeats_across_pages(tidied.duplicates) or self._total_moved)
        fetched = FetchedWindow(
            self._query, tidied.table, self._began, dict(self._refused), tidied.duplicates, tidied.outside
        )
        self.result = WindowResult(fetched, reason, self.error)
        self._tables.clear()

    def followed_by(self, again: "WindowFetch") -> WindowResult:
        """Return the result of a window whose records changed meanwhile, so that it was fetched `again`."""
        if again.broken:
            reason = "Records changed while they were loaded, and loading them again broke off: "
            return WindowResult(self.result.fetched, f"{reason}{again.result.reason}", again.result.error)
        if again.moved and not self._same(again):
            reason = "Records changed while they were loaded, twice: some may be missing."
            return WindowResult(again.result.fetched, reason)
        return again.result

    def _same(self, other: "WindowFetch") -> bool:
        """Whether both brought the same: then it is how this API answers, and nothing changed."""
        mine, theirs = self.result.fetched, other.result.fetched
        counts = (self.totals, mine.refused, mine.duplicates, mine.outside)
        others = (other.totals, theirs.refused, theirs.duplicates, theirs.outside)
        return bool(counts == others and mine.table.equals(theirs.table))

    def _repeats_across_pages(self, repeats: int) -> bool:
        return repeats > 0 and repeats > sum(
            deduplicate(self._query, [table]).duplicates for table in self._tables
        )

    @property
    def _total_moved(self) -> bool:
        """A total that only grew, and has come, lost nothing: the records were added at the end."""
        changed = len({*self.totals}) > 1
        grew = list(self.totals) == sorted(self.totals)
        return changed and not (grew and self.totals[-1] == self.records)


def merge(
    query: Query,
    found: Sequence[FetchedWindow],
    results: Sequence[WindowResult],
    *,
    older: Callable[[Query], Windows],
    stopped: bool,
    assemble: Callable[..., Dataset],
) -> Dataset:
    """Make a dataset of stored and fetched windows. Its state says what is missing, and why.

    Args:
        query: What the load was asked for.
        found: Windows that were stored already.
        results: What became of the others. A window that was refused is left out.
        older: Returns what earlier fetches brought of a window that failed.
        stopped: Whether the load was stopped.
        assemble: As `store.assemble`, without the API and the query.
    """
    failed = [result for result in results if not result.complete]
    refused = any(isinstance(result.error, AccessRefused) for result in failed)
    parts: list[FetchedWindow] = []
    stale: list[FetchedWindow] = []
    for result in failed:
        window = result.fetched.window
        before = () if refused else older(query.over(window))
        parts += [result.fetched.over(gap) for gap in window.without(fetched.window for fetched in before)]
        stale += before
    whole = [*found, *(result.fetched for result in results if result.complete), *stale]
    # Windows given up because of another's error have no reason of their own.
    causes = [r.reason for r in failed if r.reason and (stopped or not isinstance(r.error, LoadStopped))]
    return assemble(
        [*whole, *parts],
        reasons=causes if parts else (),
        missing=query.window.without(fetched.window for fetched in whole),
        stale=stale,
        denied=refused,
    )
