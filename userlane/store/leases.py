"""Leases: only one process at a time fetches a window. A lock on one machine, or objects in a bucket.

On one machine a file is locked, so a lease ends with its process. In a bucket:

A process that wants a window writes an object under a name of its own, and then lists all objects of the same
window. If there is no other, it has the lease; else it removes its object and tries again later.

This is correct where a listing shows every object that was written before the listing began, as S3, Google
Cloud Storage and Azure promise. Of two processes that want the same window, one finishes writing last and
lists after that, so it sees the object of the other: never do both get the lease. When both write before
either lists, neither gets it; both remove their objects, and try again after pauses of different length.

A holder writes its object again every 20 seconds. A holder whose object is more than 60 seconds older than
the newest object in the same listing has ended, and does not count. Both times are of the bucket's clock. The
listing always holds a new object, that of the process which asks.

A holder that was stopped for a minute may find another one at work. Then a window is fetched twice, and that
is all: each fetch has a file of its own, and readers take the latest. Leases are an optimisation; correctness
does not depend on them.

The key under which a store hashes tokens is random, and made once in each store: under a lock, too.
"""

import contextlib
import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread

import structlog

from userlane.contract import Window
from userlane.store.object_storage import ObjectStorage

FOLDER = "leases"

KEY_NAME = "key"
KEY_LENGTH = 32
"""Bytes."""

_WAIT_SECONDS = 2.0
_PAUSE = 0.05

log = structlog.get_logger("userlane.store")


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Seconds after which a lease is renewed, and after which its holder is taken to have ended."""

    renew: float = 20.0
    dead: float = 60.0


class Leases:
    """The leases of one process, each for a `key` that can be a file's name. Thread-safe."""

    def __init__(self, storage: ObjectStorage, times: LeaseTimes | None = None) -> None:
        self._storage = storage
        self._times = times or LeaseTimes()
        self._held: dict[str, str] = {}
        self._lock = Lock()
        self._ended = Event()
        self._renewing: Thread | None = None

    def acquire(self, key: str) -> AbstractContextManager[object] | None:
        """Acquire a lease, which is held until the context ends. None while somebody else holds it.

        Where the bucket cannot be used, everybody gets it: what is fetched cannot be shared anyway.
        """
        mine = f"{FOLDER}/{key}.{uuid.uuid4().hex}"
        with self._lock:
            if key in self._held:
                return None
            self._held[key] = mine
        lease = ExitStack()
        lease.callback(self._release, key, mine)
        try:
            self._storage.put(mine, b"1")
            if not self._is_alone(key, mine):
                lease.close()
                return None
        except OSError:
            return lease
        self._begin_renewing()
        return lease

    def close(self) -> None:
        """Release all leases."""
        self._ended.set()
        with self._lock:
            held = dict(self._held)
        for key, mine in held.items():
            self._release(key, mine)

    def _is_alone(self, key: str, mine: str) -> bool:
        listed = self._storage.list(FOLDER)
        newest = max((each.modified for each in listed), default=0.0)
        others = [each for each in listed if each.name.rpartition(".")[0] == key and each.path != mine]
        dead = [each for each in others if newest - each.modified > self._times.dead]
        if len(dead) < len(others):
            return False
        for each in dead:
            log.info("a lease is taken over")
            with contextlib.suppress(OSError):
                self._storage.remove(each.path)
        return True

    def _release(self, key: str, mine: str) -> None:
        with self._lock:
            if self._held.get(key) == mine:
                del self._held[key]
        with contextlib.suppress(OSError):
            self._storage.remove(mine)

    def _begin_renewing(self) -> None:
        with self._lock:
            if self._renewing is None:
                self._renewing = Thread(target=self._renew, name="userlane-leases", daemon=True)
                self._renewing.start()

    def _renew(self) -> None:
        """Write the objects of all leases again, until there are none. One that was taken over is not written
        again, or its new holder would lose it.
        """
        while not self._ended.wait(self._times.renew):
            with self._lock:
                held = dict(self._held)
                if not held:
                    self._renewing = None
                    return
            with contextlib.suppress(OSError):
                there = {each.path for each in self._storage.list(FOLDER)}
                for key, mine in held.items():
                    with self._lock:
                        still = self._held.get(key) == mine
                    if still and mine in there:
                        self._storage.put(mine, b"1")
                        with self._lock:
                            still = self._held.get(key) == mine
                        if not still:  # released meanwhile
                            self._storage.remove(mine)


def find_stale(storage: ObjectStorage, seconds: float) -> Iterator[str]:
    """The paths of leases that are so much older than the newest one. Raises `OSError`."""
    listed = storage.list(FOLDER)
    newest = max((each.modified for each in listed), default=0.0)
    return (each.path for each in listed if newest - each.modified > seconds)


def lock_window(folder: Path, window: Window) -> AbstractContextManager[object] | None:
    """Lock a window among the processes of one machine until the context ends. None while it is locked."""
    lock = ExitStack()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f".{window.start}_{window.end}.lock"
        file = lock.enter_context(path.open("wb"))
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A process that has opened the file already may then lock a removed one: a window is fetched twice.
        lock.callback(_remove, path)
    except BlockingIOError:
        lock.close()
        return None
    except OSError:  # a process that cannot write cannot share what it fetches, so nobody need wait
        lock.close()
    return lock


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def key_in_folder(folder: Path, own: bytes) -> bytes:
    """Returns the key that is in the folder. Where there is none, `own` is put there, so that of several
    processes that begin at once all get the same one.

    Raises `OSError` when it can neither be read nor written.
    """
    path = folder / KEY_NAME
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == KEY_LENGTH:
            return key
    with open(path, "a+b", opener=_private) as file:  # `Path.open` has no opener
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        key = file.read()
        if len(key) != KEY_LENGTH:  # a disk that was full cut it short: nobody has used it
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
    path = f"{folder}/{KEY_NAME}"
    until = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < until:
        with contextlib.suppress(FileNotFoundError):
            return _read(storage, path)
        lease = leases.acquire(KEY_NAME)
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
