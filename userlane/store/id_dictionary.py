"""ID dictionaries: stored tag records hold a small whole number, a code, in place of each tag and user ID.

A code never changes its ID. One process alone writes a dictionary, the one that holds its lock, so processes
need not agree on codes: each writes a dictionary of its own, and `tag_rows` translates where records of
several are counted together. A dictionary is a folder:

lock                              locked by the writer; holds the number of IDs of each kind, as JSON
tag-<first>-<end>.….parquet       the tag IDs of the codes from first up to but not including end, in order
user-<first>-<end>.….parquet      the same of user IDs

Files never change. A new one takes in those before it that are no longer than itself, so there are few.
"""

import contextlib
import errno
import shutil
import time
import uuid
from pathlib import Path
from threading import RLock
from weakref import finalize

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract import CODED, CODES, COLUMNS
from userlane.store import atomic_files
from userlane.store.atomic_files import Unreadable
from userlane.store.backends import DISK, Backend
from userlane.store.id_index import IdIndex, join_ids

LOCK = "lock"
"""Lies in the folder of each dictionary for as long as the dictionary exists."""

_MOST_TRIES = 10
_COLUMN = "id"
_KINDS = ("tag", "user")

_File = tuple[int, int, Path]
"""First code, end code and path."""


class IdDictionary:
    """The `indexes` of tag and user IDs, under "tag" and "user". Thread-safe.

    Without a `folder` it is in memory. With one, new IDs are on the disk before `encode` returns, and only a
    dictionary opened to `write` may encode. Raises `BlockingIOError` when another process writes it,
    `Unreadable` when some of its IDs are lost, and other `OSError`s.
    """

    def __init__(self, folder: Path | None = None, backend: Backend = DISK, *, write: bool = False) -> None:
        self.id = folder.name if folder else uuid.uuid4().hex
        self.folder = folder
        self._backend = backend
        self._failed = False
        self.indexes = {kind: IdIndex() for kind in _KINDS}
        self._lock = RLock()
        locked = folder / LOCK if folder and write else None
        self._unlock = finalize(self, atomic_files.acquire_lock(locked).close) if locked else None
        self.refresh()
        if locked and self.lacks(_noted_sizes(locked)):
            # New IDs would get codes that older records, whose IDs are lost, have already.
            self.close()
            raise Unreadable("some of its IDs are gone")

    def close(self) -> None:
        """Let another process write it."""
        if self._unlock:
            self._unlock()

    @property
    def sizes(self) -> dict[str, int]:
        """How many IDs of each kind it has."""
        return {kind: len(index.ids) for kind, index in self.indexes.items()}

    @property
    def lost(self) -> bool:
        """Whether it must not be used any more: somebody has removed it, or a write has failed."""
        return self.folder is not None and (self._failed or LOCK not in self._backend.list_names(self.folder))

    def lacks(self, sizes: dict[str, int]) -> bool:
        """Whether it has fewer IDs than these of some kind."""
        return any(len(index.ids) < sizes.get(kind, 0) for kind, index in self.indexes.items())

    def encode(self, table: pa.Table) -> pa.Table:
        """Records in the canonical columns of tags as records in the columns `CODES`, in the same order.

        Raises `OSError` when new IDs cannot be written.
        """
        single = table.combine_chunks()
        columns = [single["date"], *(self._encode(kind, single[f"{kind}_id"]) for kind in _KINDS)]
        return pa.table([*columns, single["interactions"]], schema=CODES)

    def decode(self, table: pa.Table) -> pa.Table:
        """Records in the columns `CODES` as records in the canonical columns of tags, in the same order.

        The dictionary of each column holds the IDs that occur, sorted.
        """
        coded = table.combine_chunks()
        ids = {kind: self._decode(kind, coded[kind]) for kind in _KINDS}
        columns = [coded["date"], ids["tag"], pa.nulls(coded.num_rows, CODED), ids["user"]]
        return pa.table([*columns, coded["interactions"]], schema=COLUMNS["tags"])

    def refresh(self) -> None:
        """Read what its writer has added. Raises `Unreadable`, `OSError`."""
        with self._lock:
            for _ in range(_MOST_TRIES):
                # Its writer may at any time put one file in the place of several.
                with contextlib.suppress(FileNotFoundError):
                    there = self._files(latest=True)
                    for kind, index in self.indexes.items():
                        index.ids = self._read(index.ids, there[kind])
                    return
        raise OSError(errno.EBUSY, "IDs change too fast")

    def _encode(self, kind: str, column: pa.ChunkedArray) -> pa.Array:
        if not column.num_chunks:
            return pa.array([], pa.int32())
        chunk = column.chunk(0)
        asked = chunk.dictionary.cast(pa.string())
        with self._lock:
            codes = self.indexes[kind].find(asked)
            if (unknown := codes < 0).any():
                new = asked.filter(pa.array(unknown)).dictionary_encode()
                codes[unknown] = new.indices.to_numpy() + len(self.indexes[kind].ids)
                self._append(kind, new.dictionary)
        return pa.array(codes).take(chunk.indices)

    def _decode(self, kind: str, column: pa.ChunkedArray) -> pa.Array:
        codes: npt.NDArray[np.int32] = column.to_numpy()
        ids = self.indexes[kind].ids
        used = np.flatnonzero(np.bincount(codes, minlength=len(ids)))
        words = ids.take(pa.array(used)).combine_chunks()
        order = pc.array_sort_indices(words)
        place = np.zeros(len(ids), dtype="int32")
        place[used[order.to_numpy()]] = np.arange(len(used), dtype="int32")
        return pa.DictionaryArray.from_arrays(pa.array(place[codes]), words.take(order)).cast(CODED)

    def _append(self, kind: str, new: pa.Array) -> None:
        known = self.indexes[kind].ids
        every = join_ids(known, new)
        if self.folder is not None:
            # A file whose write failed may exist all the same, for others to read: other IDs of these codes.
            self._failed = True
            self._write(self.folder, kind, every, len(known))
            self._failed = False
        self.indexes[kind].ids = every
        if self.folder is not None:
            with (self.folder / LOCK).open("r+b") as note:
                note.write(msgspec.json.encode(self.sizes))
                note.truncate()

    def _write(self, folder: Path, kind: str, ids: pa.ChunkedArray, first: int) -> None:
        """Write the IDs from the code `first` on, together with those of the files that are no longer."""
        older = []
        for start, _, path in sorted(self._files()[kind], reverse=True):
            if first - start > len(ids) - first:
                break
            first = min(first, start)
            older.append(path)
        name = f"{kind}-{first:012}-{len(ids):012}"
        self._backend.write(folder, name, pa.table({_COLUMN: ids.slice(first)}))
        for path in older:
            with contextlib.suppress(OSError):
                self._backend.remove(path)

    def _read(self, ids: pa.ChunkedArray, there: list[_File]) -> pa.ChunkedArray:
        """These IDs and all that follow them in the files."""
        while ahead := [each for each in there if each[0] <= len(ids) < each[1]]:
            first, _, path = max(ahead, key=lambda each: each[1])
            self._backend.fetch(path)
            table = atomic_files.read(path)
            if table.column_names != [_COLUMN]:
                raise Unreadable("other columns")
            more = table.column(_COLUMN).cast(pa.string())
            ids = join_ids(ids, *more.slice(len(ids) - first).chunks)
        return ids

    def _files(self, *, latest: bool = False) -> dict[str, list[_File]]:
        """The files of each kind."""
        found: dict[str, list[_File]] = {kind: [] for kind in _KINDS}
        for path in self._backend.list_tables(self.folder, latest=latest) if self.folder else ():
            kind, first, end = atomic_files.strip_checksum(path.name).split("-")
            found[kind].append((int(first), int(end), path))
        return found


