"""A load in the background."""

from collections.abc import Callable
from threading import Event, Thread

from userlane.contract import Dataset
from userlane.fetch.run import Progress

Work = Callable[[Callable[[Progress], None], Event], Dataset]


class Load:
    """A load in a thread of its own. Any thread may look at it, wait for it or stop it."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._stop = Event()
        self._done = Event()
        self._progress = Progress()
        self._dataset: Dataset | None = None
        self._error: BaseException | None = None
        # A daemon, because a server that hangs must not hold up the end of the process.
        Thread(target=self._run, name="userlane-load", daemon=True).start()

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return self._progress

    @property
    def done(self) -> bool:
        """Whether there is a result."""
        return self._done.is_set()

    @property
    def stopping(self) -> bool:
        """Whether it was stopped."""
        return self._stop.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the result, at most so long; whether it is there."""
        return self._done.wait(seconds)

    def result(self) -> Dataset:
        """The dataset, waited for. Raises what `Fetcher.load` raises."""
        self._done.wait()
        if self._dataset is None:
            raise self._error or RuntimeError("a load ended without a result")
        return self._dataset

    def stop(self) -> None:
        """Break off its requests. What has arrived becomes an incomplete result; nothing, `LoadStopped`."""
        self._stop.set()

    def _run(self) -> None:
        try:
            self._dataset = self._work(self._hear, self._stop)
        except BaseException as error:  # noqa: BLE001  # raised again in the thread that asks for the result
            self._error = error
        finally:
            self._done.set()

    def _hear(self, progress: Progress) -> None:
        self._progress = progress
