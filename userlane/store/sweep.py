"""What goes from a folder of pieces without being asked."""

import contextlib
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from userlane.store import atomic_files, parquet_files
from userlane.store.atomic_files import Unreadable
from userlane.store.backends import DISK
from userlane.store.id_dictionary import IdDictionaries

STILL_READ = timedelta(hours=1)
"""How long somebody may still be reading what a newer piece has taken the place of."""

_DATED_AHEAD = timedelta(hours=1)


def past(entry: parquet_files.Entry, now: datetime, kept: timedelta) -> bool:
    """Whether a piece is older than it may be, or dated by a clock that was wrong."""
    return not -_DATED_AHEAD <= now - entry.fetched_at <= kept


def folder(root: Path, pieces: Path, most: int, kept: timedelta, now: datetime) -> Iterator[str]:
    """Remove what no process will ever finish, what is past its time, and what there is too much of; the IDs
    of pieces that go. Raises `OSError`.
    """
    atomic_files.remove_orphans(pieces)
    every = [
        entry for place in pieces.glob("*/*/*/*") for entry in parquet_files.entries(place, DISK.names(place))
    ]
    left = most
    for entry in sorted(every, key=lambda entry: entry.fetched_at, reverse=True):
        with contextlib.suppress(FileNotFoundError):  # another process was faster
            left -= entry.path.stat().st_size
        if past(entry, now, kept) or left < 0:
            parquet_files.remove(DISK, entry.path)
            yield entry.id
    for mark in pieces.glob(f"*/*/*/*/*{parquet_files.REPLACED}"):
        with contextlib.suppress(FileNotFoundError):
            if now.timestamp() - mark.stat().st_mtime > STILL_READ.total_seconds():
                parquet_files.remove(DISK, mark.with_name(mark.name.removesuffix(parquet_files.REPLACED)))
    for place in pieces.glob("*/tags/*"):
        _remove_unused_dictionaries(place)
    for number in range(parquet_files.VERSION):
        shutil.rmtree(root / f"v{number}", ignore_errors=True)


def _remove_unused_dictionaries(place: Path) -> None:
    every = place / "dictionaries"
    if not every.is_dir() or len(list(every.iterdir())) < 2:
        return
    used: set[str] = set()
    for path in place.glob("*/*.parquet"):
        with contextlib.suppress(Unreadable, FileNotFoundError):
            used.add(parquet_files.foot(path).dictionary)
    IdDictionaries(every).remove_unused(used)
