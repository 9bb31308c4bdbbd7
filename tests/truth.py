"""What the numbers on screen and in files must be: counted plainly from the sandbox's own records."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time
from statistics import fmean
from typing import NamedTuple

from userlane.contract import DatasetName, Window
from userlane.sandbox import Record, Sandbox

KEYS = {
    "overall": "heart",
    "happiness": "happiness",
    "engagement": "engagement",
    "adoption": "adoption",
    "retention": "retention",
    "task_success": "taskSuccess",
}
"""The letters' canonical names, and theirs in a record."""


class Split(NamedTuple):
    """Answers to the NPS question, by group."""

    promoters: int
    passives: int
    detractors: int

    @property
    def n(self) -> int:
        return sum(self)

    @property
    def score(self) -> float:
        return 100 * (self.promoters - self.detractors) / self.n


def records(
    sandbox: Sandbox,
    dataset: DatasetName,
    window: Window,
    property_id: str = "demo",
    survey_id: str | None = None,
) -> list[Record]:
    """Every record of whole UTC days."""
    return sandbox.data.records(property_id, dataset, *instants(window), survey_id)


def instants(window: Window) -> tuple[datetime, datetime]:
    """The first instant inside, and the first one after."""
    return datetime.combine(window.start, time(), UTC), datetime.combine(window.end, time(), UTC)


def latest_per_user(answers: Iterable[Record]) -> list[Record]:
    """Each user's last answer, and all answers of nobody in particular."""
    latest = {
        answer["userId"] or ("nobody", answer["id"]): answer
        for answer in sorted(answers, key=lambda answer: answer["timestamp"])
    }
    return list(latest.values())


def split(answers: Sequence[Record]) -> Split:
    """Promoters answer 9 or 10, passives 7 or 8, all others are detractors."""
    scores = [answer["score"] for answer in answers]
    promoters, passives = sum(score >= 9 for score in scores), sum(score in {7, 8} for score in scores)
    return Split(promoters, passives, len(scores) - promoters - passives)


def measured(days: Iterable[Record], letter: str) -> list[float]:
    """A letter's daily scores on the days that have one."""
    return [day[KEYS[letter]] for day in days if day[KEYS[letter]] is not None]


def mean(values: Sequence[float]) -> float:
    return fmean(values)


def favourable(answers: Sequence[Record]) -> float:
    """The share of 4 and 5, 0–100."""
    return 100 * fmean(answer["score"] >= 4 for answer in answers)


def tag_users(uses: Iterable[Record]) -> dict[str, set[str]]:
    """The users of each tag, by its ID."""
    users: dict[str, set[str]] = {}
    for use in uses:
        users.setdefault(str(use["tagId"]), set()).add(use["userId"])
    return users
