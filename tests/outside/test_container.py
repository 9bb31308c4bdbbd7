"""The container, as far as it can be held without an engine: its files are read, its commands are run."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.ports import reserved
from tests.responses import document
from tests.server import Request, Response, Server

ROOT = Path(__file__).parents[2]
SECRET = "made-up-0123456789abcdefghijklmnop"


class Instruction(NamedTuple):
    word: str
    rest: str


def instructions() -> list[Instruction]:
    """The Dockerfile's instructions in order, continued lines joined."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line]


def rests(word: str) -> list[str]:
    return [instruction.rest for instruction in instructions() if instruction.word == word]


def variables() -> dict[str, str]:
    return dict(item.split("=", 1) for rest in rests("ENV") for item in rest.split())


def sources() -> set[str]:
    """What is copied out of the checkout, not from another stage."""
    return {name for rest in rests("COPY") if "--from=" not in rest for name in rest.split()[:-1]}


def health_command() -> list[str]:
    """The health check's words, with this interpreter for the image's."""
    _, _, command = rests("HEALTHCHECK")[0].partition("CMD ")
    python, *words = json.loads(command)
    assert python == "python"
    return [sys.executable, *words]


def test_the_base_is_a_build_argument_slim_by_default_and_under_every_stage() -> None:
    argument, base, *_ = instructions()
    assert argument.word == "ARG"
    assert argument.rest == "BASE=python:3.13-slim"
    assert base.word == "FROM"
    assert {rest.split()[0] for rest in rests("FROM")} == {"${BASE}"}


def test_packages_are_installed_by_hash_and_as_wheels_only() -> None:
    installs = [rest for rest in rests("RUN") if "pip install" in rest]
    assert len(installs) == 1
    assert {"--require-hashes", "--only-binary", ":all:", "requirements.txt"} <= set(installs[0].split())


def test_the_image_runs_as_a_fixed_user_that_is_not_root() -> None:
    after_last_stage = [i for i, instruction in enumerate(instructions()) if instruction.word == "FROM"][-1]
    users = [
        instruction.rest for instruction in instructions()[after_last_stage:] if instruction.word == "USER"
    ]
    assert users == ["10001:10001"]
    assert "install -d -m 700 -o 10001 -g 10001 /data" in rests("RUN")
    assert json.loads(rests("VOLUME")[0]) == ["/data"]
    assert variables()["USERLANE_STORE"] == "/data"


def test_no_secret_is_baked_into_the_image() -> None:
    """The cookie secret and the token come from the environment of the running container."""
    names = {*variables(), *(rest.split("=")[0] for rest in rests("ARG"))}
    assert [name for name in names if re.search("SECRET|TOKEN|PASSWORD", name)] == []


def test_the_server_is_reachable_from_outside_and_watches_no_files() -> None:
    assert rests("EXPOSE") == ["8501"]
    settings = variables()
    assert settings["STREAMLIT_SERVER_PORT"] == "8501"
    assert settings["STREAMLIT_SERVER_ADDRESS"] == "0.0.0.0"  # noqa: S104  # the container's own network
    assert settings["STREAMLIT_SERVER_FILE_WATCHER_TYPE"] == "none"
    assert settings["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] == "false"


def test_everything_copied_exists_and_only_that_goes_to_the_builder() -> None:
    assert [name for name in sources() if not (ROOT / name).exists()] == []
    patterns = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")
    ]
    assert patterns[0] == "*"
    admitted = {
        pattern.removeprefix("!").split("/config.toml")[0] for pattern in patterns[1:] if pattern[0] == "!"
    }
    assert admitted == sources()
    assert patterns[-1] == "**/__pycache__"


def dashboard(bodies: Mapping[str, tuple[int, bytes]]) -> Server:
    """A server with a status and a body for each of these paths, and a web page for any other."""

    def respond(request: Request) -> Response:
        status, body = bodies.get(request.path, (200, b"<!doctype html>"))
        return document(body, status)

    return Server(respond)


def health(port: int, **given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        health_command(),
        check=False,
        cwd=ROOT,
        env={"STREAMLIT_SERVER_PORT": str(port), "http_proxy": "http://127.0.0.1:9", **given},
        capture_output=True,
        text=True,
        timeout=30,
    )


