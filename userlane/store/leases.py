"""Who fetches a window, agreed on by a lock on one machine, or through a bucket alone.

On one machine a file is locked, so a claim ends with its process. For a bucket:

Whoever wants a window writes an object of a name nobody else has, and then looks which others there are for
the same window. Alone, it has the window; else it takes its own away again and comes back later.

That is right where a listing shows every object that was written before it began, as S3, Google Cloud Storage
and Azure promise. Of two that want the same window, one finishes writing last, and looks after that; so it
sees the other's. Never do both find themselves alone. It may be that neither does, when both write before
either looks; then both take theirs away, and come back after pauses of different length.

A holder writes its object again every 20 seconds. One whose object is more than 60 seconds older than the
newest object in the same listing has ended, and does not count. Both times are the bucket's: no clock of ours
is asked. There is always a new one in the listing, that of whoever has just come.

A holder that was held up for a minute may thus find somebody else at work. Then a window is fetched twice,
and that is all: each fetch is a piece of its own, whole and under a name of its own, and whoever reads takes
the latest. Claims save work. Nothing is right because of them.
"""

import contextlib
import fcntl
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread

import structlog

from userlane.contract import Window
from userlane.store.object_storage import Far

FOLDER = "claims"

log = structlog.get_logger("userlane.store")


@dataclass(frozen=True, slots=True)
class Lease:
    """Seconds after which a claim is written again, and after which its holder is taken to have ended."""

    renewed: float = 20.0
    dead: float = 60.0


class Claims:
    """Claims of one process, each for a `key` that is a file's name. Thread-safe."""

    def __init__(self, far: Far, lease: Lease | None = None) -> None:
        self._far = far
        self._lease = lease or Lease()
        self._held: dict[str, str] = {}
        self._lock = Lock()
        self._ended = Event()
        self._renewing: Thread | None = None

    def claim(self, key: str) -> AbstractContextManager[object] | None:
        """The claim, until the context ends; None while somebody else has it.

        Where the bucket cannot be used, everybody may go on: what is fetched cannot be shared anyway.
        """
        mine = f"{FOLDER}/{key}.{uuid.uuid4().hex}"
        with self._lock:
            if key in self._held:
                return None
            self._held[key] = mine
        claimed = ExitStack()
        claimed.callback(self._release, key, mine)
        try:
            self._far.put(mine, b"1")
            if not self._alone(key, mine):
                claimed.close()
                return None
        except OSError:
            return claimed
        self._renew()
        return claimed

    def close(self) -> None:
        """Let others go on with all that is claimed."""
        self._ended.set()
        with self._lock:
            held = dict(self._held)
        for key, mine in held.items():
            self._release(key, mine)

    def _alone(self, key: str, mine: str) -> bool:
        listed = self._far.listing(FOLDER)
        newest = max((each.modified for each in listed), default=0.0)
        others = [each for each in listed if each.name.rpartition(".")[0] == key and each.path != mine]
        dead = [each for each in others if newest - each.modified > self._lease.dead]
        if len(dead) < len(others):
            return False
        for each in dead:
            log.info("a lease is taken over")
            with contextlib.suppress(OSError):
                self._far.remove(each.path)
        return True

    def _release(self, key: str, mine: str) -> None:
        with self._lock:
            if self._held.get(key) == mine:
                del self._held[key]
        with contextlib.suppress(OSError):
            self._far.remove(mine)

    def _renew(self) -> None:
        with self._lock:
            if self._renewing is None:
                self._renewing = Thread(target=self._renewed, name="userlane-claims", daemon=True)
                self._renewing.start()

    def _renewed(self) -> None:
        """Write again what is held, until nothing is. A claim that was taken over is not raised from the
        dead: whoever has it now would be told to stop.
        """
        while not self._ended.wait(self._lease.renewed):
            with self._lock:
                held = dict(self._held)
                if not held:
                    self._renewing = None
                    return
            with contextlib.suppress(OSError):
                there = {each.path for each in self._far.listing(FOLDER)}
                for key, mine in held.items():
                    with self._lock:
                        still = self._held.get(key) == mine
                    if still and mine in there:
                        self._far.put(mine, b"1")
                        with self._lock:
                            still = self._held.get(key) == mine
                        if not still:  # given up meanwhile, and raised from the dead
                            self._far.remove(mine)


def stale(far: Far, seconds: float) -> Iterator[str]:
    """The paths of claims that are so much older than the newest. Raises `OSError`."""
    listed = far.listing(FOLDER)
    newest = max((each.modified for each in listed), default=0.0)
    return (each.path for each in listed if newest - each.modified > seconds)


def claimed(folder: Path, window: Window) -> AbstractContextManager[object] | None:
    """The claim of a window among the processes of one machine, until the context ends; None while another
    has it.
    """
    claim = ExitStack()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f".{window.start}_{window.end}.claim"
        file = claim.enter_context(path.open("wb"))
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Who has opened it already may then hold what is gone: at worst, a window is fetched twice.
        claim.callback(_gone, path)
    except BlockingIOError:
        claim.close()
        return None
    except OSError:  # who cannot write cannot share what was fetched, so nobody need wait
        claim.close()
    return claim


def _gone(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
