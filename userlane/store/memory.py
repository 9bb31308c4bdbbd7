"""Windows in memory. They end with the process."""

import secrets
from collections.abc import Iterable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import replace
from threading import Lock

from cachetools import Cache, LRUCache

from userlane.contract import AggregateCache, Query, Window
from userlane.store.id_dictionary import IdDictionary
from userlane.store.tag_rows import TagRows, encode_rows
from userlane.store.weekly_totals import MemoryAggregateCache
from userlane.store.windows import FetchedWindow, StoredWindow, covers, overlap

MEMORY_BYTES = 512 * 2**20

_MOST_WINDOWS = 20_000
"""Windows of stored tags take no memory for their rows, but are not nothing."""


class MemoryStore:
    """Keeps windows in memory; above `max_bytes` the least recently used are dropped."""

    trouble = ""

    def __init__(self, max_bytes: int = MEMORY_BYTES) -> None:
        self.key = secrets.token_bytes(32)
        self._dictionaries: dict[tuple[str, str], IdDictionary] = {}
        self._aggregates: dict[tuple[str, str], AggregateCache] = {}
        self._claimed: set[tuple[str, Query]] = set()
        self._windows: LRUCache[tuple[str, str], FetchedWindow] = LRUCache(
            max_bytes, lambda fetched: fetched.nbytes + max_bytes // _MOST_WINDOWS
        )
        self._lock = Lock()

    def find(self, scope: str, query: Query) -> tuple[StoredWindow, ...]:
        """As in `Store`."""
        with self._lock:
            found = [
                StoredWindow(fetched.query, fetched.fetched_at, fetched.id)
                for of, fetched in reversed(self._peek())
                if of == scope
                and fetched.query.over(query.window) == query
                and overlap(fetched.window, query.window)
            ]
        return tuple(sorted(found, key=lambda stored: stored.fetched_at, reverse=True))

    def prefetch(self, scope: str, usable: Iterable[tuple[StoredWindow, Window]]) -> None:
        """As in `Store`."""

    def read(self, scope: str, stored: StoredWindow) -> FetchedWindow | None:
        """As in `Store`."""
        with self._lock:
            return self._windows.get((scope, stored.id))

    def write(self, scope: str, fetched: FetchedWindow) -> FetchedWindow:
        """As in `Store`. A window heavier than the whole store is not kept."""
        if fetched.query.dataset == "tags" and not isinstance(fetched.rows, TagRows):
            with self._lock:
                dictionary = self._dictionaries.setdefault((scope, fetched.query.property_id), IdDictionary())
            fetched = replace(fetched, rows=encode_rows(fetched.rows, fetched.window, dictionary))
        self.drop_older(scope, fetched)
        self.keep(scope, fetched)
        return fetched

    def keep(self, scope: str, fetched: FetchedWindow) -> None:
        """Keep a window as it is, beside those that it may replace."""
        with self._lock, suppress(ValueError):  # heavier than all of the memory
            self._windows[scope, fetched.id] = fetched

    def drop_older(self, scope: str, fetched: FetchedWindow) -> None:
        """Drop the windows of a scope that were fetched before this one and lie within its window."""
        with self._lock:
            for of, older in self._peek():
                replaced = older.fetched_at <= fetched.fetched_at and covers(fetched.window, older.window)
                if of == scope and replaced and older.query == fetched.query.over(older.window):
                    del self._windows[scope, older.id]

    def release(self, scope: str, query: Query | None = None) -> None:
        """As in `Store`."""
        with self._lock:
            for of, fetched in self._peek():
                if of == scope and (query is None or fetched.query == query.over(fetched.window)):
                    del self._windows[scope, fetched.id]

    def aggregates(self, scope: str, query: Query) -> AggregateCache:
        """As in `Store`."""
        with self._lock:
            return self._aggregates.setdefault((scope, query.property_id), MemoryAggregateCache())

    def acquire_lease(self, scope: str, query: Query) -> AbstractContextManager[object] | None:
        """As in `Store`: among the loads of this process."""
        key = (scope, query)
        with self._lock:
            if key in self._claimed:
                return None
            self._claimed.add(key)
        claimed = ExitStack()
        claimed.callback(self._claimed.discard, key)
        return claimed

    def delete(self, property_id: str, api: str | None = None) -> int:
        """As in `Store`."""
        with self._lock:
            gone = [
                (of, fetched.id)
                for of, fetched in self._peek()
                if fetched.query.property_id == property_id and api in {None, of.partition("/")[0]}
            ]
            for each in gone:
                del self._windows[each]
            for kept in (self._dictionaries, self._aggregates):
                for scope, whose in list(kept):
                    if whose == property_id and api in {None, scope.partition("/")[0]}:
                        del kept[scope, whose]
        return len(gone)

    def close(self) -> None:
        """As in `Store`."""

    def _peek(self) -> list[tuple[str, FetchedWindow]]:
        """The scope of each window, and the window. To list them is not to use them."""
        return [(key[0], Cache.__getitem__(self._windows, key)) for key in self._windows]
