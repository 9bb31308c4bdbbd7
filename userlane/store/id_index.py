"""IDs in the order of their codes, and the code of an ID in little memory."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_SLICE = 2**17


class IdIndex:
    """Different IDs, `ids`, whose places are their codes; more may be appended. Not thread-safe.

    A code is found by a 64-bit hash of its ID in a sorted array, which is made at the first search and takes
    12 bytes an ID. The IDs are compared, too, so IDs with the same hash cost time but get no wrong code.
    """

    def __init__(self) -> None:
        self.ids: pa.Array = pa.array([], pa.string())
        # The last entry belongs to no ID, so that each search ends at an entry.
        self._hashes = np.array([np.iinfo(np.uint64).max], np.uint64)
        self._codes = np.array([-1], np.int32)

    def find(self, asked: pa.Array) -> npt.NDArray[np.int32]:
        """The code of each ID that is asked for; −1 for those that have none."""
        if not len(self.ids):
            return np.full(len(asked), -1, np.int32)
        self._catch_up()
        hashes = _hash(asked)
        order = np.argsort(hashes)  # a search for sorted hashes reads the array once, from front to back
        places = np.empty(len(asked), np.int64)
        places[order] = np.searchsorted(self._hashes, hashes[order])
        codes = np.where(self._hashes[places] == hashes, self._codes[places], np.int32(-1))
        same = pc.equal(self.ids.take(pa.array(np.maximum(codes, 0))), asked)
        wrong = (codes >= 0) & ~same.to_numpy(zero_copy_only=False)
        if wrong.any():
            known = pc.index_in(asked.filter(pa.array(wrong)), value_set=self.ids)
            codes[wrong] = known.fill_null(-1).to_numpy()
        return codes

    def _catch_up(self) -> None:
        first = len(self._codes) - 1
        if first == len(self.ids):
            return
        slices = (self.ids.slice(start, _SLICE) for start in range(first, len(self.ids), _SLICE))
        hashes = np.concatenate([_hash(each) for each in slices])
        order = np.argsort(hashes)
        places = np.searchsorted(self._hashes, hashes[order])
        self._hashes = np.insert(self._hashes, places, hashes[order])
        self._codes = np.insert(self._codes, places, order + first)


def _hash(ids: pa.Array) -> npt.NDArray[np.uint64]:
    hashes: npt.NDArray[np.uint64] = pd.util.hash_array(ids.to_numpy(zero_copy_only=False), categorize=False)
    return hashes
