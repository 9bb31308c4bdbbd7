"""All pages of one query, in order."""

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
_Got = tuple[bytes, _P]
_LINGER = 1.0
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
    """Iterate over the pages that `ask` gets by number, each made into a page by `read`: one at a time in
    this thread, several in threads of their own.

    The first page goes alone. While pages are full, or declared, as many are under way as were seen, at most
    `in_flight`: 1, 2, 4 …; so a page parameter that is ignored is noticed by the third request. After a short
    page one goes at a time, because servers may cap the limit. A page as large as the largest before it
    counts as full.

    Where several walks go side by side, `share` says how many pages this one may have under way now.

    A walk ends with an empty page, or where the API says that it does: the declared total has come, the last
    page has, or no more follow. If one declaration says so and another does not, it goes on.

    A refused page may be one past the last: after a page shorter than others, after a single page that counts
    its own records, or after an empty page 0. A short page proves nothing, so that is looked into, with two
    requests at most: it is the end if no declaration promises more, the next page is refused too, and the
    page before gives the same when asked for again, so that it is the number and not the property that the
    API does not know. Otherwise the refusal is raised.

    The same page again is no end. After a page shorter than others, an API that gives its last page in place
    of those past it and one that ignores the page number from there on answer alike, whatever is asked.

    `first` is the number of the first page. "auto" asks for page 0 and accepts that it is refused,
    empty, or the same as page 1; `base` is then what was found out, None if nothing was.

    `number` is that of the page given last. Afterwards `reason` says why records may be missing, if they may;
    `ends_load`, that no other walk fares better. Errors of `ask` and `read` are raised where their page would
    come.
    """

    def __init__(
        self,
        ask: Callable[[int], bytes],
        read: Callable[[bytes], _P],
        *,
        first: Literal["auto", 0, 1] = 1,
        limit: int = PAGE_LIMIT,
        in_flight: int = 4,
        row_budget: RowBudget | None = None,
        share: Callable[[], int] | None = None,
    ) -> None:
        self._ask = ask
        self._read = read
        self._count = PageCount(limit)
        self._in_flight = in_flight
        self._share = share or (lambda: in_flight)
        self._row_budget = row_budget
        self._first = first
        self.base: Literal[0, 1] | None = None if first == "auto" else first
        self.number = 0
        self.reason: str | None = None
        self.ends_load = False

    @property
    def totals(self) -> tuple[int, ...]:
        """What the pages declared, in turn; nothing if each declared just its own number."""
        return () if self._count.totals_of_pages else tuple(self._count.totals)

    def __iter__(self) -> Iterator[_P]:
        zero = self._page_zero() if self._first == "auto" else None
        if zero and zero[1].records and self._takes(zero[1]):
            yield zero[1]
        if not self.ends_load:
            yield from self._from(1 if self._first == "auto" else self._first, zero)

    def _from(self, number: int, zero: _Got[_P] | None) -> Iterator[_P]:
        under_way: deque[tuple[int, Future[_Got[_P]]]] = deque()
        before = zero if zero and zero[1].records else None
        alone = before is not None
        with DaemonPool(self._in_flight, "userlane-page") as pool:
            while not self._count.ended:
                width = 1 if alone else self._count.width(min(self._in_flight, self._share()))
                while len(under_way) < width:
                    page = partial(self._page, number)
                    # One at a time needs no second thread, which would cost a third of a quick page's time.
                    under_way.append((number, pool.submit(page) if width > 1 else pool.run_here(page)))
                    number += 1
                place, coming = under_way.popleft()
                try:
                    got = coming.result()
                except _REFUSED as refusal:
                    following = under_way[0][1] if under_way else None
                    if not _no_such_page(refusal) or not self._ends(pool, place, before or zero, following):
                        raise
                    break
                verdict = self._judged(place, got, before)
                if verdict == "end" or (verdict == "take" and not self._takes(got[1])):
                    break
                if verdict == "take":
                    self.number = place
                    yield got[1]
                    before, alone = got, False
            _settle([future for _, future in under_way])
        self.reason = self.reason or self._count.shortfall

    def _ends(
        self, pool: DaemonPool, place: int, before: _Got[_P] | None, following: Future[_Got[_P]] | None
    ) -> bool:
        """Whether the walk is over with a page that was refused. `following` is the page after it, if that is
        under way already.
        """
        if before is None or not self._count.may_end(before[1]):
            return False
        if self._count.shortfall:  # which says better what is the matter
            return True
        if self._count.promised(before[1].declared):
            return False
        following = following or pool.submit(partial(self._page, place + 1))
        if not _refused(following):
            return False
        again = pool.submit(partial(self._page, place - 1)).result()
        if not _same(again, before):
            return False
        if self.base is None:
            self.base = 0
        return True

    def _judged(self, place: int, got: _Got[_P], before: _Got[_P] | None) -> Literal["take", "skip", "end"]:
        page = got[1]
        if not page.records:
            self._count.hear(page)
            if before and self.base is None:
                self.base = 0
            return "end"
        again = before is not None and _same(got, before)
        if self.base is None:
            self.base = 0 if before and not again else 1
            if again:
                return "skip"
        if again and not self._count.dwindled:
            self._bar("The API sends the same page again and again: it ignores the page number.")
        elif again:
            self.reason = self._count.shortfall or (
                f"The API gave page {place - 1} again in place of page {place}; "
                "whether there is more is not known."
            )
        return "end" if again else "take"

    def _page_zero(self) -> _Got[_P] | None:
        try:
            return self._page(0)
        except _REFUSED as refusal:
            if not _no_such_page(refusal):
                raise
            return None

    def _page(self, number: int) -> _Got[_P]:
        body = self._ask(number)
        try:
            return body, self._read(body)
        except UserlaneError as error:
            # A page that failed waits for its turn; the frames it passed would keep its body meanwhile.
            del body
            raise error.with_traceback(None) from None

    def _takes(self, page: _P) -> bool:
        if self._row_budget is not None and not self._row_budget.reserve(page.records):
            self._bar(self._row_budget.reason)
            return False
        self._count.add(page)
        return True

    def _bar(self, reason: str) -> None:
        self.reason = reason
        self.ends_load = True


def _settle(under_way: Collection[Future[Any]]) -> None:
    """Let requests for pages after the last come home, so that a load that is over asks nothing any more."""
    for future in under_way:
        future.cancel()
    wait(under_way, timeout=_LINGER)


def _no_such_page(refusal: NotFound | RequestRefused) -> bool:
    return isinstance(refusal, NotFound) or refusal.page


def _refused(coming: Future[Any]) -> bool:
    """Whether a page turns out to be one that the API does not know. Raises any other error."""
    try:
        coming.result()
    except _REFUSED as refusal:
        return _no_such_page(refusal)
    return False


def _same(got: _Got[_P], before: _Got[_P]) -> bool:
    return got[0] == before[0] or got[1].same(before[1])
