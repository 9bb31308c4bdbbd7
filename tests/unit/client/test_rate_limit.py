"""As many requests are in flight as the API allows, and never more than the setting."""

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import stand_in
from tests.responses import document, silence
from tests.server import Request, Response, Server
from tests.stand_in import UNHURRIED, query
from tests.unit.client.given import OK, QUICK
from userlane.client import Client, HttpPool, Limits, LoadDeadline
from userlane.client.rate_limit import TokenLimiter
from userlane.errors import ServerFailed, TooSlow

EVENTS = st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=200)


def began(limiter: TokenLimiter) -> int:
    """The round in which a request would start now."""
    begun = limiter.acquire()
    assert begun is not None
    limiter.release()
    return begun


@UNHURRIED
@given(most=st.integers(1, 40), events=EVENTS)
def test_never_above_the_setting_never_below_one_and_halved_exactly_once_a_round(
    most: int, events: list[tuple[bool, int]]
) -> None:
    limiter = TokenLimiter(most)
    assert limiter.allowed == most
    for success, age in events:
        before, current = limiter.allowed, began(limiter)
        begun = max(0, current - age)
        (limiter.record_success if success else limiter.record_overload)(begun)
        assert 1 <= limiter.allowed <= most
        if begun != current:
            assert limiter.allowed == before
        elif success:
            assert limiter.allowed in {before, min(most, before + 1)}
        else:
            assert limiter.allowed == max(1, before // 2)


def test_after_a_halving_a_whole_round_of_successes_allows_one_more_up_to_the_setting() -> None:
    limiter = TokenLimiter(11)
    limiter.record_overload(0)
    grown = []
    for _ in range(5 + 6 + 7 + 8 + 9 + 10 + 30):
        limiter.record_success(1)
        grown.append(limiter.allowed)
    steps = [each for allowed in (6, 7, 8, 9, 10) for each in [allowed] * allowed]
    assert grown == [5] * 4 + steps + [11] * 31


class Counting:
    """Counts the requests that are there together: the first `together` get a 429 once they are all there,
    and those after them a page when `gate` opens.
    """

    def __init__(self, together: int) -> None:
        self.gate = threading.Event()
        self.arrived = self.here = self.most_here = 0
        self._together = together
        self._all_here = threading.Barrier(together)
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        with self._lock:
            self.arrived += 1
            self.here += 1
            self.most_here = max(self.most_here, self.here)
        response = OK
        if request.number <= self._together:
            self._all_here.wait(20)
            response = document(b"", 429)
        else:
            self.gate.wait(20)
        with self._lock:
            self.here -= 1
        return response

    def held(self, expected: int) -> int:
        """How many of the last kind are there, once it is as many as expected and no more come."""
        until = time.monotonic() + 20
        while self.arrived < self._together + expected and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.3)
        return self.arrived - self._together


def test_over_a_socket_it_starts_with_the_setting_halves_on_429_and_ends_complete() -> None:
    setting, pages = 8, 24
    bodies: list[bytes] = []
    counting = Counting(together=setting)
    with Server(counting) as server:
        http = HttpPool()
        connection = stand_in.connection(server.base_url)

        def load(number: int) -> None:
            api = Client(connection, http, LoadDeadline(QUICK), in_flight=setting)
            bodies.append(api.page(query(), number))

        threads = [threading.Thread(target=load, args=(number,)) for number in range(pages)]
        for thread in threads:
            thread.start()
        assert counting.held(setting // 2) == setting // 2
        assert http.limiter(connection, setting).allowed == setting // 2
        counting.gate.set()
        for thread in threads:
            thread.join(20)
    assert len(bodies) == pages
    assert counting.arrived == pages + setting
    assert counting.most_here == setting


def test_a_page_that_takes_too_long_halves_it_and_a_failure_of_another_kind_does_not() -> None:
    with Server(lambda request: document(b"", 500) if request.page == 1 else silence) as server:
        http, who = HttpPool(), stand_in.connection(server.base_url)
        limiter = http.limiter(who, 8)
        once = Limits(page_seconds=0.3, tries=1)
        for page, error, allowed in ((1, ServerFailed, 8), (2, TooSlow, 4)):
            with pytest.raises(error):
                Client(who, http, LoadDeadline(once), in_flight=8).page(query(), page)
            assert limiter.allowed == allowed
