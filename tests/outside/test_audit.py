"""`scripts/audit.py` with the real tools. Who knows vulnerabilities is a stand-in, or cannot be reached."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.ports import reserved

ROOT = Path(__file__).parents[2]
NO_TOOLS = find_spec("pip_audit") is None or find_spec("cyclonedx_py") is None

pytestmark = pytest.mark.skipif(
    NO_TOOLS and not os.environ.get("CI"), reason="the packages of requirements-dev.txt are not installed"
)

Answer = tuple[int, object]


@contextmanager
def service(answer: Callable[[str], Answer]) -> Iterator[str]:
    """Answers each question for a package by its name, as osv.dev would; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = answer(asked["package"]["name"])
            sent = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            """Keep the test's output to itself."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        finally:
            server.shutdown()
            thread.join()


def audit(sbom: Path, *options: object, **given: str) -> subprocess.CompletedProcess[str]:
    """Run it; without a stand-in, every way to the network ends at a closed port."""
    with reserved() as closed:
        return subprocess.run(
            [sys.executable, "-P", ROOT / "scripts" / "audit.py", "--sbom", sbom, *map(str, options)],
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(sbom.parent),
                "HTTP_PROXY": f"http://127.0.0.1:{closed}",
                "HTTPS_PROXY": f"http://127.0.0.1:{closed}",
                "NO_PROXY": "127.0.0.1",
                **given,
            },
            capture_output=True,
            text=True,
            timeout=120,
        )


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock of two packages."""
    file = tmp_path / "lock.txt"
    file.write_text(
        "".join(f"{pin} \\\n    --hash=sha256:{'0' * 64}\n" for pin in ("one==1.0", "two.b==2.0"))
    )
    return file


def against(lock: Path, answer: Callable[[str], Answer]) -> subprocess.CompletedProcess[str]:
    with service(answer) as address:
        return audit(lock.parent / "sbom.json", lock, "--vulnerability-service", "osv", "--osv-url", address)


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """A run over the product's own lock that reaches nobody, and where its list is."""
    sbom = tmp_path_factory.mktemp("audit") / "sbom.json"
    return audit(sbom), sbom


def test_without_its_source_the_audit_fails_in_one_sentence_and_claims_nothing(
    cut_off: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    ended, _ = cut_off
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stderr.startswith("The audit could not be done, so nothing is known of vulnerabilities: ")
    assert "Known vulnerabilities" not in ended.stdout


def test_the_list_holds_exactly_the_packages_and_versions_of_the_lock(
    cut_off: tuple[subprocess.CompletedProcess[str], Path],
) -> None:
    """It needs no network, so it is there even when the audit could not be done."""
    made = json.loads(cut_off[1].read_text())
    assert made["bomFormat"] == "CycloneDX"
    listed = sorted((each["name"], each["version"], each["purl"]) for each in made["components"])
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [line.removesuffix(" \\").split("==") for line in lines if re.match("[a-z]", line)]
    assert listed == sorted((name, version, f"pkg:pypi/{name}@{version}") for name, version in pins)


def test_when_nothing_is_known_it_says_so(lock: Path) -> None:
    ended = against(lock, lambda _: (200, {}))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search(r"Known vulnerabilities in the 2 packages, as of [0-9-]{10}: none\.", ended.stdout)


def test_a_known_vulnerability_is_named_with_its_remedy_and_fails(lock: Path) -> None:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}]
    known = {
        "id": "MADE-UP-1",
        "summary": "made up",
        "modified": "2026-01-01T00:00:00Z",
        "affected": [{"package": {"name": "two-b", "ecosystem": "PyPI"}, "ranges": ranges}],
    }
    ended = against(lock, lambda name: (200, {"vulns": [known]} if name.startswith("two") else {}))
    assert ended.returncode == 1
    assert "MADE-UP-1, fixed in 2.1" in ended.stdout
    assert ended.stdout.endswith(": 1.\n")


def test_a_service_that_fails_for_one_package_leaves_nothing_known(lock: Path) -> None:
    ended = against(lock, lambda name: (500, {}) if name == "one" else (200, {}))
    assert ended.returncode == 2
    assert "Known vulnerabilities" not in ended.stdout


def test_a_lock_that_names_nothing_is_not_found_clean(lock: Path) -> None:
    lock.write_text("# nothing\n")
    ended = audit(lock.parent / "sbom.json", lock)
    assert (ended.returncode, "names no package" in ended.stderr) == (2, True)
    lock.unlink()
    assert audit(lock.parent / "sbom.json", lock).returncode == 2
