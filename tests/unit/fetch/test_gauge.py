"""As many requests are under way as are of use."""

import threading
import time
from collections.abc import Callable

import pytest

from userlane.fetch.concurrency import Gauge, useful

AT_ONCE, SLOW = 0.0, 0.05


def waiting(seconds: float) -> Callable[[], str]:
    def ask() -> str:
        time.sleep(seconds)
        return "page"

    return ask


def working(seconds: float) -> Callable[[], str]:
    def read() -> str:
        until = time.thread_time() + seconds
        while time.thread_time() < until:
            pass
        return "read"

    return read


def test_while_nothing_is_known_all_that_are_allowed_are_of_use() -> None:
    assert Gauge(8).useful == 8


def test_what_is_asked_and_read_comes_back_and_an_error_does_too() -> None:
    gauge = Gauge(8)
    assert (gauge.ask(waiting(0)), gauge.read(working(0))) == ("page", "read")
    with pytest.raises(ValueError, match="invalid literal"):
        gauge.ask(lambda: int("x"))


@pytest.mark.parametrize(("wait", "cost", "of_use"), [(AT_ONCE, 0.005, 2), (SLOW, 0.002, 8)])
def test_an_api_that_answers_at_once_is_asked_for_two_pages_at_a_time_and_a_slow_one_for_all_that_are_allowed(
    wait: float, cost: float, of_use: int
) -> None:
    gauge = Gauge(8)
    for _ in range(5):
        gauge.ask(waiting(wait))
        gauge.read(working(cost))
    assert gauge.useful == of_use


def test_threads_that_wait_for_a_processor_do_not_pass_for_a_slow_api() -> None:
    gauge = Gauge(8)

    def pages() -> None:
        for _ in range(10):
            gauge.ask(waiting(AT_ONCE))
            gauge.read(working(0.005))

    threads = [threading.Thread(target=pages) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gauge.useful < 8


@pytest.mark.parametrize("most", [1, 4, 16])
@pytest.mark.parametrize("wait", [0.0, 0.001, 10.0])
@pytest.mark.parametrize("cost", [0.0, 0.001, 10.0])
def test_at_least_one_and_at_most_all_are_of_use(wait: float, cost: float, most: int) -> None:
    assert 1 <= useful(wait, cost, most) <= most
