"""Codes by text, for whoever writes many windows one after another."""

import time
from threading import Lock
from weakref import ref

import pyarrow as pa
import pyarrow.compute as pc

_FEWEST = 5_000
_MOST = 300_000
"""Texts; 50 MB."""

_IDLE = 5.0
"""Seconds after which another index may have the place of the one that is held."""


class Index:
    """Finds texts among those of one owner, who calls it from one thread at a time.

    Arrow makes a table of all texts each time it is asked to find some, which for a load is once a window:
    most of what storing a record costs where there are many users. Here the table is held, and only what is
    new is added. It takes some 160 bytes a text, so one index of the process holds one at a time, until it is
    released or has not been asked for some seconds and another one is. Where there is none, or it does not
    pay, or would be too large, it is Arrow's.
    """

    def __init__(self, fewest: int = _FEWEST, most: int = _MOST) -> None:
        self._fewest, self._most = fewest, most
        self._codes: dict[str, int] = {}

    def find(self, texts: pa.Array, asked: pa.Array) -> pa.Array:
        """For each text that is asked for its place among `texts`, of which no two are equal; null where it
        has none. Since the last call there may be more of them, behind those that there were.
        """
        if not self._fewest <= len(texts) <= self._most:
            self.release()
        elif _place.taken(self):
            codes = self._codes if len(self._codes) <= len(texts) else {}
            have = len(codes)
            codes.update(zip(texts.slice(have).to_pylist(), range(have, len(texts)), strict=True))
            self._codes = codes
            return pa.array(map(codes.get, asked.to_pylist()), pa.int32())
        return pc.index_in(asked, value_set=texts)

    def release(self) -> None:
        """Hold nothing."""
        self._codes = {}


class _Place:
    """Which index may hold a table."""

    def __init__(self) -> None:
        self._holder: ref[Index] | None = None
        self._asked_at = 0.0
        self._lock = Lock()

    def taken(self, index: Index) -> bool:
        """Whether this index holds the place from here on."""
        with self._lock:
            now = time.monotonic()
            holder = self._holder() if self._holder else None
            if holder is not None and holder is not index:
                if now - self._asked_at < _IDLE:
                    return False
                holder.release()
            self._holder, self._asked_at = ref(index), now
            return True


_place = _Place()
