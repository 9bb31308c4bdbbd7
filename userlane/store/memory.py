"""Windows in memory. They end with the process."""

import secrets
from collections import OrderedDict
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from threading import Lock

from userlane.contract import AggregateCache, Query
from userlane.store.id_dictionary import IdDictionary
from userlane.store.tag_rows import TagRows, encode_rows
from userlane.store.weekly_totals import MemoryAggregateCache
from userlane.store.windows import FetchedWindow, StoredWindow, covers, overlap

MEMORY_BYTES = 512 * 2**20


class MemoryStore:
    """Keeps windows in memory; above `max_bytes` the least recently used are dropped."""

    trouble = ""

    def __init__(self, max_bytes: int = MEMORY_BYTES) -> None:
        self.key = secrets.token_bytes(32)
        self._max_bytes = max_bytes
        self._dictionaries: dict[tuple[str, str], IdDictionary] = {}
        self._aggregates: dict[tuple[str, str], AggregateCache] = {}
        self._claimed: set[tuple[str, Query]] = set()
        self._windows: OrderedDict[str, tuple[str, FetchedWindow]] = OrderedDict()
        self._lock = Lock()

    def find(self, scope: str, query: Query) -> tuple[StoredWindow, ...]:
        """As in `Store`."""
        with self._lock:
            found = [
                StoredWindow(fetched.query, fetched.fetched_at, fetched.id)
                for of, fetched in reversed(self._windows.values())
                if of == scope
                and fetched.query.over(query.window) == query
                and overlap(fetched.window, query.window)
            ]
        return tuple(sorted(found, key=lambda stored: stored.fetched_at, reverse=True))

    def read(self, scope: str, stored: StoredWindow) -> FetchedWindow | None:
        """As in `Store`."""
        with self._lock:
            of, fetched = self._windows.get(stored.id, ("", None))
            if fetched is None or of != scope:
                return None
            self._windows.move_to_end(stored.id)
            return fetched

    def write(self, scope: str, fetched: FetchedWindow) -> FetchedWindow:
        """As in `Store`. A window heavier than the whole store is not kept."""
        if fetched.query.dataset == "tags" and not isinstance(fetched.rows, TagRows):
            with self._lock:
                dictionary = self._dictionaries.setdefault((scope, fetched.query.property_id), IdDictionary())
            fetched = replace(fetched, rows=encode_rows(fetched.rows, fetched.window, dictionary))
        if fetched.nbytes > self._max_bytes:
            return fetched
        self.drop_older(scope, fetched)
        with self._lock:
            self._windows[fetched.id] = (scope, fetched)
            weight = sum(each.nbytes for _, each in self._windows.values())
            while weight > self._max_bytes:
                weight -= self._windows.popitem(last=False)[1][1].nbytes
        return fetched

    def drop_older(self, scope: str, fetched: FetchedWindow) -> None:
        """Drop the windows of a scope that were fetched before this one and lie within its window."""
        with self._lock:
            for of, older in list(self._windows.values()):
                same = of == scope and older.query == fetched.query.over(older.window)
                if same and older.fetched_at <= fetched.fetched_at and covers(fetched.window, older.window):
                    del self._windows[older.id]

    def release(self, scope: str, query: Query | None = None) -> None:
        """As in `Store`."""
        with self._lock:
            for of, fetched in list(self._windows.values()):
                if of == scope and (query is None or fetched.query == query.over(fetched.window)):
                    del self._windows[fetched.id]

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
                fetched.id
                for of, fetched in self._windows.values()
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
