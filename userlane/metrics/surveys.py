"""In-app surveys, answered from 1 to 5: level, distribution, course and comments, survey by survey.

The headline is the favourable share: the answers of 4 and 5 among all answers. Every function counts the
answers it is given and knows only surveys that have some; a response rate cannot be had.
"""

from collections.abc import Sequence

import pandas as pd

from userlane import inference
from userlane.contract import Window
from userlane.metrics.nps import Period, period_of, periods, with_comment, within

ANSWERS = (1, 2, 3, 4, 5)
FAVOURABLE = (4, 5)


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per survey: how it was answered.

    Columns: survey_id; n (answers, the denominator of the rest); mean (1–5) with its t interval mean_low and
    mean_high; favourable (0–1, the share of answers 4 and 5) with its Wilson interval favourable_low and
    favourable_high; latest (when last answered, UTC). See `inference.mean` and `inference.wilson`.

    Example: 42 of 60 answers are 4 or 5 → favourable 0.7, 0.575 to 0.801.
    """
    tally = _tally(frame, "survey_id")
    measured = _measured(tally).assign(latest=frame.groupby("survey_id")["timestamp"].max())
    return measured.reset_index()


def distribution(frame: pd.DataFrame) -> pd.DataFrame:
    """Five rows per survey: survey_id, score (1–5), count, share (0–1 of the survey's answers).

    Example: answers 5, 5, 4, 1 → score 5 has count 2 and share 0.5; scores 2 and 3 have 0.
    """
    found = _tally(frame, "survey_id").reset_index().melt("survey_id", var_name="score", value_name="count")
    found = found.astype({"score": "int64"}).sort_values(["survey_id", "score"], ignore_index=True)
    n = found.groupby("survey_id")["count"].transform("sum")
    return found.assign(share=found["count"] / n)


def trend(
    frame: pd.DataFrame, window: Window, by: Period = "week", missing: Sequence[Window] = ()
) -> pd.DataFrame:
    """One row per survey and week or month the window touches, answered in or not.

    Columns: survey_id; period (its first day; weeks start on Monday), partial (whether some of its days are
    outside the window or `missing`, which are windows that were not loaded); n (answers); mean (1–5),
    favourable (0–1, the share of answers 4 and 5) with its Wilson interval low and high, all four missing
    below five answers. Answers outside the window are not counted.

    Example: 1–30 April 2026 by week → five weeks from Monday 30 March, the first and the last partial.
    """
    inside = within(frame, window)
    keyed = inside.assign(period=period_of(inside["day"], by))
    surveys = pd.DataFrame({"survey_id": frame["survey_id"].drop_duplicates().sort_values()})
    grid = surveys.merge(periods(window, by, missing), how="cross")
    rows = pd.MultiIndex.from_frame(grid[["survey_id", "period"]])
    measured = _measured(_tally(keyed, "survey_id", "period").reindex(rows, fill_value=0))
    shown = measured.drop(columns="n").where(measured["n"] >= inference.COUNTS_FROM).assign(n=measured["n"])
    shown = shown.rename(columns={"favourable_low": "low", "favourable_high": "high"})
    columns = ["n", "mean", "favourable", "low", "high"]
    return pd.concat([grid, shown[columns].reset_index(drop=True)], axis="columns")


def comments(
    frame: pd.DataFrame, survey_ids: Sequence[str] = (), scores: Sequence[int] = (), search: str = ""
) -> pd.DataFrame:
    """The answers that say something, newest first, in the frame's own columns.

    `survey_ids` and `scores` narrow them where given. `search` is looked for as it is written, in any case.

    Example: search "slow (" finds "Too SLOW (again)".
    """
    found = with_comment(frame, search)
    if survey_ids:
        found = found[found["survey_id"].isin(list(survey_ids))]
    if scores:
        found = found[found["score"].isin(list(scores))]
    return found.reset_index(drop=True)


def change(frame: pd.DataFrame, before: pd.DataFrame | None) -> pd.DataFrame:
    """One row per survey answered in either period: how its favourable share changed.

    Columns: survey_id; n_before and n_after (answers); difference (of the share of answers 4 and 5, that of
    `frame` − that of `before`, −1 to 1) with its Newcombe interval low and high, p and verdict; see
    `inference.share_change`. The figures are missing for a survey without answers in one of the periods, and
    without a period before.

    Example: 48 of 80, then 56 of 70 favourable → difference 0.2, 0.052 to 0.334, verdict “real”.
    """
    earlier = frame.iloc[:0] if before is None else before
    tallies = [_tally(answers, "survey_id") for answers in (earlier, frame)]
    survey_ids = tallies[0].index.union(tallies[1].index)
    was, is_now = (_favourable(tally.reindex(survey_ids, fill_value=0)) for tally in tallies)
    changes = [inference.share_change(*groups) for groups in zip(was, is_now, strict=True)]
    names = ["n_before", "n_after", "difference", "low", "high", "p", "verdict"]
    rows = [tuple(getattr(one, name) for name in names) for one in changes]
    types = {name: "int64" if name.startswith("n_") else "float64" for name in names} | {"verdict": "str"}
    found = pd.DataFrame(rows, columns=names).astype(types)
    found.insert(0, "survey_id", survey_ids.astype("str"))
    return found


def _tally(frame: pd.DataFrame, *keys: str) -> pd.DataFrame:
    """How often each answer was given: a row per group of the keys, a column per answer."""
    found = frame.groupby([*keys, "score"]).size().unstack("score")  # noqa: PD010 -- counts, not values, are spread
    return found.reindex(columns=list(ANSWERS)).fillna(0).astype("int64")


def _favourable(tally: pd.DataFrame) -> list[tuple[int, int]]:
    favourable, n = tally[list(FAVOURABLE)].sum(axis="columns"), tally.sum(axis="columns")
    return list(zip(favourable.tolist(), n.tolist(), strict=True))


def _measured(tally: pd.DataFrame) -> pd.DataFrame:
    means = [inference.mean(dict(zip(ANSWERS, row, strict=True))) for row in tally.to_numpy().tolist()]
    shares = [inference.wilson(*counts) for counts in _favourable(tally)]
    columns: dict[str, list[float]] = {"n": [mean.n for mean in means]}
    for name, estimates in (("mean", means), ("favourable", shares)):
        columns[name] = [estimate.value for estimate in estimates]
        columns[f"{name}_low"] = [estimate.low for estimate in estimates]
        columns[f"{name}_high"] = [estimate.high for estimate in estimates]
    return pd.DataFrame(columns, index=tally.index, dtype="float64").astype({"n": "int64"})
