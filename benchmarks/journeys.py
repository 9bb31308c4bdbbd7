"""Counts the files that take part in five journeys through the code: `python -m benchmarks.journeys`,
and `--files` for which they are.

Each journey is really made, against a server on a loopback port, while a profile function listens. Of files,
those of `userlane/`, `pages/` and `app.py` count; not the sandbox, which stands for the API. A file is
entered if a function of it is called, in any thread.

NPS page        Files entered while the NPS page is drawn again with nothing changed: the rows are loaded, the
                results computed. Beside it the threads that the product begins meanwhile; nothing is to be
                loaded, so there should be none.
Tags question   Files entered by one question about stored tags that nobody asked before: each tag's adoption,
                as a `Measured`.
429             Hand-overs of the error, from the module that makes it of the API's response to the module
                that calls `st.error`: the modules that have it in hand, less one. A module has it in hand if
                one of its functions takes or returns it, or if it is raised through one. Lists and
                dictionaries are not looked into, and the module of the error classes does not count.
pasted cURL     Files entered while a pasted command is read, its token struck from the text, and what was
                understood becomes the text of a profile.
download        Files entered from the click to the bytes: the raw records of the NPS page, as JSON.
"""

import logging
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple
from unittest.mock import patch

import streamlit as st
from streamlit.runtime.media_file_manager import MediaFileManager

# All that this module knows of the product: what is renamed there is renamed here in these lines only.
from tests.responses import document, enveloped, wait_seconds
from tests.server import Request, Response, Server
from tests.system.pages.screen import Screen
from userlane import logs
from userlane.contract import Query, Token, Window, measure
from userlane.errors import UserlaneError
from userlane.fetch import Fetcher
from userlane.metrics.tags import adoption
from userlane.request_import import assemble, import_request, redact_secrets, to_toml
from userlane.sandbox import Sandbox, serve
from userlane.settings import Settings

ROOT = Path(sys.modules[UserlaneError.__module__].__file__ or "").parents[1]
PRODUCT = tuple(str(ROOT / name) for name in ("userlane/", "pages/", "app.py"))
NOT_COUNTED = str(ROOT / "userlane" / "sandbox")
ERRORS = sys.modules[UserlaneError.__module__].__file__

PROPERTY = "demo"
CURL = (
    "curl -H 'Authorization: Bearer made-up-token' "
    "'https://api.userlane.com/v2/8mkyx/nps?from=2026-04-01&to=2026-05-01&page=0&size=500'"
)


class Journey(NamedTuple):
    """A line of the table: what was counted, at most how much of it there should be, and what it was."""

    name: str
    found: int
    aim: int
    unit: str = "files"
    what: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        """Whether it is at or under its aim."""
        return self.found <= self.aim


class Recorder:
    """Listens to threads and notes what they do while it is `recording`.

    `files` are those entered, `threads` the names of those begun by the product, `in_hand` the files whose
    functions had an error in hand.
    """

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.threads: list[str] = []
        self.in_hand: set[str] = set()
        self._on = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Be the profile and the trace function of this thread and of those that begin within this block."""
        begin = threading.Thread.start

        def start(thread: threading.Thread) -> None:
            if self._on and _begun_by_product(sys._getframe(1)):  # noqa: SLF001  # the one way to ask who calls
                self.threads.append(thread.name)
            begin(thread)

        with ExitStack() as end:
            end.enter_context(patch.object(threading.Thread, "start", start))
            for module in (sys, threading):
                end.callback(module.setprofile, None)
                end.callback(module.settrace, None)
                module.setprofile(self._enter)
                module.settrace(self._trace)
            yield

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Note what happens within this block, and nothing of before."""
        for noted in (self.files, self.threads, self.in_hand):
            noted.clear()
        self._on = True
        try:
            yield
        finally:
            self.stop()

    def stop(self) -> None:
        """End the recording before the end of its block."""
        self._on = False

    def _enter(self, frame: FrameType, event: str, _: object) -> None:
        if self._on and event == "call" and is_counted(frame):
            self.files.add(frame.f_code.co_filename)

    def _trace(self, frame: FrameType, _: str, __: object) -> Any:
        if not self._on or not is_counted(frame) or frame.f_code.co_filename == ERRORS:
            return None
        frame.f_trace_lines = False
        for value in list(frame.f_locals.values()):
            self._look_at(frame, value)
        return self._follow

    def _follow(self, frame: FrameType, event: str, value: Any) -> Any:
        self._look_at(frame, value[1] if event == "exception" else value)
        return self._follow

    def _look_at(self, frame: FrameType, value: object) -> None:
        if self._on and isinstance(value, UserlaneError):
            self.in_hand.add(frame.f_code.co_filename)


def is_counted(frame: FrameType) -> bool:
    """Whether a frame is of the product, and not of the sandbox."""
    file = frame.f_code.co_filename
    return file.startswith(PRODUCT) and not file.startswith(NOT_COUNTED)


def _begun_by_product(frame: FrameType | None) -> bool:
    while frame is not None:
        if is_counted(frame):
            return True
        frame = frame.f_back
    return False


def within_root(files: set[str]) -> tuple[str, ...]:
    """Paths from the root, in order."""
    return tuple(sorted(str(Path(file).relative_to(ROOT)) for file in files))


