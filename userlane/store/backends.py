"""Where the files of a store are: the one thing in which a folder and a bucket differ.

Files are always read and written on this machine's disk, at the same path. A backend lists which files there
are, copies a file to the disk before it is read, and shares it with others after it was written.
"""

import contextlib
import os
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from userlane.store import atomic_files


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a store: its path on the disk, its size in bytes, and when it was written (in a folder also:
    opened last), in seconds since 1970.
    """

    path: Path
    size: int
    modified: float


class Backend(Protocol):
    """The files below a folder, all of them written once and never changed. Thread-safe; all methods raise
    `OSError`.
    """

    def list_names(self, folder: Path, *, latest: bool = False) -> Collection[str]:
        """The names of the files in a folder; none where there is no folder. The list may be two seconds old,
        except for what was done through this object, unless it has to be the `latest`.
        """

    def list_all(self, folder: Path) -> list[StoredFile]:
        """All files below a folder, as of now."""

    def open(self, path: Path) -> AbstractContextManager[pa.NativeFile]:
        """Open a file of which only a part is wanted."""

    def fetch(self, path: Path) -> None:
        """Make sure that a file is on the disk. Raises `FileNotFoundError` when there is none, `Unreadable`
        when its content is not what its name says.
        """

    def share(self, path: Path) -> None:
        """Let other machines have a file that was just written."""

    def mark(self, path: Path) -> None:
        """Write an empty file."""

    def remove(self, path: Path) -> None:
        """Remove a file that may be gone already."""


class Disk:
    """A folder on this machine."""

    def list_names(self, folder: Path, *, latest: bool = False) -> Collection[str]:  # noqa: ARG002 - always so
        """As in `Backend`."""
        try:
            return os.listdir(folder)  # noqa: PTH208 - a quarter of the time of paths
        except (FileNotFoundError, NotADirectoryError):
            return ()

    def list_all(self, folder: Path) -> list[StoredFile]:
        """As in `Backend`."""
        found = []
        for parent, _, names in os.walk(folder):
            for path in [Path(parent, name) for name in names]:
                with contextlib.suppress(FileNotFoundError):  # another process was faster
                    state = path.stat()
                    found.append(StoredFile(path, state.st_size, state.st_mtime))
        return found

    def open(self, path: Path) -> AbstractContextManager[pa.NativeFile]:
        """As in `Backend`."""
        file: AbstractContextManager[pa.NativeFile] = pa.OSFile(str(path))
        return file

    def fetch(self, path: Path) -> None:
        """As in `Backend`. The file's time says when it was opened last: those opened least recently go first
        when there is too much.
        """
        try:
            os.utime(path)
        except OSError:  # what cannot be written can be read
            path.stat()

    def share(self, path: Path) -> None:
        """As in `Backend`: it is where others look."""

    def mark(self, path: Path) -> None:
        """As in `Backend`."""
        path.touch(mode=0o600)

    def remove(self, path: Path) -> None:
        """As in `Backend`."""
        path.unlink(missing_ok=True)


DISK = Disk()


def share_written(place: Backend, path: Path) -> Path:
    """Share a file that was just written. Returns its path. Raises `OSError`, and then removes the file."""
    try:
        place.share(path)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise
    return path


def list_tables(place: Backend, folder: Path, *, latest: bool = False) -> list[Path]:
    """The paths of the tables in a folder. Raises `OSError`."""
    return [
        folder / name for name in place.list_names(folder, latest=latest) if atomic_files.strip_checksum(name)
    ]
