"""What engines have in common: an answer as a frame, and what any of them can count."""

from collections.abc import Mapping

import ibis
import pandas as pd
import pyarrow as pa


def frame(table: pa.Table) -> pd.DataFrame:
    """A table as a frame of the types that `engine.run` promises."""
    found: pd.DataFrame = table.to_pandas(date_as_object=False)
    for field in table.schema:
        if pa.types.is_date(field.type):
            found[field.name] = found[field.name].astype("datetime64[us]")
    return found


def counted_twice(table: ibis.Table, by: str, of: str, others: Mapping[str, ibis.Value]) -> ibis.Table:
    """As `engine.distinct_by`, for any engine: in each group, and once more in all."""
    grouped = table.group_by(by).agg(different=table[of].nunique(), **others)
    return grouped.cross_join(table.agg(altogether=table[of].nunique()))
