"""Daemon threads that work on one load."""

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, Self, TypeVar

_R = TypeVar("_R")


class DaemonPool:
    """Up to `size` threads, each started when it is first needed.

    The threads are daemons, which those of `ThreadPoolExecutor` are not: a server that hangs must not delay
    the end of the process.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._threads = 0
        self._open: set[Future[Any]] = set()
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()

    def submit(self, work: Callable[[], _R]) -> "Future[_R]":
        """Run `work` in the next free thread."""
        future: Future[_R] = Future()
        self._open = {other for other in self._open if not other.done()} | {future}
        self._queue.put((future, work))
        if self._threads < min(self._size, len(self._open)):
            self._threads += 1
            Thread(target=self._work, name=self._name, daemon=True).start()
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Start nothing more. Work that is running is not waited for."""
        for future in self._open:
            future.cancel()
        for _thread in range(self._threads):
            self._queue.put(None)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            future, work = item
            if future.set_running_or_notify_cancel():
                _run(future, work)
            del future, work, item  # an idle thread must not keep the last page in memory


def _run(future: "Future[_R]", work: Callable[[], _R]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001  # the error is raised where the result is asked for
        future.set_exception(error)
    finally:
        # The error's traceback refers to this frame, which would keep the future and the work alive.
        del future, work
