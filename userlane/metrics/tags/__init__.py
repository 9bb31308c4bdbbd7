"""Tags: who used which tag, how often; counted by the engine where the records are, answered as small frames.

    records      the one step from a dataset to the table expressions read, and the calendar of its window
    adoption     how many used each tag, of whom, and what changed
    development  users and interactions day by day or week by week
    weeks        whole weeks, counted once
    people       all of them together, and the heaviest users

A user of a tag is one with at least one interaction: records of 0 interactions count nobody as a user.
"""

from userlane.metrics.tags.adoption import adoption, change, seen_users
from userlane.metrics.tags.people import Totals, heaviest, totals
from userlane.metrics.tags.records import Step, forget
from userlane.metrics.tags.trends import cumulative, daily_users, sparklines, trend
from userlane.metrics.tags.weeks import roll_up, weekly

__all__ = [
    "Step",
    "Totals",
    "adoption",
    "change",
    "cumulative",
    "daily_users",
    "forget",
    "heaviest",
    "roll_up",
    "seen_users",
    "sparklines",
    "totals",
    "trend",
    "weekly",
]
