"""The one place that knows how this project loads, keeps and opens: what changes there changes here only."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import generated
from benchmarks.machine import MB
from benchmarks.server import YEAR, Serving
from userlane import logs
from userlane.client import Client, Limits, Patience, Walk, open_http
from userlane.contract import PAGE_LIMIT, Connection, Dataset, Query, Token, Window
from userlane.decode import Decoder
from userlane.fetch import Fetcher
from userlane.fetch.plan import Plan
from userlane.fetch.proof import digest
from userlane.fetch.tidy import tidy
from userlane.metrics.tags import roll_up
from userlane.sandbox.large import TagRecords
from userlane.settings import Settings
from userlane.store import Cover, FolderStore, Piece, Proof, dataset

PATIENCE = Limits(load_seconds=3600.0)
"""A benchmark has more time than a person."""

_MANY = 10**9


@dataclass(frozen=True, slots=True)
class Place:
    """Where records come from, where they are kept, and how many requests may be under way."""

    base_url: str
    store: Path | None
    in_flight: int = 4
    token: str = "made-up-token"  # noqa: S105  # opens nothing

    @property
    def settings(self) -> Settings:
        """As the environment of a dashboard would have them."""
        return Settings(
            base_url=self.base_url, store=self.store, max_in_flight=self.in_flight, max_rows=_MANY
        )

    @property
    def connection(self) -> Connection:
        """One user's."""
        return self.settings.connection(Token(self.token))

    @contextmanager
    def fetcher(self) -> Iterator[Fetcher]:
        """What a process loads through."""
        logs.configure(quiet=True)
        with closing(Fetcher(self.settings, limits=PATIENCE)) as fetcher:
            yield fetcher


def year() -> Query:
    """The year that the benchmarks' server serves."""
    return Query("tags", "bench", Window(*YEAR))


def loaded(fetcher: Fetcher, place: Place, query: Query) -> Dataset:
    """All of it. Raises `RuntimeError` when something is missing: a figure of a part would mislead."""
    dataset = fetcher.load(place.connection, query)
    if not dataset.state.complete:
        raise RuntimeError(f"the load is not complete: {dataset.state.causes}")
    return dataset


def walked(place: Place, query: Query) -> int:
    """The same records through client and decoder alone, kept as they come: how many there were."""
    decoder = Decoder(query)
    with closing(open_http()) as http:
        client = Client(place.connection, http, Patience(PATIENCE), in_flight=place.in_flight)
        pages = list(Walk(lambda page: client.page(query, page), decoder.page, in_flight=place.in_flight))
    return sum(page.table.num_rows for page in pages)


def reload(place: Place, query: Query, serving: Serving) -> dict[str, float]:
    """The stored range in a new process: seconds until it is there, and requests sent for it.

    What is loaded once more in the same process, as for the next visitor, is `again`.
    """
    figures: dict[str, float] = {}
    with place.fetcher() as fetcher:
        for name in ("reload", "again"):
            before, clock = serving.counts()["requests"], time.perf_counter()
            rows = loaded(fetcher, place, query).rows
            figures[f"{name}_seconds"] = time.perf_counter() - clock
            figures[f"{name}_requests"] = serving.counts()["requests"] - before
            figures[f"{name}_rows"] = rows
    return figures


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

    Whoever opens them is asked to show the first and the last page of each window, so the API at
    `place.base_url` has to serve the same records.
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
    read = Decoder(query).page
    first_page, last_page = (
        digest(read(generated.body(feed, query.window, page, PAGE_LIMIT))) for page in (1, last)
    )
    return Proof(1, first_page, last, last_page)
