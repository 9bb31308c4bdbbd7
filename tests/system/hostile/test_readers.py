"""The readers alone, in this process: whatever is in an input, it is read or refused, in time and memory that
grow with its length and not with its square.

`USERLANE_HOSTILE_INPUTS=10000` tries so many in place of a few hundred.
"""

import os
import random
import time
import tracemalloc

import pytest

from tests.system.hostile.inputs import make_inputs
from tests.system.hostile.reading import READERS, attempt

COUNT = int(os.environ.get("USERLANE_HOSTILE_INPUTS", "300"))
TIMES = 8


FAMILIES = [(kind, family) for kind, (_, families, _) in READERS.items() for family in families]


@pytest.mark.parametrize("kind", READERS)
def test_whatever_is_sent_is_read_or_refused_and_no_token_is_left(kind: str) -> None:
    read, families, longest = READERS[kind]
    for each in make_inputs(families, COUNT // len(READERS), longest, seed=7):
        attempt(read, each.content)


@pytest.mark.parametrize(("kind", "family"), FAMILIES)
def test_time_and_memory_grow_with_the_length(kind: str, family: str) -> None:
    """Eight times the length may take some more than eight times as much; its square would be 64 times."""
    read, families, longest = READERS[kind]

    def spend(size: int) -> tuple[float, int]:
        inputs = [families[family](random.Random(f"{family} {seed}"), size) for seed in range(3)]  # noqa: S311 - nothing secret
        begin = time.process_time()
        for each in inputs:
            attempt(read, each)
        seconds = time.process_time() - begin
        tracemalloc.start()
        attempt(read, inputs[0])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return seconds, peak

    attempt(read, b"[]")  # what is made once is made now
    seconds, memory = spend(longest // TIMES)
    more_seconds, more_memory = spend(longest)
    assert more_seconds < max(seconds, 0.01) * TIMES * 3
    assert more_memory < max(memory, 2**18) * TIMES * 3
