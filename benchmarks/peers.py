"""The ways to load all tag records of a year, each in a fresh process that prints what it took.

socket    the limit: one socket, the next page asked for before this one is read, typed decoding to Arrow
loop      what a user would write: requests, and a DataFrame of all records
dlt       the REST client of an extraction tool, into a list
walk      this project's client and decoder, without its store
load      this project's whole load: fetched, checked, put in order, stored
reload    the same range once more, from the store

Libraries are imported before the clock starts; the first connection is part of the time.
"""
# ruff: noqa: PLC0415 - each way imports what it needs and nothing else, so that its memory is its own

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.server import PATH, ROOT, YEAR, Serving

LIMIT = 1000
_PARAMETERS = {
    "startDate": f"{YEAR[0].isoformat()}T00:00:00+00:00",
    "endDate": f"{YEAR[1].isoformat()}T00:00:00+00:00",
    "limit": str(LIMIT),
}

_QUIET = {"RUNTIME__DLTHUB_TELEMETRY": "false", "USERLANE_LOG_LEVEL": "error"}
"""Nothing is told to anybody, and no log line costs time."""

Timed = Callable[[], int]
"""What is timed; gives how many rows there are in the end."""


def by_socket(serving: Serving) -> Timed:
    """Nothing between the socket and the decoder."""
    import msgspec
    import pandas as pd  # noqa: F401  # pyarrow looks for it at the first array, which should not be timed
    import pyarrow as pa

    class Record(msgspec.Struct, gc=False):
        date: str
        tagId: int  # noqa: N815  # as the API has it
        userId: str  # noqa: N815  # likewise
        interactions: int

    class Document(msgspec.Struct, gc=False):
        data: list[Record]

    decode = msgspec.json.Decoder(Document).decode
    path = f"{PATH}?startDate={_PARAMETERS['startDate'][:10]}&endDate={_PARAMETERS['endDate'][:10]}"

    def pages() -> Iterator[list[Record]]:
        with socket.create_connection(("127.0.0.1", serving.port)) as connection:
            number, left = 1, b""
            connection.sendall(_request(path, number))
            while True:
                body, left = _body(connection, left)
                number += 1
                connection.sendall(_request(path, number))
                records = decode(body).data
                if not records:
                    return
                yield records

    def timed() -> int:
        tables = [
            pa.table(
                {
                    "date": pa.array([record.date for record in records]).cast(pa.date32()),
                    "tag_id": pa.array([record.tagId for record in records], pa.int64()),
                    "user_id": pa.array([record.userId for record in records], pa.string()),
                    "interactions": pa.array([record.interactions for record in records], pa.int32()),
                }
            )
            for records in pages()
        ]
        table = pa.concat_tables(tables)
        return int(table.num_rows)

    return timed


def _request(path: str, number: int) -> bytes:
    return f"GET {path}&page={number}&limit={LIMIT} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def _body(connection: socket.socket, received: bytes) -> tuple[bytes, bytes]:
    """The next answer's body, and what came after it."""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += connection.recv(2**18)
    length = int(received[:end].rpartition(b"Content-Length: ")[2].split(b"\r\n")[0])
    body = bytearray(received[end + 4 :])
    while len(body) < length:
        body += connection.recv(2**18)
    return bytes(body[:length]), bytes(body[length:])


def by_loop(serving: Serving) -> Timed:
    """The twelve lines everybody writes first."""
    import pandas as pd
    import requests

    def timed() -> int:
        records: list[dict[str, Any]] = []
        page = 1
        with requests.Session() as session:
            while True:
                answer = session.get(
                    serving.base_url + PATH, params=_PARAMETERS | {"page": str(page)}, timeout=60
                )
                answer.raise_for_status()
                found = answer.json()["data"]
                if not found:
                    break
                records += found
                page += 1
        return len(pd.DataFrame(records))

    return timed


def by_dlt(serving: Serving) -> Timed:
    """As its documentation has it: a client, a paginator that counts pages, a loop over them."""
    from dlt.sources.helpers.rest_client import RESTClient
    from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator

    def timed() -> int:
        client = RESTClient(
            serving.base_url,
            paginator=PageNumberPaginator(base_page=1, total_path=None, stop_after_empty_page=True),
        )
        records: list[Any] = []
        for page in client.paginate(PATH, params=dict(_PARAMETERS), data_selector="data"):
            records += page
        return len(records)

    return timed


def by_walk(serving: Serving, store: Path, in_flight: int) -> Timed:
    """Client and decoder of this project."""
    from benchmarks import ours

    place = ours.Place(serving.base_url, store, in_flight)
    return lambda: ours.walked(place, ours.year())


def by_load(serving: Serving, store: Path, in_flight: int) -> Timed:
    """All of this project, as the dashboard and the command line do it."""
    from benchmarks import ours

    place = ours.Place(serving.base_url, store, in_flight)

    def timed() -> int:
        with place.fetcher() as fetcher:
            return ours.loaded(fetcher, place, ours.year()).rows

    return timed


WAYS = ("socket", "loop", "dlt", "walk", "load", "reload")


def measured(way: str, serving: Serving, store: Path, in_flight: int = 4) -> dict[str, float]:
    """Run one way in a process of its own: `seconds`, `rows`, `peak` memory and the `base` before, in MB.

    For `reload`, what `ours.reload` gives. Raises `ModuleNotFoundError` when its package is not installed,
    `RuntimeError` when it breaks off otherwise.
    """
    command = [sys.executable, "-m", "benchmarks.peers", way, "--port", str(serving.port)]
    command += ["--rows", str(serving.rows), "--store", str(store), "--in-flight", str(in_flight)]
    ended = subprocess.run(  # noqa: S603  # our own
        command, cwd=ROOT, env=os.environ | _QUIET, check=False, capture_output=True, text=True
    )
    if ended.returncode:
        last = ended.stderr.strip().rpartition("\n")[2]
        if missing := re.fullmatch(r"ModuleNotFoundError: No module named '(.+)'", last):
            raise ModuleNotFoundError(last, name=missing[1])
        raise RuntimeError(f"{way} broke off: {last}")
    figures: dict[str, float] = json.loads(ended.stdout)
    return figures


def main() -> None:
    """One way, in this process."""
    reading = argparse.ArgumentParser()
    reading.add_argument("way", choices=WAYS)
    reading.add_argument("--port", type=int, required=True)
    reading.add_argument("--rows", type=int, default=0)
    reading.add_argument("--store", type=Path, required=True)
    reading.add_argument("--in-flight", type=int, default=4)
    given = reading.parse_args()
    serving = Serving(given.port, given.rows)
    if given.way == "reload":
        from benchmarks import ours

        place = ours.Place(serving.base_url, given.store, given.in_flight)
        sys.stdout.write(json.dumps(ours.reload(place, ours.year(), serving)))
        return
    timed = {
        "socket": lambda: by_socket(serving),
        "loop": lambda: by_loop(serving),
        "dlt": lambda: by_dlt(serving),
        "walk": lambda: by_walk(serving, given.store, given.in_flight),
        "load": lambda: by_load(serving, given.store, given.in_flight),
    }[given.way]()
    base, clock = machine.peak(), time.perf_counter()
    rows = timed()
    seconds = time.perf_counter() - clock
    sys.stdout.write(json.dumps({"seconds": seconds, "rows": rows, "base": base, "peak": machine.peak()}))


if __name__ == "__main__":
    main()
