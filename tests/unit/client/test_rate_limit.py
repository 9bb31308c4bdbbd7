"""As many requests are in flight as the API bears, and never more than the setting."""

import socket
import threading
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import stand_in
from tests.stand_in import UNHURRIED, listening, query, request_on, whole_answer
from tests.unit.client.given import OK, QUICK
from userlane.client import Client, Limits, LoadDeadline, open_http_pool
from userlane.client.pace import START, Pace
from userlane.errors import ServerFailed, TooSlow

EVENTS = st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=200)


@UNHURRIED
@given(most=st.integers(1, 40), events=EVENTS)
def test_never_above_the_setting_never_below_one_and_halved_exactly_once_a_round(
    most: int, events: list[tuple[bool, int]]
) -> None:
    pace = Pace(most)
    assert pace.allowed == min(START, most)
    for answered, age in events:
        before, begun = pace.allowed, max(0, pace.round - age)
        current = begun == pace.round
        (pace.answered if answered else pace.pushed_back)(begun)
        assert 1 <= pace.allowed <= most
        if not current:
            assert pace.allowed == before
        elif answered:
            assert pace.allowed in {before, min(most, before + 1)}
        else:
            assert pace.allowed == max(1, before // 2)


@pytest.mark.parametrize("most", [1, 2, 4, 16, 37])
def test_at_first_it_doubles_with_each_round_of_answers_up_to_the_setting(most: int) -> None:
    pace = Pace(most)
    seen = [pace.allowed]
    while pace.allowed < most:
        for _ in range(pace.allowed):
            pace.answered(pace.round)
        seen.append(pace.allowed)
    assert all(after == min(2 * before, most) for before, after in pairwise(seen))


def test_after_a_halving_a_whole_round_of_answers_allows_one_more() -> None:
    pace = Pace(16)
    for _ in range(14):
        pace.answered(0)
    pace.pushed_back(0)
    grown = []
    for _ in range(8 + 9 + 10):
        pace.answered(1)
        grown.append(pace.allowed)
    assert grown == [8] * 7 + [9] * 9 + [10] * 10 + [11]


class Counting:
    """Answers over sockets and counts who is there together: the first `quick` requests immediately, then
    `together` requests with 429 once they are all there, and those after them when `gate` opens.
    """

    def __init__(self, quick: int, together: int) -> None:
        self.gate = threading.Event()
        self.arrived = self.answered = self.here = 0
        self.crowds: list[tuple[int, int]] = []
        """For each request how many were there, itself included, and how many had been answered before."""
        self._quick = quick
        self._together = together
        self._all_here = threading.Barrier(together)
        self._lock = threading.Lock()

    def __call__(self, connection: socket.socket) -> None:
        while request_on(connection):
            with self._lock:
                self.arrived += 1
                self.here += 1
                number = self.arrived
                self.crowds.append((self.here, self.answered))
            answer = OK
            if self._quick < number <= self._quick + self._together:
                self._all_here.wait(20)
                answer = whole_answer(b"", 429)
            elif number > self._quick:
                self.gate.wait(20)
            with self._lock:
                self.here -= 1
                self.answered += 1
            connection.sendall(answer)

    def held(self, expected: int) -> int:
        """How many of the last kind are there, once it is as many as expected and no more come."""
        others = self._quick + self._together
        until = time.monotonic() + 20
        while self.arrived < others + expected and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.3)
        return self.arrived - others


def test_over_a_socket_it_starts_low_grows_to_the_setting_halves_when_pushed_back_and_ends_complete() -> None:
    setting, pages = 8, 24
    bodies: list[bytes] = []
    server = Counting(quick=setting - START, together=setting)
    with listening(server) as (base_url, _):
        http = open_http_pool()
        connection = stand_in.connection(base_url)

        def load(number: int) -> None:
            api = Client(connection, http, LoadDeadline(QUICK), in_flight=setting)
            bodies.append(api.page(query(), number))

        threads = [threading.Thread(target=load, args=(number,)) for number in range(pages)]
        for thread in threads:
            thread.start()
        assert server.held(setting // 2) == setting // 2
        assert http.limiter(connection, setting).allowed == setting // 2
        server.gate.set()
        for thread in threads:
            thread.join(20)
    assert len(bodies) == pages
    assert server.arrived == pages + setting
    assert max(here for here, _ in server.crowds) == setting
    assert all(here <= START + answered for here, answered in server.crowds)


def test_a_page_that_takes_too_long_halves_it_and_a_failure_of_another_kind_does_not() -> None:
    def serve(connection: socket.socket) -> None:
        page = request_on(connection).partition(b"page=")[2][:1]
        if page == b"1":
            connection.sendall(whole_answer(b"", 500))
        connection.recv(1)

    with listening(serve) as (base_url, _):
        http, who = open_http_pool(), stand_in.connection(base_url)
        limiter = http.limiter(who, 8)
        once = Limits(page_seconds=0.3, tries=1)
        for page, error, allowed in ((1, ServerFailed, START), (2, TooSlow, START // 2)):
            with pytest.raises(error):
                Client(who, http, LoadDeadline(once), in_flight=8).page(query(), page)
            assert limiter.allowed == allowed
