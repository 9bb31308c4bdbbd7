"""The tries of one page: whether there is another, when, and what is said of it."""

from collections.abc import Callable

import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

from userlane.client.deadline import LoadDeadline, load_stopped
from userlane.client.quota import RetryBudget
from userlane.errors import (
    AccessRefused,
    LoadStopped,
    RequestRefused,
    ResponseUnusable,
    Throttled,
    Untrusted,
    UserlaneError,
)

_LONGEST_PAUSE = 8.0
_NO_OTHER_PAGE = (AccessRefused, Untrusted)

log = structlog.get_logger("userlane.client")


class Retries:
    """Asks again where that can help: at most `Limits.tries` times, while there are time and budget, with a
    random pause that doubles, and never before the time that the API names.

    `waits` is told the seconds of each pause, and why. The log says where a request goes, `host`, `dataset`
    and `api_page`, the try and the answer's status, which whoever asks sets in `status`; never a token, a
    header, a body or a parameter.
    """

    def __init__(
        self,
        deadline: LoadDeadline,
        budget: RetryBudget,
        waits: Callable[[float, str], None],
        **about: object,
    ) -> None:
        self._deadline = deadline
        self._budget = budget
        self._waits = waits
        self._log = log.bind(**about)
        self._jitter = wait_random_exponential(multiplier=deadline.limits.backoff, max=_LONGEST_PAUSE)
        self._spent = False
        self.status: int | None = None

    def of(self, ask: Callable[[], bytes]) -> bytes:
        """What `ask` gives at last. Raises what it raised last; where the budget ends the tries, in
        words that say so. A refused token, which no other page of the load can escape, ends it.
        """
        retrying = Retrying(
            stop=self._enough,
            wait=self._pause,
            retry=retry_if_exception(lambda error: isinstance(error, UserlaneError) and error.retryable),
            sleep=self._deadline.sleep,
            before_sleep=self._announce,
            reraise=True,
        )
        try:
            body = retrying(ask)
        except UserlaneError as error:
            error.status = self.status
            self._tell_end(error, retrying.statistics["attempt_number"])
            if self._spent:
                raise _unrepeated(error) from None
            if isinstance(error, _NO_OTHER_PAGE):
                self._deadline.finish_in_flight(error)
            raise
        self._budget.record_success(retried=retrying.statistics["attempt_number"] > 1)
        return body

    def _pause(self, state: RetryCallState) -> float:
        return max(self._jitter(state), getattr(_error(state), "retry_after", None) or 0.0)

    def _enough(self, state: RetryCallState) -> bool:
        if self._deadline.over:
            raise load_stopped()
        tried = state.attempt_number >= self._deadline.limits.tries
        if tried or state.upcoming_sleep >= self._deadline.remaining:
            return True
        self._spent = not self._budget.take()
        return self._spent

    def _announce(self, state: RetryCallState) -> None:
        error = _error(state)
        if not isinstance(error, UserlaneError):
            return
        seconds = round(state.upcoming_sleep, 1)
        if isinstance(error, Throttled):
            self._log.warning(
                "the API asks for fewer requests",
                status=self.status,
                attempt=state.attempt_number,
                seconds=seconds,
            )
        else:
            self._log.info(
                "page is asked for again",
                error=type(error).__name__,
                status=self.status,
                attempt=state.attempt_number,
                seconds=seconds,
            )
        self._waits(state.upcoming_sleep, error.cause)

    def _tell_end(self, error: UserlaneError, attempt: int) -> None:
        about = {"error": type(error).__name__, "status": self.status, "attempt": attempt}
        if isinstance(error, LoadStopped):
            return
        if self._spent:
            self._log.error("page is given up: too many have failed lately", **about)
        elif error.retryable:
            self._log.warning("page is given up", **about)
        elif isinstance(error, RequestRefused) and self.status is not None and self.status < 400:
            self._log.warning("redirect is not followed", **about)
        elif isinstance(error, ResponseUnusable):
            self._log.warning("answer is of no use", **about)
        else:
            self._log.info("page is refused", **about)


def _unrepeated(error: UserlaneError) -> UserlaneError:
    unrepeated = type(error)(
        f"The API fails often at the moment, so nothing is asked for twice. {error.cause}",
        "Load again in a few minutes.",
    )
    unrepeated.status = error.status
    return unrepeated


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