class IdDictionaries:
    """The ID dictionaries of one property: one that this process writes, and those that others have written.

    Each lies in the `folder` under its ID. This process goes on with a dictionary whose writer has ended.
    Where machines cannot see each other's locks, set `renew_after`: then each process begins a dictionary of
    its own, and another one after so many seconds.
    """

    def __init__(self, folder: Path, backend: Backend = DISK, renew_after: float | None = None) -> None:
        self._folder = folder
        self._backend = backend
        self._renew_after = renew_after
        self._own: IdDictionary | None = None
        self._began_at = 0.0
        self._others: dict[str, IdDictionary] = {}
        self._lock = RLock()

    def writable(self) -> IdDictionary:
        """The dictionary to encode with: one that no other process writes, or a new one. Raises `OSError`."""
        with self._lock:
            now = time.monotonic()
            old = self._renew_after is not None and now - self._began_at > self._renew_after
            if self._own is None or old or self._own.lost:
                self._own, self._began_at = self._adopt() or self._begin(), now
            return self._own

    def open(self, dictionary_id: str, sizes: dict[str, int]) -> IdDictionary:
        """The dictionary with this ID, which should have these `sizes`. Raises `Unreadable`, `OSError`."""
        with self._lock:
            own = self._own if self._own is not None and self._own.id == dictionary_id else None
            found = own or self._others.get(dictionary_id)
            if found is None or found.lost:
                folder = self._folder / dictionary_id
                if LOCK not in self._backend.list_names(folder, latest=True):
                    raise Unreadable("the IDs of its codes are gone")
                found = self._others[dictionary_id] = IdDictionary(folder, self._backend)
        if found.lacks(sizes):
            found.refresh()
        if found.lacks(sizes):
            raise Unreadable("the IDs of its codes are gone")
        return found

    def close(self) -> None:
        """Let another process write the dictionary of this one."""
        with self._lock:
            if self._own is not None:
                self._own.close()
            self._own = None

    def remove_unused(self, used: set[str]) -> None:
        """Remove the dictionaries that no process writes, except those with the IDs `used`."""
        for lock in self._folder.glob(f"*/{LOCK}"):
            if lock.parent.name not in used:
                with contextlib.suppress(OSError), atomic_files.acquire_lock(lock):
                    shutil.rmtree(lock.parent, ignore_errors=True)

    def _adopt(self) -> IdDictionary | None:
        """Of the dictionaries whose writers have ended the largest, written by this process from here on."""
        if self._renew_after is None:
            sizes = {lock: sum(_noted_sizes(lock).values()) for lock in self._folder.glob(f"*/{LOCK}")}
            for lock in sorted(sizes, key=sizes.__getitem__, reverse=True):
                with contextlib.suppress(OSError, Unreadable):
                    return IdDictionary(lock.parent, self._backend, write=True)
        return None

    def _begin(self) -> IdDictionary:
        while True:
            folder = self._folder / uuid.uuid4().hex
            folder.mkdir(mode=0o700, parents=True)
            # Another process may just have gone on with it, or have removed it as unused.
            with contextlib.suppress(BlockingIOError, FileNotFoundError):
                (folder / LOCK).touch(mode=0o600)
                begun = IdDictionary(folder, self._backend, write=True)
                self._backend.share(folder / LOCK)
                return begun


def _noted_sizes(lock: Path) -> dict[str, int]:
    """The sizes that the writer noted last; none when the note was cut short."""
    with contextlib.suppress(ValueError, FileNotFoundError):
        return msgspec.json.decode(lock.read_bytes(), type=dict[str, int])
    return {}
