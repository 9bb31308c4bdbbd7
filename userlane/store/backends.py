"""Where the files of a store are: the one thing in which a folder and a bucket differ.

Files are always read and written on this machine's disk, at the same path. A backend lists which files there
are, copies a file to the disk before it is read, and shares it with others after it was written.
"""

import contextlib
import os
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

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


class Backend:
    """Files below a folder of this machine, all of them written once and never changed. Where other machines
    have them too, a subclass shares them. Thread-safe; all methods raise `OSError`.
    """

    def list_names(self, folder: Path, *, latest: bool = False) -> Collection[str]:  # noqa: ARG002 - always so
        """The names of the files in a folder; none where there is no folder. The list may be two seconds old,
        except for what was done through this object, unless it has to be the `latest`.
        """
        try:
            return os.listdir(folder)  # noqa: PTH208 - a quarter of the time of paths
        except (FileNotFoundError, NotADirectoryError):
            return ()

    def list_tables(self, folder: Path, *, latest: bool = False) -> list[Path]:
        """The paths of the tables in a folder."""
        names = self.list_names(folder, latest=latest)
        return [folder / name for name in names if atomic_files.strip_checksum(name)]

    def list_all(self, folder: Path) -> list[StoredFile]:
        """All files below a folder, as of now."""
        found = []
        for parent, _, names in os.walk(folder):
            for path in [Path(parent, name) for name in names]:
                with contextlib.suppress(FileNotFoundError):  # another process was faster
                    state = path.stat()
                    found.append(StoredFile(path, state.st_size, state.st_mtime))
        return found

    def open(self, path: Path) -> AbstractContextManager[pa.NativeFile]:
        """Open a file of which only a part is wanted."""
        file: AbstractContextManager[pa.NativeFile] = pa.OSFile(str(path))
        return file

    def fetch(self, path: Path) -> None:
        """Make sure that a file is on the disk. Its time says when it was opened last: those opened least
        recently go first when there is too much. Raises `FileNotFoundError` when there is none, `Unreadable`
        when its content is not what its name says.
        """
        try:
            os.utime(path)
        except OSError:  # what cannot be written can be read
            path.stat()

    def write(
        self, folder: Path, name: str, table: pa.Table, metadata: Mapping[bytes, bytes] | None = None
    ) -> Path:
        """Write a table into a folder, and share it. Returns its path. After an error there is none."""
        path = atomic_files.write(folder, name, table, metadata)
        try:
            self.share(path)
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            raise
        return path

    def share(self, path: Path) -> None:
        """Let other machines have a file that was just written."""

    def mark(self, path: Path) -> None:
        """Write an empty file."""
        path.touch(mode=0o600)

    def remove(self, path: Path) -> None:
        """Remove a file that may be gone already."""
        path.unlink(missing_ok=True)


DISK = Backend()
