"""What one walk over one window brought, and whether the records changed meanwhile."""

from collections import Counter
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from userlane.client import Paginator
from userlane.contract import Query
from userlane.decode import Page
from userlane.errors import AccessRefused, UserlaneError
from userlane.fetch.access_check import Ends
from userlane.fetch.deduplicate import tidy
from userlane.store import Piece


class Walked:
    """The pages of one walk and, after `finish`, their rows.

    Pages are asked for by number, so a record that is added or removed while they are walked shifts all those
    behind it. An addition among what was read already shifts a record into the next page, where it comes
    again: a repeat across pages. A removal shifts one into a page that was read already, and it is lost: only
    a total that the API declares, and that falls, shows it. So what cannot be seen is a removal where no
    total is declared, and one that an addition further on makes up for.
    """

    def __init__(self, query: Query) -> None:
        self._query = query
        self._began = datetime.now(UTC)
        self._tables: list[pa.Table] = []
        self._refused: Counter[tuple[str, date | None]] = Counter()
        self._ends = Ends()
        self.records = 0
        """How many the API sent, usable or not."""
        self.totals: tuple[int, ...] = ()
        """What the pages declared, in turn."""
        self.reason: str | None = None
        """Why records may be missing, if they may."""
        self.error: UserlaneError | None = None
        self.broken = False
        """Whether the walk ended before its time."""
        self.too_many: bool = False
        """Whether it was given up because the window holds too many records."""
        self.moved = False
        """Whether records were added or removed meanwhile, as far as that can be seen."""
        self.piece: Piece

    def take(self, number: int, page: Page) -> None:
        """The next page that holds records, and its number."""
        self.records += page.records
        self._tables.append(page.table)
        self._refused.update(page.refused)
        self._ends.pass_by(number, page)

    @property
    def until(self) -> date | None:
        """The latest day of the latest page of tags."""
        if self._query.dataset != "tags" or not self._tables:
            return None
        day: date | None = pc.max(self._tables[-1]["date"]).as_py()
        return day

    def finish(self, walk: Paginator[Page], error: UserlaneError | None) -> None:
        """The walk is over, because of `error` or by itself."""
        self.reason = walk.reason
        if error:  # who is refused has to do something about it before anything else can help
            refused = isinstance(error, AccessRefused)
            self.reason = f"{error.cause} {error.next_step}" if refused else error.cause
        self.error = error
        self.totals = walk.totals
        self.broken = walk.ends_load or error is not None
        if self.too_many:
            return
        tidied = tidy(self._query, self._tables)
        self.moved = not self.broken and (self._repeats_across_pages(tidied.duplicates) or self._total_moved)
        self.piece = Piece(
            self._query,
            tidied.table,
            self._began,
            dict(self._refused),
            tidied.duplicates,
            tidied.outside,
            proof=None if self.reason else self._ends.proof,
        )
        self._tables.clear()

    def same(self, other: "Walked") -> bool:
        """Whether both brought the same: then it is how this API answers, and nothing changed."""
        mine, theirs = self.piece, other.piece
        counts = (self.totals, mine.refused, mine.duplicates, mine.outside)
        others = (other.totals, theirs.refused, theirs.duplicates, theirs.outside)
        return bool(counts == others and mine.table.equals(theirs.table))

    def _repeats_across_pages(self, repeats: int) -> bool:
        return repeats > 0 and repeats > sum(tidy(self._query, [table]).duplicates for table in self._tables)

    @property
    def _total_moved(self) -> bool:
        """A total that only grew, and has come, lost nothing: the records were added at the end."""
        changed = len({*self.totals}) > 1
        grew = list(self.totals) == sorted(self.totals)
        return changed and not (grew and self.totals[-1] == self.records)
