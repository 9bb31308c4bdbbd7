"""What another token has to be shown before it may open the rows that one token fetched."""

import hashlib
import random
from collections.abc import Callable, Iterable, Sequence

import pyarrow as pa
import pyarrow.acero  # else the first join waits for it
import pyarrow.compute as pc

from userlane.contract import Window
from userlane.decode import Page
from userlane.errors import NotFound, RequestRefused
from userlane.store import Piece, Proof, overlap

PageOf = Callable[[int], Page]
"""The page of this number, as the API gives it to the token that has to show what it sees."""

_LOOKS = 2
_CHANCE = random.SystemRandom()


class Ends:
    """The first and the last page of one walk."""

    def __init__(self) -> None:
        self._pages: list[tuple[int, Page]] = []

    def pass_by(self, number: int, page: Page) -> None:
        """The next page that holds records, and its number."""
        self._pages[1:] = [(number, page)]

    @property
    def proof(self) -> Proof | None:
        """Both ends' numbers and digests; None if no page held a record."""
        if not self._pages:
            return None
        (first, opening), (last, closing) = self._pages[0], self._pages[-1]
        return Proof(first, digest(opening), last, digest(closing))


def digest(page: Page) -> str:
    """A text of 64 digits that is the same for the same page wherever it is read, and for no other: SHA-256
    of its usable records in order, the number of all its records, and the total that it declares.

    The values are digested, not the table's buffers: what these hold where a value is missing, and in what
    order a dictionary is, depends on how the page was read.
    """
    sum_ = hashlib.sha256(repr((page.records, page.declared.total, page.table.num_rows)).encode())
    for column in page.table.columns:
        texts = column.combine_chunks().cast(pa.string())
        if not len(texts):
            continue
        # Of each text its length, -1 where it is missing, and then all of them one after another.
        sum_.update(pc.fill_null(pc.binary_length(texts), -1).to_numpy())
        sum_.update(pc.binary_join(pa.array([pc.fill_null(texts, "").to_pylist()]), "")[0].as_buffer())
    return sum_.hexdigest()


def proves(page_of: PageOf, proof: Proof) -> bool:
    """Whether the API gives this token the same first and last page of a window as it gave the one that
    fetched it, and nothing after them: three requests, one less where they are the same page, and one less
    where the last one says itself that it is the last.

    Raises what `page_of` raises.
    """
    page: Page | None = None
    for number, expected in {proof.first: proof.first_digest, proof.last: proof.last_digest}.items():
        page = page_of(number)
        if digest(page) != expected:
            return False
    return page is None or page.declared.ends or _nothing_after(page_of, proof.last, page)


def proves_span(page_of: PageOf, pieces: Sequence[Piece], base: int) -> bool:
    """Whether the API gives this token, of tag windows that lie side by side, as many records as it gave the
    one that fetched them, nothing after them, and on the first page, the last one and two in between that
    nobody can foretell what these windows hold there: five requests however many windows there are. Pages
    count from `base`.

    Raises what `page_of` raises.
    """
    total = sum(piece.sent for piece in pieces)
    page = page_of(base)
    size = page.records
    if not 0 < size <= total or not _within(page, _holding(pieces, 0, size)):
        return False
    last = -(-total // size) - 1
    between = range(1, last)
    for place in (*_CHANCE.sample(between, min(_LOOKS, len(between))), *([last] if last else [])):
        page = page_of(base + place)
        first, end = place * size, min((place + 1) * size, total)
        if page.records != end - first or not _within(page, _holding(pieces, first, end)):
            return False
    if page.declared.ends:
        return page.declared.total in {None, total}
    return _nothing_after(page_of, base + last, page)


def _nothing_after(page_of: PageOf, number: int, page: Page) -> bool:
    """Whether the page of this number is the last: the next is empty, refused, or the same once more."""
    try:
        following = page_of(number + 1)
    except (NotFound, RequestRefused) as refusal:
        if isinstance(refusal, RequestRefused) and not refusal.page:
            raise
        return True
    return not following.records or following.same(page)


def _holding(pieces: Iterable[Piece], first: int, end: int) -> list[Piece]:
    """Those of the pieces in which the records from the `first` on lie, up to but not including the `end`."""
    found, before = [], 0
    for piece in pieces:
        if before < end and before + piece.sent > first:
            found.append(piece)
        before += piece.sent
    return found


def _within(page: Page, pieces: Sequence[Piece]) -> bool:
    """Whether a page's usable records are among the rows of these pieces."""
    names = [field.name for field in page.table.schema if field.name != "tag_name"]
    asked = _plain(page.table.select(names))
    if not asked.num_rows:
        return True
    days = pc.min_max(asked["date"]).as_py()
    if days["min"] < pieces[0].window.start or days["max"] > pieces[-1].window.last:
        return False
    window = Window.through(days["min"], days["max"])
    parts = [piece.over(part) for piece in pieces if (part := overlap(piece.window, window))]
    seen = pa.concat_tables(_plain(_of_users(part.table.select(names), asked)) for part in parts)
    return bool(asked.join(seen, names, join_type="left anti").num_rows == 0)


def _of_users(table: pa.Table, asked: pa.Table) -> pa.Table:
    """The rows of the users asked for: comparing texts takes time."""
    rows = table.combine_chunks()
    if not rows.num_rows:
        return rows
    users = rows["user_id"].chunk(0)
    theirs = pc.is_in(users.dictionary, value_set=asked["user_id"].combine_chunks())
    return rows.filter(theirs.take(users.indices))


def _plain(table: pa.Table) -> pa.Table:
    """With texts in place of codes, which tables of different dictionaries do not share."""
    fields = [
        pa.field(each.name, pa.string()) if pa.types.is_dictionary(each.type) else each
        for each in table.schema
    ]
    return table.cast(pa.schema(fields))
