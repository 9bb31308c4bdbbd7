"""Whatever was logged, printed or raised, searched for the token."""

import logging
import secrets
import traceback

SECRET = secrets.token_hex(12)
"""Part of every token of this run: wherever it shows, a token has leaked."""

SENTINEL = f"Sentinel{SECRET}"
"""The token of this run."""


class Ears(logging.Handler):
    """Hears every log line of the process, however unimportant."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Remember the line, with its traceback."""
        self.lines.append(f"{self.format(record)} {record.__dict__!r}")


def told_by(error: BaseException) -> str:
    """All that an error tells: its words, its repr, its attributes, the traceback with every cause."""
    lines = traceback.format_exception(error)
    return "\n".join((str(error), repr(error), repr(error.args), repr(vars(error)), *lines))


def silent(*texts: str | bytes) -> None:
    """Nothing of this holds a token."""
    for text in texts:
        found = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        assert SECRET.encode() not in found, "a token has leaked"
