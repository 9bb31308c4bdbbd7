"""The three readers of what a stranger sends, each with the families of inputs made for it."""

import time
from collections.abc import Callable, Iterable, Mapping

from tests.system.hostile.inputs import (
    CSVS,
    JSONS,
    LONGEST_FILE,
    LONGEST_PASTE,
    PASTES,
    TOKEN,
    Family,
    Input,
)
from userlane.contract import DatasetName
from userlane.decode.saved_responses import read_saved_responses
from userlane.errors import UserlaneError
from userlane.lookups.names import read_names_file
from userlane.request_import import interpret, read_paste


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


def attempt(read: Callable[[bytes], None], content: bytes) -> None:
    """Read an input; a refusal says why and is as good as a result."""
    try:
        read(content)
    except UserlaneError as error:
        assert 0 < len(error.cause) < 3_000, error.cause[:200]  # noqa: PT017 - with or without one


def find_slowest(read: Callable[[bytes], None], inputs: Iterable[Input], count: int) -> list[Input]:
    """The `count` inputs that take this reader the most processor time."""

    def measure(one: Input) -> float:
        begin = time.process_time()
        attempt(read, one.content)
        return time.process_time() - begin

    return sorted(inputs, key=measure)[-count:]
