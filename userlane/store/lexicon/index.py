"""Codes by text, for whoever writes many windows one after another."""

from threading import Lock
from weakref import ref

import pyarrow as pa
import pyarrow.compute as pc

_FEWEST = 5_000
_MOST = 300_000
"""Texts; 50 MB."""


class Index:
    """Finds texts among those of the one owner that asked last.

    Arrow makes a table of all texts each time it is asked to find some, which for a load is once a window:
    most of what storing a record costs where there are many users. Here the table is kept, and only what is
    new is added. It takes some 160 bytes a text, so there is one for the process; where it does not pay, and
    where it would be too large, it is Arrow's.
    """

    def __init__(self, fewest: int = _FEWEST, most: int = _MOST) -> None:
        self._fewest, self._most = fewest, most
        self._owner: ref[object] | None = None
        self._codes: dict[str, int] = {}
        self._lock = Lock()

    def find(self, owner: object, texts: pa.Array, asked: pa.Array) -> pa.Array:
        """For each text that is asked for its place among `texts`, of which no two are equal; null where it
        has none. Since the owner asked last there may be more of them, behind those that there were.
        """
        if not self._fewest <= len(texts) <= self._most:
            return pc.index_in(asked, value_set=texts)
        with self._lock:
            if self._owner is None or self._owner() is not owner or len(self._codes) > len(texts):
                self._owner, self._codes = ref(owner), {}
            have = len(self._codes)
            self._codes.update(zip(texts.slice(have).to_pylist(), range(have, len(texts)), strict=True))
            return pa.array(map(self._codes.get, asked.to_pylist()), pa.int32())


INDEX = Index()
"""The process's."""
