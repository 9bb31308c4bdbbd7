"""What a walk has seen, and what the API said that it would see."""

from typing import Protocol, Self

from userlane.formatting import format_number


class PaginationInfo(Protocol):
    """What an answer says of all its pages together: records, pages, whether more follow; None if nothing."""

    @property
    def total(self) -> int | None: ...
    @property
    def pages(self) -> int | None: ...
    @property
    def more(self) -> bool | None: ...
    @property
    def own(self) -> bool:
        """Whether it counts its own records right, which may be all of them."""


class CountedPage(Protocol):
    """A page that was read; `records` is how many the API sent in it, usable or not."""

    @property
    def records(self) -> int: ...
    @property
    def declared(self) -> PaginationInfo: ...

    def same(self, other: Self) -> bool:
        """Whether both hold the same records."""


class PageCount:
    """What has come, and what the API said would come."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._largest = 0
        self._records = 0
        self._said: PaginationInfo | None = None
        self._pages: int | None = None
        self.totals: list[int] = []
        """What the pages declared, in turn."""
        self.totals_of_pages = True
        """Whether each declared just its own number of records."""
        self.pages = 0
        self.full = False
        """Whether the last page held as many records as it can."""
        self.dwindled = False
        """Whether it held fewer than another."""

    def add(self, page: CountedPage) -> None:
        """The next page that holds records."""
        self.full = page.records >= min(self._limit, self._largest or self._limit)
        self.dwindled = page.records < self._largest
        self._largest = max(self._largest, page.records)
        self._records += page.records
        self.pages += 1
        self.hear(page)

    def hear(self, page: CountedPage) -> None:
        """What a page declares, also an empty one."""
        self._said = page.declared
        if page.declared.total or (page.declared.total is not None and not self._records):
            self.totals.append(page.declared.total)
            self.totals_of_pages &= page.declared.total == page.records
        self._pages = page.declared.pages or self._pages

    @property
    def _total(self) -> int | None:
        return self.totals[-1] if self.totals else None

    def may_end(self, last: CountedPage) -> bool:
        """Whether a refused page after this one may be past the end: it held fewer records than another, is
        the only one and counts them as if they were all, or is empty.
        """
        single = self.pages == 1 and last.declared.own
        return self.dwindled or single or not last.records

    def promised(self, said: PaginationInfo) -> bool:
        """Whether the last page declares that more follows."""
        own = bool(self.pages) and self.totals_of_pages
        total = not own and (said.total or 0) > self._records
        pages = (said.pages or 0) > max(1, self.pages)
        return bool(said.more) or total or pages

    @property
    def ended(self) -> bool:
        """Whether the API says that this was all, and does not at the same time say otherwise.

        A total that is just the first page's own number is not believed of a full page.
        """
        if self._said is None:
            return False
        own = self.totals_of_pages and self.full
        verdicts = (
            None if self._said.more is None else not self._said.more,
            None if self._total is None or own else self._reached(self._records, self._total),
            None if self._pages is None else self._reached(self.pages, self._pages),
        )
        return True in verdicts and False not in verdicts

    def width(self, most: int) -> int:
        """How many pages may be under way at a time."""
        left: list[int] = []
        if self._total is not None and self._largest:
            left.append(-((self._records - self._total) // self._largest))
        if self._pages is not None:
            left.append(self._pages - self.pages)
        coming = max(left, default=0)
        wanted = min(most, self.pages + 1) if self.full or coming > 0 else 1
        return min(wanted, coming) if coming > 0 else wanted

    @property
    def shortfall(self) -> str | None:
        """How what has come differs from what was declared; None if it does not.

        Totals that were each page's own number are none. A last page that turned out empty is no loss.
        """
        if self._total is not None and not self.totals_of_pages:
            if self._records == self._total:
                return None
            total, sent = format_number(self._total), format_number(self._records)
            return f"The API declared {total} records and sent {sent}."
        if self._pages is not None and self.pages < self._pages - 1:
            return (
                f"The API declared {format_number(self._pages)} pages and sent {format_number(self.pages)}."
            )
        return None

    @staticmethod
    def _reached(have: int, declared: int) -> bool | None:
        return None if have > declared else have == declared
