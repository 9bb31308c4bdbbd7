"""The terms of all other modules: query, window, dataset, state, profile, canonical columns.

The modules that need Arrow or pandas are imported on first use: a child process that reads pasted code has so
little memory that it must do without them.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from userlane.contract.columns import (
    BANDS,
    BUCKETS,
    LABELS,
    LETTERS,
    NAMES,
    NOUNS,
    SCORES,
    TITLES,
    Bucket,
    Letter,
    band,
    bucket,
)
from userlane.contract.connection import Connection, Token
from userlane.contract.hosts import ALLOWED_HOSTS, LOOPBACK, Address, address, host_allowed
from userlane.contract.profile import ASSUMED, PAGE_LIMIT, Auth, Profile, Route
from userlane.contract.query import DATASETS, DatasetName, DateFormat, Query, Window, check_id, format_window

if TYPE_CHECKING:
    from userlane.contract.dataset import Condition, Dataset, State, Stored
    from userlane.contract.measured import Measured, measure, unwrap
    from userlane.contract.schemas import CODED, COLUMNS, INSTANT, TEXT
    from userlane.contract.tag_codes import CODES, AggregateCache, CodedRecords, Source, count_unused

__all__ = [
    "ALLOWED_HOSTS",
    "ASSUMED",
    "BANDS",
    "BUCKETS",
    "CODED",
    "CODES",
    "COLUMNS",
    "DATASETS",
    "INSTANT",
    "LABELS",
    "LETTERS",
    "LOOPBACK",
    "NAMES",
    "NOUNS",
    "PAGE_LIMIT",
    "SCORES",
    "TEXT",
    "TITLES",
    "Address",
    "AggregateCache",
    "Auth",
    "Bucket",
    "CodedRecords",
    "Condition",
    "Connection",
    "Dataset",
    "DatasetName",
    "DateFormat",
    "Letter",
    "Measured",
    "Profile",
    "Query",
    "Route",
    "Source",
    "State",
    "Stored",
    "Token",
    "Window",
    "address",
    "band",
    "bucket",
    "check_id",
    "count_unused",
    "format_window",
    "host_allowed",
    "measure",
    "unwrap",
]


def __getattr__(name: str) -> object:
    """Import the module of `name` on its first use."""
    if name in __all__:
        for module in ("schemas", "dataset", "measured", "tag_codes"):
            found = getattr(import_module(f"{__name__}.{module}"), name, None)
            if found is not None:
                globals()[name] = found
                return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
