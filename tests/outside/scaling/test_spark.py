"""On a cluster every number about tags is the one that DuckDB counts: row for row, type for type."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.outside.scaling.cluster import Cluster, cluster, missing
from userlane import engine
from userlane.contract import COLUMNS, Dataset, Query, State, Window
from userlane.engine import Embedded, Spark
from userlane.errors import SettingsUnusable, UserlaneError
from userlane.metrics import tags
from userlane.store import FetchedWindow, FolderStore
from userlane.store.tag_rows import TagRecords, TagRows, encode_rows

if missing() and os.environ.get("CI") != "true":
    pytest.skip(f"No Spark: {missing()}.", allow_module_level=True)

# Spark's client warns before it raises.
pytestmark = pytest.mark.filterwarnings("ignore:.RETRIES_EXCEEDED")

MARCH, MAY = date(2026, 3, 2), date(2026, 5, 25)
ROWS_A_WINDOW = 60_000


def window(number: int) -> Window:
    """The three windows of four weeks each from March on."""
    return Window(MARCH + timedelta(days=28 * number), MARCH + timedelta(days=28 * (number + 1)))


def rows(seed: int, days: Window, first_user: int = 0, count: int = ROWS_A_WINDOW) -> pa.Table:
    """Records of 4,000 users and 40 tags in the canonical columns; some of no interaction."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "day": random.integers(0, days.days, count),
            "tag": (random.pareto(1.2, count) * 4).astype(int) % 40,
            "user": first_user + (random.pareto(0.8, count) * 50).astype(int) % 4_000,
            "interactions": random.integers(0, 9, count),
        }
    ).drop_duplicates(["day", "tag", "user"])
    frame = frame.sort_values(["day", "tag", "user"], ignore_index=True)
    columns = [
        pa.array([days.start + timedelta(days=day) for day in frame["day"].tolist()], pa.date32()),
        pa.array([f"tag {number}" for number in frame["tag"]]).dictionary_encode(),
        pa.nulls(len(frame), pa.string()).dictionary_encode(),
        pa.array([f"ü{number:05}" for number in frame["user"]]).dictionary_encode(),
        pa.array(frame["interactions"], pa.int32()),
    ]
    return pa.table(
        [column.cast(field.type) for column, field in zip(columns, COLUMNS["tags"], strict=True)],
        schema=COLUMNS["tags"],
    )


def keep(folder: Path, number: int, first_user: int) -> None:
    """Put one window into a store, as a process of its own does."""
    asked = Query("tags", "demo", window(number))
    store = FolderStore(folder)
    store.write("api", FetchedWindow(asked, rows(number, window(number), first_user), datetime.now(UTC)))
    store.close()


