"""Everybody together, and those who use tags most."""

from collections.abc import Sequence
from typing import NamedTuple

import ibis
import pandas as pd

from userlane.contract import Dataset
from userlane.engine import run
from userlane.metrics.tags.records import of_each_tag, of_few, uses


class Totals(NamedTuple):
    """Different users of any tag, their interactions, different tags used, and days with any use."""

    users: int
    interactions: int
    tags: int
    days: int


def totals(dataset: Dataset) -> Totals:
    """What happened in the window altogether; zeros for an empty one.

    Ann uses tags 7 and 8 once each on Monday, Bob tag 7 twice on Monday: 2 users, 4 interactions, 2 tags,
    1 day.
    """
    found = of_each_tag(dataset)
    if found.empty:
        return Totals(0, 0, 0, 0)
    days = run(uses(dataset).table.date.nunique().name("days"))["days"]
    return Totals(
        int(found["everyone"].max()), int(found["interactions"].sum()), len(found), int(days.iloc[0])
    )


def heaviest(dataset: Dataset, tag_ids: Sequence[str] | None = None, limit: int = 50) -> pd.DataFrame:
    """The users with the most interactions with the given tags (all tags unless given), at most `limit`.

    Columns: `user_id`; `interactions`; `active_days` on which they used one of these tags; `tags`, how
    many of these they used; `share` of all interactions anybody had with these tags, 0–1. Most interactions
    first, then by user ID.

    Ann has 3 interactions on two days, Bob 1: Ann 3, 2 days, share .75; Bob 1, 1 day, share .25.
    """
    used = uses(dataset) if tag_ids is None else of_few(dataset, tag_ids)
    table = used.table
    summed = table.group_by("user").agg(interactions=table.interactions.sum())
    # Those in equal places too, since among equals their IDs decide, and codes are in no order.
    place = ibis.rank().over(ibis.window(order_by=ibis.desc("interactions")))
    share = summed.interactions / summed.interactions.sum().over()
    ranked = summed.mutate(place=place, share=share)
    most = run(ranked.filter(ranked.place < limit)["user", "interactions", "share"])
    # Days and tags are counted for these few only: counting them for everybody takes ten times as long.
    theirs = table.filter(table.user.isin(most["user"].tolist()))
    counted = theirs.group_by("user").agg(active_days=theirs.date.nunique(), tags=theirs.tag.nunique())
    found = most.merge(run(counted), on="user")
    found["user_id"] = pd.Series(used.users.of(found["user"]), dtype="str")
    found = found.sort_values(["interactions", "user_id"], ascending=[False, True], ignore_index=True)
    return found.head(limit)[["user_id", "interactions", "active_days", "tags", "share"]]
