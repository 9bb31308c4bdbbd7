"""Records as CSV, safe in spreadsheets, beside what pandas writes, which is not."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa

from benchmarks import generated
from benchmarks.table import Row, Say, Section, at_least, counted, middle, ratio
from userlane.contract import Dataset, State
from userlane.export import write_records

Figures = dict[str, float]


def compared(rows: int) -> Figures:
    """One run: seconds of each, and how many records are in each file."""
    query = generated.latest(generated.DAYS)
    # In pieces of four weeks, as what a store opens.
    feed, windows = generated.records(rows), query.window.split(28)
    pieces = [generated.table(feed, window).combine_chunks() for window in windows]
    table = pa.concat_tables(pieces).unify_dictionaries()
    dataset = Dataset(query, table, State(), "benchmark")
    # The columns as a user's own loop has them: days and IDs as text.
    plain = pd.DataFrame(
        {name: table[name].cast("string").to_pandas() for name in ("date", "tag_id", "tag_name", "user_id")}
        | {"interactions": table["interactions"].to_pandas()}
    )

    def ours(path: Path) -> None:
        with path.open("wb") as sink:
            write_records(dataset, "csv", sink)

    ways: dict[str, Callable[[Path], None]] = {
        "pandas": lambda path: plain.to_csv(path, index=False),
        "ours": ours,
    }
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, write in ways.items():
            path = Path(folder) / f"{name}.csv"
            clock = time.perf_counter()
            write(path)
            figures[f"{name} seconds"] = time.perf_counter() - clock
            with path.open("rb") as file:
                figures[f"{name} rows"] = sum(1 for _ in file) - 1
    if not figures["ours rows"] == figures["pandas rows"] == rows:
        raise RuntimeError(f"{rows:,} records became {figures['ours rows']:,.0f} lines")
    return figures


def exports(rows: int, runs: int, say: Say) -> Section:
    """Both, on the same rows."""
    found: list[Figures] = []
    for _ in range(runs):
        say(f"CSV, {counted(rows)} records")
        found.append(compared(rows))
    times = ratio(found, "pandas seconds", "ours seconds")
    return Section(
        f"CSV of {counted(rows)} records",
        [
            Row("pandas to_csv: the peer", f"{middle(found, 'pandas seconds'):.2f} s"),
            Row(
                "this project's, formula-safe",
                f"{middle(found, 'ours seconds'):.2f} s",
                f"{times:.1f} × as fast",
                *at_least(times, 4),
            ),
        ],
    )
