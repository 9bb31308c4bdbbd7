"""What it takes to store tag records, to open them, and to compute every figure of the Tags page.

Each size is measured in a process of its own: `python -m benchmarks.storing --rows 1000000`. The records are
made at once rather than loaded, since loading is measured elsewhere. With `--users 1000000`, only writing is
measured, of records of so many users drawn by lot, beside plain text in Parquet files.
"""

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import generated, machine, ours
from benchmarks.filled import fill_store
from benchmarks.server import ROOT
from benchmarks.table import Row, Say, Section, at_most, counted, middle, ratio
from userlane.contract import CODED, COLUMNS, Dataset, Query, Window
from userlane.metrics import tags
from userlane.sandbox import serve
from userlane.sandbox.large import TAGS, TAGS_EACH
from userlane.store import FetchedWindow, FolderStore

SIZES = (1, 10, 30)
"""How many times the records of a load."""

DAYS = (30, 365)
CHOSEN = 5
"""Tags that the page shows more closely."""

MANY_USERS = 1_000_000
MANY_ROWS = (10, 30)
"""Records of so many users, as multiples of those of a load."""

_DAILY = 60
"""Days, up to which the page shows a trend by day."""

Figures = dict[str, float]


def metrics(dataset: Dataset) -> dict[str, Callable[[Dataset], object]]:
    """Every metric of the Tags page, by name; and all of those that a first view asks for, in its order."""
    seen = tags.seen_users(dataset)
    chosen = list(tags.adoption(dataset, seen)["tag_id"].head(CHOSEN))

    def page(rows: Dataset) -> None:
        tags.adoption(rows, tags.seen_users(rows))
        tags.sparklines(rows)
        tags.totals(rows)
        tags.trend(rows, "day" if rows.query.window.days <= _DAILY else "week", chosen)
        tags.cumulative(rows, chosen)
        tags.heaviest(rows, chosen)

    return {
        "all a first view asks for": page,
        "totals": tags.totals,
        "seen users": tags.seen_users,
        "adoption": lambda rows: tags.adoption(rows, seen),
        "sparklines": tags.sparklines,
        "trend by day": lambda rows: tags.trend(rows, "day", chosen),
        "trend by week": lambda rows: tags.trend(rows, "week", chosen),
        "cumulative": lambda rows: tags.cumulative(rows, chosen),
        "heaviest": lambda rows: tags.heaviest(rows, chosen),
        "change": lambda rows: tags.change(rows, replace(rows), seen, seen),
    }


def stored(rows: int) -> Figures:
    """One run at one size, in this process; seconds unless the name says MB or rows."""
    figures: Figures = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(today=generated.today(), large_records=rows) as sandbox,
    ):
        place = ours.Place(sandbox.base_url, Path(folder), token=sandbox.token)
        filled = fill_store(place, generated.latest(generated.DAYS), generated.records(rows))
        figures |= {"write": filled.seconds, "rows": filled.rows, "disk MB": filled.megabytes}
        for days in DAYS:
            with place.fetcher() as fetcher:
                clock = time.perf_counter()
                dataset = ours.loaded(fetcher, place, generated.latest(days))
                figures[f"open {days}"] = time.perf_counter() - clock
                figures[f"rows {days}"] = dataset.rows
                for name, compute in metrics(dataset).items():
                    anew = replace(
                        dataset
                    )  # what one metric has counted another finds: here each counts alone
                    clock = time.perf_counter()
                    compute(anew)
                    figures[f"{name} {days}"] = time.perf_counter() - clock
    figures["peak MB"] = machine.peak()
    return figures


def written(rows: int, users: int) -> Figures:
    """Write records of so many users, a window a day, into a store and as plain text, by turns.

    Seconds, and processor seconds, in which this process did not wait for a disk or another process.
    """
    figures = dict.fromkeys(("write", "write cpu", "text", "text cpu"), 0.0)
    random = np.random.default_rng(1)
    plain = pa.schema([field for field in COLUMNS["tags"] if field.name != "tag_name"])
    plain = pa.schema([(each.name, pa.string() if each.type == CODED else each.type) for each in plain])
    with tempfile.TemporaryDirectory() as folder:
        store = FolderStore(Path(folder) / "store")

        def timed(name: str, write: Callable[[], object]) -> None:
            clock, processor = time.perf_counter(), time.process_time()
            write()
            figures[name] += time.perf_counter() - clock
            figures[f"{name} cpu"] += time.process_time() - processor

        for number in range(generated.DAYS):
            day = generated.today() - timedelta(days=generated.DAYS - number)
            table = _records_of_day(day, math.ceil(rows / generated.DAYS), users, random)
            query = Query("tags", generated.PROPERTY, Window(day, day + timedelta(days=1)))
            fetched = FetchedWindow(query, table, datetime.now(UTC))
            timed("write", lambda: store.write("benchmark", fetched))  # noqa: B023
            text, path = table.drop_columns(["tag_name"]), Path(folder) / f"{number}.parquet"
            timed("text", lambda: pq.write_table(text.cast(plain), path, compression="zstd"))  # noqa: B023
    return figures | {"peak MB": machine.peak()}


