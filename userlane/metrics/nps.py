"""The Net Promoter Score: answers counted, split, followed over time, read, and listed by user.

Promoters answer 9–10, passives 7–8, detractors 0–6. Every function counts the answers it is given: whether
that is each user's latest (`latest_per_user`, whose answers are independent) or all of them is for the
caller to choose. A response rate cannot be had: no API says how often the question was shown.
"""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from userlane import inference
from userlane.contract import BUCKETS, Window, bucket

Period = Literal["week", "month"]

_LABELS = {"promoter": "Promoters", "passive": "Passives", "detractor": "Detractors"}


class Counts(NamedTuple):
    """How many answers are in each bucket."""

    promoters: int
    passives: int
    detractors: int

    @property
    def n(self) -> int:
        """All answers."""
        return self.promoters + self.passives + self.detractors

    def estimate(self) -> inference.Estimate:
        """The score, −100 to 100, with its interval; see `inference.nps`.

        >>> Counts(promoters=40, passives=35, detractors=25).estimate().value
        15.0
        """
        return inference.nps(*self)


def latest_per_user(frame: pd.DataFrame, period: Period | None = None) -> pd.DataFrame:
    """The answers, oldest first, without those that their user has since replaced.

    Answers without a user are all kept. With a `period` a user's latest of every week or month is kept:
    what a trend should count, as it would otherwise lack the earlier answers of those who answered again.

    Example: one user answers 3 in April and 9 in May → 9 remains; by month both remain.
    """
    ordered = _in_order(frame)
    key = pd.DataFrame({"user_id": ordered["user_id"]})
    if period is not None:
        key["period"] = period_of(ordered["day"], period)
    return ordered[ordered["user_id"].isna() | ~key.duplicated(keep="last")].reset_index(drop=True)


def counts(frame: pd.DataFrame) -> Counts:
    """How many answers are promoters, passives and detractors."""
    return Counts(*(int((frame["bucket"] == name).sum()) for name in BUCKETS))


