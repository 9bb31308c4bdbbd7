"""The readers alone, in this process: whatever is in an input, it is read or refused, in time and memory that
grow with its length and not with its square.

`USERLANE_HOSTILE_INPUTS=10000` tries so many in place of a few hundred.
"""

import os
import random
import time
import tracemalloc
from collections.abc import Callable, Mapping

import pytest

from tests.system.hostile.inputs import (
    CSVS,
    JSONS,
    LONGEST_FILE,
    LONGEST_PASTE,
    PASTES,
    TOKEN,
    Family,
    make_inputs,
)
from userlane.contract import DatasetName
from userlane.decode.saved_responses import read_saved_responses
from userlane.errors import UserlaneError
from userlane.lookups.names import read_names_file
from userlane.request_import import interpret, read_paste

COUNT = int(os.environ.get("USERLANE_HOSTILE_INPUTS", "300"))
TIMES = 8


def paste(content: bytes) -> None:
    reading = read_paste([content.decode().encode()], ["8mkyx"])
    assert TOKEN not in reading.redacted
    interpret(reading, "nps", "8mkyx")


def names(content: bytes) -> None:
    assert read_names_file([content], "tags.csv").entries


def saved(content: bytes) -> None:
    datasets: tuple[DatasetName, ...] = ("nps", "surveys")
    for dataset in datasets:
        read_saved_responses(
            [content], names=["saved.json"], dataset=dataset, fields={}, timezone="UTC", survey_id=None
        )


READERS: Mapping[str, tuple[Callable[[bytes], None], Mapping[str, Family], int]] = {
    "pasted code": (paste, PASTES, LONGEST_PASTE),
    "tag names": (names, CSVS, LONGEST_FILE),
    "saved JSON": (saved, JSONS, LONGEST_FILE),
}
FAMILIES = [(kind, family) for kind, (_, families, _) in READERS.items() for family in families]


def attempt(read: Callable[[bytes], None], content: bytes) -> None:
    """Read an input; a refusal says why and is as good as a result."""
    try:
        read(content)
    except UserlaneError as error:
        assert 0 < len(error.cause) < 3_000, error.cause[:200]  # noqa: PT017 - with or without one


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
