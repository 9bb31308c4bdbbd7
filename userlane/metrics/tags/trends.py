"""How the use of tags develops: period by period, and added up since the window's start."""

from collections.abc import Sequence
from datetime import timedelta

import ibis
import pandas as pd

from userlane.contract import Dataset
from userlane.engine import distinct, run
from userlane.metrics.tags.records import Step, calendar, of_few, period, uses
from userlane.metrics.tags.weeks import weekly, whole_weeks


def trend(dataset: Dataset, by: Step, tag_ids: Sequence[str] | None = None) -> pd.DataFrame:
    """Each tag's different users and its interactions, per day or per week.

    Columns: `tag_id`; `period` its first day (weeks begin on Monday); `users`; `interactions`; `partial`
    whether the period is not wholly inside the loaded window. Every period of the window is there for every
    tag: 0 where the tag was not used, NaN where a day of the period is not loaded. Tags in the order given,
    else all tags used in the window by ID. Users of several periods must not be added up: one person on five
    days is one user of the week.

    Ann uses tag 7 on Monday and Tuesday, Bob on Tuesday: by day 1, 2, 0, 0, …; by week 2.
    """
    found = _by_day(dataset, tag_ids) if by == "day" else _by_week(dataset, tag_ids)
    tags = sorted(found["tag_id"].unique()) if tag_ids is None else list(dict.fromkeys(tag_ids))
    return _on_calendar(found, tags, calendar(dataset, by))


def _by_day(dataset: Dataset, tag_ids: Sequence[str] | None) -> pd.DataFrame:
    used = uses(dataset) if tag_ids is None else of_few(dataset, tag_ids)
    table = used.table
    # A day has one record for each user and tag, so counting records counts users.
    found = table.group_by("tag", period(table, "day")).agg(
        users=table.count(), interactions=table.interactions.sum()
    )
    return used.named(run(found))


def _by_week(dataset: Dataset, tag_ids: Sequence[str] | None) -> pd.DataFrame:
    """Whole weeks as they are kept; those that are cut or lack days are counted for what there is of them."""
    whole = weekly(dataset)
    if tag_ids is not None:
        whole = whole[whole["tag_id"].isin(tag_ids)]
    others = set(calendar(dataset, "week")["period"].dt.date).difference(whole_weeks(dataset))
    if not others:
        return whole
    used = uses(dataset, tag_ids)
    # By their days, so that files of other days need not be read.
    date, ends = used.table.date, ((week, week + timedelta(weeks=1)) for week in others)
    rest = used.table.filter(ibis.or_(*((date >= first) & (date < end) for first, end in ends)))
    found = rest.group_by("tag", period(rest, "week")).agg(
        users=rest.user.nunique(), interactions=rest.interactions.sum()
    )
    return pd.concat([whole, used.named(run(found))], ignore_index=True)


def sparklines(dataset: Dataset) -> pd.DataFrame:
    """Each tag's users over the window as a short list: per day up to 28 days, else per week.

    Columns: `tag_id`; `trend`, a list of whole numbers in order of time, None where days are not loaded.
    Weeks cut off by the window's ends are left out: they would look like a rise and a fall.

    Ann uses tag 7 on the second of three days: [0, 1, 0].
    """
    by: Step = "day" if dataset.query.window.days <= 28 else "week"
    periods = calendar(dataset, by)
    if by == "day":
        found = trend(dataset, by)
    else:
        counted = weekly(dataset)
        found = _on_calendar(counted, sorted(counted["tag_id"].unique()), periods[~periods["cut"]])
    lists = found.groupby("tag_id", sort=True)["users"].agg(_whole_numbers)
    return lists.astype("object").rename("trend").reset_index()


def daily_users(dataset: Dataset) -> pd.DataFrame:
    """Different users of any tag, and all interactions, per day.

    Columns: `date`; `users`; `interactions`. Every day of the window is there: 0 where no tag was used, NaN
    where the day is not loaded. Not to be added up into users of a longer period.

    Ann uses two tags on Monday, nobody any on Tuesday: 1, 0.
    """
    used = uses(dataset)
    table = used.table
    users = distinct(table.user, used.users.size, dataset.query.window.days)
    found = run(table.group_by("date").agg(users=users, interactions=table.interactions.sum()))
    days = calendar(dataset, "day")
    filled = found.set_index("date").reindex(days["period"]).fillna(0).astype(float)
    filled[days["missing"].to_numpy()] = float("nan")
    return filled.rename_axis("date").reset_index()


def cumulative(dataset: Dataset, tag_ids: Sequence[str]) -> pd.DataFrame:
    """Adoption over time: each tag's different users from the window's first day through each day.

    Columns: `tag_id` in the order given; `date`; `users`. Every day of the window is there; NaN on days that
    are not loaded, whose new users the later days then lack. The last day's number is the `users` of
    `adoption`.

    Ann uses tag 7 on Monday and Tuesday, Bob on Tuesday: 1, 2, 2, …
    """
    used = of_few(dataset, tag_ids)
    firsts = used.table.group_by("tag", "user").agg(period=used.table.date.min())
    found = used.named(run(firsts.group_by("tag", "period").agg(users=firsts.count())))
    days = calendar(dataset, "day")
    filled = _on_calendar(found, list(dict.fromkeys(tag_ids)), days.assign(missing=False))
    filled["users"] = filled.groupby("tag_id", sort=False)["users"].cumsum()
    filled.loc[filled["period"].isin(days.loc[days["missing"], "period"]), "users"] = float("nan")
    return filled.rename(columns={"period": "date"})[["tag_id", "date", "users"]]


def _on_calendar(found: pd.DataFrame, tag_ids: Sequence[str], periods: pd.DataFrame) -> pd.DataFrame:
    """Every tag on every period: 0 where nothing was `found`, NaN where days are missing."""
    tags = pd.DataFrame({"tag_id": pd.Series(list(tag_ids), dtype="str")})
    grid = tags.merge(periods, how="cross").merge(found, how="left", on=["tag_id", "period"])
    counts = [name for name in found.columns if name not in {"tag_id", "period"}]
    for name in counts:
        grid[name] = grid[name].fillna(0).astype(float).mask(grid["missing"])
    grid["partial"] = grid["cut"] | grid["missing"]
    return grid[["tag_id", "period", *counts, "partial"]]


def _whole_numbers(users: pd.Series) -> list[int | None]:
    return [None if pd.isna(number) else int(number) for number in users]
