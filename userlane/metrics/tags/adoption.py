"""How many used each tag, of whom; what changed; everybody together; and who uses tags most."""

from collections.abc import Sequence
from typing import NamedTuple

import ibis
import pandas as pd

from userlane.contract import Dataset
from userlane.engine import run
from userlane.inference import VERDICTS_FROM, benjamini_hochberg, share_change, wilson
from userlane.metrics.tags.records import cached_uses, usage_by_tag, uses


def adoption(dataset: Dataset, seen: int) -> pd.DataFrame:
    """Each tag's users: those with at least one interaction with it in the window.

    Columns: `tag_id`; `users`; `share` = users / `seen`, 0–1, with its Wilson 95 % interval `share_low` to
    `share_high`, all NaN when nobody was seen; `interactions` of these users; `per_user` = interactions /
    users; `first_day` and `last_day` they used it. Most users first, then most interactions, then by tag ID.
    A tag nobody used at all is not in the feed and so not here.
    Source of the interval: Wilson (1927), see `inference.wilson`.

    Ann used tag 7 twice and Bob used it 4 times, 10 users seen: 2 users, share .2 (.057 to .510), 6
    interactions, 3 per user.

    Raises `ValueError` when a tag has more users than were `seen`.
    """
    found = usage_by_tag(dataset).drop(columns="everyone")
    found = found.sort_values(
        ["users", "interactions", "tag_id"], ascending=[False, False, True], ignore_index=True
    )
    shares = [wilson(users, seen) for users in found["users"].tolist()]
    found.insert(2, "share", pd.Series([share.value for share in shares], dtype=float))
    found.insert(3, "share_low", pd.Series([share.low for share in shares], dtype=float))
    found.insert(4, "share_high", pd.Series([share.high for share in shares], dtype=float))
    found.insert(6, "per_user", found["interactions"] / found["users"])
    return found


def change(dataset: Dataset, before: Dataset, seen: int, seen_before: int) -> pd.DataFrame:
    """What became of each tag's adoption since the period before.

    Columns: `tag_id`; `users` and `users_before`; `share` = users / `seen` and `share_before` =
    users_before / `seen_before`, 0–1; `difference` of the shares, −1 to 1; `p` of the pooled two-sided test;
    `real`, whether it stands after Benjamini–Hochberg at 10 % across all tags here, with at least 30 users
    seen in both periods. A tag used in only one period had 0 users in the other. Where nobody was seen in a
    period, difference and p are NaN and nothing is real. Largest difference first, up or down, then by ID.
    Mostly the same people are in both periods, which the test does not know: it errs towards not real.
    Sources: see `inference.share_change` and `inference.benjamini_hochberg`.

    A tag with 20 of 100 users before and 40 of 100 now: difference .2, p .002, real.

    Raises `ValueError` when a tag has more users than were seen.
    """
    now, was = (
        adoption(rows, users).set_index("tag_id")["users"]
        for rows, users in ((dataset, seen), (before, seen_before))
    )
    both = pd.DataFrame({"users": now, "users_before": was}).fillna(0).astype("int64")
    both = both.rename_axis("tag_id").reset_index()
    both["share"] = both["users"] / (seen or float("nan"))
    both["share_before"] = both["users_before"] / (seen_before or float("nan"))
    changes = [
        share_change((earlier, seen_before), (later, seen))
        for earlier, later in zip(both["users_before"].tolist(), both["users"].tolist(), strict=True)
    ]
    both["difference"] = pd.Series([each.difference for each in changes], dtype=float)
    both["p"] = pd.Series([each.p for each in changes], dtype=float)
    stands = benjamini_hochberg(both["p"].tolist())
    both["real"] = pd.Series(stands, dtype=bool) & (min(seen, seen_before) >= VERDICTS_FROM)
    both["size"] = both["difference"].abs()
    both = both.sort_values(["size", "tag_id"], ascending=[False, True], ignore_index=True)
    return both.drop(columns="size")


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
    found = usage_by_tag(dataset)
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
    used = uses(dataset) if tag_ids is None else cached_uses(dataset, tag_ids)
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
    found["user_id"] = pd.Series(used.name_users(found["user"]), dtype="str")
    found = found.sort_values(["interactions", "user_id"], ascending=[False, True], ignore_index=True)
    return found.head(limit)[["user_id", "interactions", "active_days", "tags", "share"]]
