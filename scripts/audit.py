"""The packages of a lock as a list in CycloneDX (SBOM), and what is known of their vulnerabilities.

Exit code 0: no vulnerability is known. 1: at least one is. 2: it could not be found out; nothing is claimed.
Options that are not known here are pip-audit's, such as `--vulnerability-service osv`.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


class Package(NamedTuple):
    """A package as the lock pins it."""

    name: str
    version: str


class Unknown(Exception):
    """It could not be found out; the reason."""


def package(name: str, version: str) -> Package:
    """With the name in the one spelling that compares."""
    return Package(re.sub(r"[-_.]+", "-", name).lower(), version)


def pinned(lock: Path) -> set[Package]:
    """The packages a lock names. Raises `Unknown` when it cannot be read or names none."""
    try:
        found = {package(*pin) for pin in PIN.findall(lock.read_text(encoding="utf-8"))}
    except OSError as error:
        raise Unknown(f"{lock} cannot be read ({error.strerror})") from error
    if not found:
        raise Unknown(f"{lock} names no package")
    return found


def listed(lock: Path, sbom: Path) -> set[Package]:
    """Write the list of the lock's packages. Raises `Unknown` unless the list holds them all."""
    command = ["cyclonedx_py", "requirements", "--output-reproducible", "--output-format", "JSON"]
    said = run([*command, "--output-file", str(sbom), str(lock)])
    try:
        components = json.loads(sbom.read_bytes())["components"]
    except (OSError, ValueError, KeyError) as error:
        raise Unknown(f"the list was not written: {said}") from error
    return {package(each["name"], each["version"]) for each in components}


def audited(lock: Path, options: list[str]) -> list[dict[str, Any]]:
    """What pip-audit says of each package of the lock. Raises `Unknown` when it says nothing."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        # With hashes, and without pip: the lock itself is audited, and nothing is downloaded or resolved.
        command = ["pip_audit", "--strict", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
        said = run([*command, "--format", "json", "--output", str(report), "-r", str(lock), *options])
        try:
            dependencies: list[dict[str, Any]] = json.loads(report.read_bytes())["dependencies"]
        except (OSError, ValueError, KeyError) as error:
            raise Unknown(said or "pip-audit said nothing") from error
    return dependencies


def run(command: list[str]) -> str:
    """Run a module of this interpreter; the last thing it says on standard error."""
    ended = subprocess.run(  # noqa: S603  # our own words and the caller's
        [sys.executable, "-P", "-m", *command], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    lines = ended.stderr.decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return last.removeprefix("ERROR:pip_audit._cli:")[:500]


def same(found: set[Package], wanted: set[Package], where: str) -> None:
    """Raise `Unknown` unless every package was looked at, in its version, and no other."""
    differing = sorted(found ^ wanted)
    if differing:
        names = ", ".join(f"{each.name} {each.version}" for each in differing)
        raise Unknown(f"{where} and the lock differ in {names}")


def main() -> int:
    """Do both; answers the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/audit", description=__doc__)
    parser.add_argument("lock", nargs="?", type=Path, default=ROOT / "requirements.txt")
    parser.add_argument("--sbom", type=Path, default=ROOT / "sbom.json", help="where the list goes")
    given, options = parser.parse_known_args()
    try:
        wanted = pinned(given.lock)
        same(listed(given.lock, given.sbom), wanted, "the list")
        print(f"{given.sbom} lists the {len(wanted)} packages of {given.lock.name}.")
        said = audited(given.lock, options)
        same({package(each["name"], each.get("version", "?")) for each in said}, wanted, "the audit")
    except Unknown as reason:
        print(
            f"The audit could not be done, so nothing is known of vulnerabilities: {reason}", file=sys.stderr
        )
        return 2
    known = [(each, one) for each in said for one in each["vulns"]]
    for each, one in known:
        fixed = " or ".join(one["fix_versions"]) or "no version yet"
        print(f"{each['name']} {each['version']}: {one['id']}, fixed in {fixed}")
    day = datetime.now(UTC).date()
    print(f"Known vulnerabilities in the {len(wanted)} packages, as of {day}: {len(known) or 'none'}.")
    return 1 if known else 0


if __name__ == "__main__":
    sys.exit(main())
