"""How many pages and records of a query have come, and how many the API declared."""

from typing import Protocol, Self

from userlane.contract.pagination import PaginationInfo
from userlane.formatting import format_number


class CountedPage(Protocol):
    """A decoded page. `records` is the number of records that the API sent in it, usable or not."""

    @property
    def records(self) -> int: ...
    @property
    def declared(self) -> PaginationInfo: ...

    def same(self, other: Self) -> bool:
        """Whether both pages have the same records."""


class PageCount:
    """Counts the pages of one query that came, and compares them with what the API declared."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._largest = 0
        self._records = 0
        self._last: PaginationInfo | None = None
        self._declared_pages: int | None = None
        self.totals: list[int] = []
        """The totals that the pages declared, in turn."""
        self.totals_of_pages = True
        """Whether each total is just the number of records on its page."""
        self.pages = 0
        self.full = False
        """Whether the last page has as many records as a page can have."""
        self.shrunk = False
        """Whether the last page has fewer records than an earlier one."""

    def add(self, page: CountedPage) -> None:
        """Count the next page that has records."""
        self.full = page.records >= min(self._limit, self._largest or self._limit)
        self.shrunk = page.records < self._largest
        self._largest = max(self._largest, page.records)
        self._records += page.records
        self.pages += 1
        self.read_declared(page)

    def read_declared(self, page: CountedPage) -> None:
        """Note what a page declares; also of an empty page, which is not counted."""
        self._last = page.declared
        if page.declared.total or (page.declared.total is not None and not self._records):
            self.totals.append(page.declared.total)
            self.totals_of_pages &= page.declared.total == page.records
        self._declared_pages = page.declared.pages or self._declared_pages

    @property
    def _total(self) -> int | None:
        return self.totals[-1] if self.totals else None

    def may_end(self, last: CountedPage) -> bool:
        """Whether a refused page after this one may be past the end.

        It may be if this page has fewer records than an earlier one, is the only one and declares its own
        number of records, or is empty.
        """
        single = self.pages == 1 and last.declared.own
        return self.shrunk or single or not last.records

    def promises_more(self, declared: PaginationInfo) -> bool:
        """Whether the last page declares that more pages follow."""
        own = bool(self.pages) and self.totals_of_pages
        total = not own and (declared.total or 0) > self._records
        pages = (declared.pages or 0) > max(1, self.pages)
        return bool(declared.more) or total or pages

    @property
    def ended(self) -> bool:
        """Whether the API declares in one way that this was all, and in no other way that it was not.

        A total that is just the number of records on the first page does not count, if that page is full.
        """
        if self._last is None:
            return False
        own = self.totals_of_pages and self.full
        verdicts = (
            None if self._last.more is None else not self._last.more,
            None if self._total is None or own else _reached(self._records, self._total),
            None if self._declared_pages is None else _reached(self.pages, self._declared_pages),
        )
        return True in verdicts and False not in verdicts

    def in_flight(self, most: int) -> int:
        """How many pages may be requested side by side, at most `most`.

        1, 2, 4 … while pages are full or declared, and not more than are declared to come.
        """
        left: list[int] = []
        if self._total is not None and self._largest:
            left.append(-((self._records - self._total) // self._largest))
        if self._declared_pages is not None:
            left.append(self._declared_pages - self.pages)
        coming = max(left, default=0)
        wanted = min(most, self.pages + 1) if self.full or coming > 0 else 1
        return min(wanted, coming) if coming > 0 else wanted

    @property
    def shortfall(self) -> str | None:
        """How the records that came differ from those declared, for the user; None if they do not.

        Totals that were each page's own number of records do not count. A last page that turned out empty is
        no loss.
        """
        if self._total is not None and not self.totals_of_pages:
            if self._records == self._total:
                return None
            total, sent = format_number(self._total), format_number(self._records)
            return f"The API declared {total} records and sent {sent}."
        if self._declared_pages is not None and self.pages < self._declared_pages - 1:
            declared, sent = format_number(self._declared_pages), format_number(self.pages)
            return f"The API declared {declared} pages and sent {sent}."
        return None


def _reached(have: int, declared: int) -> bool | None:
    return None if have > declared else have == declared
