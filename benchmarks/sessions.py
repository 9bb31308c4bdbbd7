"""Many visitors at once, over Streamlit's own WebSocket, as browsers speak it: protobuf at `/_stcore/stream`.

A visitor opens a link, waits until the script has finished, thinks, chooses another page, and so on. A rerun
is timed from the request until the script has finished and all that it sent has arrived. Visitors alternate
between two properties; each looks into everything it is sent for what belongs to the other: its name in a
page's caption, or IDs of its users. That, or a page without one's own name, counts as a wrong answer.
"""

import asyncio
import random
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks import generated, machine
from benchmarks.dashboard import Dashboard, running, settings
from benchmarks.table import Row, Say, Section, at_most, counted, middle
from userlane.sandbox import serve

SESSIONS = 100
SECONDS = 60.0
"""How long they are timed, once all have come."""

THINKING = (10.0, 15.0)
_PATIENCE = 120.0
_PAGES: Mapping[str, str] = {"": "Overview", "heart": "HEART", "nps": "NPS", "tags": "Tags"}
"""Titles by the paths visitors choose among."""


Figures = dict[str, float]


class Whose(NamedTuple):
    """A property, the link to it, and how its rows are told from another's."""

    name: str
    link: str
    own: bytes
    foreign: re.Pattern[bytes]


def properties() -> tuple[Whose, Whose]:
    """The demo over 30 days compared with those before, and the large one over its whole year."""
    demo, large = b"Demo \xc2\xb7 ", b"Large \xc2\xb7 "
    month, year = (_range(days) for days in (30, generated.DAYS))
    return (
        Whose("demo", f"?property=demo&{month}", demo, re.compile(large + rb"|\bs-\d{6}\b")),
        Whose("large", f"?property=large&{year}&compare=false", large, re.compile(demo + rb"|\bu-\d{5}\b")),
    )


def _range(days: int) -> str:
    window = generated.latest(days).window
    return f"range={window.start.isoformat()}&range={window.last.isoformat()}"


@dataclass(slots=True)
class Tally:
    """What all visitors together saw: seconds of first views and of reruns, and wrong answers in words."""

    first: list[float] = field(default_factory=list)
    reruns: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    timing: bool = False
    answered: int = 0
    worked: float = 0.0
    """Seconds of processor time that the server took for the reruns it `answered` while they were timed."""


@dataclass(slots=True)
class Visitor:
    """One browser tab, without the browser."""

    whose: Whose
    tally: Tally
    chance: random.Random
    pages: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    async def visit(self, dashboard: Dashboard, begins: float, ended: asyncio.Event) -> None:
        """Come after `begins` seconds, and go on until `ended`."""
        await asyncio.sleep(begins)
        host = urlsplit(dashboard.address).netloc
        async with connect(
            f"ws://{host}/_stcore/stream",
            origin=f"http://{host}",  # type: ignore[arg-type]  # a new type of text
            subprotocols=[Subprotocol("streamlit")],
            compression=None,
            max_size=None,
            proxy=None,
            ping_interval=None,
        ) as connection:
            self.tally.first.append(await self.run(connection, ""))
            while not ended.is_set():
                try:
                    await asyncio.wait_for(ended.wait(), self.chance.uniform(*THINKING))
                except TimeoutError:
                    timing = self.tally.timing
                    seconds = await self.run(connection, self.chance.choice(list(_PAGES)))
                    if timing:
                        self.tally.reruns.append(seconds)

    async def run(self, connection: ClientConnection, page: str) -> float:
        """Have one page drawn: the seconds until it is there."""
        asked = BackMsg()
        asked.rerun_script.query_string = self.whose.link.removeprefix("?")
        asked.rerun_script.page_script_hash = self.pages.get(page, "")
        clock = time.perf_counter()
        await connection.send(asked.SerializeToString())
        own, headed = False, False
        async with asyncio.timeout(_PATIENCE):
            while True:
                received = await connection.recv()
                words = received if isinstance(received, bytes) else received.encode()
                said = ForwardMsg.FromString(words)
                own |= self._look(said, words)
                headed |= said.delta.new_element.heading.body == _PAGES[page]
                if said.WhichOneof("type") == "script_finished":
                    seconds = time.perf_counter() - clock
                    if said.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
                        continue
                    if not own:
                        self.tally.wrong.append(f"a page without the name of {self.whose.name}")
                    if not headed:
                        self.tally.wrong.append(f"another page than {_PAGES[page]}")
                    return seconds

    def _look(self, said: ForwardMsg, words: bytes) -> bool:
        """Note what a message tells, and whether it names one's own property."""
        kind = said.WhichOneof("type")
        if kind == "navigation":
            self.pages |= {each.url_pathname: each.page_script_hash for each in said.navigation.app_pages}
            for each in said.navigation.app_pages:
                if each.is_default:
                    self.pages[""] = each.page_script_hash
        if kind == "ref_hash" and said.ref_hash not in self.known:
            self.tally.wrong.append("a message that refers to one never sent")
        if said.hash:
            self.known.add(said.hash)
        if found := self.whose.foreign.search(words):
            self.tally.wrong.append(f"{found[0].decode()} shown for {self.whose.name}")
        return self.whose.own in words


