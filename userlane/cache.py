"""Values that are kept between script runs and shared by all visitors. Each cache is bounded.

Results are keyed by dataset fingerprints, which only those visitors know whose token may see the rows (see
`contract.Dataset`). A cache holds a value, never its state: `measure_cached` puts the value beside the
datasets of the visitor who asks.
"""

import hashlib
import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from threading import Lock
from types import BuiltinFunctionType, FunctionType
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

import streamlit as st
import structlog
from cachetools import TLRUCache

from userlane import engine
from userlane.contract import Dataset, Measured, Window, measure
from userlane.fetch import Fetcher
from userlane.lookups.names import Names
from userlane.metrics.tags import clear_caches, roll_up
from userlane.sandbox import Sandbox, serve
from userlane.settings import Settings

T = TypeVar("T")
log = structlog.get_logger("userlane.cache")

MOST_BYTES = 64 * 2**20
"""Bytes that all cached results may take together; one result may take a quarter of it."""

KEPT_SECONDS = 15 * 60
"""Seconds for which a result is kept after it was last asked for."""

_OBJECTS = 4
"""Bytes in memory per byte of pickle, about, of whatever is not an array."""

_OVERHEAD = 1_000
"""Bytes that any entry takes, about."""


class _Result(NamedTuple):
    value: Any
    size: int


class ResultCache:
    """Values by key within a bound of bytes and of time since they were last asked for.

    The values asked for least recently go first. They are shared by all threads, so nobody may change one.
    """

    def __init__(
        self,
        most: int = MOST_BYTES,
        seconds: float = KEPT_SECONDS,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kept: TLRUCache[str, _Result] = TLRUCache(
            maxsize=most,
            ttu=lambda _key, _result, now: now + seconds,
            timer=timer,
            getsizeof=lambda result: result.size,
        )
        self._turns: WeakValueDictionary[str, Any] = WeakValueDictionary()
        self._lock = Lock()

    @property
    def size(self) -> int:
        """Bytes that are taken."""
        return int(self._kept.currsize)

    def get(self, key: str, compute: Callable[[], T]) -> T:
        """Return the value of this key; where it is not kept, one thread computes it while others wait."""
        with self._lock:
            turn = self._turns.setdefault(key, Lock())
        with turn:
            with self._lock:
                found = self._find(key)
            value: T = (found or self._keep(key, compute())).value
        return value

    def clear(self) -> None:
        """Forget all values."""
        with self._lock:
            self._kept.clear()

    def _find(self, key: str) -> _Result | None:
        found: _Result | None = self._kept.get(key)
        if found is not None:
            self._kept[key] = found  # its time begins anew
        return found

    def _keep(self, key: str, value: object) -> _Result:
        size = _size_of(value)
        result = _Result(value, size or 0)
        if size is not None and size <= self._kept.maxsize // 4:
            with self._lock:
                self._kept[key] = result
        return result


def _size_of(value: object) -> int | None:
    """Estimate the bytes that a value takes; None if it cannot be pickled."""
    buffers: list[pickle.PickleBuffer] = []
    try:
        inside = len(pickle.dumps(value, protocol=5, buffer_callback=buffers.append))
    except Exception:  # noqa: BLE001  # whatever keeps it from being pickled
        return None
    return _OVERHEAD + _OBJECTS * inside + sum(buffer.raw().nbytes for buffer in buffers)


results = ResultCache()


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """Return this deployment's settings; they are read once per process."""
    return Settings.read(listens=st.get_option("server.address"))


@st.cache_resource(show_spinner=False)
def fetcher() -> Fetcher:
    """The one fetcher of this process, and with it the store and the bound on requests in flight; what it
    brings is counted by the engine of the settings.
    """
    current = settings()
    if not current.store_shared:
        log.info(
            "loaded rows are kept apart for each token; where the API gives rights by property, "
            "USERLANE_STORE_SHARED=on saves each person's first load"
        )
    if current.engine is not None:
        engine.set_engine(engine.Spark(current.engine))
    return Fetcher(current, after=roll_up)


@st.cache_resource(show_spinner=False)
def sandbox() -> Sandbox:
    """Return the server of the sample data; the first call starts it, and it ends with the process."""
    return serve()


def forget() -> None:
    """Forget everything that was computed from records."""
    results.clear()
    clear_caches()


def measure_cached(
    metric: Callable[..., T],
    source: Dataset | Measured[Any],
    *others: Dataset | Measured[Any] | None,
    **options: Any,
) -> Measured[T]:
    """Return `measure(metric, source, *others, **options)`, computed once for the same rows and options.

    `metric` must be a function of a module that depends on its arguments only and changes none of them.
    Nothing is kept where an argument has no key (see `cache_key_part`): a `Measured` that this function did
    not make, or an option that is no plain value.
    """
    key = _cache_key(metric, (source, *others), options)
    if key is None:
        return measure(metric, source, *others, **options)

    def once(*given: Any, **taken: Any) -> T:
        return results.get(key, lambda: metric(*given, **taken))

    answer = measure(once, source, *others, **options)
    _keys[answer] = key
    return answer


_keys: WeakKeyDictionary[Measured[Any], str] = WeakKeyDictionary()
"""The cache key of each value, for as long as somebody holds the value."""


def _cache_key(metric: Any, given: Sequence[Any], options: Mapping[str, Any]) -> str | None:
    """Return a key made of all that a result depends on; None if some of it has no key."""
    if not isinstance(metric, FunctionType | BuiltinFunctionType) or "<" in metric.__qualname__:
        return None
    parts = [cache_key_part(each) for each in (*given, *options.values())]
    if None in parts:
        return None
    described = repr((metric.__module__, metric.__qualname__, len(given), list(options), parts))
    return hashlib.sha256(described.encode()).hexdigest()


def cache_key_part(value: Any) -> str | None:
    """Return a text that differs for any two arguments of any types; None where there is none."""
    if isinstance(value, Dataset):
        return f"rows {value.fingerprint}"
    if isinstance(value, Measured):
        return _keys.get(value)
    if isinstance(value, Names):
        return f"names {value.digest}"
    if type(value) in {str, int, float, bool, type(None), date, Window}:
        return repr(value)
    if isinstance(value, Mapping):
        value = list(value.items())
    if isinstance(value, list | tuple):
        parts = [cache_key_part(each) for each in value]
        return None if None in parts else repr((type(value).__name__, parts))
    return None
