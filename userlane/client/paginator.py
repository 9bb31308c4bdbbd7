"""Fetches all pages of one query, in order."""

from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, wait
from functools import partial
from threading import Lock
from typing import Any, Generic, Literal, TypeVar

from userlane.client.page_count import CountedPage, PageCount
from userlane.client.threads import DaemonPool
from userlane.contract import PAGE_LIMIT
from userlane.errors import NotFound, RequestRefused, UserlaneError
from userlane.formatting import format_number

_P = TypeVar("_P", bound=CountedPage)
_Fetched = tuple[bytes, _P]
_LAST_WAIT_SECONDS = 1.0
_REFUSED = (NotFound, RequestRefused)


class RowBudget:
    """How many records one load may still take in, over all its windows."""

    def __init__(self, records: int) -> None:
        self._limit = records
        self._left = records
        self._lock = Lock()

    def reserve(self, records: int) -> bool:
        """Take this many from the budget. Returns False, and takes none, if there are fewer left."""
        with self._lock:
            if records > self._left:
                return False
            self._left -= records
            return True

    def release(self, records: int) -> None:
        """Give this many back: their window is fetched again."""
        with self._lock:
            self._left += records

    @property
    def reason(self) -> str:
        """Why a load ended at this limit, for the user."""
        limit = format_number(self._limit)
        return f"There are more than {limit} records (USERLANE_MAX_ROWS); the rest is left out."


