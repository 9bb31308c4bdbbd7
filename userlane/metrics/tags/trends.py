"""How the use of tags develops: period by period, and added up since the window's start.

Counting the different users of every tag in every week of a year takes longer than all else a page shows,
but a week that is over does not change any more. So what was counted of a week is kept under a key that says
which fetches its records are of, and in whose codes: other records have another key.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import ibis
import pandas as pd
import pyarrow as pa

from userlane.contract import CodedRecords, Dataset
from userlane.engine import get_engine, run
from userlane.metrics.tags.records import Step, cached_uses, calendar, period, records, uses

_KEPT = pa.schema(
    [("tag_id", pa.string()), ("period", pa.date32()), ("users", pa.int64()), ("interactions", pa.int64())]
)
_WEEK = timedelta(weeks=1)


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
    used = uses(dataset) if tag_ids is None else cached_uses(dataset, tag_ids)
    table = used.table
    # A day has one record for each user and tag, so counting records counts users.
    found = table.group_by("tag", period(table, "day")).agg(
        users=table.count(), interactions=table.interactions.sum()
    )
    return used.name_tags(run(found))


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
    return pd.concat([whole, used.name_tags(run(found))], ignore_index=True)


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


def cumulative(dataset: Dataset, tag_ids: Sequence[str]) -> pd.DataFrame:
    """Adoption over time: each tag's different users from the window's first day through each day.

    Columns: `tag_id` in the order given; `date`; `users`. Every day of the window is there; NaN on days that
    are not loaded, whose new users the later days then lack. The last day's number is the `users` of
    `adoption`.

    Ann uses tag 7 on Monday and Tuesday, Bob on Tuesday: 1, 2, 2, …
    """
    used = cached_uses(dataset, tag_ids)
    firsts = used.table.group_by("tag", "user").agg(period=used.table.date.min())
    found = used.name_tags(run(firsts.group_by("tag", "period").agg(users=firsts.count())))
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


def weekly(dataset: Dataset) -> pd.DataFrame:
    """Each tag's different users and its interactions in each whole week of the window, Monday to Sunday.

    Columns: `tag_id`; `period`, the week's Monday; `users`; `interactions`. Weeks in which a tag was not used
    are not there, nor are weeks that lie partly outside the window or have days that are not loaded.

    Ann uses tag 7 on Monday and Tuesday, Bob on Tuesday: 2 users.
    """
    coded, weeks = dataset.encode(), whole_weeks(dataset)
    keys = {week: key for week in weeks if (key := _key(coded, week))}
    kept = dict(coded.aggregates.get(list(keys.values()))) if coded.aggregates else {}
    todo = [week for week in weeks if keys.get(week) not in kept]
    counted = _counted(dataset, todo)
    if coded.aggregates and counted:
        coded.aggregates.put({keys[week]: table for week, table in counted.items() if week in keys})
    tables = [counted[week] if week in counted else kept[keys[week]] for week in weeks]
    frame: pd.DataFrame = pa.concat_tables([_KEPT.empty_table(), *tables]).to_pandas(date_as_object=False)
    frame["period"] = frame["period"].astype("datetime64[us]")
    return frame


def roll_up(dataset: Dataset) -> None:
    """Count the weeks of a dataset of tags that nobody has counted yet; of others, nothing."""
    if dataset.query.dataset == "tags" and dataset.rows:
        weekly(dataset)


def whole_weeks(dataset: Dataset) -> list[date]:
    """The Mondays of the weeks that lie wholly inside the window and have all their days."""
    window = dataset.query.window
    monday = window.start + timedelta(days=-window.start.weekday() % 7)
    weeks = [monday + number * _WEEK for number in range(max(0, (window.end - monday).days // 7))]
    gaps = dataset.state.missing
    return [week for week in weeks if not any(gap.start < week + _WEEK and gap.end > week for gap in gaps)]


def _key(coded: CodedRecords, monday: date) -> str:
    """Names the records of a week; "" where they are not kept anywhere."""
    parts = []
    for origin, window in coded.origins:
        start, end = max(window.start, monday), min(window.end, monday + _WEEK)
        if start < end:
            parts.append((origin, start, end))
    return hashlib.sha256(repr(("week", monday, parts)).encode()).hexdigest() if parts else ""


def _counted(dataset: Dataset, weeks: list[date]) -> Mapping[date, pa.Table]:
    if not weeks:
        return {}
    all_records = records(dataset)
    found = {}
    for first, end in _stretches(weeks):
        table = all_records.table
        used = table.filter((table.interactions > 0) & (table.date >= first) & (table.date < end))
        week = used.date.truncate("W").name("period")
        groups = len(all_records.tags) * ((end - first).days // 7)
        users = get_engine().distinct(used.user, len(all_records.users), groups)
        frame = all_records.name_tags(
            run(used.group_by("tag", week).agg(users=users, interactions=used.interactions.sum()))
        )
        frame["period"] = frame["period"].dt.date
        for monday in [monday for monday in weeks if first <= monday < end]:
            rows = frame[frame["period"] == monday]
            found[monday] = pa.Table.from_pandas(rows, _KEPT, preserve_index=False).replace_schema_metadata(
                None
            )
    return found


_STRETCH = 4
"""Weeks counted at a time: so few that their users fit into the bits of `Engine.distinct`."""


def _stretches(weeks: list[date]) -> Iterable[tuple[date, date]]:
    """First and end of runs of weeks, at most so many in each."""
    run_of: list[date] = []
    for week in weeks:
        if run_of and (week != run_of[-1] + _WEEK or len(run_of) == _STRETCH):
            yield run_of[0], run_of[-1] + _WEEK
            run_of = []
        run_of.append(week)
    yield run_of[0], run_of[-1] + _WEEK