HEALTHY = {"/_stcore/health": (200, b"ok"), "/healthz": (200, b'{"status":"ok"}')}


def test_the_health_check_accepts_the_right_bodies() -> None:
    with dashboard(HEALTHY) as server:
        checked = health(server.port)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"/healthz": (200, b"<!doctype html><title>Streamlit</title>")},
        {"/healthz": (200, b'{"status":"starting"}')},
        {"/healthz": (503, b'{"status":"ok"}')},
        {"/_stcore/health": (200, b"<!doctype html>")},
        {"/_stcore/health": (503, b"unavailable")},
    ],
)
def test_the_health_check_refuses_any_other_answer_naming_the_path(
    wrong: dict[str, tuple[int, bytes]],
) -> None:
    with dashboard(HEALTHY | wrong) as server:
        checked = health(server.port)
    assert checked.returncode == 1
    assert checked.stderr.startswith(next(iter(wrong)))
    assert len(checked.stderr.splitlines()) == 1


def test_the_health_check_refuses_a_server_that_is_gone() -> None:
    with reserved() as port:
        assert health(port).returncode == 1


def test_the_health_check_follows_the_servers_base_path() -> None:
    moved = {"/dash/_stcore/health": (200, b"ok"), "/healthz": (200, b'{"status":"ok"}')}
    with dashboard(moved) as server:
        assert health(server.port, STREAMLIT_SERVER_BASE_URL_PATH="/dash/").returncode == 0
        assert health(server.port).returncode == 1


def without_powers() -> list[str]:
    """What to put before a command so that root's powers are gone.

    Where nobody else may reach the interpreter, the user stays and only the powers go.
    """
    if os.geteuid() != 0:
        return []
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    reached = subprocess.run(
        [*nobody, sys.executable, "-c", "import click"], check=False, capture_output=True
    )
    return nobody if reached.returncode == 0 else ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


@pytest.fixture
def image() -> Iterator[Path]:
    """The image's files where nothing can be written, beside the two folders where something can."""
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        top.chmod(0o755)
        for name in sources():
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, top / "app" / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                (top / "app" / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, top / "app" / name)
        for writable in ("data", "tmp"):
            (top / writable).mkdir()
            (top / writable).chmod(0o777)
        everything = [top / "app", *(top / "app").rglob("*")]
        for path in everything:
            path.chmod(path.stat().st_mode & 0o555)
        yield top
        for path in everything:
            path.chmod(path.stat().st_mode | 0o200)


def test_the_command_serves_without_powers_from_read_only_files_and_ends_on_request(image: Path) -> None:
    """One visitor is connected throughout: an open connection must not keep the server from ending."""
    settings = variables() | {
        "PATH": os.environ["PATH"],
        "HOME": str(image / "tmp"),
        "TMPDIR": str(image / "tmp"),
        "USERLANE_STORE": str(image / "data"),
        "USERLANE_PUBLIC_HOSTS": "dashboard.example.com",
        "STREAMLIT_SERVER_COOKIE_SECRET": SECRET,
    }
    python, *words = json.loads(rests("CMD")[0])
    assert python == "python"
    with (
        (image / "tmp/log").open("w+") as log,
        reserved() as port,
        subprocess.Popen(
            [*without_powers(), sys.executable, *words],
            cwd=image / "app",
            env=settings | {"STREAMLIT_SERVER_PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        ) as server,
    ):
        try:
            deadline = time.monotonic() + 60
            while health(port).returncode != 0:
                assert server.poll() is None, (image / "tmp/log").read_text()
                assert time.monotonic() < deadline, (image / "tmp/log").read_text()
                time.sleep(0.2)
            stream = f"ws://127.0.0.1:{port}/_stcore/stream"
            with connect(stream, subprotocols=[Subprotocol("streamlit")], proxy=None):
                server.send_signal(signal.SIGTERM)
                assert server.wait(timeout=10) in {0, -signal.SIGTERM, 128 + signal.SIGTERM}
        finally:
            server.kill()
        assert health(port).returncode == 1
    said = (image / "tmp/log").read_text()
    assert f"http://localhost:{port}" in said
    assert "Traceback" not in said
    assert SECRET not in said
