"""Who writes a lexicon: one process, for as long as it lives."""

import contextlib
import errno
import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from weakref import finalize

import msgspec

LOCK = "lock"
"""Lies in the folder of each as long as it is there."""


class Lock:
    """The right to write a lexicon, held until it is closed or nobody refers to it any more; with the process
    it ends in any case. Its file notes how many texts there were, should some get lost. Raises `OSError` when
    somebody else has it.
    """

    def __init__(self, place: Path) -> None:
        self._path = place / LOCK
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
