"""One visit may upload so much and no more, and what it uploads is no other visit's business."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from userlane.web import upload_quota
from userlane.web.upload_quota import ADDRESS, UploadQuota

MEGABYTE = 2**20


def quota() -> UploadQuota:
    return UploadQuota(Starlette())


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_quota, "MAX_BYTES", 1000)
    monkeypatch.setattr(upload_quota, "MAX_FILES", 3)


class Visitors:
    """Visitors of an application that takes uploads, except those of a visit called `gone`.

    `kept` are the sizes of what reached it.
    """

    def __init__(self) -> None:
        self.kept: list[int] = []

        async def take(request: Request) -> Response:
            self.kept.append(len(await request.body()))
            return Response(status_code=400 if request.path_params.get("visit") == "gone" else 204)

        ways = [Route(f"{at}{ADDRESS}{{visit}}/{{file}}", take, methods=["PUT"]) for at in ("", "/at")]
        self.app = UploadQuota(Starlette(routes=[*ways, Route("/", take, methods=["GET", "PUT"])]))

    def ask(self, method: str, path: str, content: bytes | AsyncIterator[bytes] = b"") -> httpx.Response:
        async def asking() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                return await client.request(method, path, content=content)

        # A browser test before this one keeps the loop of this thread.
        with ThreadPoolExecutor(1) as own:
            return own.submit(lambda: asyncio.run(asking())).result()

    def put(self, visit: str, size: int, at: str = "") -> httpx.Response:
        return self.ask("PUT", f"{at}{ADDRESS}{visit}/some-file", b"x" * size)


@pytest.fixture
def visitors(small: None) -> Visitors:  # noqa: ARG001  # limits that a test can reach
    return Visitors()


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 40 * MEGABYTE)), max_size=150))
def test_no_visit_gets_past_its_quota_and_none_is_counted_for_another(sizes: list[tuple[str, int]]) -> None:
    """Whatever comes in whatever order: what was let in fits, what was refused would not have."""
    counted = quota()
    let_in: dict[str, list[int]] = {"a": [], "b": []}
    for visit, size in sizes:
        mine = let_in[visit]
        fits = len(mine) < upload_quota.MAX_FILES and sum(mine) + size <= upload_quota.MAX_BYTES
        assert counted.take(visit, size) == fits
        if fits:
            mine.append(size)


def test_what_goes_beyond_is_kept_by_nobody(visitors: Visitors) -> None:
    """It is answered like any other, since the page has words only for a file that it does not find."""
    answers = [visitors.put("a", 900), visitors.put("a", 200), visitors.put("a", 100), visitors.put("b", 900)]
    assert {answer.status_code for answer in answers} == {204}
    assert visitors.kept == [900, 100, 900]


def test_the_number_of_files_is_bounded_too(visitors: Visitors) -> None:
    for _ in range(5):
        visitors.put("a", 0)
    assert len(visitors.kept) == 3


def test_under_a_folder_of_a_shared_server_the_quota_holds_as_well(visitors: Visitors) -> None:
    visitors.put("a", 900, "/at")
    visitors.put("a", 900, "/at")
    assert visitors.kept == [900]


def test_what_is_not_taken_in_does_not_count(visitors: Visitors) -> None:
    """A visit that has ended, or never was, costs nothing and is not remembered."""
    assert [visitors.put("gone", 900).status_code for _ in range(5)] == [400] * 5
    assert not visitors.app.taken


def test_an_upload_without_a_length_counts_as_the_largest(visitors: Visitors) -> None:
    async def drops() -> AsyncIterator[bytes]:
        yield b"x"

    visitors.ask("PUT", f"{ADDRESS}a/some-file", drops())
    assert visitors.kept == []


def test_other_requests_are_let_through(visitors: Visitors) -> None:
    assert visitors.ask("PUT", "/", b"x" * 5000).status_code == 204
    assert visitors.ask("GET", "/").status_code == 204


def test_only_so_many_visits_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_quota, "_VISITS", 10)
    counted = quota()
    for number in range(50):
        counted.take(str(number), 1)
    assert list(counted.taken) == [str(number) for number in range(40, 50)]
