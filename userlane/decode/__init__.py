"""Bytes become checked tables in the canonical columns; what is refused is counted.

fields    which fields a record of each dataset has, and under which names they were seen
shape     where the records lie in an answer, and which key is which field
declared  what an answer says of totals and further pages
values    one value: the policy of what is accepted as a score, an ID, a day
typed     a whole page at once, when it is as regular as it should be
lenient   record by record, when it is not
decoder   the two together
"""

from userlane.decode.decoder import Decoder, Page
from userlane.decode.pagination_info import Declared
from userlane.decode.response_schema import Shape

__all__ = ["Declared", "Decoder", "Page", "Shape"]
