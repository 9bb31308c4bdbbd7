"""Decodes the bytes of an API response into a checked table in the canonical columns.

fields           the fields of each dataset's records, and the keys that they may have
envelope         where the list of records is in a response, and which keys its records have
response_schema  which key is which field
pagination_info  what a response says about totals and further pages
values           one value: which scores, IDs and days are accepted
fast             decodes a whole page at once, if all its records are regular
tolerant         decodes record by record
saved_responses  the records in files of saved responses
decoder          `Decoder`: fast where possible, else tolerant
"""

from userlane.contract.pagination import PaginationInfo
from userlane.decode.decoder import Decoder, Page
from userlane.decode.response_schema import ResponseSchema

__all__ = ["Decoder", "Page", "PaginationInfo", "ResponseSchema"]
