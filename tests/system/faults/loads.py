"""A load and its export over the server, judged."""

import contextlib
import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

import pyarrow.parquet as pq

from tests.server import Request, Server
from tests.system.faults.faults import PATIENT
from tests.system.faults.leaks import SENTINEL, silent, told_by
from tests.system.faults.records import Record
from userlane.client import Limits
from userlane.contract import (
    ASSUMED,
    COLUMNS,
    Connection,
    Dataset,
    DatasetName,
    Profile,
    Query,
    Token,
    Window,
)
from userlane.errors import UserlaneError
from userlane.export import FORMATS, records_file
from userlane.fetch import Fetcher, Progress
from userlane.settings import Settings


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one load came to: a dataset or an error, after which requests."""

    dataset: Dataset | None
    error: UserlaneError | None
    requests: Sequence[Request]

    @property
    def shown(self) -> str:
        """The state in one word, or the command line's code for an error."""
        if self.dataset is not None:
            return self.dataset.condition
        return f"exit {self.error.exit_code}" if self.error else "nothing"


class Driver:
    """Loads over one server, one after another, as one process with one token does."""

    def __init__(
        self,
        server: Server,
        fetcher: Fetcher,
        token: str = SENTINEL,
        *,
        pasted: str | None = None,
        profile: Profile = ASSUMED,
        hear: Callable[[Progress], None] | None = None,
    ) -> None:
        self.heard: list[Progress] = []
        self._hear = hear or (lambda _: None)
        self._server = server
        self._fetcher = fetcher
        self._token = token
        self._connection = Connection(server.base_url, Token(pasted or token), profile)

    def load(self, query: Query, stop: Event | None = None) -> Loaded:
        """What `query` gives now."""
        before = len(self._server.requests)
        dataset = error = None
        try:
            dataset = self._fetcher.load(self._connection, query, progress=self._note, stop=stop)
        except UserlaneError as raised:
            error = raised
            silent(told_by(raised), raised.cause, raised.next_step)
        requests = self._server.requests[before:]
        assert all(each.token == self._token for each in requests), "asked with another token, or none"
        silent(repr(self.heard))
        return Loaded(dataset, error, requests)

    def _note(self, progress: Progress) -> None:
        self.heard.append(progress)
        self._hear(progress)


def fetching(
    limits: Limits = PATIENT, *, in_flight: int = 1, max_rows: int = 1_000_000
) -> contextlib.closing[Fetcher]:
    """A fetcher, closed in the end; by default it asks for one page at a time, so requests can be counted."""
    return contextlib.closing(Fetcher(Settings(max_in_flight=in_flight, max_rows=max_rows), limits=limits))


def is_whole(loaded: Loaded, rows: Sequence[Record]) -> Dataset:
    """The load is complete, and its files hold just these rows, unmarked."""
    assert loaded.error is None, loaded.error
    assert loaded.dataset is not None
    state = loaded.dataset.state
    assert loaded.dataset.condition == ("complete" if rows else "empty"), state
    assert (state.missing, state.reasons) == ((), ())
    files = _files(loaded.dataset)
    document = json.loads(files["json"])
    assert document["records"] == list(rows)
    assert (document["complete"], document["reasons"], document["rows"]) == (True, [], len(rows))
    mark, records = from_csv(loaded.dataset.query.dataset, files["csv"])
    assert mark is None
    assert pq.read_metadata(io.BytesIO(files["parquet"])).num_rows == len(rows)
    assert records == [_as_cells(row) for row in rows]
    return loaded.dataset


def is_marked(loaded: Loaded, rows: Sequence[Record], missing: Sequence[Window], says: str) -> Dataset:
    """The load is incomplete for a reason that `says` matches; its files hold just these rows, say why, and
    name just these windows.
    """
    assert loaded.error is None, loaded.error
    assert loaded.dataset is not None
    state = loaded.dataset.state
    assert loaded.dataset.condition == "incomplete", state
    assert state.missing == tuple(missing)
    assert re.search(says, " ".join(state.reasons)), state.reasons
    files = _files(loaded.dataset)
    document = json.loads(files["json"])
    told = " ".join(document["reasons"])
    assert (document["complete"], document["rows"]) == (False, len(rows))
    assert document["records"] == list(rows)
    assert re.search(says, told), told
    for window in missing:
        assert named(window) in told
    mark, records = from_csv(loaded.dataset.query.dataset, files["csv"])
    assert records == [_as_cells(row) for row in rows]
    assert mark == (told if rows else "")
    return loaded.dataset


def is_refused(loaded: Loaded, error: type[UserlaneError], says: str) -> UserlaneError:
    """There is nothing to show, and why is said in words with a next step."""
    assert loaded.dataset is None, loaded.dataset
    assert isinstance(loaded.error, error), loaded.error
    assert re.search(says, loaded.error.cause), loaded.error.cause
    assert loaded.error.next_step
    return loaded.error


def named(window: Window) -> str:
    """A window as files and messages name it."""
    return f"{window.start.isoformat()} to {window.end.isoformat()}"


def from_csv(dataset: DatasetName, content: bytes) -> tuple[str | None, list[dict[str, Any]]]:
    """The mark of a CSV file, "" if there is no row to hold it, and its rows."""
    header, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    columns = COLUMNS[dataset].names
    assert header in (columns, [*columns, "incomplete"]), header
    marks = {line[-1] for line in lines} if header != columns else {None}
    assert len(marks) <= 1
    rows = [dict(zip(columns, line, strict=False)) for line in lines]
    return next(iter(marks), ""), rows


def _files(dataset: Dataset) -> dict[str, bytes]:
    files: dict[str, bytes] = {kind: records_file(dataset, kind) for kind in FORMATS}
    silent(*files.values(), repr(dataset.state), repr(dataset), dataset.fingerprint)
    return files


def _as_cells(row: Record) -> dict[str, str]:
    return {
        name: "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in row.items()
    }
