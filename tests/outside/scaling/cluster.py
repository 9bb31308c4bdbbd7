"""A real Spark cluster on this machine: a master, two workers and a Connect server, each a process."""

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PATIENCE = 120.0
"""Seconds that a process may take to be ready, on a machine that does other things too."""

_HEAP = "512m"
_JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"
_MASTER = "org.apache.spark.deploy.master.Master"
_WORKER = "org.apache.spark.deploy.worker.Worker"
_SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"


def missing() -> str:
    """What there is not, in words; nothing where a cluster can be started."""
    if importlib.util.find_spec("pyspark") is None or importlib.util.find_spec("grpc") is None:
        return "the packages of requirements-spark.txt are not installed"
    if shutil.which("setpriv") is None:
        return "there is no setpriv, which is part of util-linux"
    if shutil.which("java") is None:
        return "there is no Java; on Debian  sudo apt-get install -y openjdk-17-jre-headless  brings it"
    return ""


class Process:
    """One process of the cluster, in a group of its own with all it starts, writing a log."""

    def __init__(self, name: str, folder: Path, command: Sequence[str]) -> None:
        found = importlib.util.find_spec("pyspark")
        assert found
        assert found.submodule_search_locations
        home = Path(found.submodule_search_locations[0])
        self._log = folder / f"{name}.log"
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "JAVA_TOOL"))
        } | {
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(folder / "scratch"),
            "SPARK_DAEMON_MEMORY": _HEAP,
            "SPARK_DAEMON_JAVA_OPTS": _JVM,
            "PYSPARK_PYTHON": sys.executable,
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                # It ends with this process also where that is killed and cannot end it any more.
                ["setpriv", "--pdeathsig", "TERM", home / "bin" / command[0], *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=environment,
                start_new_session=True,
            )

    def said(self, pattern: str) -> str:
        """What its log says where it matches; waits for it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            text = self._log.read_text(errors="replace")
            if found := re.search(pattern, text):
                return found[1]
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise AssertionError(f"{self._log.name} never said {pattern}:\n{self._log.read_text()[-4000:]}")

    def end(self) -> None:
        """End it and all it has started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        assert self._process.poll() is not None


class Cluster:
    """Master and workers that run, and a Connect server that can be ended and started again."""

    def __init__(self, folder: Path, running: contextlib.ExitStack) -> None:
        self._folder = folder
        self._running = running
        self._servers = 0
        master = self._started("master", "spark-class", _MASTER, *_here("--port"))
        self._master = master.said(r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
        size = ("--cores", "1", "--memory", _HEAP)
        workers = []
        for name in ("worker-1", "worker-2"):
            place = ("--work-dir", str(folder / name))
            workers.append(
                self._started(name, "spark-class", _WORKER, *_here("--port"), *size, *place, self._master)
            )
        for worker in workers:
            worker.said(r"(Successfully registered with master)")
        self.serve()

    def serve(self, port: int = 0) -> None:
        """Start a Connect server; `address` says where it is."""
        self._servers += 1
        options = {
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": port,
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": _HEAP,
            "spark.executor.memory": _HEAP,
            "spark.driver.extraJavaOptions": _JVM,
            "spark.executor.extraJavaOptions": _JVM,
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": 2,
            "spark.sql.warehouse.dir": self._folder / "warehouse",
            "spark.sql.session.timeZone": "Pacific/Auckland",  # what the engine asks for must go before
        }
        listed = [word for name, value in options.items() for word in ("--conf", f"{name}={value}")]
        self.server = self._started(
            f"server-{self._servers}",
            "spark-submit", "--master", self._master, *listed, "--class", _SERVER, "spark-internal",
        )  # fmt: skip
        self.port = int(self.server.said(r"Spark Connect server started at: 127\.0\.0\.1:(\d+)"))

    @property
    def address(self) -> str:
        """As `USERLANE_ENGINE`."""
        return f"sc://127.0.0.1:{self.port}"

    @property
    def workers_used(self) -> int:
        """How many of the workers have started to work."""
        return len({path.parts[-4] for path in self._folder.glob("worker-*/app-*/*/stderr")})

    def _started(self, name: str, *command: str) -> Process:
        process = Process(name, self._folder, command)
        self._running.callback(process.end)
        return process


def _here(port: str) -> tuple[str, ...]:
    return ("--host", "127.0.0.1", port, "0", "--webui-port", "0")


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster with its logs and scratch files in `folder`; ended at the end, whatever happens."""
    with contextlib.ExitStack() as running:
        yield Cluster(folder, running)
