"""A store that is filled at once, as if its rows had been loaded."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks import generated
from benchmarks.machine import MB
from benchmarks.ours import Place
from userlane import logs
from userlane.contract import PAGE_LIMIT, Query
from userlane.decode import Decoder
from userlane.fetch.access_check import digest
from userlane.fetch.deduplicate import tidy
from userlane.fetch.plan import Plan
from userlane.metrics.tags import roll_up
from userlane.sandbox.large import TagRecords
from userlane.store import Cover, FolderStore, Piece, Proof, dataset


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

    Whoever opens them is asked to show some of their pages, so the API at `place.base_url` has to serve the
    same records.
    """
    if place.store is None:
        raise RuntimeError("a store in memory cannot be filled for another process")
    logs.configure(quiet=True)
    store = FolderStore(place.store)
    seconds, rows = 0.0, 0
    plan = Plan(query, [query.window], feed.busiest)
    while (window := plan.take()) is not None:
        part = query.over(window)
        table = generated.table(feed, window)
        proof = _proof(part, feed, table.num_rows)
        clock = time.perf_counter()
        ordered = tidy(part, [table])
        store.keep(place.connection.api, Piece(part, ordered.table, datetime.now(UTC), proof=proof))
        seconds += time.perf_counter() - clock
        rows += ordered.table.num_rows
    # Weeks are counted by the process that loads them, as the dashboard does.
    cover = Cover(store, place.connection.api, query, None)
    for held in store.held(place.connection.api, query):
        cover.add(held)
    api = place.connection.api
    roll_up(dataset(api, query, cover.pieces, shelf=store.shelf(api, query)))
    store.close()
    size = sum(file.stat().st_size for file in place.store.rglob("*") if file.is_file())
    return Filled(seconds, rows, size / MB)


def _proof(query: Query, feed: TagRecords, rows: int) -> Proof:
    last = -(-rows // PAGE_LIMIT)
    read = Decoder(query).decode
    first_page, last_page = (
        digest(read(generated.body(feed, query.window, page, PAGE_LIMIT))) for page in (1, last)
    )
    return Proof(1, first_page, last, last_page)
