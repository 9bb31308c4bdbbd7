"""The key under which a store hashes tokens: random, and made once in each store."""

import contextlib
import fcntl
import os
import time
from pathlib import Path

from userlane.store.leases import Leases
from userlane.store.object_storage import ObjectStorage

NAME = "key"
LENGTH = 32
"""Bytes."""

_WAIT_SECONDS = 2.0
_PAUSE = 0.05


def key_in_folder(folder: Path, own: bytes) -> bytes:
    """Returns the key that is in the folder. Where there is none, `own` is put there, so that of several
    processes that begin at once all get the same one.

    Raises `OSError` when it can neither be read nor written.
    """
    path = folder / NAME
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == LENGTH:
            return key
    with open(path, "a+b", opener=_private) as file:  # `Path.open` has no opener
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        key = file.read()
        if len(key) != LENGTH:  # a disk that was full cut it short: nobody has used it
            file.truncate(0)
            file.write(own)
            file.flush()
            os.fsync(file.fileno())
            key = own
        return key


def key_in_bucket(storage: ObjectStorage, leases: Leases, folder: str, own: bytes) -> bytes:
    """As `key_in_folder`, in a bucket. A bucket has no locks, so the key is written under a lease.

    Raises `OSError` when it can neither be read nor written, or another process is writing it.
    """
    path = f"{folder}/{NAME}"
    until = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(FileNotFoundError):
            return _read(storage, path)
        lease = leases.acquire(NAME)
        if lease is None:
            time.sleep(_PAUSE)
            continue
        with lease:
            try:
                return _read(storage, path)
            except FileNotFoundError:
                storage.put(path, own)
                return own
    raise TimeoutError("The storage's key is being written")


def _read(storage: ObjectStorage, path: str) -> bytes:
    key: bytes = storage.get(path).to_pybytes()
    return key


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
