"""What the API is asked and what it answers; every other module speaks in these terms."""

from userlane.contract.columns import (
    BANDS,
    BUCKETS,
    CODED,
    COLUMNS,
    INSTANT,
    LABELS,
    LETTERS,
    SCORES,
    TEXT,
    Bucket,
    Letter,
    band,
    bucket,
)
from userlane.contract.connection import Connection, Token
from userlane.contract.dataset import Condition, Dataset, State
from userlane.contract.profile import ASSUMED, PAGE_LIMIT, Auth, Profile, Route
from userlane.contract.query import DATASETS, DatasetName, Query, Window, identifier

__all__ = [
    "ASSUMED",
    "BANDS",
    "BUCKETS",
    "CODED",
    "COLUMNS",
    "DATASETS",
    "INSTANT",
    "LABELS",
    "LETTERS",
    "PAGE_LIMIT",
    "SCORES",
    "TEXT",
    "Auth",
    "Bucket",
    "Condition",
    "Connection",
    "Dataset",
    "DatasetName",
    "Letter",
    "Profile",
    "Query",
    "Route",
    "State",
    "Token",
    "Window",
    "band",
    "bucket",
    "identifier",
]
