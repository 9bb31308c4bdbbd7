"""The journeys that `benchmarks` counts can all be made with the code as it is."""

import subprocess
import sys

JOURNEYS = ("NPS page", "NPS page", "Tags question", "429", "pasted cURL", "download")


def test_every_journey_is_made_and_counted() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.journeys"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    lines = done.stdout.splitlines()
    assert all(line.startswith(name) for name, line in zip(JOURNEYS, lines, strict=True)), done.stderr
    found = [int(line.partition("(")[0].split()[-1]) for line in lines]
    threads = found.pop(1)
    assert min(found) >= 3
    assert threads >= 0
    missed = any("more than that" in line for line in lines)
    assert done.returncode == int(missed), done.stderr
