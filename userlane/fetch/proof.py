"""What another token has to be shown before it may open the rows that one token fetched."""

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

from userlane.decode import Page
from userlane.store import Proof


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
