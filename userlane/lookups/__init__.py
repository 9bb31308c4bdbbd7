"""Uploaded files that give IDs a meaning, and the joins; what does not match stays visible.

csvfile      bytes become lines of cells, whatever program wrote them, or are refused
names        tag ID → name, from the CSV that the Portal exports
attributes   user ID → role, region, …, from any CSV
"""

from userlane.lookups.attributes import Attributes, UserMatch, match_users, read_attributes
from userlane.lookups.csvfile import MAX_BYTES
from userlane.lookups.names import Match, Names, label_tags, match, name_tags, read_names

__all__ = [
    "MAX_BYTES",
    "Attributes",
    "Match",
    "Names",
    "UserMatch",
    "label_tags",
    "match",
    "match_users",
    "name_tags",
    "read_attributes",
    "read_names",
]
