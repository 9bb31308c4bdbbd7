"""All pages of one query, in order."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from threading import Lock
from typing import Generic, Literal, Protocol, TypeVar

from userlane.client.crew import Crew
from userlane.contract import PAGE_LIMIT
from userlane.errors import NotFound, RequestRefused


class Counted(Protocol):
    """A page that was read; `records` is how many the API sent in it, usable or not."""

    @property
    def records(self) -> int: ...


_P = TypeVar("_P", bound=Counted)


class Room:
    """How many records one load may still take in, over all its walks."""

    def __init__(self, records: int) -> None:
        self._all = records
        self._left = records
        self._lock = Lock()

    def take(self, records: int) -> bool:
        """Whether there was room for these."""
        with self._lock:
            if records > self._left:
                return False
            self._left -= records
            return True

    @property
    def reason(self) -> str:
        """Why a walk stopped for want of room."""
        return f"There are more than {self._all:,} records (USERLANE_MAX_ROWS); the rest is left out."


class Walk(Generic[_P]):
    """Iterate over the pages that `ask` gets by number, each made into a page by `read`, in threads.

    The first page goes alone. While pages are full, as many are under way as were seen, at most `in_flight`:
    1, 2, 4 …; so a page parameter that is ignored is noticed by the third request. After a short page
    one goes at a time, because servers may cap the limit: only an empty page ends the walk. A page as large
    as the largest before it counts as full.

    `first` is the number of the first page. "auto" asks for page 0 and accepts that it is refused,
    empty, or the same as page 1.

    Afterwards `reason` says why the walk ended before the last page, if it did.
    Errors of `ask` and `read` are raised where their page would come.
    """

    def __init__(
        self,
        ask: Callable[[int], bytes],
        read: Callable[[bytes], _P],
        *,
        first: Literal["auto", 0, 1] = 1,
        limit: int = PAGE_LIMIT,
        in_flight: int = 4,
        room: Room | None = None,
    ) -> None:
        self._ask = ask
        self._read = read
        self._first = first
        self._limit = limit
        self._in_flight = in_flight
        self._room = room
        self.reason: str | None = None

    def __iter__(self) -> Iterator[_P]:
        before: bytes | None = None
        start = 1 if self._first == "auto" else self._first
        if self._first == "auto":
            before, page = self._page_zero()
            if page is not None and self._fits(page):
                yield page
        if self.reason is None:
            yield from self._from(start, before)

    def _from(self, number: int, before: bytes | None) -> Iterator[_P]:
        under_way: deque[Future[tuple[bytes, _P]]] = deque()
        seen = largest = 0
        full = False
        with Crew(self._in_flight, "userlane-page") as crew:
            while True:
                width = min(self._in_flight, seen + 1) if full else 1
                while len(under_way) < width:
                    under_way.append(crew.submit(partial(self._page, number)))
                    number += 1
                body, page = under_way.popleft().result()
                if not page.records:
                    return
                seen += 1
                if body == before and (seen > 1 or self._first != "auto"):
                    self.reason = "The API sends the same page again and again: it ignores the page number."
                    return
                if body != before:
                    if not self._fits(page):
                        return
                    yield page
                full = body != before and page.records >= min(self._limit, largest or self._limit)
                largest = max(largest, page.records)
                before = body

    def _page_zero(self) -> tuple[bytes | None, _P | None]:
        try:
            body, page = self._page(0)
        except (RequestRefused, NotFound):
            return None, None
        return (body, page) if page.records else (None, None)

    def _page(self, number: int) -> tuple[bytes, _P]:
        body = self._ask(number)
        return body, self._read(body)

    def _fits(self, page: _P) -> bool:
        if self._room is not None and not self._room.take(page.records):
            self.reason = self._room.reason
            return False
        return True
