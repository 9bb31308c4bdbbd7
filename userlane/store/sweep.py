"""Removes files from a store's folder that are not needed any more."""

import contextlib
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from userlane.store import atomic_files, parquet_files, store_key
from userlane.store.atomic_files import Unreadable
from userlane.store.backends import DISK
from userlane.store.id_dictionary import IdDictionaries

STILL_READ = timedelta(hours=1)
"""How long another process may still read a window after a newer one has replaced it."""

_DATED_AHEAD = timedelta(hours=1)
_UPDATED_WITHIN = timedelta(days=1)
"""During an update processes of two versions may use one store for so long."""


def is_expired(entry: parquet_files.Entry, now: datetime, kept: timedelta) -> bool:
    """Whether a window is older than `kept`, or was dated by a clock that was wrong."""
    return not -_DATED_AHEAD <= now - entry.fetched_at <= kept


def may_remove_old_versions(now: datetime, began_at: float) -> bool:
    """Whether what earlier versions wrote can be removed: the key of this version's folder was written at
    `began_at`, in seconds since 1970.
    """
    return now.timestamp() - began_at > _UPDATED_WITHIN.total_seconds()


def sweep_folder(root: Path, windows: Path, most: int, kept: timedelta, now: datetime) -> None:
    """Remove from the folder `windows` parts of files whose writers have ended, windows older than `kept`,
    and the least recently opened windows where all take more than `most` bytes; from the store's folder
    `root` what earlier versions wrote. Raises `OSError`.
    """
    atomic_files.remove_orphans(windows)
    _remove_expired(windows, most, kept, now)
    for mark in windows.glob(f"*/*/*/*/*/*{parquet_files.REPLACED}"):
        with contextlib.suppress(FileNotFoundError):
            if now.timestamp() - mark.stat().st_mtime > STILL_READ.total_seconds():
                parquet_files.remove(DISK, mark.with_name(mark.name.removesuffix(parquet_files.REPLACED)))
    for place in windows.glob("*/*/tags/*"):
        _remove_unused_dictionaries(place)
    with contextlib.suppress(FileNotFoundError):
        if may_remove_old_versions(now, (windows / store_key.NAME).stat().st_mtime):
            for number in range(parquet_files.VERSION):
                shutil.rmtree(root / f"v{number}", ignore_errors=True)


def _remove_expired(windows: Path, most: int, kept: timedelta, now: datetime) -> None:
    every: list[tuple[float, int, parquet_files.Entry]] = []
    for place in windows.glob("*/*/*/*/*"):
        for entry in parquet_files.list_entries(place, DISK.list_names(place)):
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                state = entry.path.stat()
                every.append((state.st_mtime, state.st_size, entry))
    left = most
    for _, size, entry in sorted(every, key=lambda each: each[0], reverse=True):
        left -= size
        if is_expired(entry, now, kept) or left < 0:
            parquet_files.remove(DISK, entry.path)


def _remove_unused_dictionaries(place: Path) -> None:
    every = place / "dictionaries"
    if not every.is_dir() or len(list(every.iterdir())) < 2:
        return
    used: set[str] = set()
    for path in place.glob("*/*.parquet"):
        with contextlib.suppress(Unreadable, FileNotFoundError):
            used.add(parquet_files.read_footer(path).dictionary)
    IdDictionaries(every).remove_unused(used)
