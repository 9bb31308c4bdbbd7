"""Many loads on a broken API do not multiply its load, and when it recovers so do they."""

import time
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import stand_in
from tests.stand_in import UNHURRIED, ScriptedTransport, in_turn, query
from tests.unit.client.given import QUICK
from userlane.client import Client, HttpPool, LoadDeadline
from userlane.client.retries import API_RETRIES, REFILL_SECONDS, TOKEN_RETRIES, RetryBudget
from userlane.errors import ServerFailed, Throttled, Unreachable


def client(http: HttpPool, number: int = 0, base_url: str = "http://a.example") -> Client:
    return Client(stand_in.connection(base_url, f"user-{number}"), http, LoadDeadline(QUICK))


class Switched(ScriptedTransport):
    """Responds with `status`."""

    def __init__(self, status: int = 500) -> None:
        self.status = status
        self.answer: Callable[[], int] = lambda: self.status
        super().__init__(self._respond)

    def _respond(self, request: httpx.Request, _: int) -> httpx.Response:
        if request.url.params["page"] == "99":
            return httpx.Response(500)
        return httpx.Response(self.answer(), text="[]")


def test_fifty_loads_on_an_api_that_answers_500_send_fifty_requests_and_the_retry_budget() -> None:
    api = Switched()
    http = HttpPool(api)
    began = time.monotonic()
    words: list[str] = []
    for number in range(50):
        with pytest.raises(ServerFailed) as caught:
            client(http, number).page(query(), 1)
        words.append(caught.value.cause)
    came_back = (time.monotonic() - began) * API_RETRIES / REFILL_SECONDS
    assert 50 + API_RETRIES <= len(api.requests) <= 50 + API_RETRIES + came_back
    assert words[0] == "The API failed (500)."
    spent = "The API fails often at the moment, so nothing is asked for twice."
    assert words[-1] == f"{spent} The API failed (500)."
    other = client(http, base_url="http://b.example")
    with pytest.raises(ServerFailed, match=r"^The API failed"):
        other.page(query(), 1)
    assert other.requests == 4

    api.status = 200
    for _ in range(20):
        client(http).page(query(), 1)
    tried = client(http)
    with pytest.raises(ServerFailed):
        tried.page(query(), 99)
    assert tried.requests == 4


def test_one_users_broken_property_leaves_the_others_their_retries_and_their_loads() -> None:
    """Ben presses “Try again” for a property that always fails; then one request of Anna's stumbles."""
    http = HttpPool(api := Switched())
    ben = [client(http, 1) for _ in range(40)]
    for load in ben:
        with pytest.raises(ServerFailed):
            load.page(query(), 1)
    assert sum(load.requests for load in ben) <= len(ben) + TOKEN_RETRIES + 5
    stumbles = iter([503, 200, 200])
    api.answer = lambda: next(stumbles)
    anna = client(http, 2)
    for number in (1, 2):
        assert anna.page(query(), number) == b"[]"
    assert anna.requests == 3


def test_a_page_that_is_not_asked_for_twice_ends_no_load() -> None:
    http = HttpPool(api := Switched())
    load = client(http)
    while http.retry_budget(
        httpx.URL("http://a.example"), stand_in.connection("http://a.example", "user-0")
    ).spend():
        pass
    with pytest.raises(ServerFailed, match="fails often"):
        load.page(query(), 1)
    api.status = 200
    assert load.page(query(), 2) == b"[]"
    assert load.requests == 2


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (httpx.ConnectError("refused"), Unreachable, "fails often .* cannot be reached"),
        (httpx.Response(429), Throttled, "fails often .* too many requests"),
    ],
)
def test_whatever_fails_keeps_its_kind_when_the_retry_budget_is_used_up(
    answer: httpx.Response | Exception, error: type[Exception], words: str
) -> None:
    http = HttpPool(in_turn(answer))
    while http.retry_budget(
        httpx.URL("http://a.example/v1"), stand_in.connection("http://a.example", "user-0")
    ).spend():
        pass
    with pytest.raises(error, match=words):
        client(http).page(query(), 1)


@UNHURRIED
@given(
    events=st.lists(
        st.one_of(
            st.just("spend"), st.just("first try"), st.just("later try"), st.floats(0, 2 * REFILL_SECONDS)
        ),
        max_size=300,
    )
)
def test_retries_are_paid_for_given_back_and_never_more_than_there_were(events: list[str | float]) -> None:
    now = 0.0
    budget = RetryBudget(lambda: now)
    for event in events:
        before = budget.left
        if event == "spend":
            assert budget.spend() == (before >= 1)
            assert budget.left == pytest.approx(before - 1 if before >= 1 else before)
        elif isinstance(event, float):
            now += event
            assert budget.left == pytest.approx(
                min(API_RETRIES, before + event * API_RETRIES / REFILL_SECONDS)
            )
        else:
            later = event == "later try"
            budget.record_success(retried=later)
            assert budget.left == pytest.approx(min(API_RETRIES, before + (1 if later else 0.2)))
        assert 0 <= budget.left <= API_RETRIES


def test_an_api_that_nobody_asked_for_a_while_starts_afresh() -> None:
    now = 0.0
    budget = RetryBudget(lambda: now)
    while budget.spend():
        pass
    now = REFILL_SECONDS
    assert sum(budget.spend() for _ in range(2 * API_RETRIES)) == API_RETRIES


def test_an_api_that_fails_one_time_in_three_never_runs_out_of_retries() -> None:
    now = 0.0
    budget = RetryBudget(lambda: now)
    failing = (request % 3 == 0 for request in range(100_000))
    for _ in range(20_000):
        tries = 1
        while next(failing):
            assert budget.spend()
            tries += 1
        budget.record_success(retried=tries > 1)
    assert budget.left > API_RETRIES - 2


def test_what_is_kept_of_tokens_is_one_object_each_and_does_not_grow_for_ever() -> None:
    http = HttpPool(Switched())
    url = httpx.URL("http://a.example")
    ben, *others = (stand_in.connection("http://a.example", f"user-{number}") for number in range(1500))
    first = http.limiter(ben, 4), http.retry_budget(url, ben)
    assert (http.limiter(ben, 4), http.retry_budget(url, ben)) == first
    for other in others:
        http.limiter(other, 4)
        http.retry_budget(url, other)
    assert len(http._limiters) == len(http._token_budgets) == 1024
    assert len(http._api_budgets) == 1
