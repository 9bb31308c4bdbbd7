"""What a store does not need any more, in a folder or in a bucket."""

import contextlib
import shutil
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from userlane.store import leases, parquet_files
from userlane.store.atomic_files import Unreadable
from userlane.store.backends import Backend, StoredFile
from userlane.store.id_dictionary import IdDictionaries

STILL_READ = timedelta(hours=1)
"""How long another process may still read a window after a newer one has replaced it."""

_DATED_AHEAD = timedelta(hours=1)
_UPDATED_WITHIN = timedelta(days=1)
"""During an update processes of two versions may use one store for so long."""


def has_aged(file: StoredFile, now: datetime, age: timedelta) -> bool:
    """Whether a file was written longer ago than that."""
    return now.timestamp() - file.modified > age.total_seconds()


def find_expired(files: Collection[StoredFile], now: datetime, kept: timedelta) -> Iterator[StoredFile]:
    """Windows that are older than `kept`, were dated by a clock that was wrong, or were replaced a while ago;
    and their marks.
    """
    by_path = {each.path: each for each in files}
    for each in files:
        path = each.path.with_name(each.path.name.removesuffix(parquet_files.REPLACED))
        said = parquet_files.parse_name(path.name)
        if said is not None and not -_DATED_AHEAD <= now - said[1] <= kept:
            yield each
        elif path != each.path and has_aged(each, now, STILL_READ):
            # The window before its mark: what is left in between stays out of sight.
            yield from filter(None, (by_path.get(path), each))


def find_least_opened(files: Collection[StoredFile], most: int) -> Iterator[StoredFile]:
    """The least recently opened windows, where all take more than `most` bytes."""
    windows = [each for each in files if parquet_files.parse_name(each.path.name)]
    for each in sorted(windows, key=lambda each: each.modified, reverse=True):
        most -= each.size
        if most < 0:
            yield each


def find_unchanged_dictionaries(
    files: Collection[StoredFile], now: datetime, kept: timedelta
) -> Iterator[StoredFile]:
    """The files of the ID dictionaries to which nobody has added for longer than `kept`."""
    dictionaries: dict[Path, list[StoredFile]] = defaultdict(list)
    for each in files:
        if each.path.parent.parent.name == "dictionaries":
            dictionaries[each.path.parent].append(each)
    for found in dictionaries.values():
        if all(has_aged(each, now, kept) for each in found):
            yield from found


def remove_old_versions(backend: Backend, root: Path, files: Collection[StoredFile], now: datetime) -> None:
    """Remove what earlier versions wrote below `root`, a day after the key among this version's `files` was
    written. Raises `OSError`.
    """
    if any(each.path.name == leases.KEY_NAME and has_aged(each, now, _UPDATED_WITHIN) for each in files):
        for number in range(parquet_files.VERSION):
            for each in backend.list_all(root / f"v{number}"):
                backend.remove(each.path)
            shutil.rmtree(root / f"v{number}", ignore_errors=True)


def remove_unused_dictionaries(place: Path) -> None:
    """Remove the ID dictionaries in a property's folder that none of its windows uses. Raises `OSError`."""
    every = place / "dictionaries"
    if not every.is_dir() or len(list(every.iterdir())) < 2:
        return
    used: set[str] = set()
    for path in place.glob("*/*.parquet"):
        with contextlib.suppress(Unreadable, FileNotFoundError):
            used.add(parquet_files.read_footer(path).dictionary)
    IdDictionaries(every).remove_unused(used)
