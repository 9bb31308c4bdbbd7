"""What changed most, in sentences made from the numbers of the other metrics."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from userlane import inference
from userlane.formatting import format_number, format_share


def heart(summary: pd.DataFrame) -> list[str]:
    """The overall score's change, and the letter that changed most.

    `summary` as of `metrics.heart.summary`; nothing is said of scores without a period before.
    """
    compared = summary[summary["change"].notna()].to_dict("records")
    overall = [score for score in compared if score["score"] == "overall"]
    sentences = [
        f"The overall HEART score is {format_number(score['mean'], 1)}, {_points(score['change'])}."
        for score in overall
    ]
    letter = max((score for score in compared if score not in overall), key=_size, default=None)
    if letter:
        words = f"{format_number(letter['mean'], 1)}, {_points(letter['change'])}"
        sentences.append(f"{letter['label']} changed most of the letters: {words}.")
    return sentences


def nps(after: tuple[int, int, int], before: tuple[int, int, int] | None) -> list[str]:
    """The NPS and whether its change is more than chance; nothing without a comparison.

    Each period is its promoters, passives and detractors; under 10 answers in either nothing is said.
    """
    if before is None or min(sum(after), sum(before)) < inference.VALUES_FROM:
        return []
    score, earlier = inference.nps(*after).value, inference.nps(*before).value
    verdict = _verdict(inference.nps_change(before, after).verdict)
    return [f"NPS is {format_number(score, 1)}, {_points(score - earlier)}, {verdict}."]


def surveys(change: pd.DataFrame, names: dict[str, str]) -> list[str]:
    """The survey whose share of 4–5 changed most; `change` as of `metrics.surveys.change`."""
    known = change[change["difference"].notna() & (change["verdict"] != "")].to_dict("records")
    survey = max(known, key=_size, default=None)
    if survey is None:
        return []
    name = names.get(survey["survey_id"], f"Survey {survey['survey_id']}")
    moved = f"{_points(100 * survey['difference'])}, {_verdict(survey['verdict'])}"
    return [f"“{name}”: the share of 4 and 5 is {moved}."]


def tags(change: pd.DataFrame) -> list[str]:
    """The tags whose share of users rose and fell most beyond chance.

    `change` as of `metrics.tags.change` with the column `tag` (its name); `real` already allows for the
    number of tags compared (Benjamini–Hochberg).
    """
    if change.empty:
        return []
    real = change[change["real"]].to_dict("records")
    if not real:
        return [f"No tag changed its share of users beyond chance ({len(change)} compared)."]
    sentences = []
    for verb, sign in (("rose", 1), ("fell", -1)):
        tag = max((tag for tag in real if sign * tag["difference"] > 0), key=_size, default=None)
        if tag:
            now = f"{format_share(tag['share'])} of users seen ({format_number(tag['users'])})"
            then = f"before {format_share(tag['share_before'])} ({format_number(tag['users_before'])})"
            sentences.append(f"“{tag['tag']}” {verb} most among tags: {now}, {then}, a real change.")
    return sentences


def _size(row: dict[Hashable, Any]) -> float:
    return abs(float(row["change"] if "change" in row else row["difference"]))


def _verdict(word: str) -> str:
    return "a real change" if word == "real" else word


def _points(change: float) -> str:
    rounded = round(abs(change), 1)
    if not rounded:
        return "the same as before"
    points = "point" if rounded == 1 else "points"
    return f"{format_number(rounded, 1)} {points} {'higher' if change > 0 else 'lower'} than before"
