"""Users and interactions of each tag in whole weeks, counted once for records that never change.

Counting the different users of every tag in every week of a year takes longer than all else a page shows, and
yet of a week that is over nothing changes any more. So what was counted of a week is kept under a name that
says which fetches its records are of, and in whose codes: other records have another name.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import pandas as pd
import pyarrow as pa

from userlane.contract import Coded, Dataset
from userlane.engine import distinct, run
from userlane.metrics.tags.records import records

_KEPT = pa.schema(
    [("tag_id", pa.string()), ("period", pa.date32()), ("users", pa.int64()), ("interactions", pa.int64())]
)
_WEEK = timedelta(weeks=1)


def weekly(dataset: Dataset) -> pd.DataFrame:
    """Each tag's different users and its interactions in each whole week of the window, Monday to Sunday.

    Columns: `tag_id`; `period`, the week's Monday; `users`; `interactions`. Weeks in which a tag was not used
    are not there, nor are weeks that lie partly outside the window or have days that are not loaded.

    Ann uses tag 7 on Monday and Tuesday, Bob on Tuesday: 2 users.
    """
    coded, weeks = dataset.coded(), whole_weeks(dataset)
    keys = {week: key for week in weeks if (key := _key(coded, week))}
    kept = dict(coded.shelf.get(list(keys.values()))) if coded.shelf else {}
    todo = [week for week in weeks if keys.get(week) not in kept]
    counted = _counted(dataset, todo)
    if coded.shelf and counted:
        coded.shelf.put({keys[week]: table for week, table in counted.items() if week in keys})
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


def _key(coded: Coded, monday: date) -> str:
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
        groups = all_records.tags.size * ((end - first).days // 7)
        users = distinct(used.user, all_records.users.size, groups)
        frame = all_records.named(
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
"""Weeks counted at a time: so few that their users fit into the bits of `engine.distinct`."""


def _stretches(weeks: list[date]) -> Iterable[tuple[date, date]]:
    """First and end of runs of weeks, at most so many in each."""
    run_of: list[date] = []
    for week in weeks:
        if run_of and (week != run_of[-1] + _WEEK or len(run_of) == _STRETCH):
            yield run_of[0], run_of[-1] + _WEEK
            run_of = []
        run_of.append(week)
    yield run_of[0], run_of[-1] + _WEEK
