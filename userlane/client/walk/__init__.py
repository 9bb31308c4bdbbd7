"""All pages of one query, in order.

tally  what has come, and what the API said would come: how many pages to ask for, and when it is over
room   how many records one load may take in, over all its walks
walk   the pages, asked for and given in order
"""

from userlane.client.walk.room import Room
from userlane.client.walk.walk import Walk

__all__ = ["Room", "Walk"]
