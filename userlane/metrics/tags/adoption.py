"""How many used each tag, of whom, and what changed since the period before."""

import pandas as pd

from userlane.contract import Dataset
from userlane.engine import run
from userlane.inference import VERDICTS_FROM, benjamini_hochberg, share_change, wilson
from userlane.metrics.tags.records import different_users, of_each_tag, records, uses


def seen_users(dataset: Dataset, *others: Dataset) -> int:
    """How many different users were seen in the given feeds: a denominator for adoption.

    `dataset` and `others` are tag, NPS or survey records; records of 0 interactions count too, answers
    without a user ID count nobody. Who appears in no feed is not in it, so the share of everyone is lower.

    Ann and Bob in the tag feed, Bob and Cid in the NPS feed: 3.
    """
    if not others:
        return different_users(dataset)
    seen = records(dataset)
    people = set(seen.users.of(run(seen.table.select("user").distinct())["user"]))
    for feed in others:
        people.update(feed.frame["user_id"].dropna())
    return len(people)


def adoption(dataset: Dataset, seen: int, at_least: int = 1) -> pd.DataFrame:
    """Each tag's users: those with at least `at_least` interactions with it in the window.

    Columns: `tag_id`; `users`; `share` = users / `seen`, 0–1, with its Wilson 95 % interval `share_low` to
    `share_high`, all NaN when nobody was seen; `interactions` of these users; `per_user` = interactions /
    users, NaN without users; `first_day` and `last_day` they used it. Most users first, then most
    interactions, then by tag ID. A tag nobody used at all is not in the feed and so not here.
    Source of the interval: Wilson (1927), see `inference.wilson`.

    Ann used tag 7 twice and Bob used it 4 times, 10 users seen: 2 users, share .2 (.057 to .510), 6
    interactions, 3 per user; with `at_least=3` 1 user, share .1, 4 interactions, 4 per user.

    Raises `ValueError` when a tag has more users than were `seen`, or `at_least` is below 1.
    """
    if at_least < 1:
        raise ValueError("a user of a tag has at least one interaction")
    found = of_each_tag(dataset).drop(columns="everyone") if at_least == 1 else _at_least(dataset, at_least)
    found = found.sort_values(
        ["users", "interactions", "tag_id"], ascending=[False, False, True], ignore_index=True
    )
    shares = [wilson(users, seen) for users in found["users"].tolist()]
    found.insert(2, "share", pd.Series([share.value for share in shares], dtype=float))
    found.insert(3, "share_low", pd.Series([share.low for share in shares], dtype=float))
    found.insert(4, "share_high", pd.Series([share.high for share in shares], dtype=float))
    found.insert(6, "per_user", found["interactions"] / found["users"].where(found["users"] > 0))
    return found


def _at_least(dataset: Dataset, at_least: int) -> pd.DataFrame:
    used = uses(dataset)
    table = used.table
    of_user = table.group_by("tag", "user").agg(
        interactions=table.interactions.sum(), first_day=table.date.min(), last_day=table.date.max()
    )
    enough = of_user.interactions >= at_least
    of_tag = of_user.group_by("tag").agg(
        users=of_user.count(where=enough),
        interactions=of_user.interactions.sum(where=enough).fill_null(0),
        first_day=of_user.first_day.min(where=enough),
        last_day=of_user.last_day.max(where=enough),
    )
    return used.named(run(of_tag))


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