async def _crowd(dashboard: Dashboard, count: int, seconds: float, seed: int) -> Tally:
    tally, ended, chance = Tally(), asyncio.Event(), random.Random(seed)  # noqa: S311  # nothing secret
    both = properties()
    # One of each first, so that the crowd meets loaded rows: what a load takes is measured elsewhere.
    for whose in both:
        over = asyncio.Event()
        over.set()
        await Visitor(whose, Tally(), chance).visit(dashboard, 0.0, over)
    arrival = min(THINKING[0], seconds)
    visitors = [Visitor(both[number % 2], tally, random.Random(seed + number)) for number in range(count)]  # noqa: S311
    async with asyncio.TaskGroup() as group:
        for number, visitor in enumerate(visitors):
            group.create_task(visitor.visit(dashboard, arrival * number / count, ended))
        await asyncio.sleep(arrival)
        tally.timing, before = True, machine.worked(dashboard.process)
        await asyncio.sleep(seconds)
        tally.worked = machine.worked(dashboard.process) - before
        tally.answered = len(tally.reruns)
        ended.set()
    return tally


def compared(rows: int, count: int, seconds: float, seed: int = 1) -> Figures:
    """One run: the visitors' times, the server's memory in MB, and how many answers were wrong.

    Raises `RuntimeError` when the connection of a visitor breaks.
    """
    with (
        serve(today=generated.today(), large_records=rows) as sandbox,
        running(settings(sandbox)) as dashboard,
    ):
        try:
            # In a thread of its own, since whoever calls may have an event loop already.
            with ThreadPoolExecutor(1) as alone:
                tally = alone.submit(lambda: asyncio.run(_crowd(dashboard, count, seconds, seed))).result()
        except* (OSError, TimeoutError) as broken:
            raise RuntimeError(f"a visitor's connection broke: {broken.exceptions[0]}") from broken
        return {
            "reruns": len(tally.reruns),
            "wrong": len(tally.wrong),
            "work": tally.worked / max(1, tally.answered),
            "peak": machine.peak(dashboard.process),
            **{f"rerun {part}": _quantile(tally.reruns, part / 100) for part in (50, 95)},
            **{f"first {part}": _quantile(tally.first, part / 100) for part in (50, 95)},
        }


def _quantile(values: Sequence[float], part: float) -> float:
    """The value that `part` of all lie at or below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def crowds(rows: int, runs: int, say: Say, *, count: int = SESSIONS, seconds: float = SECONDS) -> Section:
    """So many visitors, and what they wait for."""
    found: list[Figures] = []
    for run in range(runs):
        say(f"{count} sessions, {counted(rows)} tag records")
        found.append(compared(rows, count, seconds, seed=1 + run * count))
    high, peak = middle(found, "rerun 95"), middle(found, "peak")
    wrong = sum(run["wrong"] for run in found)
    shown: Mapping[str, str] = {name: f"{middle(found, name):.2f} s" for name in found[0]}
    low, most = THINKING
    return Section(
        f"{count} sessions, {counted(rows)} tag records, {low:.0f}–{most:.0f} s think time, {seconds:.0f} s",
        [
            Row("first view, p50 and p95", f"{shown['first 50']} and {shown['first 95']}"),
            Row("rerun, p50", shown["rerun 50"]),
            Row("rerun, p95", shown["rerun 95"], "", *at_most(high, 0.5, "s")),
            Row("processor time of the server for each rerun", f"{1000 * middle(found, 'work'):.0f} ms"),
            Row("reruns timed", f"{middle(found, 'reruns'):.0f}"),
            Row("peak memory of the server", f"{peak:.0f} MB", "", *at_most(peak, 512, "MB")),
            Row("wrong answers, all runs", f"{wrong:.0f}", "", *at_most(wrong, 0, "")),
        ],
    )
