"""The texts behind the codes of stored tag records: each tag and user ID gets a number, and keeps it."""

import contextlib
import errno
import time
import uuid
from pathlib import Path
from threading import RLock
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from userlane.contract import CODED, CODES, COLUMNS, Texts
from userlane.store import atomic_files
from userlane.store.atomic_files import Unreadable
from userlane.store.backends import DISK, Place, files, written
from userlane.store.lexicon.index import Index
from userlane.store.lexicon.lock import LOCK, Lock

_MOST_FILES = 16
_MOST_TRIES = 10
_COLUMN = "text"
Kind = Literal["tag", "user"]
KINDS: tuple[Kind, ...] = ("tag", "user")


class Lexicon:
    """Texts and their codes, of tags and of users. Thread-safe.

    With a `folder`, what is new is on the disk before `encode` returns.
    """

    def __init__(self, folder: Path | None = None, lock: Lock | None = None, at: Place = DISK) -> None:
        self.id = folder.name if folder else uuid.uuid4().hex
        self.folder = folder
        self.began_at = time.monotonic()
        self._at = at
        self._held = lock
        self._failed = False
        self._texts: dict[Kind, pa.Array] = {kind: pa.array([], pa.string()) for kind in KINDS}
        self._index = Index()
        self._lock = RLock()
        if folder is not None:
            self.refresh()
            if lock is not None and short(self, lock.noted()):
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
            codes = self._codes(kind, dictionary)
            if codes.null_count:
                new = pc.unique(dictionary.filter(pc.is_null(codes)))
                self._append(kind, new)
                codes = self._codes(kind, dictionary)
        return codes.cast(pa.int32()).take(chunk.indices)

    def _codes(self, kind: Kind, asked: pa.Array) -> pa.Array:
        if kind == "user":
            return self._index.find(self._texts[kind], asked)
        return pc.index_in(asked, value_set=self._texts[kind])

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
        written(self._at, atomic_files.write(self.folder, name, pa.table({_COLUMN: texts})))

    def _read(self, kind: Kind, there: list[Path]) -> None:
        texts = self._texts[kind]
        while ahead := [path for path in there if _first(path) <= len(texts) < _end(path)]:
            longest = max(ahead, key=_end)
            self._at.fetch(longest)
            table = atomic_files.read(longest)
            if table.column_names != [_COLUMN]:
                raise Unreadable("other columns")
            more = table.column(_COLUMN).combine_chunks().cast(pa.string())
            texts = pa.concat_arrays([texts, more.slice(len(texts) - _first(longest))])
        self._texts[kind] = texts

    def close(self) -> None:
        """Let another process go on with it."""
        self._index.release()
        if self._held is not None:
            self._held.close()
            self._held = None

    @property
    def lost(self) -> bool:
        """Whether it cannot be gone on with: somebody has removed it, or a write has failed."""
        return self.folder is not None and (self._failed or LOCK not in self._at.names(self.folder))


def _kind(path: Path) -> str:
    return path.name.partition("-")[0]


def _first(path: Path) -> int:
    return int(path.name.split("-")[1])


def _end(path: Path) -> int:
    return int(path.name.split("-")[2].partition(".")[0])


def short(lexicon: Lexicon, sizes: dict[str, int]) -> bool:
    """Whether it has fewer texts than these."""
    return any(lexicon.sizes[kind] < sizes.get(kind, 0) for kind in KINDS)