WRITER = """
import sys
from pathlib import Path
from tests.outside.scaling.test_spark import *
from userlane.store import FolderStore

holder = FolderStore(Path(sys.argv[1]))
query = Query("tags", "demo", window(2))
holder.write("api", FetchedWindow(query, rows(2, window(2), 2_000), datetime.now(UTC)))
print("kept", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def asked(spark: Cluster) -> Iterator[Spark]:
    found = Spark(spark.address)
    yield found
    found.close()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three windows: the last one written while another process holds its own codes."""
    # Characters that stand for others in the paths of Hadoop.
    folder = tmp_path_factory.mktemp("rows") / "a [b]{c}*? %2F d"
    command = [sys.executable, "-c", WRITER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "kept\n"
        for number in range(2):
            keep(folder, number, 0)
        other.communicate("\n", timeout=60)
    return folder


def dataset(folder: Path, over: Window, in_memory: int = 0) -> Dataset:
    """What the store has of a range, laid side by side; of the first windows from memory."""
    store, query = FolderStore(folder), Query("tags", "demo", over)
    parts: list[TagRows] = []
    for each in sorted(store.find("api", query), key=lambda each: each.query.window.start):
        fetched_window = store.read("api", each)
        assert fetched_window
        assert isinstance(fetched_window.rows, TagRows)
        own = fetched_window.window
        part = fetched_window.rows if len(parts) >= in_memory else encode_rows(fetched_window.table, own)
        parts.append(part.over(Window(max(own.start, over.start), min(own.end, over.end))))
    return Dataset(query, TagRecords(parts), State(), "")


CUT = Window(MARCH + timedelta(days=3), MAY - timedelta(days=5))
"""Begins and ends within a window, and within a week."""


@pytest.fixture(
    scope="module", params=["files", "files of two dictionaries, cut", "files and memory", "memory"]
)
def records(request: pytest.FixtureRequest, stored: Path) -> Dataset:
    """One range of tag records in each of the ways they can be kept."""
    match request.param:
        case "files":
            return dataset(stored, Window(window(0).start, window(1).end))
        case "files of two dictionaries, cut":
            return dataset(stored, CUT)
        case "files and memory":
            return dataset(stored, CUT, in_memory=1)
        case _:
            return Dataset(Query("tags", "demo", window(0)), rows(0, window(0)), State(), "")


def test_the_ways_of_keeping_are_what_they_are_called(stored: Path) -> None:
    """Several files, parts of files, codes to be translated and rows in memory are all among them."""
    sources = dataset(stored, Window(window(0).start, window(1).end)).encode().sources
    assert [len(source.paths) for source in sources] == [2]
    sources = dataset(stored, CUT).encode().sources
    assert [source.users is None for source in sources].count(False) == 1
    assert len([source for source in sources if source.window]) == 2
    sources = dataset(stored, CUT, in_memory=1).encode().sources
    assert len([source for source in sources if source.table is not None]) == 1
    assert dataset(stored, CUT).rows > 100_000


METRICS: dict[str, Callable[[Dataset], Any]] = {
    "adoption": lambda records: tags.adoption(records, 10_000),
    "change": lambda records: tags.change(records, records, 10_000, 9_000),
    "seen_users": tags.seen_users,
    "totals": tags.totals,
    "trend by day": lambda records: tags.trend(records, "day"),
    "trend by week": lambda records: tags.trend(records, "week", ["tag 3", "tag 1", "none"]),
    "trend of no tag": lambda records: tags.trend(records, "week", []),
    "sparklines": tags.sparklines,
    "cumulative": lambda records: tags.cumulative(records, ["tag 3", "tag 1", "none"]),
    "heaviest": lambda records: tags.heaviest(records, limit=200),
    "heaviest of some tags": lambda records: tags.heaviest(records, ["tag 3", "tag 30"]),
    "heaviest of no tag": lambda records: tags.heaviest(records, []),
}


def on(chosen: Spark | Embedded, metric: Callable[[], Any]) -> Any:
    """What a metric says when it is counted by this engine."""
    engine.set_engine(chosen)
    try:
        return metric()
    finally:
        engine.set_engine(None)


def same(found: Any, expected: Any) -> None:
    """The same frame, or the same number, of the same type."""
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    else:
        assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize("name", METRICS)
def test_every_number_is_the_one_of_the_embedded_engine(name: str, records: Dataset, asked: Spark) -> None:
    expected = on(Embedded(), lambda: METRICS[name](records))
    same(on(asked, lambda: METRICS[name](records)), expected)


@pytest.mark.parametrize("name", [name for name in METRICS if "at least" not in name])
def test_no_records_are_the_same_empty_frames(name: str, asked: Spark) -> None:
    none = Dataset(Query("tags", "demo", window(0)), COLUMNS["tags"].empty_table(), State(), "")
    same(on(asked, lambda: METRICS[name](none)), on(Embedded(), lambda: METRICS[name](none)))


def test_both_workers_work(asked: Spark, spark: Cluster) -> None:
    """It is a cluster that answers, and not the server alone."""
    assert asked.run(ibis.memtable(pa.table({"n": range(1_000)})).n.sum().name("n"))["n"].tolist() == [
        499_500
    ]
    assert spark.workers_used == 2


def test_types_and_missing_values_are_those_of_the_embedded_engine(asked: Spark) -> None:
    """Texts, days, whole and broken numbers, each with one missing, and what is divided by nothing."""
    table = ibis.memtable(
        pa.table(
            {
                "day": pa.array([MARCH, None, MAY], pa.date32()),
                "text": pa.array(["a", None, "ü"]).dictionary_encode(),
                "n": pa.array([1, None, 2**30 - 1], pa.int32()),
                "long": pa.array([1, 2, 2**53], pa.int64()),
                "share": pa.array([0.1, None, 0.3]),
            }
        )
    )
    summed = table.agg(
        n=table.n.sum(),
        longest=table.long.max(),
        none=table.n.sum(where=table.long < 0),
        mean=table.n.mean(),
        ratio=table.n.sum() / table.long.sum(),
        first=table.day.min(),
    )
    week = table.mutate(week=table.day.truncate("W"), twice=table.n * 2).order_by("long")
    for expression in (table.order_by("long"), summed, week, table.text.nunique().name("texts")):
        same(asked.run(expression), Embedded().run(expression))


def test_what_fits_no_type_is_an_error_and_no_other_number(asked: Spark) -> None:
    """As with the embedded engine."""
    most = ibis.memtable(pa.table({"n": pa.array([2**31 - 1], pa.int32())}))
    for chosen, kind in ((Embedded(), Exception), (asked, UserlaneError)):
        with pytest.raises(kind, match=r"(?i)overflow"):
            chosen.run(most.mutate(twice=most.n * most.n * most.n))


def test_many_threads_get_their_own_answers(asked: Spark) -> None:
    """Twelve askers at once, of tables of their own and of one that all share."""
    shared = ibis.memtable(pa.table({"n": range(5_000)}))

    def ask(number: int) -> tuple[int, int]:
        own = ibis.memtable(pa.table({"n": range(1_000 + number)}))
        counted = asked.run(own.agg(n=own.count()))["n"].iloc[0]
        return int(counted), int(asked.run(shared.filter(shared.n < number).count().name("n"))["n"].iloc[0])

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(12)))
    assert answers == [(1_000 + number, number) for number in range(12)]


