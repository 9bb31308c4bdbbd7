"""The texts behind the codes of stored tag records: each tag and user ID gets a number, and keeps it.

A lexicon is written by one process alone, the one that holds its lock, so nothing has to be agreed on: what
another process writes has the codes of a lexicon of its own, and `parts` brings several together. It grows by
whole files that never change; from time to time one of them takes the place of all before it.
"""

import contextlib
import errno
import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import RLock
from typing import Literal
from weakref import finalize

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract import CODED, CODES, COLUMNS, Texts
from userlane.store import whole
from userlane.store.place import DISK, Place, files, written
from userlane.store.whole import Unreadable

_MOST_FILES = 16
_MOST_TRIES = 10
_LOCK = "lock"
"""Lies in the folder of each as long as it is there."""

_COLUMN = "text"
Kind = Literal["tag", "user"]
KINDS: tuple[Kind, ...] = ("tag", "user")


class Lexicon:
    """Texts and their codes, of tags and of users. Thread-safe.

    With a `folder`, what is new is on the disk before `encode` returns.
    """

    def __init__(self, folder: Path | None = None, lock: "Lock | None" = None, at: Place = DISK) -> None:
        self.id = folder.name if folder else uuid.uuid4().hex
        self.folder = folder
        self.began_at = time.monotonic()
        self._at = at
        self._held = lock
        self._failed = False
        self._texts: dict[Kind, pa.Array] = {kind: pa.array([], pa.string()) for kind in KINDS}
        self._lock = RLock()
        if folder is not None:
            self.refresh()
            if lock is not None and _short(self, lock.noted()):
                # New texts would get codes that older records, whose texts are gone, have already.
                raise Unreadable("some of its texts are gone")

    @property
    def sizes(self) -> dict[str, int]:
        """How many texts of each kind there are."""
        return {kind: len(self._texts[kind]) for kind in KINDS}

    @property
    def tags(self) -> Texts:
        """The tag IDs by code."""
        return self._known("tag")

    @property
    def users(self) -> Texts:
        """The user IDs by code."""
        return self._known("user")

    def encode(self, table: pa.Table) -> pa.Table:
        """Records in the canonical columns of tags in the columns `CODES`, in the same order.

        Raises `OSError` when new texts cannot be written.
        """
        single = table.combine_chunks()
        columns = [single["date"], *(self._encoded(kind, single[f"{kind}_id"]) for kind in KINDS)]
        return pa.table([*columns, single["interactions"]], schema=CODES)

    def decode(self, table: pa.Table) -> pa.Table:
        """The reverse: each dictionary holds just the texts in use, in their order."""
        coded = table.combine_chunks()
        ids = {kind: self._decoded(kind, coded[kind]) for kind in KINDS}
        columns = [coded["date"], ids["tag"], pa.nulls(coded.num_rows, CODED), ids["user"]]
        return pa.table([*columns, coded["interactions"]], schema=COLUMNS["tags"])

    def refresh(self) -> None:
        """Read what its writer has added. Raises `Unreadable`, `OSError`."""
        with self._lock:
            for _ in range(_MOST_TRIES):
                # Its writer may at any time put one file in the place of many.
                with contextlib.suppress(FileNotFoundError):
                    every = [] if self.folder is None else files(self._at, self.folder, latest=True)
                    for kind in KINDS:
                        self._read(kind, [path for path in every if _kind(path) == kind])
                    return
        raise OSError(errno.EBUSY, "Texts change too fast")

    def _known(self, kind: Kind) -> Texts:
        texts = self._texts[kind]
        return Texts(len(texts), lambda: texts)

    def _encoded(self, kind: Kind, column: pa.ChunkedArray) -> pa.Array:
        if not column.num_chunks:
            return pa.array([], pa.int32())
        chunk = column.chunk(0)
        dictionary = chunk.dictionary.cast(pa.string())
        with self._lock:
            codes = pc.index_in(dictionary, value_set=self._texts[kind])
            if codes.null_count:
                new = pc.unique(dictionary.filter(pc.is_null(codes)))
                self._append(kind, new)
                codes = pc.index_in(dictionary, value_set=self._texts[kind])
        return codes.cast(pa.int32()).take(chunk.indices)

    def _decoded(self, kind: Kind, column: pa.ChunkedArray) -> pa.Array:
        codes: npt.NDArray[np.int32] = column.to_numpy()
        texts = self._texts[kind]
        used = np.flatnonzero(np.bincount(codes, minlength=len(texts)))
        words = texts.take(pa.array(used))
        order = pc.array_sort_indices(words)
        place = np.zeros(len(texts), dtype="int32")
        place[used[order.to_numpy()]] = np.arange(len(used), dtype="int32")
        return pa.DictionaryArray.from_arrays(pa.array(place[codes]), words.take(order)).cast(CODED)

    def _append(self, kind: Kind, new: pa.Array) -> None:
        known = self._texts[kind]
        every = pa.concat_arrays([known, new])
        if self.folder is not None:
            # What failed may be there all the same, for others to read: other texts under the same codes.
            self._failed = True
            there = [path for path in files(self._at, self.folder) if _kind(path) == kind]
            if len(there) >= _MOST_FILES:
                self._put(kind, 0, every)
                for path in there:
                    with contextlib.suppress(OSError):
                        self._at.remove(path)
            else:
                self._put(kind, len(known), new)
            self._failed = False
        self._texts[kind] = every
        if self._held is not None:
            self._held.note(self.sizes)

    def _put(self, kind: Kind, first: int, texts: pa.Array) -> None:
        assert self.folder is not None  # noqa: S101  # only called with one
        name = f"{kind}-{first:012}-{first + len(texts):012}"
        written(self._at, whole.write(self.folder, name, pa.table({_COLUMN: texts})))

    def _read(self, kind: Kind, there: list[Path]) -> None:
        texts = self._texts[kind]
        while ahead := [path for path in there if _first(path) <= len(texts) < _end(path)]:
            longest = max(ahead, key=_end)
            self._at.fetch(longest)
            table = whole.read(longest)
            if table.column_names != [_COLUMN]:
                raise Unreadable("other columns")
            more = table.column(_COLUMN).combine_chunks().cast(pa.string())
            texts = pa.concat_arrays([texts, more.slice(len(texts) - _first(longest))])
        self._texts[kind] = texts

    def close(self) -> None:
        """Let another process go on with it."""
        if self._held is not None:
            self._held.close()
            self._held = None

    @property
    def lost(self) -> bool:
        """Whether it cannot be gone on with: somebody has removed it, or a write has failed."""
        return self.folder is not None and (self._failed or _LOCK not in self._at.names(self.folder))


