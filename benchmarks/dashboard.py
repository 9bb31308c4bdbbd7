"""A dashboard in a process of its own, set up for the sandbox's properties and one token for everybody."""

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import ROOT
from tests.ports import reserved
from userlane.sandbox import Sandbox

_SECONDS_TO_START = 60


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A running server: its address, and its process."""

    address: str
    process: int


def settings(sandbox: Sandbox, store: Path | None = None) -> dict[str, str]:
    """The environment of a dashboard for this sandbox."""
    return {
        "USERLANE_BASE_URL": sandbox.base_url,
        "USERLANE_TOKEN": sandbox.token,
        "USERLANE_PROPERTIES": ",".join(f"{key}={key.capitalize()}" for key in sandbox.properties),
        "USERLANE_SANDBOX": "off",
        "USERLANE_STORE": str(store or "none"),
        "USERLANE_LOG_LEVEL": "error",
    }


@contextmanager
def running(environment: Mapping[str, str]) -> Iterator[Dashboard]:
    """A fresh server with these settings, until the block ends. Raises `RuntimeError` if it fails to."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("USERLANE_")}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.fileWatcherType=none"]
    command += ["--server.headless=true", "--server.address=127.0.0.1"]
    with tempfile.TemporaryFile() as said, reserved() as port:
        address = f"http://127.0.0.1:{port}"
        process = subprocess.Popen(  # noqa: S603  # our own
            [*command, f"--server.port={port}"],
            cwd=ROOT,
            env=others | dict(environment),
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            if not _ready(address, process):
                said.seek(0)
                raise RuntimeError(f"the dashboard did not start: {said.read().decode()[-300:]}")
            yield Dashboard(address, process.pid)
        finally:
            process.terminate()
            process.wait(10)


def _ready(address: str, process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + _SECONDS_TO_START
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:  # noqa: S310  # loopback
                return b"ok" in answer.read()
        except OSError:  # not there yet, or too busy to answer
            time.sleep(0.05)
    return False