def test_views_go_again(asked: Spark) -> None:
    """The server keeps neither rows of memory nor views of ever more files."""
    own = ibis.memtable(pa.table({"n": [1]}))
    asked.run(own.count().name("n"))
    for session in asked._idle:
        seen = [each.name for each in session._session.catalog.listTables()]
        assert not [name for name in seen if not name.startswith("files_")]
        assert len(seen) == len(session._views)


def test_files_that_are_gone_are_said_in_words(asked: Spark, tmp_path: Path) -> None:
    """Whether before or after Spark has found them; the next question is answered."""
    keep(tmp_path, 0, 0)
    few = dataset(tmp_path, window(0))
    assert on(asked, lambda: tags.totals(few)).days == 28
    for path in tmp_path.rglob("*_*.parquet"):
        path.unlink()
    for _ in range(2):
        with pytest.raises(UserlaneError, match="removed while they were read") as caught:
            on(asked, lambda: tags.totals(few))
        assert caught.value.next_step
    assert asked.run(ibis.literal(7).name("n"))["n"].tolist() == [7]


def test_a_server_that_is_away_and_comes_back(spark: Cluster, stored: Path) -> None:
    """Its absence is said within seconds, in words; the new one knows no session of the old one, which
    neither who asked meanwhile nor who did not will notice.
    """
    records = dataset(stored, window(0))
    own, patient = Spark(spark.address), Spark(spark.address)
    before = on(own, lambda: tags.totals(records))
    assert on(patient, lambda: tags.totals(records)) == before
    spark.server.end()
    with pytest.raises(UserlaneError, match="cannot be reached") as caught:
        on(own, lambda: tags.totals(records))
    assert caught.value.next_step
    spark.serve(spark.port)
    assert on(own, lambda: tags.totals(records)) == before
    assert on(patient, lambda: tags.totals(records)) == before


def test_without_its_packages_the_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.errors", None)
    with pytest.raises(SettingsUnusable, match="not installed") as caught:
        Spark("sc://localhost")
    assert "requirements-spark.txt" in caught.value.next_step


def test_a_process_that_asked_ends(spark: Cluster) -> None:
    """Nothing of the connection keeps the interpreter from ending, also after an error."""
    code = """
import ibis
from userlane import engine
engine.set_engine(engine.Spark("{address}"))
print(engine.run(ibis.literal(7).name("n")).n[0], flush=True)
engine.run(ibis.table(dict(n="int"), name="nowhere"))
"""
    command = [sys.executable, "-c", code.format(address=spark.address)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout == "7\n"
    assert "UserlaneError: Spark could not count this (TABLE_OR_VIEW_NOT_FOUND)." in ended.stderr
    assert ended.returncode == 1
