"""Readers for the tests of `reader_process`: they run in its child process."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from userlane.contract import Token
from userlane.errors import FieldsMissing


@dataclass(frozen=True, slots=True)
class Found:
    """A result with all that results are made of."""

    sizes: tuple[int, ...]
    token: Token | None
    days: dict[tuple[str, date | None], int]
    content: bytes


def describe(files: Sequence[bytes], text: str, *, token: str | None = None) -> Found:
    days = {(text, date(2026, 4, 1)): 2, (text, None): 1}
    return Found(tuple(map(len, files)), Token(token) if token else None, days, b"".join(files)[:4])


def process(_: Sequence[bytes]) -> tuple[int, int, list[str], list[str]]:
    return os.getpid(), os.getsid(0), sorted(sys.modules), sorted(os.environ)


def sleep(_: Sequence[bytes], note: str) -> None:
    """Never end, with a child of its own; while one of them lives, it has the lock of the file `note`."""
    with Path(note).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(600)"], pass_fds=[file.fileno()]
        ).wait()


def take_memory(_: Sequence[bytes], size: int) -> int:
    return len(bytearray(size))


def take_memory_with_arrow(_: Sequence[bytes], size: int) -> int:
    import pyarrow as pa  # noqa: PLC0415 - what it maps is no part of the imports

    return int(pa.allocate_buffer(size).size)


def refuse(_: Sequence[bytes]) -> None:
    raise FieldsMissing("No score.", "Name it.", dataset="nps", missing=("score",), keys=("mark",))


def fail(files: Sequence[bytes]) -> None:
    raise ValueError(files[0].decode())


def end(_: Sequence[bytes]) -> None:
    os._exit(3)


def flood(_: Sequence[bytes]) -> None:
    """Write without end where the reply is expected."""
    while True:
        os.write(1, bytes(2**20))
