"""Tags: who used which tag, how often; counted by the engine where the records are, answered as small frames.

    records   the one step from a dataset to the table expressions read, and the calendar of its window
    adoption  how many used each tag, of whom, what changed, and the heaviest users
    trends    users and interactions day by day or week by week; whole weeks are counted once

A user of a tag is one with at least one interaction: records of 0 interactions count nobody as a user.
"""

from userlane.metrics.tags.adoption import Totals, adoption, change, heaviest, totals
from userlane.metrics.tags.records import Step, clear_caches, seen_users
from userlane.metrics.tags.trends import cumulative, roll_up, sparklines, trend, weekly

__all__ = [
    "Step",
    "Totals",
    "adoption",
    "change",
    "clear_caches",
    "cumulative",
    "heaviest",
    "roll_up",
    "seen_users",
    "sparklines",
    "totals",
    "trend",
    "weekly",
]
