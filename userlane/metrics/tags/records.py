"""From a dataset to what expressions read; the only part that knows where tag records are kept."""

from collections.abc import Sequence
from typing import Literal

import ibis
import pandas as pd

from userlane.contract import Dataset

Step = Literal["day", "week"]


def records(dataset: Dataset) -> ibis.Table:
    """All records of a dataset as an Ibis table of its canonical columns; coded text reads as text.

    The Arrow table is read where it is: no row is copied or decoded up front.
    """
    return ibis.memtable(dataset.table)


def uses(dataset: Dataset, tag_ids: Sequence[str] | None = None) -> ibis.Table:
    """The records with at least one interaction, of the given tags or of all."""
    table = records(dataset)
    used = table.filter(table.interactions > 0)
    return used if tag_ids is None else used.filter(used.tag_id.isin(list(tag_ids)))


def period(table: ibis.Table, by: Step) -> ibis.Value:
    """The first day of each record's period; weeks begin on Monday."""
    return (table.date if by == "day" else table.date.truncate("W")).name("period")


def calendar(dataset: Dataset, by: Step) -> pd.DataFrame:
    """Every period of the window in order, whatever was used in it.

    Columns: `period` its first day; `cut` whether some of its days lie outside the window; `missing` whether
    some of its days inside are not loaded, so that nothing true can be said about it.
    """
    window = dataset.query.window
    days = pd.date_range(window.start, window.last, unit="us")
    missing = pd.Series(False, index=days)
    for gap in dataset.state.missing:
        missing |= (days >= pd.Timestamp(gap.start)) & (days < pd.Timestamp(gap.end))
    first = days if by == "day" else days - pd.to_timedelta(days.day_of_week, unit="D").as_unit("us")
    grouped = missing.groupby(first.rename("period"))
    periods = pd.DataFrame(
        {
            "cut": grouped.size() < (1 if by == "day" else 7),
            "missing": grouped.any(),
        }
    )
    return periods.reset_index()