def nps_page(recorder: Recorder, visit: Screen) -> Iterator[Journey]:
    """The warm NPS page, and the threads begun for it."""
    visit.go("NPS").again()
    with recorder.recording():
        visit.again()
    yield Journey("NPS page, warm", len(recorder.files), 35, what=within_root(recorder.files))
    yield Journey("NPS page, warm", len(recorder.threads), 0, "threads begun", tuple(recorder.threads))


def download(recorder: Recorder, visit: Screen) -> Journey:
    """The last file that the NPS page offers."""
    offered: list[Callable[[], bytes]] = []
    add = MediaFileManager.add_deferred

    def note(manager: MediaFileManager, make: Any, *args: Any, **options: Any) -> str:
        offered.append(make)
        return add(manager, make, *args, **options)

    with patch.object(MediaFileManager, "add_deferred", note):
        visit.go("NPS").again()
    with recorder.recording():
        content = offered[-1]()
    if not content.startswith(b'{"dataset":'):
        raise RuntimeError("the file is not JSON of records")
    return Journey("download, click to bytes", len(recorder.files), 4, what=within_root(recorder.files))


def tags_question(recorder: Recorder, sandbox: Sandbox, store: Path) -> Journey:
    """Each tag's adoption out of stored rows, by a process that did not fetch them."""
    settings = Settings(base_url=sandbox.base_url, store=store)
    today = datetime.now(UTC).date()
    query = Query("tags", PROPERTY, Window.through(today.replace(day=1), today))
    for _ in ("fetched", "opened"):
        with closing(Fetcher(settings)) as fetcher:
            dataset = fetcher.load(settings.connection(Token(sandbox.token)), query)
    with recorder.recording():
        measure(adoption, dataset, seen=1_000_000)
    return Journey("Tags question, paths to frame", len(recorder.files), 5, what=within_root(recorder.files))


def throttled(recorder: Recorder) -> Journey:
    """The error of a 429, from the client to the screen."""
    with Server(refuse) as server, deployment(USERLANE_BASE_URL=server.base_url, USERLANE_STORE="none"):
        visit = Screen(property=PROPERTY).go("NPS")
        show = st.error

        def shown(*args: Any, **options: Any) -> Any:
            recorder.in_hand.add(sys._getframe(1).f_code.co_filename)  # noqa: SLF001  # as above
            recorder.stop()
            return show(*args, **options)

        with recorder.recording(), patch.object(st, "error", shown):
            visit.connect("made-up-token", PROPERTY)
    if "asks to wait" not in visit.alerts:
        raise RuntimeError(f"the page speaks of something else: {visit.words[:200]}")
    modules = within_root(recorder.in_hand)
    return Journey("429, client to words on screen", len(modules) - 1, 6, "hand-overs", modules)


def pasted(recorder: Recorder) -> Journey:
    """A command that was copied, until there is a profile."""
    with recorder.recording():
        profile = to_toml(assemble([import_request(CURL, "nps", "8mkyx")]))
        text = redact_secrets(CURL)
    if "size" not in profile or "made-up-token" in text + profile:
        raise RuntimeError("the command was not understood")
    return Journey("pasted cURL to profile", len(recorder.files), 10, what=within_root(recorder.files))


def refuse(request: Request) -> Response:
    """Let through the question for one record, with which access is tried, and ask all others to wait."""
    return document(enveloped([])) if request.limit == 1 else wait_seconds(429, 3600)


@contextmanager
def deployment(**settings: str) -> Iterator[None]:
    """A process with these settings and no others, which has loaded nothing yet."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("USERLANE_")}
    with patch.dict(os.environ, given | settings, clear=True):
        st.cache_resource.clear()
        try:
            yield
        finally:
            st.cache_resource.clear()


def journeys() -> list[Journey]:
    """All five, made one after another."""
    recorder = Recorder()
    with (
        recorder.listening(),
        serve() as sandbox,
        tempfile.TemporaryDirectory() as folder,
    ):
        with deployment(USERLANE_BASE_URL=sandbox.base_url, USERLANE_STORE=folder):
            visit = Screen(property=PROPERTY).connect(sandbox.token, PROPERTY)
            nps = list(nps_page(recorder, visit))
            file = download(recorder, visit)
        return [
            *nps,
            tags_question(recorder, sandbox, Path(folder) / "tags"),
            throttled(recorder),
            pasted(recorder),
            file,
        ]


def table(found: list[Journey], *, whole: bool = False) -> Iterator[str]:
    """What is printed, line by line; if `whole`, also each file, thread or module that was counted."""
    for journey in found:
        words = "" if journey.met else "  more than that"
        yield f"{journey.name:32}{journey.found:4} (at most {journey.aim:2}) {journey.unit}{words}"
        yield from (f"    {each}" for each in journey.what if whole)


def main(*, whole: bool = False) -> int:
    """Print the table; the exit code is 1 where an aim is missed."""
    logging.disable(logging.CRITICAL)
    logs.configure(quiet=True)
    found = journeys()
    for line in table(found, whole=whole):
        print(line)  # noqa: T201  # a command prints
    return int(not all(journey.met for journey in found))


if __name__ == "__main__":
    sys.exit(main(whole="--files" in sys.argv[1:]))