def split(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per bucket, promoters first: bucket, label, count, share (0–1 of all answers, if any).

    Example: 40 promoters of 100 answers → count 40, share 0.4.
    """
    found = counts(frame)
    return pd.DataFrame(
        {
            "bucket": list(BUCKETS),
            "label": [_LABELS[name] for name in BUCKETS],
            "count": list(found),
            "share": _shares(found),
        }
    )


def histogram(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each of the eleven answers: score (0–10), count, share (0–1 of all answers), bucket.

    Example: one 9 among four answers → score 9, count 1, share 0.25, bucket promoter.
    """
    count = frame["score"].value_counts().reindex(range(11), fill_value=0).tolist()
    return pd.DataFrame(
        {
            "score": range(11),
            "count": count,
            "share": _shares(count),
            "bucket": [bucket(score) for score in range(11)],
        }
    )


def trend(frame: pd.DataFrame, window: Window, by: Period, missing: Sequence[Window] = ()) -> pd.DataFrame:
    """One row for every week or month the window touches, answered in or not.

    Columns: period (its first day; weeks start on Monday), partial (whether some of its days are outside the
    window or `missing`, which are windows that were not loaded); promoters, passives, detractors, n
    (answers); score (−100 to 100) with its 95 % interval low and high, all three missing below five answers.
    Answers outside the window are not counted.

    Example: 1–30 April 2026 by week → five rows from Monday 30 March; the first and the last are partial.
    """
    grid = periods(window, by, missing)
    inside = within(frame, window)
    keys = [period_of(inside["day"], by).rename("period"), inside["bucket"]]
    found = inside.groupby(keys).size().unstack("bucket")  # noqa: PD010 -- counts, not values, are spread
    found = found.reindex(index=grid["period"], columns=list(BUCKETS)).fillna(0).astype("int64")
    found.columns = pd.Index(Counts._fields)
    rows = [Counts(*row) for row in found.itertuples(index=False)]
    estimates = [row.estimate() for row in rows]
    shown = np.array([row.n >= inference.COUNTS_FROM for row in rows])
    return pd.concat([grid, found.reset_index(drop=True)], axis="columns").assign(
        n=[row.n for row in rows],
        score=np.where(shown, [estimate.value for estimate in estimates], np.nan),
        low=np.where(shown, [estimate.low for estimate in estimates], np.nan),
        high=np.where(shown, [estimate.high for estimate in estimates], np.nan),
    )


def comments(
    frame: pd.DataFrame, buckets: Sequence[str] = (), search: str = "", score: int | None = None
) -> pd.DataFrame:
    """The answers that say something, newest first, in the frame's own columns.

    `buckets` and `score` narrow them where given. `search` is looked for as it is written, in upper or
    lower case.

    Example: search "slow (" finds "Too SLOW (again)".
    """
    found = with_comment(frame, search)
    if buckets:
        found = found[found["bucket"].isin(list(buckets))]
    if score is not None:
        found = found[found["score"] == score]
    return found.reset_index(drop=True)


def champions(frame: pd.DataFrame) -> pd.DataFrame:
    """The users whose latest answer is a promoter's; those who were promoters twice or more come first.

    Takes all answers, not the latest only; those without a user are left out. Columns: user_id,
    promoter_answers and answers (how often they answered 9–10, and at all), latest_score, latest (when,
    UTC) and comment (the latest they wrote, missing if none). Within both groups the latest comes first.
    """
    users = _users(frame)
    found = users[users["latest_bucket"] == "promoter"]
    found = found.assign(once=found["promoter_answers"] < 2)
    found = found.sort_values(["once", "latest", "user_id"], ascending=[True, False, True])
    columns = ["user_id", "promoter_answers", "answers", "latest_score", "latest", "comment"]
    return found[columns].reset_index(drop=True)


def at_risk(frame: pd.DataFrame) -> pd.DataFrame:
    """The users whose latest answer is a detractor's, latest first.

    Takes all answers, not the latest only; those without a user are left out. Columns: user_id, latest_score,
    answers (how many they gave), latest (when, UTC), previous_score (of the answer before, missing if there
    was none) and comment (the latest they wrote, missing if none).
    """
    users = _users(frame)
    found = users[users["latest_bucket"] == "detractor"]
    found = found.sort_values(["latest", "user_id"], ascending=[False, True])
    columns = ["user_id", "latest_score", "answers", "latest", "previous_score", "comment"]
    return found[columns].reset_index(drop=True)


def periods(window: Window, by: Period, missing: Sequence[Window] = ()) -> pd.DataFrame:
    """The weeks or months a window touches: period (first day), partial (whether it is not whole inside, or
    some of its days are in the windows that are `missing`).
    """
    days = pd.Series(pd.date_range(window.start, window.last, unit="us"))
    firsts = period_of(days, by)
    lost = pd.Series(False, index=days.index)
    for gap in missing:
        lost |= (days >= pd.Timestamp(gap.start)) & (days < pd.Timestamp(gap.end))
    grid = lost.groupby(firsts.rename("period")).any().rename("partial").reset_index()
    step = pd.DateOffset(weeks=1) if by == "week" else pd.DateOffset(months=1)
    first, after = grid["period"], grid["period"] + step
    grid["partial"] |= (first < pd.Timestamp(window.start)) | (after > pd.Timestamp(window.end))
    return grid


def period_of(days: "pd.Series[pd.Timestamp]", by: Period) -> "pd.Series[pd.Timestamp]":
    """The first day of the week or month of each day; a week starts on Monday."""
    days = days.astype("datetime64[us]")
    back = days.dt.day_of_week if by == "week" else days.dt.day - 1
    return (days - pd.to_timedelta(back, unit="D")).astype("datetime64[us]")


def within(frame: pd.DataFrame, window: Window) -> pd.DataFrame:
    """The answers given on the days of the window."""
    days = frame["day"].astype("datetime64[us]")
    return frame[(days >= pd.Timestamp(window.start)) & (days < pd.Timestamp(window.end))]


def with_comment(frame: pd.DataFrame, search: str = "") -> pd.DataFrame:
    """The answers whose comment is more than white space and holds `search` in any case, newest first."""
    comment = frame["comment"].astype("str")
    kept = comment.str.strip().fillna("") != ""
    wanted = search.strip().casefold()
    if wanted:
        kept &= comment.str.casefold().str.contains(wanted, regex=False, na=False)
    return _in_order(frame[kept]).iloc[::-1].reset_index(drop=True)


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Oldest first; answers of one instant by their ID, so that no order of arrival matters."""
    return frame.sort_values(["timestamp", "response_id"], kind="stable", na_position="first")


def _shares(count: Sequence[int]) -> list[float]:
    n = sum(count)
    return [value / n if n else math.nan for value in count]


def _users(frame: pd.DataFrame) -> pd.DataFrame:
    answers = _in_order(frame[frame["user_id"].notna()])
    comment = answers["comment"].astype("str")
    by_user = answers.assign(
        comment=comment.where(comment.str.strip() != ""),
        promoter=(answers["bucket"] == "promoter").astype("int64"),
        score=answers["score"].astype("int64"),
        previous_score=answers.groupby("user_id")["score"].shift().astype("float64"),
    ).groupby("user_id")
    # `last` of a group is its last value that is not missing, which only for comments is what is wanted.
    latest = by_user.tail(1).set_index("user_id")
    return (
        pd.DataFrame(
            {
                "latest_bucket": latest["bucket"],
                "latest_score": latest["score"],
                "latest": latest["timestamp"],
                "previous_score": latest["previous_score"],
                "answers": by_user.size(),
                "promoter_answers": by_user["promoter"].sum(),
                "comment": by_user["comment"].last(),
            }
        )
        .rename_axis("user_id")
        .reset_index()
    )
