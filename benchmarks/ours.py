"""The one place that knows how this project loads and opens: what changes there changes here only.

It imports what a load needs and no more, so that the memory of one is its own.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import YEAR, Serving
from userlane import logs
from userlane.client import Client, HttpPool, Limits, LoadDeadline, Paginator
from userlane.contract import Connection, Dataset, Query, Token, Window
from userlane.decode import Decoder
from userlane.fetch import Fetcher
from userlane.settings import Settings

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
    with closing(HttpPool()) as http:
        client = Client(place.connection, http, LoadDeadline(PATIENCE), in_flight=place.in_flight)
        pages = list(
            Paginator(lambda page: client.page(query, page), decoder.decode, in_flight=place.in_flight)
        )
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
