"""The ASGI entry, in a process of its own: what it is imported for changes the whole process."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

COLLECTED = """
import asyncio, gc, weakref
import app

class Circle: pass

async def served():
    app.COLLECT_SECONDS = 0.01
    async with app.run_app(None):
        gc.disable()  # Python by itself
        circle = Circle()
        circle.itself = circle
        there = weakref.ref(circle)
        del circle
        for _ in range(500):
            if there() is None:
                break
            await asyncio.sleep(0.01)
    await asyncio.sleep(0)
    return there() is None, len(asyncio.all_tasks())

print(*asyncio.run(served()))
"""


def test_garbage_is_collected_while_the_server_runs_and_no_longer(tmp_path: Path) -> None:
    """Streamlit is told not to do so after each run, so somebody else has to."""
    done = subprocess.run(
        [sys.executable, "-c", COLLECTED],
        check=True,
        cwd=ROOT,
        env={"HOME": str(tmp_path), "USERLANE_STORE": "none", "USERLANE_LOG_LEVEL": "error"},
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["True", "1"], done.stdout + done.stderr
