"""A store that is filled at once, as if its rows had been loaded."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from benchmarks import generated
from benchmarks.machine import MB
from benchmarks.ours import Place
from userlane import logs
from userlane.contract import Query
from userlane.fetch.deduplicate import deduplicate
from userlane.fetch.plan import Plan
from userlane.metrics.tags import roll_up
from userlane.sandbox.large import TagRecords
from userlane.store import FetchedWindow, FolderStore, assemble, coverage


@dataclass(frozen=True, slots=True)
class Filled:
    """What filling a store took: `seconds` to put rows in order and write them, as a load does with what it
    has decoded; how many `rows`; and how many `megabytes` (10⁶ bytes) they take on the disk.
    """

    seconds: float
    rows: int
    megabytes: float


def fill_store(place: Place, query: Query, feed: TagRecords) -> Filled:
    """Put the feed's records into the store, as if they had been loaded over HTTP, in the windows of a load.

    They belong to the token of `place`, which opens them as long as the API at `place.base_url` answers it.
    """
    if place.store is None:
        raise RuntimeError("a store in memory cannot be filled for another process")
    logs.configure(quiet=True)
    store = FolderStore(place.store)
    scope = f"{place.connection.api}/{place.connection.token.keyed_hash(store.key)}"
    seconds, rows = 0.0, 0
    busiest = max(later - earlier for earlier, later in pairwise(feed.starts))
    plan = Plan(query, [query.window], busiest)
    while (window := plan.next_window()) is not None:
        part = query.over(window)
        table = generated.table(feed, window)
        clock = time.perf_counter()
        ordered = deduplicate(part, [table])
        store.write(scope, FetchedWindow(part, ordered.table, datetime.now(UTC)))
        seconds += time.perf_counter() - clock
        rows += ordered.table.num_rows
    # Weeks are counted by the process that loads them, as the dashboard does.
    windows = coverage(store, scope, query, None)
    roll_up(assemble(place.connection.api, query, windows, aggregates=store.aggregates(scope, query)))
    store.close()
    size = sum(file.stat().st_size for file in place.store.rglob("*") if file.is_file())
    return Filled(seconds, rows, size / MB)
