"""The canonical columns of each dataset with their Arrow types."""

from collections.abc import Mapping

import pyarrow as pa

from userlane.contract.columns import COLUMN_NAMES, SCORES
from userlane.contract.query import DatasetName

TEXT: pa.DataType = pa.string()
CODED: pa.DataType = pa.dictionary(pa.int32(), pa.string())
INSTANT: pa.DataType = pa.timestamp("us", tz="UTC")

_TYPES: Mapping[str, pa.DataType] = {
    "date": pa.date32(),
    **dict.fromkeys(SCORES, pa.float64()),
    "users": pa.int64(),
    "sessions": pa.int64(),
    "score": pa.int8(),
    "timestamp": INSTANT,
    "interactions": pa.int32(),
}
"""The columns that are not text."""

COLUMNS: Mapping[DatasetName, pa.Schema] = {
    dataset: pa.schema([(name, _TYPES.get(name, CODED if dataset == "tags" else TEXT)) for name in names])
    for dataset, names in COLUMN_NAMES.items()
}