def _kind(path: Path) -> str:
    return path.name.partition("-")[0]


def _first(path: Path) -> int:
    return int(path.name.split("-")[1])


def _end(path: Path) -> int:
    return int(path.name.split("-")[2].partition(".")[0])


class Lexicons:
    """The lexicons of one property: one that this process writes, and those that others have written.

    Without a folder there is one, in memory. Those of a process that has ended are gone on with, unless each
    is `ours_alone`: where others cannot see who holds a lock, and for so many seconds.
    """

    def __init__(self, folder: Path | None = None, at: Place = DISK, ours_alone: float | None = None) -> None:
        self._folder = folder
        self._at = at
        self._ours_alone = ours_alone
        self._own: Lexicon | None = None
        self._others: dict[str, Lexicon] = {}
        self._lock = RLock()

    def own(self) -> Lexicon:
        """The one to encode with: one that no living process writes, or a new one. Raises `OSError`."""
        with self._lock:
            old = self._ours_alone and self._own and time.monotonic() - self._own.began_at > self._ours_alone
            if self._own is None or old or self._own.lost:
                self._own = (
                    Lexicon() if self._folder is None else self._adopted() or self._begun(self._folder)
                )
            return self._own

    def of(self, lexicon_id: str, sizes: dict[str, int]) -> Lexicon:
        """The one with this ID, as far as so many texts of each kind. Raises `Unreadable`, `OSError`."""
        with self._lock:
            found = self._own if self._own is not None and self._own.id == lexicon_id else None
            found = found or self._others.get(lexicon_id)
            if found is None or found.lost:
                place = self._place(lexicon_id)
                found = self._others[lexicon_id] = Lexicon(place, at=self._at)
        if _short(found, sizes):
            found.refresh()
        if _short(found, sizes):
            raise Unreadable("the texts behind its codes are gone")
        return found

    def close(self) -> None:
        """Let another process go on writing this one's."""
        with self._lock:
            if self._own is not None:
                self._own.close()
            self._own = None

    def unused(self, used: set[str]) -> Iterator[Path]:
        """The folders of lexicons that neither any file nor any process uses."""
        for place in self._places():
            if place.name not in used:
                with contextlib.suppress(OSError), contextlib.closing(Lock(place)):
                    yield place

    def _place(self, lexicon_id: str) -> Path:
        if self._folder is None:
            raise Unreadable("its codes are another process's")
        place = self._folder / lexicon_id
        if _LOCK not in self._at.names(place, latest=True):
            raise Unreadable("the texts behind its codes are gone")
        return place

    def _places(self) -> list[Path]:
        if self._folder is None or not self._folder.is_dir():
            return []
        return [place for place in self._folder.iterdir() if (place / _LOCK).is_file()]

    def _adopted(self) -> Lexicon | None:
        if self._ours_alone:
            return None
        for place in sorted(self._places(), key=_weight, reverse=True):
            with contextlib.suppress(OSError, Unreadable):
                return Lexicon(place, Lock(place))
        return None

    def _begun(self, folder: Path) -> Lexicon:
        while True:
            place = folder / uuid.uuid4().hex
            place.mkdir(mode=0o700, parents=True)
            with contextlib.suppress(FileNotFoundError):
                (place / _LOCK).touch(mode=0o600)
            # Another process may just have gone on with it, or taken it for one that nobody uses.
            with contextlib.suppress(BlockingIOError, FileNotFoundError):
                lock = Lock(place)
                self._at.share(place / _LOCK)
                return Lexicon(place, lock, self._at)


