"""IDs in the order of their codes, and the code of an ID in little memory."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_SLICE = 2**17
_MOST_CHUNKS = 64
_MERGED_FROM = 1 / 8

_Sorted = tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]
"""Sorted hashes and the code of each. The last entry, of no ID, lets each search end at an entry."""

_EMPTY: _Sorted = np.array([np.iinfo(np.uint64).max], np.uint64), np.array([-1], np.int32)


class IdIndex:
    """Different IDs, `ids`, whose places are their codes; more may be appended. Not thread-safe.

    A code is found by a 64-bit hash of its ID in a sorted array, which is made at the first search and takes
    12 bytes an ID. The IDs are compared, too, so IDs with the same hash cost time but get no wrong code. The
    newest IDs are in an array of their own, so that a few more do not cost a copy of all.
    """

    def __init__(self) -> None:
        self.ids: pa.ChunkedArray = pa.chunked_array([], pa.string())
        self._older, self._newer = _EMPTY, _EMPTY
        self._indexed = 0

    def find(self, asked: pa.Array) -> npt.NDArray[np.int32]:
        """The code of each ID that is asked for; −1 for those that have none."""
        self._catch_up()
        hashes = _hash(asked)
        order = np.argsort(hashes)  # a search for sorted hashes reads an array once, from front to back
        codes = np.full(len(asked), -1, np.int32)
        places = np.empty(len(asked), np.int64)
        for known, its_codes in (self._older, self._newer):
            places[order] = np.searchsorted(known, hashes[order])
            codes = np.maximum(codes, np.where(known[places] == hashes, its_codes[places], -1))
        found = np.flatnonzero(codes >= 0)
        same = pc.equal(self.ids.take(pa.array(codes[found])), asked.take(pa.array(found)))
        if len(wrong := found[~same.to_numpy()]):
            known_codes = pc.index_in(asked.take(pa.array(wrong)), value_set=self.ids)
            codes[wrong] = known_codes.fill_null(-1).to_numpy()
        return codes

    def _catch_up(self) -> None:
        """Index the IDs that were appended since the last search."""
        first, self._indexed = self._indexed, len(self.ids)
        for start in range(first, len(self.ids), _SLICE):
            hashes = _hash(self.ids.slice(start, _SLICE))
            codes = np.arange(start, start + len(hashes), dtype=np.int32)
            self._newer = _insert(self._newer, hashes, codes)
            if len(self._newer[0]) > len(self._older[0]) * _MERGED_FROM:
                hashes, codes = self._newer
                self._older, self._newer = _insert(self._older, hashes[:-1], codes[:-1]), _EMPTY


def join_ids(ids: pa.ChunkedArray, *more: pa.Array) -> pa.ChunkedArray:
    """One array of all these IDs; only now and then are they copied."""
    joined = pa.chunked_array([*ids.chunks, *more], pa.string())
    few = joined.num_chunks <= _MOST_CHUNKS
    return joined if few else pa.chunked_array([joined.combine_chunks()])


def _insert(into: _Sorted, hashes: npt.NDArray[np.uint64], codes: npt.NDArray[np.int32]) -> _Sorted:
    order = np.argsort(hashes, kind="stable")
    places = np.searchsorted(into[0], hashes[order])
    return np.insert(into[0], places, hashes[order]), np.insert(into[1], places, codes[order])


def _hash(ids: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    texts = ids.to_numpy(zero_copy_only=False)
    hashes: npt.NDArray[np.uint64] = pd.util.hash_array(texts, categorize=False)
    return hashes
