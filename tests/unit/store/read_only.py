"""A store's folder, seen by somebody who may read it and not write."""

import subprocess
import sys
from pathlib import Path

BEFORE = """
import os, sys
from pathlib import Path
import time_machine
from tests.unit.store.given import *
from userlane.errors import UserlaneError
from userlane.store import FolderStore
time_machine.travel(SOON).start()
os.setuid(65534)
store = FolderStore(Path(sys.argv[1]))
"""


def told(folder: Path, script: str) -> tuple[str, str]:
    """What a process says, and what it says of errors, that runs this with `store` as nobody. Needs root."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    for parent in folder.parents:
        if parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    run = subprocess.run(
        [sys.executable, "-c", BEFORE + script, str(folder)], capture_output=True, text=True, check=False
    )
    return run.stdout, run.stderr
