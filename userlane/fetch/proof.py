"""What another token has to be shown before it may open the rows that one token fetched."""

import hashlib
import json

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

    The values are digested, not the table's buffers: what these hold where a value is missing depends on how
    the page was read.
    """
    content = (page.records, page.declared.total, page.table.to_pydict())
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()
