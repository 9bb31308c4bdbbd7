"""Bounds that hold whatever the API does: memory, time, and what is still asked once a load is stopped."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest

from tests import responses
from tests.responses import document
from tests.server import Request, Response, Server
from tests.system.faults.faults import PATIENT
from tests.system.faults.leaks import SENTINEL, silent
from tests.system.faults.loads import Driver, Loaded, fetching, is_marked
from tests.system.faults.records import APRIL, Api, exported, nps, query
from tests.system.faults.table import Notes, covers
from userlane.errors import LoadStopped

CAP = 25
RECORDS = nps(6 * CAP)
ROOT = Path(__file__).parents[3]

MEASURED = """
import sys
from datetime import date
from userlane.contract import Connection, Query, Token, Window
from userlane.errors import UserlaneError
from userlane.fetch import Fetcher
from userlane.settings import Settings

def peak():  # not getrusage: that counts what the process was that started this one
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status["VmHWM"].split()[0]) / 1024

fetcher = Fetcher(Settings(max_in_flight=4))
def load(property_id):
    window = Window(date(2026, 4, 1), date(2026, 5, 1))
    connection = Connection(sys.argv[1], Token(sys.stdin.readline()))
    return fetcher.load(connection, Query("nps", property_id, window))

load("warm")
open("/proc/self/clear_refs", "w").write("5")  # the peak starts anew
before = peak()
try:
    found = load("bomb")
    print(found.condition, found.rows, round(peak() - before))
except UserlaneError as error:
    print(type(error).__name__, 0, round(peak() - before))
"""
"""Loads twice in a process of its own and prints by how many megabytes its peak grew."""


def zipped_bomb(piece: bytes, megabytes: int, head: bytes = b"") -> Response:
    return document(responses.bomb(megabytes, piece, head), 200, "Content-Encoding: gzip")


BOMBS: dict[str, Callable[[], Response]] = {
    "white space": lambda: zipped_bomb(b" ", 200),
    "one long text": lambda: zipped_bomb(b"a", 200, b'{"data": [{"comment": "'),
    "brackets": lambda: zipped_bomb(b"[", 60),
    "tiny records": lambda: zipped_bomb(b"{},", 60, b'{"data": ['),
    "tiny numbers": lambda: zipped_bomb(b"0.5,", 60, b'{"data": ['),
    "endless": lambda: responses.endless,
}


@covers("bombs in memory")
@pytest.mark.parametrize(("kind", "page"), [("white space", 1), *((kind, 3) for kind in BOMBS)])
def test_no_answer_makes_memory_grow_by_a_hundred_megabytes(kind: str, page: int, notes: Notes) -> None:
    bomb = BOMBS[kind]()

    def override(request: Request, _: bytes) -> Response | None:
        return bomb if "bomb" in request.path and request.page >= page else None

    kept = {key: value for key, value in os.environ.items() if not key.startswith("USERLANE_")}
    with notes.line("bombs in memory") as line, Server(Api(RECORDS, CAP, override)) as over:
        ended = subprocess.run(
            [sys.executable, "-c", MEASURED, over.base_url],
            env={**kept, "PYTHONPATH": str(ROOT)},
            input=f"{SENTINEL}\n{SENTINEL}\n".encode(),
            capture_output=True,
            timeout=120,
            check=True,
        )
        shown, rows, megabytes = ended.stdout.decode().splitlines()[-1].split()
        line.add(len(over.requests) - 7, shown if page > 1 else "exit 5", page)
        line.megabytes = int(megabytes)
        assert (shown == "incomplete") == (page > 1)
        assert int(rows) == (page - 1) * CAP
        assert int(megabytes) < 100
        silent(ended.stdout, ended.stderr)


@covers("dripping body", "headers never come", "429 in seconds", "dripping headers")
@pytest.mark.parametrize(
    ("fault", "response"),
    [
        ("headers never come", responses.silence),
        ("dripping body", responses.drip_body),
        ("dripping headers", responses.drip_headers),
        ("429 in seconds", responses.wait_seconds(429, 60)),
    ],
)
@pytest.mark.parametrize("page", [1, 3])
def test_a_stopped_load_hangs_up_and_asks_nothing_more(
    fault: str, response: Response, page: int, notes: Notes
) -> None:
    """Its own deadlines are far off: half a minute for a page, two for the load."""

    def override(request: Request, _: bytes) -> Response | None:
        return response if request.page >= page else None

    stop = Event()
    found: list[Loaded] = []
    with (
        notes.line(fault) as line,
        fetching(PATIENT, in_flight=4) as fetcher,
        Server(Api(RECORDS, CAP, override)) as over,
    ):
        drive = Driver(over, fetcher)
        thread = Thread(target=lambda: found.append(drive.load(query("nps"), stop)), daemon=True)
        thread.start()
        assert over.until(lambda: any(request.page >= page for request in over.requests))
        stop.set()
        thread.join(20)
        assert found, "the load went on"
        loaded = found[0]
        if page == 1:
            assert isinstance(loaded.error, LoadStopped)
        else:
            is_marked(loaded, exported("nps", RECORDS[: (page - 1) * CAP]), [APRIL], "stopped")
        before = len(over.requests)
        if "429" not in fault:
            assert over.until(lambda: over.open == 0), "a connection stayed open"
        assert not over.until(lambda: len(over.requests) > before, seconds=0.3)
        line.add(before, loaded.shown, page)


@covers("429 in seconds", "429 until a date")
@pytest.mark.parametrize(
    ("fault", "wait"),
    [("429 in seconds", responses.wait_seconds), ("429 until a date", responses.wait_until)],
)
def test_nobody_asks_before_the_time_is_over_and_the_wait_is_told(
    fault: str, wait: Callable[[int, int], Response], notes: Notes
) -> None:
    def override(request: Request, _: bytes) -> Response | None:
        return wait(429, 1) if request.page == 3 and request.attempt == 1 else None

    with notes.line(fault) as line, fetching() as fetcher, Server(Api(RECORDS, CAP, override)) as over:
        drive = Driver(over, fetcher)
        loaded = drive.load(query("nps"))
        first, again = (each.at for each in loaded.requests if each.page == 3)
        assert again - first >= 1.0
        assert any("asks to wait 1 s" in progress.waiting for progress in drive.heard)
        line.add(len(loaded.requests), loaded.shown, 3)
