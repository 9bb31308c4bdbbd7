"""The lexicons of one property, whoever writes them."""

import contextlib
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from threading import RLock

from userlane.store.atomic_files import Unreadable
from userlane.store.backends import DISK, Place
from userlane.store.lexicon.lock import LOCK, Lock
from userlane.store.lexicon.texts import Lexicon, short


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
        if short(found, sizes):
            found.refresh()
        if short(found, sizes):
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
        if LOCK not in self._at.names(place, latest=True):
            raise Unreadable("the texts behind its codes are gone")
        return place

    def _places(self) -> list[Path]:
        if self._folder is None or not self._folder.is_dir():
            return []
        return [place for place in self._folder.iterdir() if (place / LOCK).is_file()]

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
                (place / LOCK).touch(mode=0o600)
            # Another process may just have gone on with it, or taken it for one that nobody uses.
            with contextlib.suppress(BlockingIOError, FileNotFoundError):
                lock = Lock(place)
                self._at.share(place / LOCK)
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