def _records_of_day(day: date, rows: int, users: int, random: np.random.Generator) -> pa.Table:
    """Records of users drawn by lot with four tags each, in the canonical columns, as they are stored."""
    columns = []
    who = np.resize(random.integers(0, users, rows // TAGS_EACH + 1), rows)
    drawn = {"tag": np.sort(random.integers(0, TAGS, rows)), "user": who}
    for word, numbers in drawn.items():
        used, places = np.unique(numbers, return_inverse=True)
        ids = pa.array([f"{word}-{each:08}" for each in used.tolist()])
        columns.append(pa.DictionaryArray.from_arrays(places.astype(np.int32), ids))
    days, ones = pa.array([day] * rows, pa.date32()), pa.array(np.ones(rows, np.int32))
    return pa.table([days, columns[0], pa.nulls(rows, CODED), columns[1], ones], schema=COLUMNS["tags"])


def measured(rows: int, users: int = 0) -> Figures:
    """One run at one size, in a process of its own. Raises `RuntimeError` when rows are not all there."""
    command = [sys.executable, "-m", "benchmarks.storing", "--rows", str(rows), "--users", str(users)]
    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603  # our own
    if ended.returncode:
        raise RuntimeError(f"storing broke off: {ended.stderr.strip().rpartition(chr(10))[2]}")
    figures: Figures = json.loads(ended.stdout)
    if not users and not figures["rows"] == figures[f"rows {DAYS[-1]}"] == rows:
        raise RuntimeError(f"{figures['rows']:,.0f} rows were stored, and {rows:,} made")
    return figures


def stores(rows: int, runs: int, say: Say) -> list[Section]:
    """Every size, each as a section."""
    found: dict[int, list[Figures]] = {}
    for _ in range(runs):
        for size in SIZES:
            say(f"storing and asking, {counted(size * rows)} records")
            found.setdefault(size, []).append(measured(size * rows))
    sections = [_section(size * rows, found[size], found[SIZES[0]], size) for size in SIZES]
    lines: list[Row] = []
    for size in MANY_ROWS:
        say(f"storing, {counted(size * rows)} records of {counted(MANY_USERS)} users")
        runs_of = [measured(size * rows, MANY_USERS) for _ in range(runs)]
        seconds = middle(runs_of, "write")
        target = at_most(seconds, 10, "s") if size * rows == 10_000_000 else ()
        times = f"{ratio(runs_of, 'write', 'text'):.1f} × plain text"
        lines.append(Row(f"{counted(size * rows)} records", f"{seconds:.1f} s", times, *target))
    return [*sections, Section(f"Tag records of {counted(MANY_USERS)} users, written", lines)]


def _section(rows: int, found: Sequence[Figures], smallest: Sequence[Figures], times: int) -> Section:
    paces = [large["write"] / (times * small["write"]) for large, small in zip(found, smallest, strict=True)]
    grown = median(paces)
    growth = (f"{grown:.2f} × that at the smallest, per row", *at_most(grown, 1.3, "×")) if times > 1 else ()
    lines = [
        Row("put in order and written", f"{middle(found, 'write'):.2f} s", *growth),
        Row("on the disk", f"{middle(found, 'disk MB'):.1f} MB"),
    ]
    lines += [
        Row(f"opened by a new process, {days} days", f"{middle(found, f'open {days}'):.2f} s")
        for days in DAYS
    ]
    names = [name.removesuffix(f" {DAYS[0]}") for name in found[0] if name.endswith(f" {DAYS[0]}")]
    short, long = DAYS
    lines += [
        Row(
            f"{name}, {short} and {long} days",
            f"{middle(found, f'{name} {short}'):.3f} and {middle(found, f'{name} {long}'):.3f} s",
            f"{ratio(found, f'{name} {long}', f'{name} {short}'):.1f} × for {long} days",
        )
        for name in names
        if name not in {"open", "rows"}
    ]
    lines.append(Row("peak memory of all that", f"{middle(found, 'peak MB'):.0f} MB"))
    return Section(f"Store and tag metrics, {counted(rows)} records", lines)


def main() -> None:
    """One size, in this process."""
    reading = argparse.ArgumentParser()
    reading.add_argument("--rows", type=int, required=True)
    reading.add_argument("--users", type=int, default=0)
    asked = reading.parse_args()
    sys.stdout.write(json.dumps(written(asked.rows, asked.users) if asked.users else stored(asked.rows)))


if __name__ == "__main__":
    main()
