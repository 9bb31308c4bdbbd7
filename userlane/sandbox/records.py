"""The records as they travel: one function per API, in the field names of the assumed contract."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from userlane.contract import LETTERS, Letter

Record = dict[str, Any]


def heart(day: date, letters: Mapping[Letter, float | None], users: int, sessions: int) -> Record:
    """One day of HEART; the overall score is the mean of the letters present, all to one decimal.

    >>> heart(date(2026, 4, 1), {"happiness": None, "engagement": 60.0, "adoption": 70.04}, 9, 12)["heart"]
    65.0
    """
    rounded = {
        letter: None if score is None else round(score, 1)
        for letter in LETTERS
        for score in [letters.get(letter)]
    }
    present = [score for score in rounded.values() if score is not None]
    return {
        "date": day.isoformat(),
        "heart": round(sum(present) / len(present), 1) if present else None,
        "happiness": rounded["happiness"],
        "engagement": rounded["engagement"],
        "adoption": rounded["adoption"],
        "retention": rounded["retention"],
        "taskSuccess": rounded["task_success"],
        "users": users,
        "sessions": sessions,
    }


class Answer(NamedTuple):
    """One answer to NPS or a survey."""

    number: int
    user_id: str | None
    score: int
    comment: str | None
    at: datetime


def nps(nps_id: int, answer: Answer) -> Record:
    """One NPS answer, 0–10."""
    return _answer("npsId", nps_id, answer)


def survey(survey_id: int, answer: Answer) -> Record:
    """One survey answer, 1–5."""
    return _answer("surveyId", survey_id, answer)


def _answer(key: str, asked: int, answer: Answer) -> Record:
    return {
        "id": answer.number,
        key: asked,
        "userId": answer.user_id,
        "score": answer.score,
        "comment": answer.comment,
        "timestamp": answer.at.isoformat(timespec="seconds"),
    }


def tag(day: str, tag_id: int, user_id: str, interactions: int) -> Record:
    """One user's interactions with one tag on one day."""
    return {"date": day, "tagId": tag_id, "userId": user_id, "interactions": interactions}
