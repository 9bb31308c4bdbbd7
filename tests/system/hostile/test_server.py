"""Hostile pastes and uploads through the page and its child process, several at once, on real sockets."""

import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

import httpx
import pytest

from benchmarks.dashboard import Dashboard, running
from tests.system.hostile.inputs import TOKEN, Input, make_inputs
from tests.system.hostile.reading import READERS, find_slowest
from tests.system.hostile.tab import Tab, total_memory

COUNT = int(os.environ.get("USERLANE_HOSTILE_SERVER_INPUTS", "16"))
AT_ONCE = 4
TRIED = 5
"""How many inputs are made for each that is sent: the slowest are."""

CONTAINER = 768 * 2**20


@dataclass
class Figures:
    """What the server did meanwhile."""

    health: list[float] = field(default_factory=list)
    memory: int = 0


@contextmanager
def watched(dashboard: Dashboard) -> Iterator[Figures]:
    """Ask for the health of the server all the time, and look at its memory."""
    figures, over = Figures(), Event()

    def ask() -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            while not over.wait(0.1):
                begin = time.perf_counter()
                assert client.get(f"{dashboard.address}/healthz").json() == {"status": "ok"}
                figures.health.append(time.perf_counter() - begin)

    def look() -> None:
        while not over.wait(0.02):
            figures.memory = max(figures.memory, total_memory(dashboard.process))

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(ask), pool.submit(look)]
        try:
            yield figures
        finally:
            over.set()
    for each in both:
        each.result()


def attack(address: str, kind: str, inputs: list[Input]) -> list[tuple[float, str, str]]:
    """What became of each input of one visitor: seconds, family, and what the page said."""
    found = []
    for each in inputs:
        with Tab(address) as tab:
            if kind == "pasted code":
                tab.type("Property ID in these requests", "8mkyx")
                text = each.content.decode().replace("\0", "")
                tab.type("NPS responses", text)
                seconds = tab.press("Read the requests")
                assert TOKEN not in tab.value("NPS responses")
                answers = ("What was understood", "**NPS responses:**")
                told = not text.strip() or any(answer in tab.words for answer in answers)
            elif kind == "saved JSON":
                seconds = tab.upload("NPS responses", "saved.json", each.content)
                seconds += tab.press("Open the files")
                told = "**NPS responses:**" in tab.words or "Saved files" in tab.words
            else:
                tab.press("Open the sample data")
                tab.go("connect")
                seconds = tab.upload("Tag names (CSV)", "names.csv", each.content)
                told = (
                    "“names.csv”" in tab.words or "from **names" in tab.words or "somebody else" in tab.words
                )
            assert told, (each.family, tab.words[:500])
            found.append((seconds, f"{kind}, {each.family}", tab.words))
    return found


def test_a_file_of_many_surveys_is_refused_as_a_link_to_them_is() -> None:
    """Each survey is a load and several figures: 20,000 of them once kept the server busy for minutes."""
    records = [{"score": 3, "timestamp": "2026-04-01", "surveyId": f"s{number}"} for number in range(20_000)]
    environment = {"USERLANE_STORE": "none", "USERLANE_LOG_LEVEL": "error"}
    with running(environment) as dashboard, Tab(dashboard.address) as tab:
        tab.upload("Survey responses", "saved.json", json.dumps(records).encode())
        tab.press("Open the files")
        assert "more than 50 surveys" in tab.words


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_hostile_input_stops_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    """Each gets an answer, the health check answers all the time, and a small container has memory enough."""
    shares = {"pasted code": COUNT // 2, "saved JSON": COUNT // 4, "tag names": COUNT // 4}
    todo: list[tuple[str, Input]] = []
    for kind, count in shares.items():
        read, families, longest = READERS[kind]
        tried = make_inputs(families, count * TRIED, longest, seed=11)
        todo += [(kind, each) for each in find_slowest(read, tried, count)]
    with running({"USERLANE_STORE": "none", "USERLANE_LOG_LEVEL": "error"}) as dashboard:
        with Tab(dashboard.address):
            pass
        with watched(dashboard) as figures, ThreadPoolExecutor(AT_ONCE) as pool:
            found = [
                each
                for part in pool.map(lambda one: attack(dashboard.address, one[0], [one[1]]), todo)
                for each in part
            ]
    found.sort(reverse=True)
    busy = sum("somebody else" in words for _, _, words in found)
    with capsys.disabled():
        slowest = ", ".join(f"{seconds:.2f} s ({family})" for seconds, family, _ in found[:3])
        health = max(figures.health)
        sys.stdout.write(
            f"\n{len(found)} inputs, {AT_ONCE} at once: slowest {slowest}; {busy} turned away; health "
            f"<= {health:.3f} s; memory <= {figures.memory / 2**20:.0f} MiB\n"
        )
    assert len(found) == len(todo)
    assert figures.memory < CONTAINER