class Paginator(Generic[_P]):
    """Iterates over the pages of one query.

    `fetch` gets the body of a page by its number and `decode` makes a page of it: both in this thread while
    one page is requested at a time, else in threads of the paginator. An error of either is raised where its
    page would come.

    The first page is requested alone. While pages are full or declared, as many are in flight as were seen,
    at most `in_flight`: 1, 2, 4 …; so a page parameter that is ignored is noticed by the third request.
    After a short page one is requested at a time, because servers may cap the limit. A page as large as the
    largest before it counts as full.

    Pages end with an empty page, or where the API says so: the declared total has come, the last declared
    page has, or no page follows. If one declaration says so and another does not, they go on.

    A refused page may be one past the last: after a page shorter than others, after a single page that
    declares its own number of records, or after an empty page 0. A short page proves nothing, so at most two
    requests look into it: it is the end if no declaration promises more, the next page is refused too, and
    the page before comes again unchanged when requested again, so that the API does not know the page number
    and not the property. Otherwise the refusal is raised.

    The same page again is no end. After a page shorter than others, an API that gives its last page in place
    of those past it and one that ignores the page number from there on respond alike to every request.

    Attributes:
        base: Number of the first page; with `first="auto"` what was found out, None if nothing was.
        reason: After the last page, why records may be missing, for the user; None if none may.
        ends_load: Whether any other window would end in the same way.
    """

    def __init__(
        self,
        fetch: Callable[[int], bytes],
        decode: Callable[[bytes], _P],
        *,
        first: Literal["auto", 0, 1] = 1,
        limit: int = PAGE_LIMIT,
        in_flight: int = 4,
        row_budget: RowBudget | None = None,
        share: Callable[[], int] | None = None,
    ) -> None:
        """Prepare the requests; none is sent before the iteration.

        Args:
            fetch: Returns the body of a page.
            decode: Returns the page of a body.
            first: Number of the first page. "auto" requests page 0 and accepts that it is refused, empty or
                the same as page 1.
            limit: Records per page, as requested.
            in_flight: Most pages in flight at once.
            row_budget: Records that the load may still take in; None if there is no limit.
            share: Returns how many pages may be in flight now, where windows are fetched side by side.
        """
        self._fetch = fetch
        self._decode = decode
        self._count = PageCount(limit)
        self._in_flight = in_flight
        self._share = share or (lambda: in_flight)
        self._row_budget = row_budget
        self._first = first
        self.base: Literal[0, 1] | None = None if first == "auto" else first
        self.reason: str | None = None
        self.ends_load = False

    @property
    def totals(self) -> tuple[int, ...]:
        """The totals that the pages declared, in turn; empty if each was its page's own number of records."""
        return () if self._count.totals_of_pages else tuple(self._count.totals)

    def __iter__(self) -> Iterator[_P]:
        zero = _get_known(partial(self._page, 0)) if self._first == "auto" else None
        if zero and zero[1].records and self._add(zero[1]):
            yield zero[1]
        if not self.ends_load:
            yield from self._from(1 if self._first == "auto" else self._first, zero)

    def _from(self, number: int, zero: _Fetched[_P] | None) -> Iterator[_P]:
        """The pages from this number on; `zero` is page 0, if that was requested before."""
        # Without a future, a page is fetched in this thread when its turn comes: a second thread would cost a
        # third of a quick page's time.
        in_flight: deque[tuple[int, Future[_Fetched[_P]] | None]] = deque()
        before = zero if zero and zero[1].records else None
        alone = before is not None
        with DaemonPool(self._in_flight, "userlane-page") as pool:
            while not self._count.ended:
                most = 1 if alone else self._count.in_flight(min(self._in_flight, self._share()))
                while len(in_flight) < most:
                    in_flight.append((number, pool.submit(partial(self._page, number)) if most > 1 else None))
                    number += 1
                at, coming = in_flight.popleft()
                try:
                    page = coming.result() if coming else self._page(at)
                except _REFUSED as refusal:
                    following = in_flight[0][1] if in_flight else None
                    if not _is_unknown_page(refusal) or not self._ends(pool, at, before or zero, following):
                        raise
                    break
                verdict = self._judge(at, page, before)
                if verdict == "end" or (verdict == "take" and not self._add(page[1])):
                    break
                if verdict == "take":
                    yield page[1]
                    before, alone = page, False
            _finish([future for _, future in in_flight if future])
        self.reason = self.reason or self._count.shortfall

    def _ends(
        self,
        pool: DaemonPool,
        at: int,
        before: _Fetched[_P] | None,
        following: Future[_Fetched[_P]] | None,
    ) -> bool:
        """Whether a page that was refused is past the last one.

        Args:
            pool: For two more requests.
            at: Number of the refused page.
            before: The page before it.
            following: The page after it, if that is in flight already.
        """
        if before is None or not self._count.may_end(before[1]):
            return False
        if self._count.shortfall:  # which says better what is the matter
            return True
        if self._count.promises_more(before[1].declared):
            return False
        following = following or pool.submit(partial(self._page, at + 1))
        if _get_known(following.result) is not None:
            return False
        again = pool.submit(partial(self._page, at - 1)).result()
        if not _is_same(again, before):
            return False
        if self.base is None:
            self.base = 0
        return True

    def _judge(
        self, at: int, page: _Fetched[_P], before: _Fetched[_P] | None
    ) -> Literal["take", "skip", "end"]:
        if not page[1].records:
            self._count.read_declared(page[1])
            if before and self.base is None:
                self.base = 0
            return "end"
        again = before is not None and _is_same(page, before)
        if self.base is None:
            self.base = 0 if before and not again else 1
            if again:
                return "skip"
        if again and not self._count.shrunk:
            self._end_load("The API sends the same page again and again: it ignores the page number.")
        elif again:
            self.reason = self._count.shortfall or (
                f"The API gave page {at - 1} again in place of page {at}; whether there is more is not known."
            )
        return "end" if again else "take"

    def _page(self, number: int) -> _Fetched[_P]:
        body = self._fetch(number)
        try:
            return body, self._decode(body)
        except UserlaneError as error:
            # The error of a page waits for its turn; the frames of its traceback would keep the body.
            del body
            raise error.with_traceback(None) from None

    def _add(self, page: _P) -> bool:
        if self._row_budget is not None and not self._row_budget.reserve(page.records):
            self._end_load(self._row_budget.reason)
            return False
        self._count.add(page)
        return True

    def _end_load(self, reason: str) -> None:
        self.reason = reason
        self.ends_load = True


def _finish(in_flight: Collection[Future[Any]]) -> None:
    """Wait (at most 1 s) for requests past the last page, so that a load that is over sends none."""
    for future in in_flight:
        future.cancel()
    wait(in_flight, timeout=_LAST_WAIT_SECONDS)


def _is_unknown_page(refusal: NotFound | RequestRefused) -> bool:
    return isinstance(refusal, NotFound) or refusal.page


def _get_known(get: Callable[[], _Fetched[_P]]) -> _Fetched[_P] | None:
    """Return the page; None where the API does not know this page. Raises any other error."""
    try:
        return get()
    except _REFUSED as refusal:
        if not _is_unknown_page(refusal):
            raise
        return None


def _is_same(page: _Fetched[_P], before: _Fetched[_P]) -> bool:
    return page[0] == before[0] or page[1].same(before[1])