def remove(place: Path) -> None:
    """Remove the folder of a lexicon."""
    shutil.rmtree(place, ignore_errors=True)


def _weight(place: Path) -> int:
    weight = 0
    with contextlib.suppress(FileNotFoundError):  # its writer is at work
        for path in place.iterdir():
            with contextlib.suppress(FileNotFoundError):
                weight += path.stat().st_size
    return weight


class Lock:
    """The right to write a lexicon, held until it is closed or nobody refers to it any more; with the process
    it ends in any case. Its file notes how many texts there were, should some get lost. Raises `OSError` when
    somebody else has it.
    """

    def __init__(self, place: Path) -> None:
        self._path = place / _LOCK
        descriptor = os.open(self._path, os.O_RDONLY)
        self.close = finalize(self, os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.fstat(descriptor).st_nlink:
                raise FileNotFoundError(errno.ENOENT, "its folder was removed", str(place))
        except OSError:
            self.close()
            raise

    def note(self, sizes: Mapping[str, int]) -> None:
        """Remember how many texts of each kind have codes. Raises `OSError`."""
        with self._path.open("r+b") as file:
            file.write(msgspec.json.encode(sizes))
            file.truncate()

    def noted(self) -> dict[str, int]:
        """What was noted last; nothing, where that was cut short."""
        with contextlib.suppress(ValueError):
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, int])
        return {}


def _short(lexicon: Lexicon, sizes: dict[str, int]) -> bool:
    return any(lexicon.sizes[kind] < sizes.get(kind, 0) for kind in KINDS)
