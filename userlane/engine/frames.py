"""Answers of an engine as frames."""

import pandas as pd
import pyarrow as pa


def frame(table: pa.Table) -> pd.DataFrame:
    """A table as a frame of the types that `engine.run` promises."""
    found: pd.DataFrame = table.to_pandas(date_as_object=False)
    for field in table.schema:
        if pa.types.is_date(field.type):
            found[field.name] = found[field.name].astype("datetime64[us]")
    return found
