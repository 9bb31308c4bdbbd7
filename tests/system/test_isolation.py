"""Isolation by attack: eight tokens of different rights, random windows, two processes, one store.

`USERLANE_TEST_LOADS=2000` makes as many loads in place of some hundred.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

LOADS = int(os.environ.get("USERLANE_TEST_LOADS", "300"))


def attacked(folder: Path, shared: str) -> Counter[str]:
    """What two processes that load at the same time have counted."""
    command = [sys.executable, "-m", "tests.system.isolation", str(folder)]
    total: Counter[str] = Counter()
    with ExitStack() as ends:
        processes = [
            ends.enter_context(
                subprocess.Popen(
                    [*command, str(seed), str(LOADS // 2), shared], stdout=subprocess.PIPE, text=True
                )
            )
            for seed in (1, 2)
        ]
        for process in processes:
            said, _ = process.communicate()
            assert process.returncode == 0
            total.update(json.loads(said))
    assert total["loads"] >= LOADS - 1
    assert total["without a page"] > total["loads"] // 20, (
        "stored rows were opened, so that they could be wrong"
    )
    return total


def test_no_token_sees_a_row_too_many_or_too_few(tmp_path: Path) -> None:
    found = attacked(tmp_path, "off")
    assert (found["too many"], found["too few"], found["wrong ends"]) == (0, 0, 0), found


def test_with_a_shared_store_rights_by_dataset_property_and_survey_still_hold(tmp_path: Path) -> None:
    found = attacked(tmp_path, "on")
    assert (found["too many"], found["too few"], found["wrong ends"]) == (0, 0, 0), found
    owners = {path.name for path in (tmp_path / "v3").glob("*/*") if path.is_dir()}
    assert "shared" in owners
