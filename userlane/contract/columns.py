"""The canonical columns of each dataset, and the names and ranges of their values."""

from collections.abc import Mapping
from typing import Literal, get_args

from userlane.contract.query import DatasetName

NAMES: Mapping[DatasetName, str] = {"heart": "HEART", "nps": "NPS", "surveys": "surveys", "tags": "Tags"}
"""The name of each dataset within a sentence."""

TITLES: Mapping[DatasetName, str] = {
    "heart": "HEART scores",
    "nps": "NPS responses",
    "surveys": "Survey responses",
    "tags": "Tag interactions",
}
"""What each API is called where it stands alone."""

NOUNS: Mapping[DatasetName, tuple[str, str]] = {
    "heart": ("day", "days"),
    "nps": ("answer", "answers"),
    "surveys": ("answer", "answers"),
    "tags": ("record", "records"),
}
"""What one row of each dataset is called, and several."""

Letter = Literal["happiness", "engagement", "adoption", "retention", "task_success"]
LETTERS: tuple[Letter, ...] = get_args(Letter)
SCORES: tuple[str, ...] = ("overall", *LETTERS)
LABELS: Mapping[str, str] = {
    "overall": "Overall",
    "happiness": "Happiness",
    "engagement": "Engagement",
    "adoption": "Adoption",
    "retention": "Retention",
    "task_success": "Task success",
}

Bucket = Literal["promoter", "passive", "detractor"]
BUCKETS: tuple[Bucket, ...] = get_args(Bucket)

BANDS: tuple[tuple[int, str], ...] = (
    (80, "Excellent"),
    (60, "High"),
    (40, "Fair"),
    (20, "Low"),
    (-1, "Very low"),
)

COLUMN_NAMES: Mapping[DatasetName, tuple[str, ...]] = {
    "heart": ("date", *SCORES, "users", "sessions"),
    "nps": ("response_id", "user_id", "score", "bucket", "comment", "timestamp"),
    "surveys": ("survey_id", "response_id", "user_id", "score", "comment", "timestamp"),
    "tags": ("date", "tag_id", "tag_name", "user_id", "interactions"),
}
"""The columns of each dataset in their order; `schemas.COLUMNS` has their types too."""


def bucket(score: int) -> Bucket:
    """The NPS bucket of a score: promoter 9–10, passive 7–8, detractor 0–6."""
    if score >= 9:
        return "promoter"
    return "passive" if score >= 7 else "detractor"


def band(score: float) -> str:
    """The vendor's word for a letter score. The score is rounded first, since bands have whole limits.

    >>> band(80.4), band(80.6)
    ('High', 'Excellent')
    """
    whole = round(score)
    return next(word for above, word in BANDS if whole > above)
