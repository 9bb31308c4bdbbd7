"""What an API response says about all records of a query, beside its own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PaginationInfo:
    """What a response says about all records of the query; None where it says nothing usable.

    `own` is set if the response gives the number of its own records, which may be all records.
    """

    total: int | None = None
    pages: int | None = None
    more: bool | None = None
    own: bool = False


NO_INFO = PaginationInfo()
