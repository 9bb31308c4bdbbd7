"""Where the files of a store are: the one thing in which a folder and a bucket differ.

Whoever reads or writes a file always does so on this machine's disk, at the same path. A place says which
files there are, brings one there before it is read, and passes one on after it was written.
"""

import contextlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from userlane.store import atomic_files


class Backend(Protocol):
    """The files below a folder, all of them written once and never changed. Thread-safe; all methods raise
    `OSError`.
    """

    def list_names(self, folder: Path, *, latest: bool = False) -> Collection[str]:
        """What there is in a folder; none where there is no folder. It may be two seconds old, except for
        what was done through this object, unless it has to be the `latest`.
        """

    def fetch(self, path: Path) -> None:
        """Have a file on the disk. Raises `FileNotFoundError` when there is none, `Unreadable` when it is not
        what its name says.
        """

    def share(self, path: Path) -> None:
        """Let others have a file that was just written."""

    def mark(self, path: Path) -> None:
        """Put an empty file."""

    def remove(self, path: Path) -> None:
        """Remove a file that may be gone already."""


class Disk:
    """Files that are used where they are."""

    def list_names(self, folder: Path, *, latest: bool = False) -> Collection[str]:  # noqa: ARG002 - always so
        """As in `Backend`."""
        try:
            return os.listdir(folder)  # noqa: PTH208 - a quarter of the time of paths
        except (FileNotFoundError, NotADirectoryError):
            return ()

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
    """The path of a file that was just written, once others can have it. Raises `OSError`, and then leaves
    nothing.
    """
    try:
        place.share(path)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        raise
    return path


def list_tables(place: Backend, folder: Path, *, latest: bool = False) -> list[Path]:
    """The tables in a folder. Raises `OSError`."""
    return [folder / name for name in place.list_names(folder, latest=latest) if atomic_files.named(name)]
