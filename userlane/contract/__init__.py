"""What the API is asked and what it answers; every other module speaks in these terms."""

from userlane.contract.columns import (
    BANDS,
    BUCKETS,
    CODED,
    COLUMNS,
    INSTANT,
    LABELS,
    LETTERS,
    NAMES,
    SCORES,
    TEXT,
    Bucket,
    Letter,
    band,
    bucket,
)
from userlane.contract.connection import Connection, Token
from userlane.contract.dataset import Condition, Dataset, State
from userlane.contract.dates import Dates, span
from userlane.contract.hosts import ALLOWED_HOSTS, LOOPBACK, Address, address, host_allowed
from userlane.contract.measured import Measured, measure, shown
from userlane.contract.profile import (
    ASSUMED,
    BASE_URL,
    PAGE_LIMIT,
    PROPERTY_ID,
    SURVEY_ID,
    Auth,
    Profile,
    Route,
)
from userlane.contract.query import DATASETS, DatasetName, Query, Window, identifier

__all__ = [
    "ALLOWED_HOSTS",
    "ASSUMED",
    "BANDS",
    "BASE_URL",
    "BUCKETS",
    "CODED",
    "COLUMNS",
    "DATASETS",
    "INSTANT",
    "LABELS",
    "LETTERS",
    "LOOPBACK",
    "NAMES",
    "PAGE_LIMIT",
    "PROPERTY_ID",
    "SCORES",
    "SURVEY_ID",
    "TEXT",
    "Address",
    "Auth",
    "Bucket",
    "Condition",
    "Connection",
    "Dataset",
    "DatasetName",
    "Dates",
    "Letter",
    "Measured",
    "Profile",
    "Query",
    "Route",
    "State",
    "Token",
    "Window",
    "address",
    "band",
    "bucket",
    "host_allowed",
    "identifier",
    "measure",
    "shown",
    "span",
]
